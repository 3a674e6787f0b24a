"""A visitor's events as people may read them: what was sealed is opened with the visitor's own key."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from django.conf import settings
from django.db.models import Q

from tracking import events, rejected
from tracking.events import ACTIVITY, Event, unseal_into
from tracking.held.log import records_of
from tracking.models import RejectedEvent, SpooledRecord, VisitorKey
from tracking.sealing import SealBrokenError, unseal


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """One event, and where it is: `partition` and `offset` are None while it waits for Kafka."""

    event: Event
    sealed: bool
    """Whether some of it stayed closed."""
    partition: int | None = None
    offset: int | None = None

    def as_json(self) -> dict[str, Any]:
        place = {
            "topic": settings.KAFKA_TOPIC_PREFIX + ACTIVITY,
            "partition": self.partition,
            "offset": self.offset,
        }
        body: dict[str, Any] = msgspec.to_builtins(self.event)
        return body | {"heldIn": "the spool" if self.offset is None else place}


def events_of(visitors: Collection[str], *, opened: Collection[str]) -> list[HeldEvent]:
    """All events of these visitors, the newest first; for those of `opened` with what was sealed.

    Raises LogAwayError, DatabaseError.
    """
    keys = keys_of(opened)
    # The spool first: what leaves it meanwhile is then found in the log, and shown once.
    waiting = [row for row in _spooled(visitors) if row.value]
    found: dict[tuple[str, str], HeldEvent] = {}
    for value, partition, offset in [
        *((bytes(row.value or b""), None, None) for row in waiting),
        *((record.value() or b"", record.partition(), record.offset()) for record in records_of(visitors)),
    ]:
        held = _held(value, keys, partition, offset)
        if held is not None:
            found[held.event.visitor_id, f"{held.event.event_id} {held.event.received_at}"] = held
    return sorted(found.values(), key=_age, reverse=True)


def refused_of(visitors: Collection[str], *, opened: Collection[str]) -> list[dict[str, Any]]:
    """What they sent and was refused, the newest first."""
    keys = keys_of(opened)
    return [
        {
            "rejectedAt": events.format_timestamp(row.rejected_at),
            "reason": row.reason,
            "field": row.field,
            "detail": row.detail,
            "source": row.source,
            "body": _body(row, keys),
        }
        for row in RejectedEvent.objects.filter(visitor_id__in=list(visitors)).order_by("-rejected_at", "-id")
    ]


def keys_of(visitors: Collection[str]) -> dict[str, bytes]:
    rows = VisitorKey.objects.filter(visitor_id__in=list(visitors)).values_list("visitor_id", "key")
    return {visitor_id: bytes(key) for visitor_id, key in rows}


def _spooled(visitors: Collection[str]) -> list[SpooledRecord]:
    theirs = Q(topic=settings.KAFKA_TOPIC_PREFIX + ACTIVITY, key__in=list(visitors))
    return list(SpooledRecord.objects.filter(theirs).order_by("id"))


def _held(
    value: bytes, keys: Mapping[str, bytes], partition: int | None, offset: int | None
) -> HeldEvent | None:
    try:
        event = events.decode(value)
    except msgspec.DecodeError:  # no event: what brought it into the topic was not the collector
        return None
    key = keys.get(event.visitor_id)
    if event.sealed is not None and key is not None:
        with suppress(SealBrokenError):  # under a key that is gone: nobody can read it, the visitor neither
            event = unseal_into(event, unseal(key, event.sealed))
    is_sealed = event.sealed is not None
    return HeldEvent(msgspec.structs.replace(event, sealed=None), is_sealed, partition, offset)


def _age(held: HeldEvent) -> tuple[str, int, int]:
    return held.event.received_at, held.partition or 0, held.offset or 0


def _body(row: RejectedEvent, keys: Mapping[str, bytes]) -> str | None:
    try:
        body = rejected.body_of(rejected.decode(bytes(row.record)), keys.get(row.visitor_id or ""))
    except msgspec.DecodeError:
        return None
    return body.decode(errors="replace") if body else None
