"""From a call of Segment's tracking API to an event of the contract."""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from uuid_utils import uuid7

from tracking.addresses import truncated_ip
from tracking.clock import occurred_at, time_of
from tracking.commerce import list_id_of, positions_of, product_id_of, product_ids_of, split
from tracking.events import MAX_NAME_LENGTH, Event, EventType, format_timestamp
from tracking.origins import origin_of
from tracking.refusals import Reason, RejectedError, identifier_of

TYPES = {str(kind): kind for kind in EventType}


class Call(msgspec.Struct, rename="camel"):
    """What clients send: any field may be null or "", ids may be numbers, unknown fields are left out."""

    type: Any = None
    message_id: Any = None
    anonymous_id: Any = None
    user_id: Any = None
    previous_id: Any = None
    event: Any = None
    name: Any = None
    category: Any = None
    properties: Any = None
    traits: Any = None
    context: Any = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    group_id: Any = None


class Sender(NamedTuple):
    """What a request says of all its calls."""

    received_at: datetime
    received: str
    """`received_at` as it stands on the topic."""
    kind: str | None = None
    """The type of the calls where the address says it (`/v1/track`)."""
    visitor_id: str | None = None
    """The cookie's visitor: it goes before the call's `anonymousId`, which goes before its `userId`."""
    sent_at: Any = None
    """As the body has it, or read already."""
    source: str | None = None
    may_backfill: bool = False
    bot: bool = False
    left_out: bool = False
    context: dict[str, Any] = {}
    """What the request itself tells: its address, its user agent."""


class Draft(msgspec.Struct):
    """An event whose identifying part is still to be sealed."""

    event: Event
    user_id: str
    previous_id: str
    """Of an alias: who `user_id` was until now."""
    identifying: dict[str, Any]
    sealable: bytes
    """`identifying` as JSON; empty where there is nothing to seal."""


def draft_of(call: Call, sender: Sender) -> Draft:
    """The event that a call stands for. Raises RejectedError, whose field is named as the sender wrote it."""
    kind = TYPES.get(sender.kind or (call.type if isinstance(call.type, str) else ""))
    if kind is None:
        raise RejectedError(
            Reason.UNKNOWN_TYPE, "type", f"is {str(call.type)[:40]!r}; it accepts {', '.join(EventType)}"
        )
    properties = _object(call.properties, "properties")
    if call.category not in (None, ""):  # of a page: some clients set it beside the properties
        properties = {"category": call.category} | properties
    traits = _object(call.traits, "traits")
    context = _object(call.context, "context")
    user_id = identifier_of(call.user_id, "userId") if call.user_id is not None else ""
    previous_id = identifier_of(call.previous_id, "previousId") if kind is EventType.ALIAS else ""
    visitor_id = (
        sender.visitor_id or identifier_of(call.anonymous_id, "anonymousId") or previous_id or user_id
    )
    if not visitor_id:
        raise RejectedError(
            Reason.MISSING_ID, "anonymousId", "is missing, and so is userId: an event needs one of them"
        )
    name = _name(call.event, "event")
    if kind is EventType.TRACK and not name:
        raise RejectedError(Reason.MALFORMED, "event", "is missing: a track call names what happened")
    products = product_ids_of(properties) if "products" in properties else []
    product_id = product_id_of(properties) if properties else None
    clear, identifying = split(properties) if properties else ({}, {})
    list_id = list_id_of(clear) if "list_id" in clear else None
    if call.name not in (None, ""):
        identifying["name"] = call.name
    if traits:
        identifying["traits"] = traits
    if call.group_id not in (None, ""):
        identifying["groupId"] = identifier_of(call.group_id, "groupId")
    event = Event(
        event_id=identifier_of(call.message_id, "messageId") or str(uuid7()),
        type=kind,
        event=name or None,
        visitor_id=visitor_id,
        product_id=product_id or (products[0] if len(products) == 1 else None),
        product_ids=products,
        origin=origin_of(context) if "campaign" in context or "page" in context else None,
        list_id=list_id,
        positions=positions_of(properties, products or ([product_id] if product_id else []))
        if list_id
        else [],
        occurred_at=_occurred_at(call, sender),
        received_at=sender.received,
        properties=clear,
        source=sender.source,
        bot=sender.bot,
        left_out=sender.left_out,
    )
    sealed: dict[str, Any] = {}
    if user_id:
        sealed["userId"] = user_id
    if identifying:
        sealed["properties"] = identifying
    if context or sender.context:
        sealed["context"] = told = sender.context | context
        if "ip" in told:
            told["ip"] = truncated_ip(str(told["ip"]))
    return Draft(event, user_id, previous_id, sealed, msgspec.json.encode(sealed) if sealed else b"")


def _occurred_at(call: Call, sender: Sender) -> str:
    timestamp = call.timestamp or call.original_timestamp
    if not timestamp:
        return sender.received
    happened = time_of(timestamp, "timestamp")
    sent = time_of(call.sent_at or sender.sent_at, "sentAt")
    moment = occurred_at(happened, sent, sender.received_at, may_backfill=sender.may_backfill)
    return sender.received if moment is sender.received_at else format_timestamp(moment)


def _object(value: Any, field: str) -> dict[str, Any]:
    if value is None or value == "" or value == []:
        return {}
    if isinstance(value, dict):
        return value
    raise RejectedError(Reason.MALFORMED, field, "is not an object")


def _name(value: Any, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RejectedError(Reason.MALFORMED, field, "is not a text")
    return identifier_of(value, field, most=MAX_NAME_LENGTH)
