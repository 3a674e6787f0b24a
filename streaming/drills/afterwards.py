"""What a drill is held to, once its load has ended."""

import asyncio
from collections import Counter
from functools import partial

from streaming.drills import log
from streaming.drills.drill import Drill
from streaming.drills.log import Ends, Found
from streaming.drills.stage import Stage
from streaming.rebuild.again import Compared, rebuilding
from streaming.rebuild.catching_up import Unwatched
from streaming.topics import topic_name
from tracking.database import in_database
from tracking.events import ACTIVITY

DRAINED_SECONDS = 120.0
APPLIED_SECONDS = 240.0
RECOVERED_SECONDS = 5.0


async def check(stage: Stage, drill: Drill, start: Ends, *, rebuild: bool) -> None:
    """Adds the common numbers and checks to the recording; `start` is where the log ended before."""
    await stage.until(partial(in_database, log.is_drained), DRAINED_SECONDS, "the spool is drained")
    await stage.until(
        partial(in_database, log.is_applied), APPLIED_SECONDS, "Spark reaches the end of the log"
    )
    stage.recording.note("Spark has folded everything")
    count_requests(stage, drill)
    await count_events(stage, await asyncio.to_thread(log.read_since, start, stage.load.name))
    if drill.strikes:
        check_shop(stage, drill)
        check_pages(stage)
    if rebuild:
        check_facts(stage, await asyncio.to_thread(compare))


def count_requests(stage: Stage, drill: Drill) -> None:
    load, recording = stage.load, stage.recording
    recording.number("sent", "Events acknowledged", load.total)
    recording.number("failed", "Requests that failed, and were sent again", load.unanswered)
    recording.number("median", "Answers, median", load.waited(0.5) * 1000, "ms")
    recording.number("p99", "Answers, slowest hundredth", load.waited(0.99) * 1000, "ms")
    recording.number("slowest", "Answers, the slowest", load.waited(1) * 1000, "ms")
    if not drill.may_refuse:
        by_status = ", ".join(
            f"{n} × {status or 'no answer'}" for status, n in load.statuses.items() if status != 200
        )
        recording.check(
            "requests",
            "No request fails",
            by_status or f"none of {load.statuses.total():,}",
            passed=not load.unanswered,
        )


async def count_events(stage: Stage, found: Found) -> None:
    load, recording = stage.load, stage.recording
    times = Counter(event_id for events in found.by_visitor.values() for event_id in events)
    sent = {event_id for events in load.acknowledged.values() for event_id in events}
    lost = len(sent - set(times))
    recording.check(
        "lost", "No acknowledged event is lost", f"{lost} of {len(sent):,}", passed=not lost and bool(sent)
    )
    again = times.total() - len(times)
    recording.number("again", "Twice in the log, counted once", again)
    events, duplicates = await in_database(log.folded, load.name)
    doubled = events - duplicates - len(found.named)
    recording.check(
        "twice", "None counts twice", f"{doubled} of {len(found.named):,} counted", passed=doubled == 0
    )
    disordered = sum(
        list(dict.fromkeys(found.by_visitor.get(visitor, []))) != events
        for visitor, events in load.acknowledged.items()
    )
    recording.check(
        "order",
        "Each visitor's events are in the log in their order",
        f"{disordered} of {len(load.acknowledged)} visitors otherwise",
        passed=not disordered,
    )


def check_shop(stage: Stage, drill: Drill) -> None:
    visits, recording = stage.visits, stage.recording
    slowest = max((visit.seconds for visit in visits.visits), default=0.0)
    recording.number("page", "The first page, the slowest answer", slowest * 1000, "ms")
    bad = Counter(visit.status or "no answer" for visit in visits.bad)
    told = ", ".join(f"{times} × {status}" for status, times in bad.items())
    if not drill.takes_shop_down:
        recording.check(
            "shop",
            "The shop answers 200 throughout",
            told or f"{len(visits.visits)} visits, all 200",
            passed=not bad and bool(visits.visits),
        )
        return
    assert stage.returned_at is not None
    waited = visits.good_again_after(stage.returned_at)
    recording.check(
        "shop",
        f"The shop is there within {RECOVERED_SECONDS:g} s of the return",
        f"{'never' if waited is None else f'after {waited:.1f} s'}; meanwhile {told or 'all 200'}",
        passed=waited is not None and waited <= RECOVERED_SECONDS,
    )


def check_pages(stage: Stage) -> None:
    assert stage.returned_at is not None
    waited = stage.pages.recovered_after(stage.returned_at)
    closed = sum(page.closed for page in stage.pages.pages)
    stage.recording.number("sockets", "Sockets that closed or could not be opened", closed)
    stage.recording.check(
        "pages",
        f"Open pages are sent lists again within {RECOVERED_SECONDS:g} s of the return",
        "never" if waited is None else f"after {waited:.1f} s",
        passed=waited is not None and waited <= RECOVERED_SECONDS,
    )


def compare() -> Compared:
    with rebuilding(topic_name(ACTIVITY), Unwatched()) as again:
        again.fold_log()
        return again.compare()


def check_facts(stage: Stage, compared: Compared) -> None:
    wrong = ", ".join(compared.wrong)
    stage.recording.check(
        "facts",
        "The model is what a rebuild from the log gives",
        f"differs in {wrong}" if wrong else f"equal: {compared.records:,} events",
        passed=not wrong,
    )
