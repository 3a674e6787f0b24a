"""From a site's own log-in and log-out to its visitors: who a browser is known to be, and when it is nobody again."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse

from tracking.calls import Call, Sender, draft_of
from tracking.counts import counts
from tracking.delivery.records import record_of_event
from tracking.delivery.spool import insert
from tracking.events import EventType, format_timestamp
from tracking.identities import forget, sealed_now, token_of
from tracking.keys import SHOPS_OWN
from tracking.models import Person, SpooledRecord, VisitorKey
from tracking.visitors import remember_visitor, start_new_visitor

logger = logging.getLogger(__name__)


def identify_visitor(visitor_id: str, user_id: str, traits: Mapping[str, Any]) -> None:
    """Says in the log that a visitor is this user: from then on, all that the user's visitors did is read together.

    The event goes through the spool, whatever Kafka does: a page waits for Postgres only. Raises DatabaseError.
    """
    now = datetime.now(UTC)
    call = Call(type=EventType.IDENTIFY, user_id=user_id, traits=dict(traits))
    sender = Sender(received_at=now, received=format_timestamp(now), visitor_id=visitor_id, source=SHOPS_OWN)
    (event,) = sealed_now([draft_of(call, sender)])
    record = record_of_event(event)
    insert([SpooledRecord(topic=record.topic, key=record.key, value=record.value, source=record.source)])
    for outcome in ("accepted", "spooled"):
        counts.add(record.source, record.event, outcome, at=now)


def logged_in(request: HttpRequest, user_id: str, traits: Mapping[str, Any]) -> None:
    """Joins the browser's visitor to its user, unless there is no consent. A log-in does not fail because of it."""
    if not request.consent.allows:  # type: ignore[attr-defined]
        return
    try:
        with transaction.atomic():
            identify_visitor(request.visitor_id, user_id, traits)  # type: ignore[attr-defined]
    except DatabaseError as error:
        forget(request.visitor_id)  # type: ignore[attr-defined]  # a key that was made is not there after all
        logger.warning("A log-in could not be joined to its visitor; the next one will be: %s", error)


def logged_out(request: HttpRequest, response: HttpResponse) -> None:
    """The browser is a new visitor from here on: who uses it next does not see what the user did."""
    start_new_visitor(request)
    if request.consent.allows:  # type: ignore[attr-defined]
        remember_visitor(request, response)


def visitors_of_user(user_id: str) -> list[str]:
    """The visitors that are known to be this user, on all of their browsers."""
    person = Person.objects.filter(user_token=token_of(user_id)).first()
    if person is None:
        return []
    known = VisitorKey.objects.filter(person_id=person.person_id).order_by("visitor_id")
    return list(known.values_list("visitor_id", flat=True))
