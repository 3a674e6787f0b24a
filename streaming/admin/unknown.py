"""What an admin sees at an address that names nothing."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse


class UnknownError(Http404):
    """The address names something that is not there; `known_at` is the page that lists what is."""

    def __init__(self, message: str, known_at: str) -> None:
        super().__init__(message)
        self.known_at = known_at


def unknown_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The admin's page for a 404: what is unknown, and where to go on."""
    if not isinstance(exception, UnknownError):
        exception = UnknownError(f"There is nothing at {request.path}.", reverse("admin:index"))
    context = {
        **admin.site.each_context(request),
        "title": "Not found",
        "message": str(exception),
        "known_at": exception.known_at,
    }
    return render(request, "streaming/admin/unknown.html", context, status=404)
