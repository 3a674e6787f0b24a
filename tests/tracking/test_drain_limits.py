"""The drain and what does not fit: more bytes than its producer holds at once."""

import threading

import pytest
from confluent_kafka import Consumer, Producer
from django.conf import settings as django_settings

from tests.tracking.conftest import all_records
from tracking.delivery.drain import Drain
from tracking.models import SpooledRecord

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_full_producer_is_waited_for(activity: str, consumer: Consumer) -> None:
    drain = Drain()
    drain.producer = Producer(django_settings.KAFKA_CLIENT | {"queue.buffering.max.kbytes": 100})
    SpooledRecord.objects.bulk_create(
        [
            SpooledRecord(topic=activity, key="v", value=b"%03d" % number + bytes(20_000))
            for number in range(50)
        ]
    )

    stopping = threading.Event()
    threading.Timer(10, stopping.set).start()
    while not stopping.is_set() and drain.step():
        pass

    assert not SpooledRecord.objects.exists()
    values = [(record.value() or b"")[:3] for record in all_records(consumer, activity)]
    assert values == [b"%03d" % number for number in range(50)]
