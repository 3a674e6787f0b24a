"""Where records go: straight to Kafka, or through the spool, and out of it again."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from confluent_kafka import Consumer
from django.conf import settings as django_settings
from django.db import OperationalError, connection

from tests.tracking.conftest import all_records
from tracking.database import in_database
from tracking.delivery import delivery as deliveries
from tracking.delivery import producer, spool
from tracking.delivery.delivery import Delivery, NotKeptError
from tracking.delivery.drain import Drain
from tracking.delivery.records import Record
from tracking.models import SpooledRecord

pytestmark = pytest.mark.django_db(transaction=True)

Values = Callable[[str], list[str]]


@pytest.fixture
def nobody() -> Iterator[dict[str, Any]]:
    """A client of a Kafka at whose port nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield {"bootstrap.servers": f"127.0.0.1:{taken.getsockname()[1]}"}


@pytest.fixture
def values(activity: str, consumer: Consumer) -> Values:
    """The values under a key that are on the topic at this moment."""

    def read(key: str) -> list[str]:
        found = [record for record in all_records(consumer, activity) if record.key() == key.encode()]
        return ["tombstone" if (value := record.value()) is None else value.decode() for record in found]

    return read


@pytest_asyncio.fixture(autouse=True)
async def closed_connections() -> AsyncIterator[None]:
    """The threads that ask Postgres for the event loop give their connections back."""
    yield
    await asyncio.gather(*(in_database(lambda: connection.close()) for _ in range(4)))
    await sync_to_async(lambda: connection.close())()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, patient: None) -> None:
    monkeypatch.setattr(producer, "PATIENCE_SECONDS", 0.1)


def record(topic: str, key: str, value: str | None) -> Record:
    return Record(topic, key, None if value is None else value.encode(), "test", "Product Viewed")


def drain(client: dict[str, Any] | None = None) -> None:
    """Drains until nothing is left."""
    stopping = threading.Event()
    thread = threading.Thread(
        target=Drain(client or dict(django_settings.KAFKA_CLIENT)).run, args=(stopping,)
    )
    thread.start()
    try:
        for _ in range(200):
            if not SpooledRecord.objects.exists():
                return
            threading.Event().wait(0.05)
        pytest.fail("the spool was not drained")
    finally:
        stopping.set()
        thread.join()
        if threading.current_thread() is not threading.main_thread():
            connection.close()


@pytest.fixture
def visitor() -> str:
    return f"visitor-{uuid4()}"


async def test_what_kafka_acknowledges_is_not_spooled(activity: str, values: Values, visitor: str) -> None:
    spooled = await Delivery().deliver([record(activity, visitor, "a"), record(activity, visitor, "b")])

    assert spooled == 0
    assert values(visitor) == ["a", "b"]
    assert not await SpooledRecord.objects.aexists()


@pytest.mark.usefixtures("impatient")
async def test_without_kafka_records_are_spooled_in_order(
    nobody: dict[str, Any], activity: str, values: Values, visitor: str
) -> None:
    delivery = Delivery(nobody)

    spooled = [await delivery.deliver([record(activity, visitor, str(number))]) for number in range(5)]

    assert spooled == [1] * 5
    rows = [row async for row in SpooledRecord.objects.order_by("id")]
    assert [bytes(row.value or b"") for row in rows] == [b"0", b"1", b"2", b"3", b"4"]
    assert [row.tried for row in rows] == [True, False, False, False, False]
    await asyncio.to_thread(drain)
    assert values(visitor) == ["0", "1", "2", "3", "4"]


