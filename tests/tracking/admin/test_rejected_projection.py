import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from django.db import connection
from pytest_django.fixtures import Settings

from tests.conftest import wait_for
from tracking import rejected
from tracking.events import REJECTED
from tracking.models import Erasure, RejectedEvent
from tracking.refusals import Reason, RejectedError
from tracking.rejected import rejection_of
from tracking.rejected_projection import RejectedProjector, prune

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def topic(settings: Settings) -> Iterator[str]:
    settings.KAFKA_TOPIC_PREFIX = f"test-{uuid4().hex[:8]}-"
    name = settings.KAFKA_TOPIC_PREFIX + REJECTED
    admin = AdminClient(settings.KAFKA_CLIENT)
    for future in admin.create_topics([NewTopic(name, 1, 1)]).values():
        future.result()
    yield name
    for future in admin.delete_topics([name]).values():
        future.result()


def produce(settings: Settings, topic: str, *values: bytes) -> None:
    producer = Producer(settings.KAFKA_CLIENT | {"acks": "all"})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(10) == 0


def value_of(message_id: str, *, visitor_id: str | None = None, detail: str = "is wrong") -> bytes:
    error = RejectedError(Reason.MALFORMED, "event", detail)
    return rejected.encode(
        rejection_of(error, b"{}", source="shop", kind=None, visitor_id=visitor_id, message_id=message_id)
    )


@contextmanager
def projecting() -> Iterator[None]:
    stopping = threading.Event()
    thread = threading.Thread(target=RejectedProjector().run, args=(stopping,))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(20)
        assert not thread.is_alive()


def listed() -> set[str | None]:
    return set(RejectedEvent.objects.values_list("message_id", flat=True))


def test_each_record_has_one_row_also_when_it_is_read_again(settings: Settings, topic: str) -> None:
    produce(settings, topic, value_of("m-1"), b"no rejection", value_of("m-2", detail="a \x00 in it"))
    with projecting():
        wait_for(lambda: listed() == {"m-1", "m-2"}, what="the rows")
    kafka, group = AdminClient(settings.KAFKA_CLIENT), f"{settings.KAFKA_TOPIC_PREFIX}rejected-events"
    kafka.delete_consumer_groups([group])[group].result()
    produce(settings, topic, value_of("m-3"))
    with projecting():
        wait_for(lambda: "m-3" in listed(), what="the new row")
    assert RejectedEvent.objects.count() == 3


def test_it_goes_on_where_it_stopped(settings: Settings, topic: str) -> None:
    produce(settings, topic, value_of("m-1"))
    with projecting():
        wait_for(lambda: listed() == {"m-1"}, what="the first row")
    RejectedEvent.objects.all().delete()
    produce(settings, topic, value_of("m-2"))
    with projecting():
        wait_for(lambda: listed() == {"m-2"}, what="the second row")


def test_what_an_erasure_deleted_does_not_come_back(settings: Settings, topic: str) -> None:
    produce(settings, topic, value_of("before", visitor_id="v-1"))
    Erasure.objects.create(visitor_id="v-1", asked_by="root", erased_at=datetime.now(UTC))
    produce(settings, topic, value_of("after", visitor_id="v-1"), value_of("other", visitor_id="v-2"))
    with projecting():
        wait_for(lambda: len(listed()) >= 2, what="the rows")
    assert listed() == {"after", "other"}


def test_only_the_newest_rows_are_kept() -> None:
    for offset in range(5):
        RejectedEvent.objects.create(
            partition=0, offset=offset, rejected_at=datetime.now(UTC), reason="malformed", record=b"{}"
        )
    assert prune(3) == 2
    assert prune(3) == 0
    assert set(RejectedEvent.objects.values_list("offset", flat=True)) == {2, 3, 4}
    connection.close()
