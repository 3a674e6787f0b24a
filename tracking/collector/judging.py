"""Judging calls, each on its own: what becomes an event, and what is refused and why."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tracking.calls import Call, Draft, Sender, draft_of
from tracking.clock import time_of
from tracking.refusals import Reason, RejectedError

MAX_EVENT_BYTES: Final = 32 * 1024
AT_ONCE: Final = 100
"""So many calls are judged before other requests have their turn."""


class Envelope(msgspec.Struct, rename="camel"):
    """What a body says of all its calls."""

    write_key: Any = None
    sent_at: Any = None
    context: Any = None
    batch: msgspec.Raw = msgspec.Raw(b"null")


_call = msgspec.json.Decoder(Call)
_envelope = msgspec.json.Decoder(Envelope)
_calls = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass
class Refusal:
    """A call that is refused: why, and its text."""

    error: RejectedError
    raw: bytes
    call: Call | None = None


def envelope_of(body: bytes) -> Envelope:
    """What a body says besides its calls. Raises RejectedError where it is no JSON object."""
    try:
        return _envelope.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RejectedError(Reason.MALFORMED, "body", f"is not a JSON object: {_reason(error)}") from error


def calls_of(envelope: Envelope) -> list[msgspec.Raw]:
    """The calls of a batch, each still as text, so that a bad one does not sink the rest. Raises RejectedError."""
    try:
        return _calls.decode(envelope.batch)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RejectedError(Reason.MALFORMED, "batch", "is not a list of calls") from error


async def judged(calls: list[msgspec.Raw], sender: Sender) -> list[Draft | Refusal]:
    """Each call's draft or refusal, in their order."""
    with contextlib.suppress(
        RejectedError
    ):  # read once for all calls; a bad one is refused with each of them
        sender = sender._replace(sent_at=time_of(sender.sent_at, "sentAt"))
    results = []
    for number, raw in enumerate(calls, start=1):
        results.append(judge(raw, sender))
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    return results


def judge(raw: msgspec.Raw | bytes, sender: Sender) -> Draft | Refusal:
    """One call's draft or refusal."""
    call = None
    try:
        if memoryview(raw).nbytes > MAX_EVENT_BYTES:
            raise RejectedError(Reason.TOO_LARGE, "event", f"is larger than {MAX_EVENT_BYTES // 1024} KB")
        call = call_of(raw)
        return draft_of(call, sender)
    except RejectedError as error:
        return Refusal(error, bytes(raw), call)


def call_of(raw: msgspec.Raw | bytes) -> Call:
    """The call that a text stands for. Raises RejectedError."""
    try:
        return _call.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RejectedError(Reason.MALFORMED, "event", f"is not a call: {_reason(error)}") from error
    except RecursionError as error:
        raise RejectedError(Reason.MALFORMED, "event", "is nested too deeply") from error


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(error)
