from datetime import timedelta

import pytest
from django.utils import timezone

from streaming.queries import query_states
from tests.streaming.rows import add_query

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
