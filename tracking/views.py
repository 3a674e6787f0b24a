"""The event contract, for whoever wants to read the log."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from tracking import events


@csrf_exempt
@require_GET
def schema(request: HttpRequest) -> JsonResponse:
    """JSON Schema of the events on the topic."""
    return JsonResponse(events.json_schema(), json_dumps_params={"indent": 2})
