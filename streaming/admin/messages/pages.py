"""The pages of a topic's messages: found by a form, followed as they come, and one of them whole."""

import time
from typing import Any, Final

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from recommendations.admin.pages import AdminPage
from streaming.admin.messages.asking import NEWER, OLDER, Asked, AskingForm, written
from streaming.admin.messages.shown import Line, address_of, as_json, line_of, may_unseal
from streaming.admin.unknown import UnknownError
from streaming.connection import UnansweredError
from streaming.messages import curl
from streaming.messages.bounds import Bounds, NoTopicError, bounds
from streaming.messages.browsing import Page, browse
from streaming.messages.decoding import readable
from streaming.messages.reading import LogReader, NotReadError, read_one
from streaming.messages.record import Record
from streaming.messages.tailing import Tailed, tail
from streaming.topics import topic_name
from tracking.events import ACTIVITY, Event, encode
from tracking.models import WriteKey
from tracking.sealing import unsealed

PERMISSION: Final = "streaming.view_query"
MAY_SEE_KEYS: Final = "tracking.view_writekey"


class OfTopic(AdminPage):
    permission_required = PERMISSION

    @property
    def topic(self) -> str:
        name: str = self.kwargs["name"]
        return name

    def known(self) -> Bounds:
        """Raises UnknownError, UnansweredError."""
        try:
            return bounds(self.topic)
        except NoTopicError as error:
            raise UnknownError(f"The cluster has no topic {error}.", reverse("cluster:topics")) from error

    def passes(self, asked: Asked) -> Any:
        may = may_unseal(self.request.user)
        return asked.filter.compiled(lambda record: readable(record, may_unseal=may))

    def lines(self, records: list[Record]) -> list[Line]:
        return [line_of(record, self.request.user) for record in records]


class MessagesPage(OfTopic):
    template_name = "streaming/admin/messages/browse.html"

    def get_title(self) -> str:
        return f"Messages of {self.topic}"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = AskingForm(request.GET)
        wants_json = request.GET.get("format") == "json"
        if not form.is_valid():
            if wants_json:
                return JsonResponse({"errors": form.errors}, status=400)
            return self.render_to_response(self.get_context_data(form=form), status=400)
        asked = Asked(form.cleaned_data)
        began = time.monotonic()
        try:
            known = self.known()
            spans = asked.spans(known)
            with LogReader(self.topic) as log:
                page = browse(
                    log,
                    spans,
                    newest_first=asked.newest_first,
                    passes=self.passes(asked),
                    most=asked.most,
                )
        except (UnansweredError, NotReadError) as error:
            if wants_json:
                return JsonResponse({"errors": {"kafka": [str(error)]}}, status=503)
            return self.render_to_response(self.get_context_data(form=form, problem=str(error)))
        lines = self.lines(page.records)
        if wants_json:
            return JsonResponse(
                {"messages": [as_json(line) for line in lines], "next": self._next(asked, page)}
            )
        return self.render_to_response(
            self.get_context_data(
                form=form,
                asked=asked,
                lines=lines,
                page=page,
                known=known,
                seconds=time.monotonic() - began,
                next=self._next(asked, page),
                back=self._back(asked, known, spans),
                ends=written({p: end for p, (_, end) in known.spans.items()}),
                command=self._command(request),
            )
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            topic=self.topic,
            zone=timezone.get_current_timezone_name(),
            may_produce=self.request.user.has_perm("streaming.produce_message"),
        )

    def _next(self, asked: Asked, page: Page) -> str | None:
        """Where to go on the same way."""
        if page.is_last:
            return None
        if asked.newest_first:
            return "?" + asked.further(OLDER, {p: end for p, (_, end) in page.left.items()})
        return "?" + asked.further(NEWER, {p: start for p, (start, _) in page.left.items()})

    def _back(self, asked: Asked, known: Bounds, spans: Any) -> str | None:
        """The other way, from where this page began."""
        if asked.newest_first:
            places = {p: end for p, (_, end) in spans.items()}
            newer = any(places[p] < known.spans[p][1] for p in places)
            return "?" + asked.further(NEWER, places) if newer else None
        places = {p: start for p, (start, _) in spans.items()}
        older = any(places[p] > known.spans[p][0] for p in places)
        return "?" + asked.further(OLDER, places) if older else None

    def _command(self, request: HttpRequest) -> str:
        query = request.GET.copy()
        query["format"] = "json"
        address = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        return curl.reading(address, settings.SESSION_COOKIE_NAME)


