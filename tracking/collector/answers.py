"""What the collector answers, in JSON."""

from typing import Any, NamedTuple

import msgspec

from tracking.refusals import RejectedError

Headers = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """Status, headers and body of a response."""

    status: int
    content: dict[str, Any]
    headers: Headers = []

    @property
    def body(self) -> bytes:
        return msgspec.json.encode(self.content)


def refused(error: RejectedError, status: int = 400) -> Answer:
    """The whole request is refused: sending it again as it is would not help."""
    return Answer(status, failure(error.reason, str(error)) | {"field": error.field, "reason": error.detail})


def come_again(status: int, reason: str, seconds: float) -> Answer:
    """429 or 503: the sender is to keep its events and send them again."""
    after = str(max(1, round(seconds))).encode()
    return Answer(status, failure("try_again", reason) | {"reason": reason}, [(b"retry-after", after)])


def failure(code: str, message: str) -> dict[str, Any]:
    """What Segment's and RudderStack's SDKs read of a failure: where one is missing, some send again in vain."""
    return {"success": False, "code": code, "message": message}


def result_of_refusal(error: RejectedError, message_id: Any) -> dict[str, Any]:
    """What a batch's answer says of one refused call."""
    return {
        "messageId": message_id if isinstance(message_id, str | int | float) else None,
        "status": "rejected",
        "field": error.field,
        "reason": error.detail,
        "code": error.reason,
    }
