"""Partitions are balanced with as few moves as can be, and no two replicas share a rack where there are others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.changes import RefusedError
from streaming.operating.layout import Layout, added, balanced, shares

THREE: dict[int, str | None] = {1: None, 2: None, 3: None}


def topic(*replicas: tuple[int, ...], name: str = "t") -> Layout:
    return {(name, number): each for number, each in enumerate(replicas)}


def test_what_is_balanced_stays() -> None:
    layout = topic((1, 2), (2, 3), (3, 1))
    assert balanced(layout, THREE) == layout


def test_a_new_broker_gets_its_share_and_nothing_else_moves() -> None:
    layout = topic((1, 2), (2, 3), (3, 1), (1, 3), (2, 1), (3, 2), (1, 2), (3, 1))
    after = balanced(layout, THREE | {4: None})
    assert {share.replicas for share in shares(after, []).values()} == {4}
    assert {share.leads for share in shares(after, []).values()} == {2}
    moves = added(layout, after)
    assert all(brokers == (4,) for brokers in moves.values())
    assert len(moves) == 4


def test_a_broker_that_goes_loses_all_and_only_that_is_copied() -> None:
    layout = topic((1, 2), (2, 3), (3, 4), (4, 1))
    after = balanced(layout, THREE)
    assert all(4 not in replicas for replicas in after.values())
    assert sum(map(len, added(layout, after).values())) == 2


def test_leaders_are_evened_out_without_copying() -> None:
    layout = topic((1, 2, 3), (1, 2, 3), (1, 3, 2))
    after = balanced(layout, THREE)
    assert added(layout, after) == {}
    assert sorted(replicas[0] for replicas in after.values()) == [1, 2, 3]


def test_leadership_is_handed_on_over_a_third_broker() -> None:
    # 1 leads two and shares none of them with 3, which leads nothing.
    layout = topic((1, 2), (1, 2), (2, 3), (2, 1), (3, 1))
    led = [replicas[0] for replicas in balanced(layout, THREE).values()]
    assert sorted(led) in ([1, 1, 2, 2, 3], [1, 2, 2, 3, 3], [1, 1, 2, 3, 3])


def test_replicas_are_in_different_racks() -> None:
    racks: dict[int, str | None] = {1: "a", 2: "a", 3: "b", 4: "b"}
    after = balanced(topic((1, 2), (2, 1), (3, 4), (4, 3)), racks)
    assert all({racks[b] for b in replicas} == {"a", "b"} for replicas in after.values())
    assert {share.replicas for share in shares(after, []).values()} == {2}


def test_replicas_are_added_and_taken_away() -> None:
    layout = topic((1,), (2,), (3,))
    after = balanced(layout, THREE, replication=3)
    assert all(sorted(replicas) == [1, 2, 3] for replicas in after.values())
    assert [replicas[0] for replicas in after.values()] == [1, 2, 3]
    assert all(len(replicas) == 2 for replicas in balanced(after, THREE, replication=2).values())


def test_too_few_brokers_are_refused() -> None:
    with pytest.raises(RefusedError, match="need 3 brokers and there are 2"):
        balanced(topic((1, 2, 3)), {1: None, 2: None})
    with pytest.raises(RefusedError, match="choose one"):
        balanced(topic((1, 2, 3)), {})


@given(
    st.lists(st.permutations([1, 2, 3, 4, 5]).map(lambda order: tuple(order[:2])), min_size=1, max_size=30),
    st.sets(st.sampled_from([1, 2, 3, 4, 5, 6]), min_size=2),
)
def test_any_layout_becomes_even(replicas: list[tuple[int, ...]], brokers: set[int]) -> None:
    layout = topic(*replicas)
    after = balanced(layout, dict.fromkeys(brokers))
    assert all(len(set(each)) == 2 and set(each) <= brokers for each in after.values())
    held = [share.replicas for share in shares(after, brokers).values()]
    led = [share.leads for share in shares(after, brokers).values()]
    assert max(held) - min(held) <= 1
    assert max(led) - min(led) <= 1
    # As few moves as can be: what must go, and what is above a broker's share.
    before = shares(layout, brokers)
    gone = sum(share.replicas for broker, share in before.items() if broker not in brokers)
    floor, more = divmod(2 * len(replicas), len(brokers))
    kept = sorted((before[broker].replicas for broker in brokers), reverse=True)
    spare = sum(max(0, each - floor - (place < more)) for place, each in enumerate(kept))
    assert sum(map(len, added(layout, after).values())) <= gone + spare
