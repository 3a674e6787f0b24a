"""Refused events once more: judged as the collector judges them, and each taken at most once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tracking import rejected
from tracking.calls import Draft, Sender
from tracking.collector.judging import calls_of, envelope_of, judge
from tracking.consent import is_refused_in
from tracking.counts import counts
from tracking.delivery.records import received_at, record_of_event
from tracking.events import Event, EventType, format_timestamp
from tracking.identities import sealed_now
from tracking.models import RejectedEvent, SpooledRecord, VisitorKey, WriteKey
from tracking.refusals import Reason, RejectedError
from tracking.rejected import Rejection, body_of
from tracking.visitors import is_minted

BATCH: Final = "batch"


class NotReplayedError(Exception):
    """It is not taken, and stays as it is; the message says why, and what to do."""


def text_of(row: RejectedEvent) -> bytes | None:
    """What the sender sent, unsealed; None where the visitor was erased and nobody can read it any more."""
    rejection = rejected.decode(bytes(row.record))
    key = VisitorKey.objects.filter(visitor_id=rejection.visitor_id).values_list("key", flat=True).first()
    return body_of(rejection, bytes(key) if key else None)


def replay(row: RejectedEvent, *, by: str, body: bytes | None = None, key_name: str = "") -> list[Event]:
    """Puts the events of a refused body into the spool, from where the relay sends them on; returns the events.

    `body` is the mended one, else it is taken as it came; `key_name` another key than the one that it came with.
    Of two replays at once one is told that the other was first. Raises NotReplayedError.
    """
    if row.replayed_at is not None:
        raise NotReplayedError("It has been replayed already.")
    rejection = rejected.decode(bytes(row.record))
    drafts = _drafts(rejection, _body(row, rejection, body), _key(key_name or row.source))
    events = sealed_now(drafts)
    records = [record_of_event(event) for event in events]
    with transaction.atomic():
        taken = RejectedEvent.objects.filter(pk=row.pk, replayed_at=None).update(
            replayed_at=timezone.now(), replayed_by=by[:150]
        )
        if not taken:
            raise NotReplayedError("Somebody else replayed it a moment ago, or its visitor was erased.")
        SpooledRecord.objects.bulk_create(
            [SpooledRecord(topic=r.topic, key=r.key, value=r.value, source=r.source) for r in records]
        )
    for record in records:
        for outcome in ("accepted", "spooled"):
            counts.add(record.source, record.event, outcome, at=received_at(record.value))
    return events


def _body(row: RejectedEvent, rejection: Rejection, mended: bytes | None) -> bytes:
    body = text_of(row) if mended is None else mended
    if body is None:
        raise NotReplayedError("Its visitor was erased: nobody can read it any more.")
    if mended is None and rejection.truncated:
        raise NotReplayedError("Only its beginning was kept. Open it, mend it and replay it from there.")
    return body


def _key(name: str) -> WriteKey:
    key = WriteKey.objects.filter(name=name, is_active=True).first()
    if key is None:
        raise NotReplayedError(f"No key “{name}” is switched on. Open it and choose a key to replay it with.")
    return key


def _drafts(rejection: Rejection, body: bytes, key: WriteKey) -> list[Draft]:
    received_at = datetime.fromisoformat(rejection.rejected_at).astimezone(UTC)
    bot = rejection.reason is Reason.BOT
    try:
        envelope = envelope_of(body)
        several = rejection.kind == BATCH or bytes(envelope.batch) != b"null"
        calls: Sequence[object] = calls_of(envelope) if several else [body]
    except RejectedError as error:
        raise NotReplayedError(f"It is still refused: {error}.") from error
    sender = Sender(
        received_at=received_at,
        received=format_timestamp(received_at),
        kind=None if several else rejection.kind,
        # Of what came with a key that did not fit, nobody knows whether the visitor was the cookie's or made up.
        visitor_id=None if rejection.reason is Reason.BAD_KEY or several else rejection.visitor_id,
        sent_at=envelope.sent_at,
        source=key.name,
        may_backfill=key.may_backfill,
        bot=bot,
        left_out=bot and settings.TRACKING_BOTS == "leave-out",
    )
    drafts = [_draft(number, call, sender, key) for number, call in enumerate(calls, 1)]
    if not drafts:
        raise NotReplayedError("It holds no event.")
    return drafts


def _draft(number: int, call: object, sender: Sender, key: WriteKey) -> Draft:
    result = judge(call, sender)  # type: ignore[arg-type]
    if not isinstance(result, Draft):
        raise NotReplayedError(f"It is still refused: {result.error} (event {number}).")
    if is_refused_in(result.identifying.get("context") or {}):
        raise NotReplayedError(f"Its visitor had not consented (event {number}).")
    if key.kind == WriteKey.Kind.BROWSER and sender.visitor_id is None and is_minted(result.event.visitor_id):
        raise NotReplayedError(
            f"It speaks for another browser's visitor: choose a server's key (event {number})."
        )
    joins = result.event.type in (EventType.IDENTIFY, EventType.ALIAS)
    if result.user_id and joins and not key.may_identify:
        raise NotReplayedError(f"“{key.name}” may not say who a visitor is: let it, or choose another key.")
    return result
