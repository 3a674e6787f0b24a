"""How the product says no: JSON where programs ask, the admin's frame for its users, else the shop's own page."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import reverse
from django.views import defaults

from streaming.admin.unknown import unknown_page

FOR_PROGRAMS: Final = ("/v1/", "/api/", "/healthz", "/readyz", "/metrics")
"""How the addresses begin that programs ask."""


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of 404."""
    if request.path.startswith(FOR_PROGRAMS):
        detail = f"There is nothing at {request.path}: the addresses stand at {reverse('docs')}."
        return JsonResponse({"detail": detail}, status=404)
    if request.path.startswith(reverse("admin:index")) and admin.site.has_permission(request):
        return unknown_page(request, exception)
    return defaults.page_not_found(request, exception)


class JsonNotAllowed:
    """Gives a program that used the wrong method a body in JSON, whatever kind of view refused it."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        if self.is_async:
            return self._respond_async(request)
        return explain_method(request, self.get_response(request))

    async def _respond_async(self, request: HttpRequest) -> HttpResponse:
        return explain_method(request, await self.get_response(request))


def explain_method(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response itself, but for a refused method at an address for programs."""
    if response.status_code != HttpResponseNotAllowed.status_code or not request.path.startswith(
        FOR_PROGRAMS
    ):
        return response
    allowed = response.headers["Allow"]
    detail = f"{request.path} does not answer {request.method}: it accepts {allowed}."
    return JsonResponse({"detail": detail}, status=response.status_code, headers={"Allow": allowed})
