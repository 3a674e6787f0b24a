"""Pages of records from logs that stand in memory: in order, complete, and cheap."""

from collections.abc import Callable

import pytest

from streaming.messages import browsing
from streaming.messages.bounds import Spans
from streaming.messages.browsing import Page, browse
from streaming.messages.record import Record

Log = dict[int, list[Record]]


def record(partition: int, offset: int, at: int, size: int = 1) -> Record:
    return Record("t", partition, offset, at, False, None, b"x" * size, ())


class InMemory:
    def __init__(self, log: Log) -> None:
        self.log = log
        self.read_records = 0
        self.reads = 0

    def read(self, spans: Spans) -> Log:
        self.reads += 1
        found = {
            partition: [each for each in self.log[partition] if start <= each.offset < end]
            for partition, (start, end) in spans.items()
        }
        self.read_records += sum(map(len, found.values()))
        return found


def log_of(*partitions: list[int]) -> Log:
    """Each partition by the times of its records."""
    return {
        number: [record(number, offset, at) for offset, at in enumerate(times)]
        for number, times in enumerate(partitions)
    }


def spans_of(log: Log) -> Spans:
    return {partition: (0, len(records)) for partition, records in log.items()}


def pages(
    log: Log, *, newest_first: bool, most: int, passes: Callable[[Record], bool] = lambda _: True
) -> list[Page]:
    """Every page, each from where the one before left off."""
    found, spans = [], spans_of(log)
    while True:
        page = browse(InMemory(log), spans, newest_first=newest_first, passes=passes, most=most)
        found.append(page)
        if page.is_last:
            return found
        spans = page.left


@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_hold_every_record_once_in_the_order_of_time(newest_first: bool) -> None:
    log = log_of(list(range(0, 300, 3)), list(range(1, 40)), [], [500])
    found = [each for page in pages(log, newest_first=newest_first, most=7) for each in page.records]
    assert sorted((each.partition, each.offset) for each in found) == sorted(
        (each.partition, each.offset) for records in log.values() for each in records
    )
    times = [each.milliseconds for each in found]
    assert times == sorted(times, reverse=newest_first)


@pytest.mark.parametrize("newest_first", [True, False])
def test_within_a_partition_the_offset_decides_whatever_the_clocks_say(newest_first: bool) -> None:
    log = log_of([5, 1, 9, 2], [4, 4, 4])
    (page,) = pages(log, newest_first=newest_first, most=100)
    for partition in (0, 1):
        offsets = [each.offset for each in page.records if each.partition == partition]
        assert offsets == sorted(offsets, reverse=newest_first)


def test_filtered_pages_go_on_where_the_last_one_stopped() -> None:
    log = log_of(list(range(1000)), list(range(1000)))
    found = pages(log, newest_first=True, most=10, passes=lambda each: each.offset % 100 == 0)
    assert [each.offset for page in found for each in page.records] == [
        offset for offset in range(900, -1, -100) for _ in (0, 1)
    ]
    assert sum(page.looked_at for page in found) == 2000, "each record is held against the filter once"


def test_a_page_of_a_long_log_reads_a_little_of_it() -> None:
    log = InMemory(log_of(*[list(range(10_000))] * 4))
    browse(log, spans_of(log.log), newest_first=True, passes=lambda _: True, most=50)
    assert log.read_records < 500


def test_when_time_is_up_it_shows_what_it_has_and_where_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    log = InMemory(log_of(list(range(100_000))))
    page = browse(log, spans_of(log.log), newest_first=True, passes=lambda _: False, most=10, seconds=0)
    assert not page.is_last
    assert page.records == []
    assert page.looked_at > 0
    assert page.left == {0: (0, 100_000 - page.looked_at)}
    assert page.reached is not None
    assert page.reached.offset == 100_000 - page.looked_at


def test_holes_that_compaction_left_cost_few_reads() -> None:
    log: Log = {0: [record(0, offset, offset) for offset in range(0, 4_000_000, 100_000)]}
    reader = InMemory(log)
    page = browse(reader, {0: (0, 4_000_000)}, newest_first=True, passes=lambda _: True, most=50)
    assert len(page.records) == 40
    assert page.is_last
    assert reader.reads < 60


def test_large_records_are_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "MOST_BYTES", 20_000)
    log = InMemory({0: [record(0, offset, offset, size=1000) for offset in range(2000)]})
    browse(log, {0: (0, 2000)}, newest_first=True, passes=lambda _: False, most=5)
    assert log.reads >= 2000 / 20
