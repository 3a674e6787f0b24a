"""The event contract: one JSON object per event on the topic `activity`, keyed by its visitor.

Everything that reads or writes the topic takes the shape from here: the collector validates with it, Spark's
schema is held to it by a test, and `/api/events/schema.json` publishes it. Old events must stay readable: a
new field needs a default, and a field is never renamed.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

SCHEMA_VERSION: Final = 1
SCHEMA_VERSION_HEADER: Final = "schema-version"

ACTIVITY: Final = "activity"
"""Topic of the accepted events; key = visitorId, so that the order holds per visitor."""
REJECTED: Final = "activity.rejected"
RECOMMENDATIONS: Final = "recommendations"
"""Topic of the visitors whose list changed; key = visitorId, value = {"visitorId", "version"}."""

EARLIEST_TIME: Final = "2000-01-01T00:00:00.000Z"
"""No event happened before: such a time comes from a clock that was never set."""
MAX_ID_LENGTH: Final = 100
MAX_NAME_LENGTH: Final = 200
MAX_PRODUCTS: Final = 100
MAX_POSITION: Final = 10_000

LIST_VIEWED: Final = "Product List Viewed"
"""`products` were seen in `listId`, really: each at its position."""
PRODUCT_CLICKED: Final = "Product Clicked"

# PostgreSQL's text holds every character but NUL: one such event would stop whoever writes it there.
WITHOUT_NUL: Final = r"^[^\x00]*$"

Identifier = Annotated[str, Meta(min_length=1, max_length=MAX_ID_LENGTH, pattern=WITHOUT_NUL)]
Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH, pattern=WITHOUT_NUL)]
Position = Annotated[int, Meta(ge=0, le=MAX_POSITION)]
Timestamp = Annotated[
    str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", description="RFC 3339, UTC, milliseconds")
]


class EventType(StrEnum):
    """The calls of Segment's tracking API."""

    PAGE = "page"
    TRACK = "track"
    IDENTIFY = "identify"
    ALIAS = "alias"
    GROUP = "group"
    SCREEN = "screen"


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Something that a visitor did. Unknown extra fields are ignored.

    What could identify a person stands in `sealed`, under a key of the visitor's own that erasure destroys. What is
    left in the clear stays anonymous: random ids, type, products, amounts, times.
    """

    event_id: Identifier
    type: EventType
    visitor_id: Identifier
    occurred_at: Timestamp
    received_at: Timestamp
    event: Name | None = None
    user_id: Identifier | None = None
    product_id: Identifier | None = None
    product_ids: Annotated[list[Identifier], Meta(max_length=MAX_PRODUCTS)] = []
    origin: Identifier | None = None
    """Where the visitor came from: the source of a campaign, or the host of the page that led here."""
    list_id: Identifier | None = None
    """The list of products in which they were seen or clicked: `list_id` of Segment's e-commerce events."""
    positions: Annotated[list[Position], Meta(max_length=MAX_PRODUCTS)] = []
    """Where `products` stand in that list, in the same order, from 1; 0 for one whose place the sender did not tell.

    Empty where none was told. Of another length than `products` they say nothing."""
    properties: dict[str, Any] = {}
    context: dict[str, Any] = {}
    person_id: Identifier | None = None
    """Random id of the user that the visitor is known to be: who shares one, shares their histories."""
    sealed: str | None = None
    """Base64 of nonce and AES-GCM ciphertext of {"userId", "properties", "context"}: see tracking/sealing.py."""
    source: Name | None = None
    """Name of the write key that it came with."""
    bot: bool = False
    left_out: bool = False
    """Counted, but not for the model to learn from."""

    @property
    def products(self) -> list[str]:
        """The products of the event in order: `productIds` of a list or an order, else its `productId`."""
        return self.product_ids or ([self.product_id] if self.product_id else [])


_decoder = msgspec.json.Decoder(Event)
_encoder = msgspec.json.Encoder()


def unseal_into(event: Event, identifying: dict[str, Any]) -> Event:
    """The event as its sender gave it: with what was sealed back in its place."""
    return msgspec.structs.replace(
        event,
        user_id=identifying.get("userId"),
        properties=event.properties | identifying.get("properties", {}),
        context=event.context | identifying.get("context", {}),
        sealed=None,
    )


def encode(event: Event) -> bytes:
    """The event as it stands on the topic."""
    return _encoder.encode(event)


def decode(value: bytes) -> Event:
    """The event of a record's value.

    Raises msgspec.ValidationError (a msgspec.DecodeError) that names the field and the reason.
    """
    return _decoder.decode(value)


def json_schema() -> dict[str, Any]:
    """JSON Schema of the envelope, from the same definition that validates it."""
    (schema,), components = msgspec.json.schema_components([Event], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tributary event",
        "version": SCHEMA_VERSION,
        **schema,
        "$defs": components,
    }


def format_timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, the one form in which times stand on the topic."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"
