"""What is held of a visitor, read back out of the real log by way of the index."""

import threading
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tests.conftest import wait_for
from tracking import identities
from tracking.calls import Call, Sender, draft_of
from tracking.delivery.records import record_of_event, tombstone_of
from tracking.delivery.spool import insert
from tracking.erasure import erase_visitor
from tracking.events import Event, format_timestamp
from tracking.held import index, log
from tracking.held.events import events_of
from tracking.held.index import Indexer
from tracking.held.log import LogAwayError, ranges_of
from tracking.models import IndexedPartition, SpooledRecord, VisitorBlock

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[..., Event]


@pytest.fixture(autouse=True)
def few_in_a_block(monkeypatch: pytest.MonkeyPatch, activity: str) -> None:
    monkeypatch.setattr(index, "BLOCK", 10)
    monkeypatch.setattr(log, "BLOCK", 10)
    for memory in (identities.visitor_keys, identities.persons, identities.links):
        memory.kept.clear()


@pytest.fixture
def indexed() -> Iterator[Callable[[], None]]:
    """Waits until the index has come to the end of the log."""
    stopping = threading.Event()
    indexer = Indexer()
    thread = threading.Thread(target=indexer.run, args=(stopping,))
    thread.start()

    def caught_up() -> bool:
        rows = IndexedPartition.objects.filter(topic=indexer.topic)
        return {row.partition: row.offset for row in rows} == {p: end for p, end in ends().items() if end}

    def wait() -> None:
        wait_for(caught_up, what="the index")

    yield wait
    stopping.set()
    thread.join(15)
    assert not thread.is_alive()


def ends() -> dict[int, int]:
    consumer = Consumer(settings.KAFKA_CLIENT | {"group.id": f"test-{uuid4()}"})
    try:
        topic = settings.KAFKA_TOPIC_PREFIX + "activity"
        return {p: consumer.get_watermark_offsets(TopicPartition(topic, p))[1] for p in range(3)}
    finally:
        consumer.close()


@pytest.fixture
def producer() -> Producer:
    return Producer(settings.KAFKA_CLIENT | {"acks": "all", "partitioner": "murmur2_random"})


def event_of(visitor_id: str, product: str, query: str = "") -> Event:
    now = timezone.now()
    call = Call(
        type="track",
        event="Product Viewed",
        anonymous_id=visitor_id,
        properties={"product_id": product, "query": query},
    )
    (event,) = identities.sealed_now(
        [draft_of(call, Sender(received_at=now, received=format_timestamp(now)))]
    )
    return event


@pytest.fixture
def act(producer: Producer) -> Act:
    def act(visitor_id: str, product: str, query: str = "", partition: int = -1) -> Event:
        event = event_of(visitor_id, product, query)
        record = record_of_event(event)
        producer.produce(record.topic, record.value, record.key, partition)
        assert producer.flush(20) == 0
        return event

    return act


def new_visitor() -> str:
    return f"visitor-{uuid4()}"


def held_products(*visitors: str) -> list[str | None]:
    return [held.event.product_id for held in events_of(visitors, opened=visitors)]


def test_every_event_is_found_newest_first_and_with_what_was_sealed(
    act: Act, indexed: Callable[[], None]
) -> None:
    visitor, other = new_visitor(), new_visitor()
    act(visitor, "tea-1", query="blue teapot", partition=0)
    for number in range(40):
        act(other, f"mug-{number}", partition=0)
    act(visitor, "tea-2", partition=0)
    act(visitor, "tea-3", partition=2)
    indexed()

    found = events_of([visitor], opened=[visitor])

    assert [held.event.product_id for held in found] == ["tea-3", "tea-2", "tea-1"]
    assert found[-1].event.properties["query"] == "blue teapot"
    assert not any(held.sealed for held in found)
    assert VisitorBlock.objects.filter(visitor_id=visitor).count() == 3


def test_what_is_sealed_stays_closed_for_who_may_not_open_it(act: Act) -> None:
    visitor = new_visitor()
    act(visitor, "tea-1", query="blue teapot")

    (held,) = events_of([visitor], opened=[])

    assert held.sealed
    assert "query" not in held.event.properties


def test_nothing_is_missed_where_the_index_has_not_come_to_it_yet(
    act: Act, indexed: Callable[[], None]
) -> None:
    visitor = new_visitor()
    act(visitor, "tea-1")
    assert held_products(visitor) == ["tea-1"], "nothing is indexed of it"
    indexed()
    assert held_products(visitor) == ["tea-1"]


def test_only_the_blocks_of_the_visitor_are_read(act: Act, indexed: Callable[[], None]) -> None:
    visitor = new_visitor()
    act(visitor, "tea-1", partition=1)
    for number in range(60):
        act(new_visitor(), f"mug-{number}", partition=1)
    indexed()
    end = ends()[1]

    ranges = ranges_of(settings.KAFKA_TOPIC_PREFIX + "activity", 1, [visitor], 0, end)

    assert sum(end - start for start, end in ranges) <= 10 < end


def test_what_waits_in_the_spool_is_held_as_well_and_shown_once(act: Act) -> None:
    visitor = new_visitor()
    event = event_of(visitor, "tea-1")
    record = record_of_event(event)
    insert([SpooledRecord(topic=record.topic, key=record.key, value=record.value, source="shop")])

    (held,) = events_of([visitor], opened=[visitor])
    assert (held.event.event_id, held.offset) == (event.event_id, None)
    assert held.as_json()["heldIn"] == "the spool"


def test_after_its_erasure_nothing_is_held_of_a_visitor(
    act: Act, producer: Producer, indexed: Callable[[], None]
) -> None:
    visitor = new_visitor()
    act(visitor, "tea-1")
    indexed()
    erase_visitor(visitor, asked_by="visitor")
    assert not VisitorBlock.objects.filter(visitor_id=visitor).exists()
    tombstone = tombstone_of(visitor)
    producer.produce(tombstone.topic, None, tombstone.key)
    assert producer.flush(20) == 0
    assert held_products(visitor) == [], "the index has not come to it yet"
    indexed()
    assert held_products(visitor) == []
    assert not VisitorBlock.objects.filter(visitor_id=visitor).exists()

    act(visitor, "tea-2")
    assert held_products(visitor) == ["tea-2"]


def test_a_log_that_is_away_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr("django.conf.settings.KAFKA_CLIENT", {"bootstrap.servers": "127.0.0.1:1"})
    began = time.monotonic()
    with pytest.raises(LogAwayError):
        held_products("v-1")
    assert time.monotonic() - began < 30, "it was given up"


def test_the_index_begins_again_where_the_topic_was_made_anew(act: Act, indexed: Callable[[], None]) -> None:
    visitor = new_visitor()
    act(visitor, "tea-1", partition=0)
    indexed()
    IndexedPartition.objects.filter(partition=0).update(offset=10_000)
    VisitorBlock.objects.create(visitor_id="of the topic before", partition=0, block=900)
    connection.close()
    stopping = threading.Event()
    thread = threading.Thread(target=Indexer().run, args=(stopping,))
    thread.start()
    wait_for(
        lambda: (
            not VisitorBlock.objects.filter(block=900).exists()
            and VisitorBlock.objects.filter(visitor_id=visitor).exists()
        )
    )
    stopping.set()
    thread.join(15)
    assert held_products(visitor) == ["tea-1"]
