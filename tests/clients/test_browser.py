"""Segment's SDK for browsers in Chromium, on pages of the shop and of another site; and a bare `sendBeacon`."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route

from tests.browser.conftest import browser as browser
from tests.clients.keys import write_key
from tests.clients.pages import PAGE, SDK, OtherSite
from tests.clients.received import Received
from tests.stack import Product
from tracking.events import Event

LOAD = """
async ({ writeKey, cdnURL, options }) => {
    const [analytics] = await AnalyticsNext.AnalyticsBrowser.load({ writeKey, cdnURL }, options);
    window.analytics = analytics;
    window.failed = [];
    analytics.on("error", (error) => window.failed.push(String(error.reason?.message ?? error.code)));
    return analytics.user().anonymousId();
}"""
EVERY_KIND = """
async ({ user, previous }) => {
    const order = { order_id: 5001, total: "59.80", coupon: null,
        products: [{ product_id: 1234, price: "19.90", quantity: 2 }, { sku: "mug-8" }] };
    const told = [
        await analytics.page("Docs", "Home", { note: "" }),
        await analytics.track("Order Completed", order),
        await analytics.identify(user, { email: "ann@example.org", age: null }),
        await analytics.group("group-9", { plan: "big" }),
        await analytics.alias(user, previous),
        await analytics.screen("Cart"),
    ];
    return told.map((context) => context.event.messageId);
}"""
MANY = """
(many) => Promise.all(Array.from({ length: many }, (_, n) =>
    analytics.track("Product Viewed", { product_id: `mug-${n}` }).then((context) => context.event.messageId)))"""
KINDS = ["page", "track", "identify", "group", "alias", "screen"]

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("node_packages")]


@pytest.fixture
def other_site() -> Iterator[OtherSite]:
    site = OtherSite()
    yield site
    site.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def load(
    page: Page, product: Product, *, key: str | None = None, delivery: dict[str, Any] | None = None
) -> str:
    """Loads the SDK with the shop as its only address; returns the anonymousId that it made up."""
    segment = {"deliveryStrategy": delivery} if delivery else {}
    anonymous_id: str = page.evaluate(
        LOAD,
        {
            "writeKey": key or product.write_key,
            "cdnURL": product.shop.rstrip("/"),
            "options": {"integrations": {"Segment.io": segment}},
        },
    )
    return anonymous_id


def wait_on(page: Page, condition: Callable[[], bool], seconds: float = 30) -> None:
    """Lets Playwright go on meanwhile: it answers for its routes in this thread."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        page.wait_for_timeout(200)


def paths(requests: list[Request]) -> list[str]:
    return [urlsplit(request.url).path for request in requests]


def check_each_kind(events: list[Event], user: str, visitor: str) -> None:
    of = {str(event.type): event for event in events}
    assert sorted(of) == sorted(KINDS)
    assert {event.visitor_id for event in events} == {visitor}
    assert (of["page"].properties["name"], of["page"].properties["category"]) == ("Home", "Docs")
    assert of["track"].product_ids == ["1234", "mug-8"]
    assert of["track"].properties["total"] == 59.8
    assert of["identify"].properties["traits"]["email"] == "ann@example.org"
    assert (of["identify"].user_id, of["alias"].user_id) == (user, user)
    assert of["group"].properties["groupId"] == "group-9"
    assert of["track"].context["library"]["name"] == "analytics.js"
    assert of["track"].context["ip"] == "127.0.0.0"


def test_a_page_of_another_site_sends_after_a_preflight(
    product: Product, received: Received, other_site: OtherSite, page: Page
) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.goto(other_site.origin)
    visitor, user = load(page, product), f"user-{uuid4()}"

    ids = page.evaluate(EVERY_KIND, {"user": user, "previous": visitor})

    check_each_kind(list(received.once(ids).values()), user, visitor)
    to_shop = [request for request in asked if request.url.startswith(product.shop)]
    posts = [request for request in to_shop if request.method == "POST"]
    assert sorted(paths(posts)) == sorted(f"/v1/{kind[0]}" for kind in KINDS)
    assert {request.headers["content-type"] for request in posts} == {"text/plain"}
    assert paths(to_shop)[0] == f"/v1/projects/{product.write_key}/settings"
    assert page.evaluate("window.failed") == []


