from datetime import timedelta

import pytest
from django.utils import timezone

from streaming.queries import query_states
from tests.streaming.rows import add_query, apply_batch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("seconds", "error", "state"),
    [
        (0, "", "alive"),
        (14, "", "alive"),
        (16, "", "silent"),
        (0, "Postgres is away", "failed"),
    ],
)
def test_state_of_a_query(seconds: int, error: str, state: str) -> None:
    add_query(seen_at=timezone.now() - timedelta(seconds=seconds), error=error)

    (found,) = query_states({})

    assert found.state == state


def test_what_was_applied_is_not_past_an_end_that_was_read_before() -> None:
    apply_batch(add_query(), "activity", {0: 12, 1: 5})

    (found,) = query_states({("activity", 0): 10, ("activity", 1): 8})

    assert [(each.offset, each.end, each.lag) for each in found.positions] == [(12, 12, 0), (5, 8, 3)]
    assert found.lag == 3
