import pytest

from streaming.balance import balances, totals
from streaming.models import Batch, Position
from streaming.queries import query_states
from streaming.snapshots import read_ends
from streaming.topics import topic_name
from tests.streaming.conftest import Produce
from tests.streaming.rows import add_query, apply_batch

pytestmark = pytest.mark.django_db


def test_the_ledger_adds_up(topics: str, produce: Produce) -> None:
    topic, query = topic_name("activity"), add_query()
    produce("activity", 0, 20)
    produce("activity", 4, 5)
    apply_batch(query, topic, {0: 12}, duplicates=3)
    apply_batch(query, topic, {0: 16, 4: 1}, rejected=2)

    (account,) = balances()

    assert (account.appended, account.waiting) == (25, 8)
    assert (account.processed, account.duplicates, account.rejected) == (12, 3, 2)
    assert account.unaccounted == 0


def test_a_batch_that_is_missing_is_not_hidden(topics: str, produce: Produce) -> None:
    query = add_query()
    produce("activity", 0, 20)
    apply_batch(query, topic_name("activity"), {0: 12})
    Position.objects.update(offset=14)

    (account,) = balances()

    assert account.unaccounted == 2


def test_without_kafka_only_the_ledger_is_known(away: str) -> None:
    apply_batch(add_query(), "activity", {0: 12}, duplicates=3)

    (account,) = balances()

    assert (account.processed, account.duplicates) == (9, 3)
    assert account.appended is account.waiting is account.unaccounted is None


def test_sums_go_on_from_where_they_were() -> None:
    query = add_query()
    apply_batch(query, "activity", {0: 10}, duplicates=1)
    assert totals("activity").events == 10
    apply_batch(query, "activity", {0: 15}, duplicates=2)

    assert (totals("activity").events, totals("activity").duplicates) == (15, 3)


def test_sums_begin_anew_with_the_ledger() -> None:
    query = add_query()
    apply_batch(query, "activity", {0: 10})
    assert totals("activity").events == 10
    Batch.objects.all().delete()
    Position.objects.all().delete()
    apply_batch(query, "activity", {0: 4})

    assert totals("activity").events == 4


def test_the_lag_of_a_query_adds_up(topics: str, produce: Produce) -> None:
    topic, query = topic_name("activity"), add_query()
    produce("activity", 0, 20)
    produce("activity", 3, 5)
    apply_batch(query, topic, {0: 12})

    (state,) = query_states(read_ends([topic]))

    # Partition 3 has never been read: all of it waits.
    assert {each.partition: each.lag for each in state.positions} == {0: 8, 1: 0, 2: 0, 3: 5, 4: 0, 5: 0}
    assert state.lag == state.lag_in(topic) == 13


def test_no_lag_is_made_up_without_the_ends() -> None:
    apply_batch(add_query(), "activity", {0: 12})
    (state,) = query_states({})
    assert state.lag is None