def test_a_page_of_the_shop_speaks_for_the_cookies_visitor(
    product: Product, received: Received, page: Page
) -> None:
    page.goto(product.shop)
    mine = page.evaluate("fetch('/api/recommendations/visitor/').then((answer) => answer.json())")[
        "visitorId"
    ]
    page.route(
        f"{product.shop}sdk/*", lambda route: route.fulfill(path=SDK / route.request.url.rpartition("/")[2])
    )
    page.route(f"{product.shop}other", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.goto(f"{product.shop}other")
    user = f"user-{uuid4()}"

    assert load(page, product) != mine
    ids = page.evaluate(EVERY_KIND, {"user": user, "previous": "somebody-else"})

    check_each_kind(list(received.once(ids).values()), user, mine)


def test_batches_with_credentials_bring_the_cookie_from_another_origin(
    product: Product, received: Received, other_site: OtherSite, page: Page
) -> None:
    page.goto(product.shop)
    mine = page.evaluate("fetch('/api/recommendations/visitor/').then((answer) => answer.json())")[
        "visitorId"
    ]
    page.goto(other_site.origin)
    config = {"size": 20, "timeout": 300, "credentials": "include"}
    load(page, product, delivery={"strategy": "batching", "config": config})
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))

    ids = page.evaluate(MANY, 90)

    events = received.once(ids)
    assert {event.visitor_id for event in events.values()} == {mine}
    posts = [request for request in asked if request.method == "POST"]
    assert set(paths(posts)) == {"/v1/b"}
    assert len(posts) < 90


def test_what_fails_on_the_way_is_sent_again(
    product: Product, received: Received, other_site: OtherSite, page: Page
) -> None:
    """Two answers are lost after the collector took the event, and two requests before."""
    failures = ["after", "before", "after", "before"]

    def fail(route: Route) -> None:
        if route.request.method != "POST" or not failures:
            route.continue_()
            return
        if failures.pop(0) == "after":
            route.fetch()
        route.abort()

    page.goto(other_site.origin)
    load(page, product)
    page.route(f"{product.shop}v1/t", fail)

    ids = page.evaluate(MANY, 6)

    def arrived() -> Counter[str]:
        return Counter(event.event_id for event in received.events() if event.event_id in ids)

    # The log has both of what arrived without an answer; who reads it counts one.
    wait_on(page, lambda: sorted(arrived()[one] for one in ids) == [1, 1, 1, 1, 2, 2])
    assert failures == []


def test_a_key_of_another_site_is_refused_and_the_page_told(
    product: Product, received: Received, other_site: OtherSite, page: Page
) -> None:
    page.goto(other_site.origin)
    with write_key(product, allowed_origins=["https://shop.example"]) as key:
        load(page, product, key=key)
        (message_id,) = page.evaluate(MANY, 1)
        told = page.evaluate(
            """async ([address, key]) => {
                const answer = await fetch(address, { method: "POST", body: JSON.stringify({ writeKey: key }) });
                return { status: answer.status, ...await answer.json() };
            }""",
            [f"{product.shop}v1/t", key],
        )

    assert page.evaluate("window.failed") == ["Non-retryable error: 403"]
    assert (told["status"], told["code"]) == (403, "bad_key")
    assert other_site.origin in told["message"]
    assert message_id not in {event.event_id for event in received.events()}


def test_a_key_of_this_site_is_taken(
    product: Product, received: Received, other_site: OtherSite, page: Page
) -> None:
    page.goto(other_site.origin)
    with write_key(product, allowed_origins=[other_site.origin]) as key:
        load(page, product, key=key)
        events = received.once(page.evaluate(MANY, 3))

    assert {event.source for event in events.values()} == {key}


def test_a_beacon_of_a_page_that_is_left_arrives(
    product: Product, received: Received, other_site: OtherSite, page: Page
) -> None:
    page.goto(other_site.origin)
    message_id = str(uuid4())
    call = {"type": "track", "event": "Left", "messageId": message_id, "anonymousId": str(uuid4())}
    body = json.dumps({"writeKey": product.write_key, "batch": [call]})
    page.evaluate(
        "([address, body]) => addEventListener('pagehide', () => navigator.sendBeacon(address, body))",
        [f"{product.shop}v1/batch", body],
    )

    page.goto("about:blank")

    assert received.once([message_id])[message_id].event == "Left"


def test_what_the_sdk_reports_on_itself_is_taken_and_not_kept(
    product: Product, received: Received, other_site: OtherSite, page: Page
) -> None:
    page.goto(other_site.origin)
    body = json.dumps({"series": [{"type": "Counter", "metric": "analytics_js.invoke", "value": 1}]})

    status = page.evaluate(
        """([address, body]) => fetch(address, {
            method: "POST", body, headers: { "Content-Type": "text/plain" },
        }).then((answer) => answer.status)""",
        [f"{product.shop}v1/m", body],
    )

    assert status == 200
    assert received.events() == []
