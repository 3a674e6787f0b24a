"""From a request's body to an answer: whose key it is, what becomes of each call, and where it is kept."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db import DatabaseError

from tracking.addresses import truncated_ip
from tracking.bots import is_bot, is_browser
from tracking.calls import Draft, Sender
from tracking.collector import cors
from tracking.collector.answers import Answer, come_again, refused, result_of_refusal
from tracking.collector.judging import Envelope, Refusal, call_of, calls_of, envelope_of, judged
from tracking.collector.limits import RateLimits
from tracking.collector.request import Request
from tracking.consent import COOKIE as CONSENT_COOKIE
from tracking.consent import is_consented, is_refused_in
from tracking.counts import UNKNOWN, counts
from tracking.database import soon_in_database
from tracking.delivery.delivery import Delivery, NotKeptError
from tracking.delivery.records import Record, record_of_rejection, records_of_events
from tracking.events import MAX_ID_LENGTH, EventType, format_timestamp
from tracking.identities import IdentitiesAwayError, keys_of, sealed, visitor_keys
from tracking.keys import key_of, ring
from tracking.models import WriteKey
from tracking.refusals import Reason, RejectedError
from tracking.rejected import Cap, rejection_of
from tracking.visitors import COOKIE as VISITOR_COOKIE
from tracking.visitors import is_minted, visitor_of_cookie

RETRY_SECONDS: Final = 5
BATCH: Final = "batch"


class Intake:
    """Judges requests and keeps what they bring."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.limits = RateLimits()
        self.cap = Cap()

    async def answer(self, request: Request, kind: str) -> Answer:
        """200 means that each accepted event is on the in-sync brokers or in the spool."""
        try:
            return await self._answer(request, kind)
        except (NotKeptError, IdentitiesAwayError) as error:
            reason = f"The events could not be stored; keep them and send again. ({error})"
            return come_again(503, reason, RETRY_SECONDS)

    async def refuse(
        self, request: Request, kind: str, error: RejectedError, *, source: str = UNKNOWN, status: int = 400
    ) -> Answer:
        """Refuses a request as a whole, and keeps its body with the reason."""
        visitor_id = visitor_of_cookie(request.cookies.get(VISITOR_COOKIE))
        refusal = Refusal(error, request.body)
        await self.delivery.deliver(await self._rejections([refusal], source, kind, visitor_id))
        return refused(error, status)

    async def _answer(self, request: Request, kind: str) -> Answer:
        try:
            envelope = envelope_of(request.body)
        except RejectedError as error:
            key = await ring.find(key_of(request.headers.get("authorization", "")))
            return await self.refuse(request, kind, error, source=key.name if key else UNKNOWN)
        key = await ring.find(_key_of(request, envelope))
        origin = request.headers.get("origin")
        if key is None:
            if not ring.is_current:
                raise IdentitiesAwayError(
                    "Postgres does not answer, and the key is none of those known before."
                )
            unknown = RejectedError(Reason.BAD_KEY, "writeKey", "is not a known key")
            return await self.refuse(request, kind, unknown, status=401)
        if not cors.may_come_from(key, origin, same_site=request.is_of_this_site):
            elsewhere = RejectedError(Reason.BAD_KEY, "writeKey", f"takes no events from pages of {origin}")
            return await self.refuse(request, kind, elsewhere, source=key.name, status=403)
        try:
            calls = calls_of(envelope) if kind == BATCH else [msgspec.Raw(request.body)]
        except RejectedError as error:
            return await self.refuse(request, kind, error, source=key.name)
        if wait := self.limits.seconds_to_wait(key, len(calls)):
            reason = f"The write key sends more than {key.rate_limit} events a second; send again later."
            return come_again(429, reason, wait)

        sender = sender_of(request, envelope, key, None if kind == BATCH else kind)
        verdict = await judged(calls, sender)
        results = [_allowed(result, raw, key, sender) for result, raw in zip(verdict, calls, strict=True)]
        if key.kind == WriteKey.Kind.BROWSER:
            cookie = request.cookies.get(CONSENT_COOKIE)
            if not is_consented(request.headers, cookie, settings.TRACKING_CONSENT):
                results = [_without_consent(raw) for raw in calls]
        await self._keep(results, key, kind, sender)
        return _answer_to(results, kind)

    async def _keep(
        self, results: Sequence[Draft | Refusal], key: WriteKey, kind: str, sender: Sender
    ) -> None:
        drafts = [result for result in results if isinstance(result, Draft)]
        refusals = [result for result in results if isinstance(result, Refusal)]
        records = records_of_events(await sealed(drafts))
        if refusals:
            call_kind = None if kind == BATCH else kind
            records += await self._rejections(refusals, key.name, call_kind, sender.visitor_id)
        await self.delivery.deliver(records)
        for name, number in Counter(draft.event.event or draft.event.type for draft in drafts).items():
            counts.add(key.name, name, "accepted", number, at=sender.received_at)
            if sender.bot:
                counts.add(key.name, name, "bots", number)

    async def _rejections(
        self, refusals: Sequence[Refusal], source: str, kind: str | None, visitor_id: str | None
    ) -> list[Record]:
        """The records of what is refused, as far as its source's cap reaches; all of it is counted."""
        records = []
        for refusal in refusals:
            name = _name_of(refusal, kind)
            if refusal.error.reason is Reason.CONSENT:
                counts.add(source, name, "without_consent")
                continue
            if not self.cap.takes(source, len(refusal.raw)):
                counts.add(source, name, "dropped")
                continue
            visitor = visitor_id or _visitor_of(refusal)
            rejection = rejection_of(
                refusal.error,
                refusal.raw,
                source=source,
                kind=kind,
                visitor_id=visitor,
                message_id=refusal.call.message_id if refusal.call else None,
                key=await _key_for(visitor) if visitor else None,
            )
            records.append(record_of_rejection(rejection))
            counts.add(source, name, "rejected")
        return records


