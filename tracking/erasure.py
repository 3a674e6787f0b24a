"""Erasure: the key of a visitor's identifying data is destroyed, and every reader of the log told to forget them."""

from django.db import transaction

from tracking import identities
from tracking.counts import Counts, write
from tracking.delivery.records import received_at, tombstone_of
from tracking.events import decode
from tracking.models import Erasure, Person, RejectedEvent, SpooledRecord, VisitorBlock, VisitorKey


def erase_visitor(visitor_id: str, *, asked_by: str) -> Erasure:
    """Erases a visitor, known or not; once more does no harm.

    All of it or nothing is committed: the key and what else Postgres has of the visitor, the audit's row, and the
    tombstone, which waits in the spool behind everything else of the visitor. Where it has passed in the log, the fold
    deletes the visitor's history, list and person, and so does a rebuild. Raises DatabaseError.
    """
    with transaction.atomic():
        key = VisitorKey.objects.select_for_update().filter(visitor_id=visitor_id).first()
        person_id = key.person_id if key else None
        deleted = {
            "tracking_visitorkey": key.delete()[0] if key else 0,
            "tracking_person": _forget_person(person_id) if person_id else 0,
            "tracking_spooledrecord": _drop_spooled(visitor_id),
            "tracking_rejectedevent": _rows(RejectedEvent, visitor_id=visitor_id),
            "tracking_visitorblock": _rows(VisitorBlock, visitor_id=visitor_id),
        }
        tombstone = tombstone_of(visitor_id)
        SpooledRecord.objects.create(topic=tombstone.topic, key=tombstone.key, value=tombstone.value)
        erasure = Erasure.objects.create(visitor_id=visitor_id, asked_by=asked_by[:150], deleted=deleted)
        erasure.refresh_from_db(fields=["erased_at"])
    identities.forget(visitor_id)
    return erasure


def _forget_person(person_id: str) -> int:
    """Who the person was goes with the last visitor that they are known by."""
    if VisitorKey.objects.filter(person_id=person_id).exists():
        return 0
    return _rows(Person, person_id=person_id)


def _drop_spooled(visitor_id: str) -> int:
    """What waited for Kafka never comes there: it was accepted, and is counted as erased."""
    waiting = SpooledRecord.objects.select_for_update().filter(key=visitor_id, value__isnull=False)
    rows = list(waiting)
    erased = Counts()
    for row in rows:
        value = bytes(row.value or b"")
        event = decode(value)
        erased.add(row.source, event.event or event.type, "erased", at=received_at(value))
    write(erased.take())
    return _rows(SpooledRecord, id__in=[row.id for row in rows])


def _rows(model: type[SpooledRecord | RejectedEvent | Person | VisitorBlock], **of: object) -> int:
    return model._default_manager.filter(**of).delete()[0]
