"""The live view, and the page that follows one event to its batch and to the list that it moved."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from recommendations.admin.cells import (
    UNKNOWN,
    Cell,
    Table,
    Tile,
    link,
    milliseconds,
    moment,
    number,
)
from recommendations.admin.facts import product_link
from recommendations.admin.lists import visitor_link
from recommendations.admin.pages import AdminPage
from streaming.admin.live.arrivals import ERASURE, UNREADABLE, Arrival
from streaming.admin.live.record import Effect, NoRecordError, NotReadError, effect_of, read_record
from streaming.admin.live.socket import PERMISSION
from streaming.admin.unknown import UnknownError
from streaming.spool import waiting
from tracking.events import EventType
from tracking.models import WriteKey
from tracking.sealing import unsealed

MAY_UNSEAL: Final = "tracking.view_visitorkey"
"""Who may see a visitor's key may see what it seals."""
ADDRESS: Final = "/ws/admin/activity/"


class LivePage(AdminPage):
    title = "Live events"
    permission_required = PERMISSION
    template_name = "streaming/admin/live.html"
    refresh = 5

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            spool=waiting(),
            address=ADDRESS,
            kinds=[*EventType, ERASURE, UNREADABLE],
            sources=list(WriteKey.objects.order_by("name").values_list("name", flat=True)),
        )


class RecordPage(AdminPage):
    """One record, read from the log by its place: the address stays good for as long as the log keeps it."""

    permission_required = PERMISSION
    template_name = "streaming/admin/record.html"

    def get_title(self) -> str:
        return f"Event at partition {self.kwargs['partition']}, offset {self.kwargs['offset']}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        try:
            arrival = read_record(self.kwargs["partition"], self.kwargs["offset"])
        except NoRecordError as error:
            raise UnknownError(str(error), reverse("cluster:live")) from error
        except NotReadError as error:
            return super().get_context_data(**kwargs, problem=str(error), refresh=5)
        effect = effect_of(arrival)
        return super().get_context_data(
            **kwargs,
            # What is still on its way is looked at again, until it has arrived.
            refresh=0 if effect.applied else 2,
            whole=whole(arrival, self.request),
            tiles=[
                _event_tile(arrival),
                _batch_tile(effect),
                _once_tile(arrival, effect),
                _moved_tile(effect),
            ],
            times=_times(arrival, effect),
            history=_history(effect),
            moved=_moved(effect),
            visitor=visitor_link(arrival.visitor_id) if effect.visitor_list else "",
        )


class WholePage(RecordPage):
    """The record alone, for the live view to show below its line."""

    template_name = "streaming/admin/whole.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            arrival = read_record(kwargs["partition"], kwargs["offset"])
        except (NoRecordError, NotReadError) as error:
            return self.render_to_response({"problem": str(error)})
        return self.render_to_response({"whole": whole(arrival, request)})


def whole(arrival: Arrival, request: HttpRequest) -> dict[str, Any]:
    """The record as text, and what became of its sealed part: `open`, `closed`, `erased` or none."""
    event = arrival.event
    if event is None:
        words = (
            f"The record is no event: {arrival.problem}"
            if arrival.problem
            else (
                "A tombstone: this visitor was erased. What came before it in the log can no longer be read as theirs."
            )
        )
        return {"place": arrival.place, "text": words, "sealed": ""}
    sealed, shown = "", event
    if event.sealed is not None:
        may = request.user.has_perm(MAY_UNSEAL)
        opened = unsealed(event) if may else None
        sealed = "closed" if not may else "open" if opened else "erased"
        shown = opened or msgspec.structs.replace(event, sealed=None)
    text = msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()
    return {"place": arrival.place, "text": text, "sealed": sealed}


def _event_tile(arrival: Arrival) -> Tile:
    event = arrival.event
    if event is None:
        return Tile("Record", arrival.kind, f"appended {timezone.localtime(arrival.appended_at):%H:%M:%S}")
    marks = [
        word for word, holds in (("a bot's", event.bot), ("left out of the model", event.left_out)) if holds
    ]
    detail = ", ".join([f"from {arrival.source}" if arrival.source else "without a key's name", *marks])
    return Tile("Event", arrival.name or arrival.kind, detail)


def _batch_tile(effect: Effect) -> Tile:
    if effect.batch is None:
        if effect.applied:
            return Tile("Batch", UNKNOWN, "applied; the ledger no longer has its batch")
        return Tile("Batch", "waiting", "Spark has not applied it yet; this page looks again", "bad")
    address = reverse("admin:streaming_batch_change", args=[effect.batch.pk])
    merged = " (merged with its hour's)" if effect.batch.batches > 1 else ""
    at = timezone.localtime(effect.batch.committed_at)
    return Tile(
        "Batch",
        link(address, number(effect.batch.batch_id)),
        f"of {effect.batch.query_id}, {at:%H:%M:%S}{merged}",
    )


def _once_tile(arrival: Arrival, effect: Effect) -> Tile:
    if not effect.applied:
        return Tile("Counted", UNKNOWN, "not known before it is applied")
    if effect.rejected:
        return Tile("Counted", "no", f"no event of the contract: {effect.rejected}", "bad")
    if arrival.event is None:
        return Tile("Counted", UNKNOWN, "the mark of an erasure is not counted")
    if effect.duplicate_of is not None:
        first = timezone.localtime(effect.duplicate_of)
        return Tile(
            "Counted",
            "duplicate",
            f"the same event was appended at {first:%Y-%m-%d %H:%M:%S}; not again",
            "bad",
        )
    if arrival.event.left_out:
        return Tile("Counted", "left out", "the model does not learn from it")
    return Tile("Counted", "once", "the first of its id for this visitor within 24 hours", "good")


def _moved_tile(effect: Effect) -> Tile:
    if effect.visitor_list is None:
        return Tile("Moved", UNKNOWN, "the visitor has no list")
    detail = "items of the visitor's list as it is now"
    return Tile("Moved", number(len(effect.moved)), detail)


def _times(arrival: Arrival, effect: Effect) -> Table:
    event, batch = arrival.event, effect.batch
    computed = effect.history[0].computed_at if effect.history else None
    steps: list[tuple[str, Any]] = [("Appended to the log", arrival.appended_at)]
    if event is not None:
        steps = [("Occurred", _time(event.occurred_at)), ("Received", _time(event.received_at)), *steps]
    if batch is not None:
        steps += [
            ("Handed to the sink", batch.started_at),
            ("Computed", computed),
            ("Committed", batch.committed_at),
        ]
    received = _time(event.received_at) if event is not None else arrival.appended_at
    return Table(
        headers=("What happened", "When", "After it was received"),
        rows=[
            (what, moment(at), milliseconds((at - received).total_seconds() * 1000))
            for what, at in steps
            if at
        ],
    )


def _history(effect: Effect) -> Table:
    return Table(
        headers=("Product", "Event", "Weight", "Place in the visitor's history"),
        rows=[
            (product_link(each.product_id), each.event, number(each.weight, 1), number(each.position))
            for each in effect.history
        ],
    )


def _moved(effect: Effect) -> Table:
    def row(item: dict[str, Any]) -> Sequence[Cell]:
        assert effect.visitor_list is not None
        because = effect.visitor_list.events[item["because"]]
        return (
            item["place"],
            product_link(item["productId"]),
            number(item["score"], 4),
            f"{because['event']}: {because['productId']}",
        )

    return Table(headers=("#", "Product", "Score", "Because of"), rows=[row(item) for item in effect.moved])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