def sender_of(request: Request, envelope: Envelope, key: WriteKey, kind: str | None) -> Sender:
    """What the request says of all its calls. Its address and agent count where a browser sends."""
    now = datetime.now(UTC)
    context: dict[str, Any] = envelope.context if isinstance(envelope.context, dict) else {}
    bot = False
    if key.kind == WriteKey.Kind.BROWSER and is_browser(request.user_agent):
        context = {"ip": truncated_ip(request.address), "userAgent": request.user_agent} | context
        bot = is_bot(request.user_agent)
    return Sender(
        received_at=now,
        received=format_timestamp(now),
        kind=kind,
        visitor_id=visitor_of_cookie(request.cookies.get(VISITOR_COOKIE)),
        sent_at=envelope.sent_at,
        source=key.name,
        may_backfill=key.may_backfill,
        bot=bot,
        left_out=bot and settings.TRACKING_BOTS == "leave-out",
        context=context,
    )


def _key_of(request: Request, envelope: Envelope) -> str:
    return key_of(request.headers.get("authorization", "")) or (
        envelope.write_key if isinstance(envelope.write_key, str) else ""
    )


def _allowed(result: Draft | Refusal, raw: msgspec.Raw, key: WriteKey, sender: Sender) -> Draft | Refusal:
    """Holds a call to what its key may say."""
    if isinstance(result, Refusal):
        return result
    context = result.identifying.get("context")
    if context and is_refused_in(context):
        return _without_consent(raw)
    if key.kind == WriteKey.Kind.BROWSER and sender.visitor_id is None and is_minted(result.event.visitor_id):
        detail = "is the id of a browser, for which only its own cookie or a server's key may speak"
        return Refusal(RejectedError(Reason.BAD_KEY, "anonymousId", detail), bytes(raw), call_of(raw))
    if result.user_id and not key.may_identify and result.event.type in (EventType.IDENTIFY, EventType.ALIAS):
        detail = "is given with a key that may not say who a visitor is"
        return Refusal(RejectedError(Reason.BAD_KEY, "userId", detail), bytes(raw), call_of(raw))
    return result


def _without_consent(raw: msgspec.Raw) -> Refusal:
    """Nothing is kept of it: not even the reason why it would have been refused anyway."""
    error = RejectedError(Reason.CONSENT, "consent", "is not given: nothing of the event is stored")
    try:
        return Refusal(error, b"", call_of(raw))
    except RejectedError:
        return Refusal(error, b"")


def _answer_to(results: Sequence[Draft | Refusal], kind: str) -> Answer:
    told = [
        {"messageId": result.event.event_id, "status": "accepted"}
        if isinstance(result, Draft)
        else result_of_refusal(result.error, result.call.message_id if result.call else None)
        for result in results
    ]
    if kind == BATCH:
        return Answer(200, {"success": True, "results": told})
    refusal = results[0] if isinstance(results[0], Refusal) else None
    # Without consent there is nothing that the sender could mend, nor send again.
    bad = refusal is not None and refusal.error.reason is not Reason.CONSENT
    return Answer(400 if bad else 200, {"success": refusal is None, **told[0]})


def _name_of(refusal: Refusal, kind: str | None) -> str:
    call = refusal.call
    for name in (call and call.event, kind, call and call.type):
        if name and isinstance(name, str):
            return name.replace("\x00", "")[:200] or "(unnamed)"
    return "(unnamed)"


def _visitor_of(refusal: Refusal) -> str | None:
    if refusal.call is None:
        return None
    for value in (refusal.call.anonymous_id, refusal.call.user_id):
        if isinstance(value, str | int) and not isinstance(value, bool):
            text = str(value)[: MAX_ID_LENGTH + 1]
            if 0 < len(text) <= MAX_ID_LENGTH and "\x00" not in text:
                return text
    return None


async def _key_for(visitor_id: str) -> bytes:
    known = visitor_keys.get(visitor_id)
    if known is not None:
        return known
    try:
        visitor_keys.put(await soon_in_database(keys_of, [visitor_id]))
    except DatabaseError as error:
        raise IdentitiesAwayError(str(error).strip().partition("\n")[0]) from error
    return visitor_keys.get(visitor_id) or b""
