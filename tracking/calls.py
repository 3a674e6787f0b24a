"""From a call of Segment's tracking API to an event of the contract."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from uuid_utils import uuid7

from tracking.events import MAX_ID_LENGTH, MAX_PRODUCTS, Event, EventType, format_timestamp

OLDEST = timedelta(days=30)
NEWEST = timedelta(hours=24)

SENDERS_NAMES = {
    "eventId": "messageId",
    "visitorId": "anonymousId",
    "productId": "properties.product_id",
    "productIds": "properties.products",
}
"""Under which name the sender gave a field of the event."""


class RejectedError(Exception):
    """A call that cannot become an event: the field and the reason, for the sender."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Call(msgspec.Struct, rename="camel"):
    """What clients send. Ids may be numbers, any field may be null, unknown fields are left out."""

    type: str | None = None
    message_id: str | int | None = None
    anonymous_id: str | int | None = None
    user_id: str | int | None = None
    event: str | None = None
    name: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    timestamp: str | None = None
    sent_at: str | None = None


def event_of_call(
    raw: object, *, kind: str | None, visitor_id: str | None, sent_at: str | None, received_at: datetime
) -> Event:
    """The event that a call stands for.

    `kind` is the call's type where the address says it (`/v1/track`); `visitor_id` the cookie's visitor, which goes
    before the call's `anonymousId`, which goes before its `userId`. Raises RejectedError.
    """
    try:
        call = msgspec.convert(raw, Call)
        properties = (call.properties or {}) | ({"name": call.name} if call.name else {})
        products = _product_ids(properties)
        event = Event(
            event_id=_text(call.message_id) or str(uuid7()),
            type=_event_type(kind or call.type),
            event=call.event or None,
            visitor_id=visitor_id or _text(call.anonymous_id) or _text(call.user_id),
            user_id=_text(call.user_id) or None,
            product_id=_product_id(properties) or (products[0] if len(products) == 1 else None),
            product_ids=products,
            occurred_at=format_timestamp(_occurred_at(call, sent_at, received_at)),
            received_at=format_timestamp(received_at),
            properties=properties | ({"traits": call.traits} if call.traits else {}),
            context=call.context or {},
        )
        if event.type is EventType.TRACK and not event.event:
            raise RejectedError("event", "is missing: a track call names what happened")
        # Constructing a Struct does not check its constraints; converting it does.
        return msgspec.convert(msgspec.to_builtins(event), Event)
    except msgspec.ValidationError as error:
        raise rejected(error) from error
    except RecursionError as error:
        raise RejectedError("properties", "are nested too deeply") from error


def rejected(error: msgspec.ValidationError) -> RejectedError:
    """The field and the reason of msgspec's message, "Expected `str`, got `int` - at `$.eventId`"."""
    reason, _, path = str(error).partition(" - at `$")
    field = path.rstrip("`").lstrip(".").partition("[")[0]
    return RejectedError(SENDERS_NAMES.get(field, field) or "event", reason)


def _event_type(kind: str | None) -> EventType:
    try:
        return EventType(kind or "")
    except ValueError:
        raise RejectedError("type", f"is {kind!r}; it accepts {', '.join(EventType)}") from None


def _text(value: str | int | None) -> str:
    return "" if value is None else str(value)


def _product_id(properties: dict[str, Any]) -> str | None:
    for name in ("product_id", "productId", "sku"):
        value = properties.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            if len(str(value)) > MAX_ID_LENGTH:
                raise RejectedError(f"properties.{name}", f"is longer than {MAX_ID_LENGTH} characters")
            return str(value)
    return None


def _product_ids(properties: dict[str, Any]) -> list[str]:
    products = properties.get("products")
    if not isinstance(products, list):
        return []
    if len(products) > MAX_PRODUCTS:
        raise RejectedError("properties.products", f"holds more than {MAX_PRODUCTS}")
    found = (_product_id(product) for product in products if isinstance(product, dict))
    return list(dict.fromkeys(product for product in found if product))


def _occurred_at(call: Call, sent_at: str | None, received_at: datetime) -> datetime:
    """receivedAt - (sentAt - timestamp), which corrects a client's wrong clock; never later than receivedAt."""
    happened, sent = _time("timestamp", call.timestamp), _time("sentAt", call.sent_at or sent_at)
    if happened is None or sent is None:
        return received_at
    age = sent - happened
    if age > OLDEST:
        raise RejectedError("timestamp", f"is more than {OLDEST.days} days before sentAt")
    if age < -NEWEST:
        raise RejectedError("timestamp", f"is more than {NEWEST.days * 24} hours after sentAt")
    return min(received_at, received_at - age)


def _time(field: str, value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise RejectedError(field, f"is {value[:40]!r}; it accepts ISO 8601") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
