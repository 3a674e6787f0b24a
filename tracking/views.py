"""The collector: Segment's HTTP tracking API. 200 means that the brokers have the events."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from tracking import events
from tracking.calls import RejectedError, event_of_call
from tracking.keys import key_of, may_write
from tracking.producer import NotDeliveredError, activity_producer

MAX_BATCH_BYTES = 500 * 1024
MAX_EVENT_BYTES = 32 * 1024
RETRY_SECONDS = 5


@csrf_exempt
@require_POST
async def collect(request: HttpRequest, kind: str) -> JsonResponse:
    """One call, or with `kind` "batch" many: each is judged on its own, and a bad one does not sink the rest."""
    try:
        body = _body_of(request)
    except RejectedError as error:
        return _refusal(error)
    if not may_write(key_of(request) or str(body.get("writeKey") or "")):
        return JsonResponse(
            {"success": False, "field": "writeKey", "reason": "is not a known key"}, status=401
        )
    calls = body.get("batch") if kind == "batch" else [body]
    if not isinstance(calls, list):
        return _refusal(RejectedError("batch", "is missing: it accepts a list of calls"))

    accepted, results = _judge(
        request, calls, kind=None if kind == "batch" else kind, sent_at=body.get("sentAt")
    )
    if kind != "batch" and not accepted:
        return JsonResponse({"success": False, **results[0]}, status=400)
    try:
        await activity_producer().send(accepted)
    except NotDeliveredError as error:
        return JsonResponse(
            {
                "success": False,
                "reason": f"The events could not be stored; keep them and send again. ({error})",
            },
            status=503,
            headers={"Retry-After": str(RETRY_SECONDS)},
        )
    if kind == "batch":
        return JsonResponse({"success": True, "results": results})
    return JsonResponse({"success": True, **results[0]})


@require_GET
def schema(request: HttpRequest) -> JsonResponse:
    """JSON Schema of the events on the topic."""
    return JsonResponse(events.json_schema(), json_dumps_params={"indent": 2})


def _body_of(request: HttpRequest) -> dict[str, Any]:
    try:
        if len(request.body) > MAX_BATCH_BYTES:
            raise RequestDataTooBig
        return msgspec.json.decode(request.body, type=dict[str, Any])
    except RequestDataTooBig as error:
        raise RejectedError("body", f"is larger than {MAX_BATCH_BYTES // 1024} KB") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RejectedError("body", f"is not a JSON object: {error}") from error


def _judge(
    request: HttpRequest, calls: list[Any], *, kind: str | None, sent_at: Any
) -> tuple[list[events.Event], list[dict[str, Any]]]:
    """The events to store, and for each call what becomes of it."""
    received_at = datetime.now(UTC)
    visitor_id = None if request.visitor_is_new else request.visitor_id  # type: ignore[attr-defined]
    accepted: list[events.Event] = []
    results: list[dict[str, Any]] = []
    for call in calls:
        message_id = call.get("messageId") if isinstance(call, dict) else None
        try:
            event = event_of_call(
                call,
                kind=kind,
                visitor_id=visitor_id,
                sent_at=sent_at if isinstance(sent_at, str) else None,
                received_at=received_at,
            )
            if len(events.encode(event)) > MAX_EVENT_BYTES:
                raise RejectedError("event", f"is larger than {MAX_EVENT_BYTES // 1024} KB")
        except RejectedError as error:
            results.append(
                {"messageId": message_id, "status": "rejected", "field": error.field, "reason": error.reason}
            )
        else:
            accepted.append(event)
            results.append({"messageId": event.event_id, "status": "accepted"})
    return accepted, results


def _refusal(error: RejectedError) -> JsonResponse:
    return JsonResponse({"success": False, "field": error.field, "reason": error.reason}, status=400)
