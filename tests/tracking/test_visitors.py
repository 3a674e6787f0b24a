"""Who the visitor of a request or a socket is."""

from http.cookies import Morsel
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client
from django.urls import path
from pytest_django import Settings
from uuid_utils import uuid7

from tracking.visitors import (
    COOKIE,
    MAX_AGE,
    Scope,
    VisitorScope,
    cookie_of_visitor,
    is_minted,
    new_visitor_id,
    visitor_of_cookie,
)


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.visitor_id)  # type: ignore[attr-defined]


async def async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.visitor_id)  # type: ignore[attr-defined]


def data(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"visitorId": request.visitor_id})  # type: ignore[attr-defined]


urlpatterns = [path("page", page), path("async", async_page), path("data", data)]
pytestmark = pytest.mark.urls(__name__)


def test_new_visitors_of_one_moment_are_not_the_same() -> None:
    ids = {new_visitor_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert all(is_minted(each) and UUID(each).version == 7 for each in ids)


def cookie_in(client: Client | AsyncClient) -> Morsel[str]:
    return client.cookies[COOKIE]


def test_a_page_gives_a_new_visitor_their_cookie(client: Client) -> None:
    answer = client.get("/page")
    cookie = cookie_in(client)

    assert visitor_of_cookie(cookie.value) == answer.content.decode()
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["max-age"] == MAX_AGE


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_is_secure_under_https_only(client: Client, secure: bool) -> None:
    client.get("/page", secure=secure)

    assert bool(cookie_in(client)["secure"]) is secure


def test_a_visitor_stays_the_same_and_is_told_once(client: Client) -> None:
    first, second = client.get("/page"), client.get("/page")

    assert first.content == second.content
    assert COOKIE in first.cookies
    assert COOKIE not in second.cookies


async def test_asynchronous_views_know_the_visitor_too(async_client: AsyncClient) -> None:
    first, second = await async_client.get("/async"), await async_client.get("/async")

    assert first.content == second.content
    assert COOKIE in first.cookies


def test_two_browsers_are_two_visitors() -> None:
    assert Client().get("/page").content != Client().get("/page").content


def test_data_sets_no_cookie(client: Client) -> None:
    assert COOKIE not in client.get("/data").cookies


@pytest.mark.parametrize("cookie", ["", "v-1", "v-1:1vNabc:forged", ":::", "\u00e9:\u00e9:\u00e9"])
def test_a_forged_cookie_is_a_new_visitors(client: Client, cookie: str) -> None:
    client.cookies[COOKIE] = cookie

    answer = client.get("/page")

    assert answer.content.decode() != "v-1"
    assert visitor_of_cookie(answer.cookies[COOKIE].value) == answer.content.decode()


def test_the_signature_belongs_to_its_visitor() -> None:
    signature = cookie_of_visitor("v-1").removeprefix("v-1")

    assert visitor_of_cookie("v-1" + signature) == "v-1"
    assert visitor_of_cookie("v-2" + signature) is None


def test_the_signature_belongs_to_the_sites_secret(settings: Settings) -> None:
    cookie = cookie_of_visitor("v-1")
    settings.SECRET_KEY = "another"

    assert visitor_of_cookie(cookie) is None


def test_a_retired_secret_still_knows_its_visitors(settings: Settings) -> None:
    cookie = cookie_of_visitor("v-1")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"

    assert visitor_of_cookie(cookie) == "v-1"


@pytest.mark.parametrize(("age", "visitor_id"), [(MAX_AGE - 60, "v-1"), (MAX_AGE + 60, None)])
def test_a_cookie_ends_with_its_age(
    monkeypatch: pytest.MonkeyPatch, age: int, visitor_id: str | None
) -> None:
    with monkeypatch.context() as past:
        past.setattr("django.core.signing.time.time", lambda: SIGNED_AT)
        cookie = cookie_of_visitor("v-1")
    monkeypatch.setattr("django.core.signing.time.time", lambda: SIGNED_AT + age)

    assert visitor_of_cookie(cookie) == visitor_id


SIGNED_AT = 1_795_000_000.0


async def scope_of(*cookies: str) -> Scope:
    """What a socket's application is given, for a browser that sends these Cookie headers."""
    given: list[Scope] = []

    async def application(scope: Scope, receive: Any, send: Any) -> None:
        given.append(scope)

    headers = [(b"host", b"shop"), *((b"cookie", cookie.encode()) for cookie in cookies)]
    await VisitorScope(application)({"type": "websocket", "path": "/ws/", "headers": headers}, None, None)
    return given[0]


async def test_a_sockets_scope_names_the_cookies_visitor() -> None:
    scope = await scope_of(f"theme=dark; {COOKIE}={cookie_of_visitor('v-1')}")

    assert scope["visitor_id"] == "v-1"
    assert scope["path"] == "/ws/"


async def test_a_sockets_cookies_may_come_in_several_headers() -> None:
    scope = await scope_of("theme=dark", f"{COOKIE}={cookie_of_visitor('v-1')}")

    assert scope["visitor_id"] == "v-1"


@pytest.mark.parametrize("cookies", [[], ["theme=dark"], [f"{COOKIE}=v-1"], [f"{COOKIE}=v-1:1vNabc:forged"]])
async def test_a_socket_without_valid_cookie_has_no_visitor(cookies: list[str]) -> None:
    assert (await scope_of(*cookies))["visitor_id"] is None


def test_ids_of_others_are_not_taken_for_the_servers() -> None:
    assert not any(is_minted(str(uuid7())) for _ in range(1000))
    minted = new_visitor_id()
    assert not is_minted(minted[:-1] + ("0" if minted[-1] != "0" else "1"))
    assert not is_minted("x" * 36)