@pytest.mark.usefixtures("impatient")
async def test_only_the_first_waits_for_a_kafka_that_is_away(
    nobody: dict[str, Any], activity: str, visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = Delivery(nobody)
    await delivery.deliver([record(activity, visitor, "first")])
    monkeypatch.setattr(producer, "PATIENCE_SECONDS", 60)

    async with asyncio.timeout(5):
        await delivery.deliver([record(activity, f"other-{visitor}", "second")])

    assert delivery.away


async def test_a_visitors_later_events_queue_behind_the_spooled_ones(
    activity: str, values: Values, visitor: str
) -> None:
    await SpooledRecord.objects.acreate(topic=activity, key=visitor, value=b"earlier")
    delivery = Delivery()
    await delivery._look()

    assert await delivery.deliver([record(activity, visitor, "later")]) == 1
    assert await delivery.deliver([record(activity, f"other-{visitor}", "at once")]) == 0

    assert values(f"other-{visitor}") == ["at once"]
    assert values(visitor) == []
    await asyncio.to_thread(drain)
    assert values(visitor) == ["earlier", "later"]


async def test_a_visitor_whose_spool_is_drained_goes_straight_again(
    activity: str, values: Values, visitor: str
) -> None:
    await SpooledRecord.objects.acreate(topic=activity, key=visitor, value=b"earlier")
    delivery = Delivery()
    await delivery._look()
    await asyncio.to_thread(drain)
    await delivery._look()

    assert await delivery.deliver([record(activity, visitor, "later")]) == 0
    assert values(visitor) == ["earlier", "later"]


async def test_a_visitor_who_enters_the_spool_during_a_look_stays_held(
    activity: str, visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look reads the table before the row commits, and ends after it has."""
    delivery = Delivery()
    delivery.held = {visitor}

    def read_too_early() -> set[str]:
        reading.set()
        assert entered.wait(5)
        return set()

    reading, entered = threading.Event(), threading.Event()
    monkeypatch.setattr(deliveries, "held_visitors", read_too_early)
    look = asyncio.create_task(delivery._look())
    await asyncio.to_thread(reading.wait, 5)
    await delivery.deliver([record(activity, visitor, "now")])
    entered.set()
    await look

    assert visitor in delivery.held


@pytest.mark.usefixtures("impatient")
async def test_kafka_counts_as_back_once_the_first_spooled_record_was_sent(
    nobody: dict[str, Any], activity: str, visitor: str
) -> None:
    delivery = Delivery(nobody)
    await delivery.deliver([record(activity, visitor, "a")])
    await delivery._look()
    assert delivery.away

    await asyncio.to_thread(drain)
    await delivery._look()

    assert not delivery.away


@pytest.mark.usefixtures("impatient", "activity")
async def test_without_kafka_and_spool_the_sender_keeps_its_events(
    nobody: dict[str, Any], visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Any) -> int:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(spool, "insert", away)

    with pytest.raises(NotKeptError, match="closed the connection"):
        await Delivery(nobody).deliver([record("activity", visitor, "a")])


@pytest.mark.usefixtures("impatient")
async def test_a_full_spool_takes_no_more(nobody: dict[str, Any], activity: str, visitor: str) -> None:
    delivery = Delivery(nobody)
    delivery.spool.is_full = True

    with pytest.raises(NotKeptError, match="full"):
        await delivery.deliver([record(activity, visitor, "a")])


async def test_records_that_come_together_are_committed_together(
    activity: str, visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inserts: list[int] = []
    insert = spool.insert

    def counted(rows: Any) -> int:
        inserts.append(len(rows))
        return insert(rows)

    monkeypatch.setattr(spool, "insert", counted)
    delivery = Delivery()
    delivery.away = True

    await asyncio.gather(*(delivery.deliver([record(activity, visitor, str(n))]) for n in range(100)))

    assert sum(inserts) == 100
    assert len(inserts) <= 3


# -- Out of the spool --------------------------------------------------------------------------------------------
def test_a_tombstone_is_drained_as_one(activity: str, values: Values, visitor: str) -> None:
    SpooledRecord.objects.create(topic=activity, key=visitor, value=b"event")
    SpooledRecord.objects.create(topic=activity, key=visitor, value=None)

    drain()

    assert values(visitor) == ["event", "tombstone"]


def test_many_visitors_records_keep_their_order(activity: str, values: Values, visitor: str) -> None:
    SpooledRecord.objects.bulk_create(
        SpooledRecord(topic=activity, key=f"{visitor}-{number % 7}", value=str(number).encode())
        for number in range(3000)
    )

    drain()

    for rest in range(7):
        assert values(f"{visitor}-{rest}") == [str(number) for number in range(rest, 3000, 7)]


def test_nothing_is_deleted_that_kafka_has_not_acknowledged(
    nobody: dict[str, Any], activity: str, visitor: str
) -> None:
    SpooledRecord.objects.create(topic=activity, key=visitor, value=b"event")
    away = Drain(nobody)

    for _ in range(5):
        assert away.step()

    assert SpooledRecord.objects.count() == 1
    away.producer.purge()


def test_two_drains_take_turns(activity: str, values: Values, visitor: str) -> None:
    SpooledRecord.objects.bulk_create(
        SpooledRecord(topic=activity, key=visitor, value=str(number).encode()) for number in range(500)
    )
    threads = [threading.Thread(target=drain) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert values(visitor) == [str(number) for number in range(500)]
