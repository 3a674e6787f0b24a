"""What a record says: by the contract of its topic where there is one, else as JSON, text or bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from streaming.messages.record import Record
from streaming.topics import topic_name
from tracking import events, rejected
from tracking.events import ACTIVITY, REJECTED, SCHEMA_VERSION_HEADER, Event

HIDDEN: Final = "(hidden: it takes the permission to view visitor keys)"
UNSEALED: Final = ("raw", "raw64")
"""Fields of a refused event that may identify somebody and that no key seals."""


class Kind(StrEnum):
    EVENT = "event"
    REFUSED = "refused event"
    BROKEN = "no event"
    TOMBSTONE = "tombstone"
    JSON = "JSON"
    TEXT = "text"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Decoded:
    kind: Kind
    text: str
    """The value for people to read: JSON indented, bytes in hexadecimal, nothing for a tombstone."""
    title: str = ""
    """What an event is called."""
    problem: str = ""
    """Why the value is not what its topic's contract says."""
    event: Event | None = None


def decode(record: Record, value: bytes | None) -> Decoded:
    """What `value` says, which is what may be read of the record's own."""
    if value is None:
        return Decoded(Kind.TOMBSTONE, "")
    if record.topic == topic_name(REJECTED):
        return _by_contract(value, _refused)
    if record.topic == topic_name(ACTIVITY) or SCHEMA_VERSION_HEADER in dict(record.headers):
        return _by_contract(value, _event)
    return _of_any(value)


def readable(record: Record, *, may_unseal: bool) -> bytes | None:
    """The value without what its reader may not see."""
    if may_unseal or record.value is None or record.topic != topic_name(REJECTED):
        return record.value
    try:
        refused = msgspec.json.decode(record.value, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return HIDDEN.encode()  # whoever put it there, it may be somebody's
    return msgspec.json.encode({n: HIDDEN if n in UNSEALED else content for n, content in refused.items()})


def text_of(octets: bytes | None) -> str:
    """Octets as text; those that are none, in hexadecimal."""
    if octets is None:
        return ""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.hex(" ")


def _by_contract(value: bytes, told: Callable[[bytes], Decoded]) -> Decoded:
    try:
        return told(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shown = _of_any(value)
        return Decoded(Kind.BROKEN, shown.text, problem=str(error))


def _event(value: bytes) -> Decoded:
    event = events.decode(value)
    return Decoded(Kind.EVENT, _indented(value), title=event.event or event.type.value, event=event)


def _refused(value: bytes) -> Decoded:
    refused = rejected.decode(value)
    return Decoded(Kind.REFUSED, _indented(value), title=f"{refused.reason}: {refused.field}")


def _of_any(value: bytes) -> Decoded:
    try:
        return Decoded(Kind.JSON, _indented(value))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return Decoded(Kind.TEXT, value.decode())
    except UnicodeDecodeError:
        return Decoded(Kind.BYTES, value.hex(" "))


def _indented(value: bytes) -> str:
    return msgspec.json.format(value, indent=2).decode()
