"""Whether what a browser does may be stored, and what it is given where it may not."""

import asyncio
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from tracking import consent
from tracking.consent import Consent, consent_of, is_consented, is_refused_in
from tracking.visitors import COOKIE, Scope, VisitorScope, cookie_of_visitor

DNT, GPC = {"dnt": "1"}, {"sec-gpc": "1"}


@pytest.mark.parametrize(
    ("headers", "cookie", "policy", "expected"),
    [
        ({}, None, "granted", Consent.ASSUMED),
        ({}, None, "opt-in", Consent.UNANSWERED),
        ({}, "granted", "opt-in", Consent.GRANTED),
        ({}, "denied", "granted", Consent.DENIED),
        ({}, "perhaps", "opt-in", Consent.UNANSWERED),
        ({}, None, "a policy that nobody wrote", Consent.UNANSWERED),
        (DNT, None, "granted", Consent.SIGNALLED),
        (GPC, "granted", "granted", Consent.SIGNALLED),
        ({"dnt": "0", "sec-gpc": "0"}, None, "granted", Consent.ASSUMED),
    ],
)
def test_consent_is_what_was_chosen_unless_the_browser_asks_not_to_be_tracked(
    headers: dict[str, str], cookie: str | None, policy: str, expected: Consent
) -> None:
    assert consent_of(headers, cookie, policy) is expected
    assert is_consented(headers, cookie, policy) is (expected in {Consent.GRANTED, Consent.ASSUMED})


@pytest.mark.parametrize(
    ("context", "refused"),
    [
        ({}, False),
        ({"consent": {"categoryPreferences": {"Analytics": False, "Advertising": False}}}, True),
        ({"consent": {"categoryPreferences": {"Analytics": True, "Advertising": False}}}, False),
        ({"consent": {"categoryPreferences": {}}}, False),
        ({"consent": {"categoryPreferences": None}}, False),
        ({"consent": "yes"}, False),
        ({"consentManagement": {"allowedConsentIds": [], "deniedConsentIds": ["C0002"]}}, True),
        ({"consentManagement": {"allowedConsentIds": ["C0001"], "deniedConsentIds": ["C0002"]}}, False),
        ({"consentManagement": {}}, False),
    ],
)
def test_a_page_whose_visitor_refused_everything_says_so_in_the_context(
    context: dict[str, Any], refused: bool
) -> None:
    assert is_refused_in(context) is refused


@pytest.fixture
def browser() -> Client:
    return Client()


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.visitor_id)  # type: ignore[attr-defined]


urlpatterns = [path("page", page)]
own_pages = pytest.mark.urls(__name__)


@own_pages
@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_a_browser_that_asks_not_to_be_tracked_gets_no_cookie(browser: Client, header: str) -> None:
    assert COOKIE not in browser.get("/page", headers={header: "1"}).cookies


@own_pages
def test_where_consent_must_be_asked_for_the_cookie_waits_for_it(browser: Client, settings: Settings) -> None:
    settings.TRACKING_CONSENT = "opt-in"
    assert COOKIE not in browser.get("/page").cookies

    browser.cookies[consent.COOKIE] = "granted"
    assert COOKIE in browser.get("/page").cookies


@own_pages
def test_without_consent_nobody_is_recognised_by_a_cookie_of_before(browser: Client) -> None:
    browser.cookies[COOKIE] = cookie_of_visitor("v-1")
    assert browser.get("/page").content == b"v-1"

    browser.cookies[consent.COOKIE] = "denied"
    assert browser.get("/page").content != b"v-1"


@pytest.mark.parametrize(
    ("header", "visitor_id"),
    [((b"x-other", b"1"), "v-1"), ((b"dnt", b"1"), None), ((b"sec-gpc", b"1"), None)],
)
def test_without_consent_a_socket_has_no_visitor(header: tuple[bytes, bytes], visitor_id: str | None) -> None:
    given: list[Scope] = []

    async def application(scope: Scope, receive: Any, send: Any) -> None:
        given.append(scope)

    headers = [(b"cookie", f"{COOKIE}={cookie_of_visitor('v-1')}".encode()), header]
    asyncio.run(VisitorScope(application)({"type": "websocket", "path": "/", "headers": headers}, None, None))

    assert given[0]["visitor_id"] == visitor_id
