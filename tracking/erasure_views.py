"""DELETE /v1/visitors/<visitorId>: a visitor asks to be erased, or somebody who may ask it for them."""

import logging
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import is_same_domain
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tracking.erasure import erase_visitor
from tracking.events import MAX_ID_LENGTH, format_timestamp
from tracking.keys import key_of, may_read
from tracking.models import Erasure, WriteKey
from tracking.visitors import (
    COOKIE,
    forget_visitor,
    remember_visitor,
    start_new_visitor,
    visitor_of_cookie,
)

RETRY_SECONDS = 5

logger = logging.getLogger(__name__)


class NotAllowedError(Exception):
    """The caller may not erase this visitor; `status` is 401 where a key would help, 403 where this one does not."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


# Another site cannot send the cookie along: it is SameSite=Lax, a DELETE is never a form's, and Origin is looked at.
@csrf_exempt
@require_http_methods(["DELETE"])
async def erase(request: HttpRequest, visitor_id: str) -> HttpResponse:
    """200 when all is erased that can be; 503 when nothing is, because Postgres is away."""
    if not 0 < len(visitor_id) <= MAX_ID_LENGTH or "\x00" in visitor_id:
        return _refusal(400, f"An id has 1 to {MAX_ID_LENGTH} characters.")
    try:
        asked_by = await sync_to_async(_asked_by)(request, visitor_id)
        erasure = await sync_to_async(erase_visitor)(visitor_id, asked_by=asked_by)
    except NotAllowedError as error:
        return _refusal(error.status, str(error))
    except DatabaseError as error:
        logger.warning("A visitor could not be erased, and was told to ask again: %s", error)
        response = _refusal(503, "Nothing was erased: the database does not answer. Ask again.")
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response
    answer = JsonResponse(_told(erasure))
    if _own_visitor(request) == visitor_id:
        give_new_visitor(request, answer)
    return answer


def give_new_visitor(request: HttpRequest, response: HttpResponse) -> None:
    """The browser of an erased visitor is somebody new, or without consent nobody."""
    start_new_visitor(request)
    if request.consent.allows:  # type: ignore[attr-defined]
        remember_visitor(request, response)
    else:
        forget_visitor(response)


def _asked_by(request: HttpRequest, visitor_id: str) -> str:
    """Who asks, for the audit. Raises NotAllowedError."""
    authorization = request.headers.get("Authorization", "")
    if key := key_of(authorization):
        if may_read(authorization):
            return "read key"
        known = WriteKey.objects.filter(key=key, is_active=True).first()
        if known is None:
            raise NotAllowedError(401, "The key is not known.")
        if not known.may_erase or known.kind != WriteKey.Kind.SERVER:
            raise NotAllowedError(
                403, f"The key {known.name!r} may not erase; the admin can allow a server's key to."
            )
        return known.name
    own = _own_visitor(request)
    if own is None:
        raise NotAllowedError(
            401, "It takes the visitor's own cookie, or a key that may erase as Basic user name."
        )
    if own != visitor_id or _is_of_another_site(request):
        raise NotAllowedError(403, "A visitor can only erase themselves, from this site's own pages.")
    return "visitor"


def _own_visitor(request: HttpRequest) -> str | None:
    """The cookie's visitor, with or without consent: erasure is what the cookie is then kept for."""
    return visitor_of_cookie(request.COOKIES.get(COOKIE))


def _is_of_another_site(request: HttpRequest) -> bool:
    """Browsers name the asking page's site with every DELETE; what sends no Origin is no browser."""
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return False
    parts = urlsplit(origin)
    return parts.scheme not in {"http", "https"} or not is_same_domain(
        parts.netloc.lower(), request.get_host().lower()
    )


def _told(erasure: Erasure) -> dict[str, Any]:
    return {
        "visitorId": erasure.visitor_id,
        "erasedAt": format_timestamp(erasure.erased_at),
        "deleted": erasure.deleted,
    }


def _refusal(status: int, reason: str) -> JsonResponse:
    headers = {"WWW-Authenticate": 'Basic realm="Tributary"'} if status == 401 else {}
    return JsonResponse({"detail": reason}, status=status, headers=headers)
