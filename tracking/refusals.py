"""Why an event is refused: the reasons by type, and the exception that carries one."""

from enum import StrEnum
from typing import Any

from tracking.events import MAX_ID_LENGTH


class Reason(StrEnum):
    """The types of reasons, as they stand in answers, in `activity.rejected` and in the admin."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_ID = "missing_id"
    CLOCK = "clock"
    BAD_KEY = "bad_key"
    CONSENT = "consent"
    BOT = "bot"


class RejectedError(Exception):
    """A call that does not become an event: the type of reason, the field, and the detail for its sender."""

    def __init__(self, reason: Reason, field: str, detail: str) -> None:
        super().__init__(f"{field} {detail}")
        self.reason = reason
        self.field = field
        self.detail = detail


def identifier_of(value: Any, field: str, *, most: int = MAX_ID_LENGTH) -> str:
    """An id as text: senders give numbers too. "" for null and "". Raises RejectedError."""
    if type(value) is str and len(value) <= most and "\x00" not in value:  # nearly all of them
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RejectedError(Reason.MALFORMED, field, "is neither a text nor a whole number")
    if isinstance(value, int) and value.bit_length() > 400:
        raise RejectedError(Reason.MALFORMED, field, f"is longer than {most} characters")
    text = str(value)
    if len(text) > most:
        raise RejectedError(Reason.MALFORMED, field, f"is longer than {most} characters")
    if "\x00" in text:
        raise RejectedError(Reason.MALFORMED, field, "holds a NUL character")
    return text
