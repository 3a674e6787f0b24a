"""A page of records of a topic: found from the newest or from a place on, in the order of their times."""

import heapq
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from streaming.messages.bounds import Span, Spans
from streaming.messages.record import Record

SECONDS: Final = 2.0
"""How long one page may look for what passes a filter; then it shows what it has, and from where to go on."""
LEAST_AT_ONCE: Final = 10
MOST_AT_ONCE: Final = 4_000
"""Offsets of a partition read together."""
LOOKS_BETWEEN_CLOCKS: Final = 500
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of all partitions together, judged by the records that came before."""


class Reads(Protocol):
    def read(self, spans: Spans) -> dict[int, list[Record]]: ...


@dataclass(frozen=True, slots=True)
class Page:
    records: list[Record]
    looked_at: int
    """Records that were held against the filter, those of the page among them."""
    left: Spans
    """What of each partition was not looked at."""
    reached: Record | None
    """The last one looked at."""

    @property
    def is_last(self) -> bool:
        return all(start >= end for start, end in self.left.values())


class _Partition:
    """What is known of one partition while a page is made."""

    def __init__(self, span: Span, newest_first: bool) -> None:
        self.unread = span
        self.newest_first = newest_first
        self.waiting: deque[Record] = deque()

    def next_span(self, offsets: int) -> Span:
        """Takes the next offsets out of what is unread."""
        start, end = self.unread
        if self.newest_first:
            cut = max(start, end - offsets)
            self.unread = (start, cut)
            return (cut, end)
        cut = min(end, start + offsets)
        self.unread = (cut, end)
        return (start, cut)

    @property
    def is_read(self) -> bool:
        return self.unread[0] >= self.unread[1]

    @property
    def is_dry(self) -> bool:
        """Whether its next record is not known."""
        return not self.waiting and not self.is_read

    @property
    def left(self) -> Span:
        """What was not looked at."""
        start, end = self.unread
        if not self.waiting:
            return self.unread
        return (start, self.waiting[0].offset + 1) if self.newest_first else (self.waiting[0].offset, end)


class _Chunks:
    """Reads on where a partition is dry: more at a time each time, as far as memory and the records' size allow."""

    def __init__(self, log: Reads, partitions: dict[int, _Partition], offsets: int) -> None:
        self.log = log
        self.partitions = partitions
        self.offsets = offsets
        self.largest = 1

    def read(self) -> None:
        asked = {
            number: each.next_span(self.offsets)
            for number, each in self.partitions.items()
            if len(each.waiting) <= self.offsets // 2 and not each.is_read
        }
        came = self.log.read(asked)
        for number, records in came.items():
            each = self.partitions[number]
            each.waiting.extend(reversed(records) if each.newest_first else records)
            self.largest = max(self.largest, *(record.size for record in records), 1)
        self._grow(
            sum(end - start for start, end in asked.values()), sum(len(records) for records in came.values())
        )

    def _grow(self, offsets: int, records: int) -> None:
        most = min(MOST_AT_ONCE, MOST_BYTES // (self.largest * len(self.partitions)))
        # Where compaction left few records of many offsets, it takes more offsets to read as many.
        thin = offsets // max(1, records)
        self.offsets = max(LEAST_AT_ONCE, min(self.offsets * 4, most * max(1, thin)))


def browse(
    log: Reads,
    spans: Spans,
    *,
    newest_first: bool,
    passes: Callable[[Record], bool],
    most: int,
    seconds: float = SECONDS,
) -> Page:
    """The next `most` records of `spans` that pass. Within a partition the offset decides, between them the time.

    It stops after `seconds`, but reads one chunk of each partition at least. Raises NotReadError.
    """
    until = time.monotonic() + seconds
    partitions = {number: _Partition(span, newest_first) for number, span in spans.items()}
    chunks = _Chunks(log, partitions, max(LEAST_AT_ONCE, -(-2 * most // max(1, len(spans)))))
    found: list[Record] = []
    looked_at, started = 0, False
    reached: Record | None = None
    heads: list[tuple[int, int]] = []
    dry = {number for number, each in partitions.items() if each.is_dry}

    while len(found) < most:
        # Which record is next is known only while each partition has one, or has no more.
        if dry:
            if started and time.monotonic() > until:
                break
            known = {number for number, each in partitions.items() if each.waiting}
            chunks.read()
            started = True
            for number, each in partitions.items():
                if each.waiting and number not in known:
                    heapq.heappush(heads, _head(number, each))
            dry = {number for number in dry if partitions[number].is_dry}
            continue
        if not heads:
            break
        _, number = heapq.heappop(heads)
        each = partitions[number]
        reached = each.waiting.popleft()
        looked_at += 1
        if each.waiting:
            heapq.heappush(heads, _head(number, each))
        elif each.is_dry:
            dry.add(number)
        if passes(reached):
            found.append(reached)
        if looked_at % LOOKS_BETWEEN_CLOCKS == 0 and time.monotonic() > until:
            break
    left = {number: each.left for number, each in partitions.items()}
    return Page(found, looked_at, left, reached)


def _head(number: int, partition: _Partition) -> tuple[int, int]:
    time_of_next = partition.waiting[0].milliseconds
    return (-time_of_next if partition.newest_first else time_of_next, number)
