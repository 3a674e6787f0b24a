"""What of a stored event or a refused one identifies its visitor and can be read with the key that is there."""

from typing import Any

import msgspec

from tracking import events, rejected
from tracking.commerce import split
from tracking.rejected import Rejection
from tracking.sealing import SealBrokenError, unseal


def in_event(value: bytes, key: bytes | None) -> tuple[dict[str, Any], str | None]:
    """What identifies in an event's record, and when it was received; a record that is no event is read whole."""
    try:
        event = events.decode(value)
    except msgspec.DecodeError:
        return {"record": value.decode(errors="replace")}, None
    found = {
        "userId": event.user_id,
        "properties": split(event.properties).identifying,
        "context": event.context,
    }
    return found | _opened(event.sealed, key), event.received_at


def in_rejection(value: bytes, key: bytes | None) -> tuple[dict[str, Any], str | None]:
    """The same of a record of `activity.rejected`: all that its sender sent counts as identifying."""
    try:
        rejection = rejected.decode(value)
    except msgspec.DecodeError:
        return {"record": value.decode(errors="replace")}, None
    body = rejected.body_of(rejection, key)
    return {"body": body.decode(errors="replace") if body else None}, rejection.rejected_at


def speaks_of(value: bytes, visitor_id: str) -> bool:
    """Whether a refused event is the visitor's, or names them in what nobody could seal."""
    try:
        rejection: Rejection = rejected.decode(value)
    except msgspec.DecodeError:
        return visitor_id.encode() in value
    if rejection.visitor_id is not None:
        return rejection.visitor_id == visitor_id
    body = rejected.body_of(rejection, None)
    return body is not None and visitor_id.encode() in body


def _opened(sealed: str | None, key: bytes | None) -> dict[str, Any]:
    """Under names of its own, so that it hides nothing that stands in the clear."""
    if sealed is None or key is None:
        return {}
    try:
        return {"sealed": unseal(key, sealed)}
    except SealBrokenError:  # under a key that is gone
        return {}
