"""What of a topic somebody asks to see: the form above the messages, and the addresses of further pages."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django import forms

from streaming.messages.bounds import Bounds, Spans, offsets_at
from streaming.messages.filters import BadFilterError, Filter, condition

NEWEST, OLDEST, OFFSET, TIME = "newest", "oldest", "offset", "time"
OLDER, NEWER = "older", "newer"
PAGE_SIZE: Final = 50
PAGE_SIZES: Final = (20, PAGE_SIZE, 200, 1000)
LARGEST_OFFSET: Final = 2**63 - 1


class AskingForm(forms.Form):
    """Every field may be left out."""

    partition = forms.IntegerField(required=False, min_value=0)
    start = forms.ChoiceField(
        required=False,
        choices=[
            (NEWEST, "newest first"),
            (OLDEST, "oldest first"),
            (OFFSET, "from an offset on"),
            (TIME, "from a time on"),
        ],
    )
    offset = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_OFFSET)
    time = forms.DateTimeField(required=False)
    key = forms.CharField(required=False, max_length=1000, strip=False)
    key_match = forms.ChoiceField(
        required=False, choices=[("is", "is"), ("begins", "begins with"), ("contains", "contains")]
    )
    header = forms.CharField(required=False, max_length=1000)
    text = forms.CharField(required=False, max_length=1000, strip=False)
    path = forms.CharField(required=False, max_length=1000)
    most = forms.ChoiceField(required=False, choices=[(str(size), str(size)) for size in PAGE_SIZES])
    way = forms.ChoiceField(required=False, choices=[(OLDER, OLDER), (NEWER, NEWER)])
    """Which way a further page goes on from `at`."""
    at = forms.CharField(required=False, max_length=100_000)

    def clean_path(self) -> str:
        path: str = self.cleaned_data["path"]
        if path:
            try:
                condition(path)
            except BadFilterError as error:
                raise forms.ValidationError(str(error)) from error
        return path

    def clean_at(self) -> dict[int, int]:
        text: str = self.cleaned_data["at"]
        try:
            return {
                int(p): int(o) for p, _, o in (place.partition("-") for place in text.split("_") if place)
            }
        except ValueError as error:
            raise forms.ValidationError("It is no place in the log: begin anew.") from error

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("start") == OFFSET and given.get("offset") is None and "offset" not in self.errors:
            self.add_error("offset", "Say from which offset on.")
        if given.get("start") == TIME and given.get("time") is None and "time" not in self.errors:
            self.add_error("time", "Say from which time on.")
        return given


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, once the form holds."""

    given: dict[str, Any]

    @property
    def filter(self) -> Filter:
        given = self.given
        return Filter(
            key=given["key"],
            key_match=given["key_match"] or "is",
            header=given["header"],
            text=given["text"],
            path=given["path"],
        )

    @property
    def most(self) -> int:
        return int(self.given["most"] or PAGE_SIZE)

    @property
    def newest_first(self) -> bool:
        if self.given["at"]:
            return bool(self.given["way"] != NEWER)
        return (self.given["start"] or NEWEST) == NEWEST

    def spans(self, known: Bounds) -> Spans:
        """The offsets to look through. Raises UnansweredError."""
        partition = self.given["partition"]
        chosen = {p: span for p, span in known.spans.items() if partition is None or p == partition}
        if at := self.given["at"]:
            if self.newest_first:
                return {
                    p: (first, _within(at.get(p, first), first, end)) for p, (first, end) in chosen.items()
                }
            return {p: (_within(at.get(p, first), first, end), end) for p, (first, end) in chosen.items()}
        if self.given["start"] == OFFSET:
            return {p: (_within(self.given["offset"], first, end), end) for p, (first, end) in chosen.items()}
        if self.given["start"] == TIME:
            found = offsets_at(known.topic, chosen, self.given["time"])
            return {
                p: (end if found[p] is None else _within(found[p] or 0, first, end), end)
                for p, (first, end) in chosen.items()
            }
        return chosen

    def further(self, way: str, places: dict[int, int]) -> str:
        """The query string of the page that goes on from these places."""
        kept = {
            name: value
            for name, value in self.given.items()
            if value not in (None, "") and name not in ("at", "way", "start", "offset", "time")
        }
        return urlencode(kept | {"way": way, "at": written(places)})


def written(places: dict[int, int]) -> str:
    return "_".join(f"{partition}-{offset}" for partition, offset in sorted(places.items()))


def _within(offset: int, first: int, end: int) -> int:
    return min(max(offset, first), end)
