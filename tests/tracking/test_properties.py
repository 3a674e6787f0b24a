"""Whatever comes to the collector: an answer of its own, and it keeps only what the contract knows."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from tests.tracking.conftest import all_records
from tests.tracking.hostile import ADDRESSES, Hostile, hostile
from tests.tracking.strategies import json_values
from tracking.collector.request import MAX_BODY_BYTES
from tracking.database import in_database
from tracking.events import decode
from tracking.models import SpooledRecord
from tracking.rejected import Rejection

WRITE_KEY = "a key that may write"
ANSWERS = {200, 400, 401, 503}

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("write_key", "kept_is_readable"),
]
examples = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
fields = st.sampled_from(
    ["type", "messageId", "anonymousId", "userId", "previousId", "event", "name", "properties", "traits",
     "context", "timestamp", "originalTimestamp", "sentAt", "groupId"]
)  # fmt: skip
calls = st.dictionaries(fields, json_values, max_size=8)


@pytest.fixture
def write_key(settings: Settings) -> None:
    settings.WRITE_KEY = WRITE_KEY


@pytest.fixture
def accepted() -> list[str]:
    """messageIds that were answered as accepted."""
    return []


@pytest.fixture
def kept_is_readable(
    accepted: list[str],
    activity: str,
    consumer: Consumer,
    rejections: Callable[[], list[Rejection]],
    transactional_db: None,
) -> Iterator[None]:
    """At the end, everything on both topics is what its readers expect, and what was accepted is there.

    Or in the spool: where the machine is busy enough, Kafka is a little late.
    """
    yield
    spooled = SpooledRecord.objects.filter(topic=activity).values_list("value", flat=True)
    values = [record.value() or b"" for record in all_records(consumer, activity)] + [
        bytes(value or b"") for value in spooled
    ]
    assert set(accepted) <= {decode(value).event_id for value in values}
    assert all(rejection.reason for rejection in rejections())


async def post(
    sender: httpx.AsyncClient, request: Hostile, accepted: list[str], sent: int | None = None
) -> httpx.Response:
    """Sends the request, and holds the answer to what is true of every answer; `sent` calls are in its batch."""
    address, headers, body = request
    latin = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    response = await sender.post(address, content=body, headers=latin)
    assert response.status_code in ANSWERS
    told: dict[str, Any] = json.loads(response.content)
    assert told["success"] is (response.status_code == 200) or told["code"] == "consent"
    if response.status_code == 503:
        assert int(response.headers["retry-after"]) > 0
    elif response.status_code != 200:
        assert told["field"]
        assert told["reason"]
    results = told["results"] if response.status_code == 200 and "results" in told else [told]
    accepted += [result["messageId"] for result in results if result.get("status") == "accepted"]
    if sent is not None:
        assert response.status_code == 200
        assert len(told["results"]) == sent
    return response


@examples
@given(seed=st.integers(0, 2**32))
async def test_a_mutated_body_is_answered(sender: httpx.AsyncClient, accepted: list[str], seed: int) -> None:
    await post(sender, hostile(seed, WRITE_KEY), accepted)


@examples
@given(address=st.sampled_from(ADDRESSES), body=st.binary(max_size=300))
async def test_any_bytes_are_answered(
    sender: httpx.AsyncClient, accepted: list[str], address: str, body: bytes
) -> None:
    response = await post(sender, Hostile(address, {}, body), accepted)

    assert response.status_code in (400, 401)


@examples
@given(address=st.sampled_from(ADDRESSES), content=json_values)
async def test_any_json_is_answered(
    sender: httpx.AsyncClient, accepted: list[str], address: str, content: Any
) -> None:
    body = json.dumps(content).encode()

    response = await post(sender, Hostile(address, {"authorization": "Basic x"}, body), accepted)

    assert response.status_code in (400, 401)


@examples
@given(batch=st.lists(calls | json_values, max_size=6))
async def test_a_batch_has_one_result_for_each_of_its_calls(
    sender: httpx.AsyncClient, accepted: list[str], batch: list[Any]
) -> None:
    body = json.dumps({"writeKey": WRITE_KEY, "batch": batch}).encode()

    await post(sender, Hostile("/v1/batch", {}, body), accepted, sent=len(batch))


@pytest.mark.parametrize("kind", ["properties", "traits", "context"])
async def test_products_of_products_are_answered(
    sender: httpx.AsyncClient, accepted: list[str], kind: str
) -> None:
    for depth in range(20, 1000, 7):
        nest = '{"products":[' * depth + "1" + "]}" * depth
        body = f'{{"writeKey": "{WRITE_KEY}", "anonymousId": "deep", "event": "x", "{kind}": {nest}}}'

        await post(sender, Hostile("/v1/track", {}, body.encode()), accepted)


@pytest.mark.parametrize("number", ["1" * 400, "1" * 5000, "1e400", "-1e-400", "18446744073709551616"])
async def test_a_huge_number_is_answered_wherever_it_stands(
    sender: httpx.AsyncClient, accepted: list[str], number: str
) -> None:
    call = {"messageId": "m", "anonymousId": "huge", "event": "x", "type": "track", "name": ""}
    for field in ["messageId", "anonymousId", "userId", "type", "event", "timestamp", "properties"]:
        odd = [{**call, field: "HUGE"}, {**call, field: {"price": "HUGE"}}]
        body = json.dumps({"writeKey": WRITE_KEY, "batch": odd}).replace('"HUGE"', number).encode()

        await post(sender, Hostile("/v1/batch", {}, body), accepted)


@pytest.mark.parametrize("character", [b"\x00", b'"', b"\x01", b"\xff", b"\\"])
async def test_what_grows_when_it_is_written_down_is_kept_whole(
    sender: httpx.AsyncClient,
    accepted: list[str],
    rejections: Callable[[], list[Rejection]],
    character: bytes,
) -> None:
    def kept() -> int:
        return len(rejections()) + SpooledRecord.objects.count()

    known = await in_database(kept)

    response = await post(sender, Hostile("/v1/batch", {}, character * MAX_BODY_BYTES), accepted)

    assert response.status_code == 400
    assert await in_database(kept) == known + 1
