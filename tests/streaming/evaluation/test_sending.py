"""A history into a real log: in order, with its own times, the same ids each time, and waited for."""

from datetime import datetime
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from streaming.evaluation import applying
from streaming.evaluation.applying import NotAppliedError, wait_until_applied
from streaming.evaluation.history import read_history
from streaming.evaluation.sending import NotSentError, Sender, events_of
from streaming.models import Position, Query
from streaming.rebuild.log import read_log
from streaming.topics import topic_name
from tests.conftest import Connection
from tracking.events import ACTIVITY, Event, decode
from tracking.models import CollectedMinute

pytestmark = pytest.mark.django_db


def events(path: Path, text: str, source: str = "backfill") -> list[Event]:
    path.write_text(text)
    return list(events_of(read_history(path), source))


SESSIONS = "visitor,product,time\nanna,tea-1,1700000000.25\nbert,mug-1,1600000000\nanna,tea-2,1700000001\n"


def test_events_are_in_the_log_with_their_own_times(tmp_path: Path, topics: str, model: Connection) -> None:
    sender = Sender()
    assert sender.send(events(tmp_path / "log.csv", SESSIONS)) == 3
    assert sum(sender.ends.values()) == 3
    read = [
        (decode(m.value() or b""), m.key(), m.headers())
        for batch in read_log(topic_name(ACTIVITY), {}, sender.ends)
        for m in batch
    ]
    told = [(e.visitor_id, e.product_id, e.occurred_at) for e, _, _ in read]
    assert sorted(told) == [
        ("anna", "tea-1", "2023-11-14T22:13:20.250Z"),
        ("anna", "tea-2", "2023-11-14T22:13:21.000Z"),
        ("bert", "mug-1", "2020-09-13T12:26:40.000Z"),
    ]
    assert [t for t in told if t[0] == "anna"] == sorted(t for t in told if t[0] == "anna")
    for event, key, headers in read:
        assert key == event.visitor_id.encode()
        assert event.source == "backfill"
        assert headers == [("schema-version", b"1")]
        assert datetime.fromisoformat(event.received_at) > datetime.fromisoformat(event.occurred_at)
    minute = CollectedMinute.objects.get()
    assert (minute.source, minute.event, minute.accepted) == ("backfill", "Product Viewed", 3)


def test_same_file_gives_the_same_ids_and_rows_alike_different_ones(tmp_path: Path) -> None:
    text = SESSIONS + "bert,mug-1,1600000000\nbert,mug-1,1600000000\nbert,mug-1,1600000000.001\n"
    first, again = (events(tmp_path / "log.csv", text, source) for source in ("backfill", "once more"))
    assert [e.event_id for e in first] == [e.event_id for e in again]
    assert len({(e.visitor_id, e.event_id) for e in first}) == 6


def test_rows_of_a_basket_are_one_event(tmp_path: Path) -> None:
    head = "Invoice,StockCode,InvoiceDate,Customer ID\n"
    lines = "".join(
        f"1,p{number},2020-03-01 10:00,anna\n2,q{number},2020-03-01 10:00,bert\n" for number in range(120)
    )
    told = events(tmp_path / "log.csv", head + lines + "1,p0,2020-03-01 10:00,anna\nC3,p0,2020-03-02,anna\n")
    orders = [(e.visitor_id, e.event, len(e.products)) for e in told]
    assert orders == [
        ("anna", "Order Completed", 100),
        ("anna", "Order Completed", 20),
        ("bert", "Order Completed", 100),
        ("bert", "Order Completed", 20),
        ("anna", "Order Refunded", 1),
    ]
    assert told[-1].product_id == "p0"


def test_brokers_that_do_not_answer_are_said(
    tmp_path: Path, away: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streaming.evaluation.sending.FLUSH_SECONDS", 1.0)
    settings.KAFKA_CLIENT = settings.KAFKA_CLIENT | {"log_level": 0}
    with pytest.raises(
        NotSentError, match=r"Kafka took 0 of 3 events, then nothing for 1 s. See that every broker"
    ):
        Sender().send(events(tmp_path / "log.csv", SESSIONS))


def test_waits_for_every_partition(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    query = Query.objects.create(
        name="activity", checkpoint="c", host="h", pid=1, started_at=now, seen_at=now
    )
    topic = topic_name(ACTIVITY)
    Position.objects.create(query=query, topic=topic, partition=0, offset=10)
    Position.objects.create(query=query, topic="another", partition=1, offset=10)
    wait_until_applied({0: 10})
    steps: list[int] = []

    def look_again(_: float) -> None:
        Position.objects.update_or_create(
            query=query, topic=topic, partition=1, defaults={"offset": 3 + 4 * len(steps)}
        )

    monkeypatch.setattr("streaming.evaluation.applying.time.sleep", look_again)
    wait_until_applied({0: 10, 1: 7}, steps.append)
    assert steps == [3, 4]


def test_spark_that_does_not_get_on_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "PATIENCE_SECONDS", 0.0)
    now = timezone.now()
    Query.objects.create(
        name="activity", checkpoint="c", host="h", pid=1, started_at=now, seen_at=now, error="disk full"
    )
    with pytest.raises(NotAppliedError, match=r"7 records wait for it.*Its last error: disk full"):
        wait_until_applied({1: 7})
