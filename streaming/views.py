"""What other machines ask of this one: is it alive, is it ready, how is it doing.

Nothing is changed here, so nothing need be proven by CSRF tokens: a POST is told that it may only read.
"""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from streaming.health import check_all
from streaming.prometheus import CONTENT_TYPE, exposition


@csrf_exempt
@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers; asks nobody else."""
    return HttpResponse("alive\n", content_type="text/plain")


@csrf_exempt
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 while the shop can be served, which takes Postgres alone; what else is away is told, with 200."""
    checks = check_all()
    ready = checks["postgres"].state == "ready"
    degraded = any(check.state != "ready" for check in checks.values())
    return JsonResponse(
        {
            "state": "down" if not ready else "degraded" if degraded else "ready",
            "parts": {name: asdict(check) for name, check in checks.items()},
        },
        status=200 if ready else 503,
    )


@csrf_exempt
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)
