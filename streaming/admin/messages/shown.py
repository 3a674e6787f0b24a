"""How a message looks: as a line of the table, whole, and as JSON."""

import json
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import reverse

from recommendations.admin.cells import badge, moment, size
from streaming.messages.decoding import Decoded, Kind, decode, readable, text_of
from streaming.messages.record import Record
from tracking.events import format_timestamp

MAY_UNSEAL: Final = "tracking.view_visitorkey"
"""Who may see a visitor's key may see what it seals."""
PREVIEW: Final = 160
MOST_SHOWN: Final = 4_000
"""Characters of a message in the table; its own page has all of it."""
TONES: Final = {Kind.EVENT: "success", Kind.BROKEN: "danger", Kind.REFUSED: "warning"}

User = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True, slots=True)
class Line:
    """A message as the table shows it."""

    record: Record
    decoded: Decoded

    @property
    def address(self) -> str:
        return address_of(self.record)

    @property
    def at(self) -> Any:
        return moment(self.record.at)

    @property
    def clock(self) -> str:
        return "appended" if self.record.appended else "by its producer's clock"

    @property
    def kind(self) -> Any:
        return badge(self.decoded.title or self.decoded.kind, TONES.get(self.decoded.kind, "default"))

    @property
    def key(self) -> str:
        return text_of(self.record.key)

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, text_of(value)) for name, value in self.record.headers]

    @property
    def preview(self) -> str:
        return " ".join(self.decoded.text[: PREVIEW * 4].split())[:PREVIEW]

    @property
    def text(self) -> str:
        return self.decoded.text[:MOST_SHOWN]

    @property
    def is_cut(self) -> bool:
        return len(self.decoded.text) > MOST_SHOWN

    @property
    def size(self) -> str:
        return size(self.record.size)


def line_of(record: Record, user: User) -> Line:
    return Line(record, decode(record, readable(record, may_unseal=may_unseal(user))))


def may_unseal(user: User) -> bool:
    return bool(user.has_perm(MAY_UNSEAL))  # type: ignore[union-attr]


def address_of(record: Record) -> str:
    return reverse("cluster:message", args=[record.topic, record.partition, record.offset])


def as_json(line: Line) -> dict[str, Any]:
    """The message for other programs: `value` is JSON where it is JSON, else text."""
    record = line.record
    value = readable_value(line)
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": format_timestamp(record.at) if record.at else None,
        "timestampType": "LogAppendTime" if record.appended else "CreateTime",
        "key": None if record.key is None else text_of(record.key),
        "headers": [{"name": name, "value": value} for name, value in line.headers],
        "kind": line.decoded.kind,
        "problem": line.decoded.problem or None,
        "value": value,
    }


def readable_value(line: Line) -> Any:
    if line.decoded.kind is Kind.TOMBSTONE:
        return None
    try:
        return json.loads(line.decoded.text)
    except (ValueError, RecursionError):
        return line.decoded.text
