"""Refused events: whole, with the reason, on the topic `activity.rejected`. What a hostile sender adds is capped."""

import base64
import time
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tracking.events import MAX_ID_LENGTH, format_timestamp
from tracking.refusals import Reason, RejectedError
from tracking.sealing import SealBrokenError, seal, unseal

BURST_BYTES: Final = 32 * 1024 * 1024
BYTES_PER_SECOND: Final = 16 * 1024
"""Of one source: 1.4 GB a day at the most. What goes beyond is counted as dropped, and not kept."""


class Rejection(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A refused event as it stands on the topic."""

    reason: Reason
    field: str
    detail: str
    source: str
    rejected_at: str
    kind: str | None = None
    """The type of the call where the address said it, and "batch" for a body that could not be read as one."""
    visitor_id: str | None = None
    message_id: str | None = None
    sealed: str | None = None
    """{"body": text} under the visitor's key."""
    raw: str | None = None
    """The text, where no visitor is known whose key could seal it."""
    raw64: str | None = None
    """The bytes, where they are no text, or one that JSON would make larger than base64 does."""
    truncated: bool = False


_decoder = msgspec.json.Decoder(Rejection)


def rejection_of(
    error: RejectedError,
    body: bytes,
    *,
    source: str,
    kind: str | None,
    visitor_id: str | None,
    message_id: Any = None,
    key: bytes | None = None,
    truncated: bool = False,
) -> Rejection:
    """What is kept of a refused body. With a `key`, only who has the visitor's key reads it."""
    sealed = raw = raw64 = None
    text = _text_of(body)
    encoded = None if text is not None else base64.b64encode(body).decode()
    if key is not None:
        sealed = seal(key, {"body": text} if encoded is None else {"body64": encoded})
    elif encoded is None:
        raw = text
    else:
        raw64 = encoded
    return Rejection(
        reason=error.reason,
        field=error.field[:200],
        detail=error.detail[:500],
        source=source,
        rejected_at=format_timestamp(datetime.now(UTC)),
        kind=kind,
        visitor_id=visitor_id,
        message_id=message_id[:MAX_ID_LENGTH] if isinstance(message_id, str) else None,
        sealed=sealed,
        raw=raw,
        raw64=raw64,
        truncated=truncated,
    )


def _text_of(body: bytes) -> str | None:
    """A body as text, unless escaped in JSON it outgrew base64: 500 KB of quotes would be too much for a record."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if 3 * len(msgspec.json.encode(text)) <= 4 * len(body) + 100 else None


def encode(rejection: Rejection) -> bytes:
    """The rejection as it stands on the topic."""
    return msgspec.json.encode(rejection)


def decode(value: bytes) -> Rejection:
    """Raises msgspec.DecodeError."""
    return _decoder.decode(value)


def body_of(rejection: Rejection, key: bytes | None) -> bytes | None:
    """What the sender sent; None where the visitor was erased and nobody can read it any more."""
    if rejection.sealed is not None:
        try:
            content = unseal(key, rejection.sealed) if key else {}
        except SealBrokenError:
            return None
        if "body64" in content:
            return base64.b64decode(content["body64"])
        return content["body"].encode() if "body" in content else None
    if rejection.raw64 is not None:
        return base64.b64decode(rejection.raw64)
    return (rejection.raw or "").encode()


class Cap:
    """How many bytes of each source's refused events are kept: a bucket that fills up again."""

    def __init__(self, burst: int = BURST_BYTES, per_second: int = BYTES_PER_SECOND) -> None:
        self.burst = burst
        self.per_second = per_second
        self.buckets: dict[str, tuple[float, float]] = {}

    def takes(self, source: str, size: int) -> bool:
        """Whether `size` more bytes of a source are kept."""
        now = time.monotonic()
        left, at = self.buckets.get(source, (float(self.burst), now))
        left = min(self.burst, left + (now - at) * self.per_second)
        if size > left:
            return False
        self.buckets[source] = (left - size, now)
        return True