class TailPage(OfTopic):
    """What came since: asked for once a second by a page that follows the topic."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = AskingForm(request.GET)
        if not form.is_valid():
            return JsonResponse({"errors": form.errors}, status=400)
        asked = Asked(form.cleaned_data)
        try:
            came: Tailed = tail(self.known(), asked.given["at"], asked.given["partition"], self.passes(asked))
        except (UnansweredError, NotReadError) as error:
            return JsonResponse({"errors": {"kafka": [str(error)]}}, status=503)
        lines = self.lines(came.records)
        return JsonResponse(
            {
                "at": written(came.at),
                "rows": render_to_string("streaming/admin/messages/rows.html", {"lines": lines}),
                "shown": len(lines),
                "passedOver": came.passed_over,
            }
        )


class MessagePage(OfTopic):
    """One message: the address stays good for as long as the log keeps it."""

    template_name = "streaming/admin/messages/message.html"

    def get_title(self) -> str:
        return f"{self.topic}, partition {self.kwargs['partition']}, offset {self.kwargs['offset']}"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wants_json = request.GET.get("format") == "json"
        try:
            record = self._record()
        except (UnansweredError, NotReadError) as error:
            if wants_json:
                return JsonResponse({"errors": {"kafka": [str(error)]}}, status=503)
            return self.render_to_response(self.get_context_data(problem=str(error), topic=self.topic))
        line = line_of(record, request.user)
        if wants_json:
            return JsonResponse(as_json(line))
        return self.render_to_response(self.get_context_data(**self._shown(line)))

    def _record(self) -> Record:
        partition, offset = self.kwargs["partition"], self.kwargs["offset"]
        known = self.known()
        messages = reverse("cluster:messages", args=[self.topic])
        if partition not in known.partitions:
            raise UnknownError(f"{self.topic} has no partition {partition}.", messages)
        if partition in known.unanswered:
            raise NotReadError(f"The leader of {self.topic}-{partition} does not answer.")
        first, end = known.spans[partition]
        if not first <= offset < end:
            held = f"holds the offsets {first:,} to {end - 1:,}" if first < end else "is empty"
            raise UnknownError(f"{self.topic}-{partition} {held}.", messages)
        record = read_one(self.topic, partition, offset)
        if record is None:
            raise UnknownError(f"{self.topic}-{partition}@{offset} was compacted away.", messages)
        return record

    def _shown(self, line: Line) -> dict[str, Any]:
        record, event = line.record, line.decoded.event
        opened = unsealed(event) if event is not None and may_unseal(self.request.user) else None
        path = self.request.build_absolute_uri(f"{address_of(record)}?format=json")
        return {
            "topic": self.topic,
            "line": line,
            "opened": None if opened is None else msgspec.json.format(encode(opened), indent=2).decode(),
            "sealed": _sealing(event is not None and event.sealed is not None, opened, self.request),
            "reading": curl.reading(path, settings.SESSION_COOKIE_NAME),
            "sending": None if event is None else self._sending(event, opened),
            "may_produce": self.request.user.has_perm("streaming.produce_message"),
            "followed": reverse("cluster:record", args=[record.partition, record.offset])
            if self.topic == topic_name(ACTIVITY)
            else "",
        }

    def _sending(self, event: Event, opened: Event | None) -> str | None:
        """None of an event that nobody can read any more."""
        if event.sealed is not None and opened is None and may_unseal(self.request.user):
            return None
        key = None
        if self.request.user.has_perm(MAY_SEE_KEYS):
            key = (
                WriteKey.objects.filter(name=event.source or "", is_active=True)
                .values_list("key", flat=True)
                .first()
            )
        site = self.request.build_absolute_uri("/").rstrip("/")
        return curl.sending(opened or event, site, key)


def _sealing(is_sealed: bool, opened: Event | None, request: HttpRequest) -> str:
    """`open`, `closed` to who asks, `erased`, or nothing where nothing was sealed."""
    if not is_sealed:
        return ""
    if not may_unseal(request.user):
        return "closed"
    return "open" if opened is not None else "erased"
