"""What came to a topic since somebody last looked: asked for again and again, each time from where it ended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streaming.messages.bounds import Bounds, Spans
from streaming.messages.browsing import browse
from streaming.messages.reading import LogReader
from streaming.messages.record import Record

MOST_SHOWN: Final = 200
"""Records of one look; of more that pass, the oldest are left out."""
MOST_READ: Final = 20_000
"""Records of one look. What is further back is passed over: watching must not slow down what is watched."""


@dataclass(frozen=True, slots=True)
class Tailed:
    records: list[Record]
    """Newest first."""
    passed_over: int
    """Records that were not looked at, or not shown."""
    at: dict[int, int]
    """From where to look next."""


def tail(
    known: Bounds, at: dict[int, int], partition: int | None, passes: Callable[[Record], bool]
) -> Tailed:
    """A partition that `at` does not name is new, and is followed from its beginning. Raises NotReadError."""
    chosen = {p: span for p, span in known.spans.items() if partition is None or p == partition}
    come: Spans = {p: (max(first, min(at.get(p, first), end)), end) for p, (first, end) in chosen.items()}
    # Where a leader did not answer, it goes on later from where it was.
    following = at | {p: end for p, (_, end) in come.items()}
    most = MOST_READ // max(1, len(come))
    read: Spans = {p: (max(start, end - most), end) for p, (start, end) in come.items() if start < end}
    unread = sum(start - come[p][0] for p, (start, _) in read.items())
    if not read:
        return Tailed([], 0, following)
    with LogReader(known.topic) as log:
        page = browse(log, read, newest_first=True, passes=passes, most=MOST_SHOWN)
    unread += sum(end - start for start, end in page.left.values())
    return Tailed(page.records, unread, following)
