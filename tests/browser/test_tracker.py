"""The page's tracker against a collector that answers as each test says."""

import uuid
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.site import HANG_UP, Answer, Site

PLAIN = '<a id="plain" href="#x" data-product-id="tea-9">In no list</a>'
TRACKER = '<script type="module" src="/static/tracking/tracker.js" data-write-key="wk"></script>'
OUTBOX = "Object.keys(localStorage).filter((key) => key.startsWith('tributary.event.'))"
NOTHING_WAITS = f"() => {OUTBOX}.length === 0"


@pytest.fixture(autouse=True)
def _pages(site: Site) -> None:
    links = "".join(
        f'<li><a href="/p/tea-{n}/" data-product-id="tea-{n}" data-position="{n}"><b>Tea {n}</b></a></li>'
        for n in (1, 2, 3)
    )
    site.pages["/"] = (
        # What is seen of a list is not these tests' business: it stands below what the window shows.
        f'<title>Home</title>{TRACKER}<p style="height: 3000px">{PLAIN}</p><ul data-list="home">{links}</ul>'
    )
    site.pages["/p/tea-2/"] = (
        f"<title>Tea 2</title>{TRACKER}"
        '<main data-product-viewed="tea-2" data-product-name="Tea 2" data-product-price="4.50"'
        ' data-product-category="tea"></main>'
    )


def test_page_load_is_reported_with_its_context(page: Page, site: Site) -> None:
    page.goto("/?utm=1")
    site.wait_until(lambda: site.events)
    (event,) = site.events
    assert (event["type"], event["name"]) == ("page", "Home")
    assert event["properties"] == {
        "path": "/",
        "url": f"{site.address}/?utm=1",
        "title": "Home",
        "referrer": "",
    }
    assert uuid.UUID(event["messageId"]).version == 4
    context = event["context"]
    assert context["page"]["title"] == "Home"
    assert context["library"]["name"] == "tributary.js"
    assert context["screen"]["width"] == 1280
    assert set(context) == {"page", "userAgent", "locale", "screen", "timezone", "library"}
    (batch,) = site.batches
    assert batch["writeKey"] == "wk"
    assert batch["sentAt"] >= event["timestamp"]
    page.wait_for_function(NOTHING_WAITS)


def test_product_page_reports_the_view_in_one_batch_with_the_page(page: Page, site: Site) -> None:
    page.goto("/p/tea-2/")
    site.wait_until(lambda: site.events)
    assert [event["type"] for event in site.batches[0]["batch"]] == ["page", "track"]
    (viewed,) = site.named("Product Viewed")
    assert viewed["properties"] == {
        "product_id": "tea-2",
        "name": "Tea 2",
        "price": 4.5,
        "category": "tea",
        "url": f"{site.address}/p/tea-2/",
    }


def test_click_carries_list_and_position(page: Page, site: Site) -> None:
    page.goto("/")
    page.click("text=Tea 2")
    page.wait_for_url("**/p/tea-2/")
    site.wait_until(lambda: site.named("Product Clicked"))
    assert site.named("Product Clicked")[0]["properties"] == {
        "product_id": "tea-2",
        "list_id": "home",
        "position": 2,
        "url": f"{site.address}/p/tea-2/",
    }


def test_click_outside_a_list_is_no_product_click(page: Page, site: Site) -> None:
    page.goto("/")
    page.click("#plain")
    page.evaluate("window.tributary.track('Later')")
    site.wait_until(lambda: site.named("Later"))
    assert site.named("Product Clicked") == []


def test_click_whose_handler_stops_it_is_reported(page: Page, site: Site) -> None:
    page.goto("/")
    stop = "(click) => { click.stopPropagation(); click.preventDefault() }"
    page.evaluate(f"document.querySelector('ul').addEventListener('click', {stop})")
    page.click("text=Tea 3")
    site.wait_until(lambda: site.named("Product Clicked"))


def test_custom_event_is_sent(page: Page, site: Site) -> None:
    page.goto("/")
    page.evaluate("window.tributary.track('Coupon Entered', { coupon: 'SPRING' })")
    site.wait_until(lambda: site.named("Coupon Entered"))
    assert site.named("Coupon Entered")[0]["properties"] == {"coupon": "SPRING"}


def test_failed_send_is_repeated_under_the_same_message_id(page: Page, site: Site) -> None:
    site.answers = [HANG_UP, HANG_UP]
    page.goto("/")
    site.wait_until(lambda: len(site.batches) == 3)
    assert len({event["messageId"] for event in site.events}) == 1
    page.wait_for_function(NOTHING_WAITS)


def test_next_page_resends_what_the_last_one_could_not(page: Page, site: Site) -> None:
    site.answers = [Answer(500)]
    page.goto("/")
    site.wait_until(lambda: site.batches)
    page.wait_for_function(f"() => {OUTBOX}.length === 1")
    first = site.events[0]["messageId"]
    page.goto("/p/tea-2/")
    site.wait_until(lambda: [event["messageId"] for event in site.events].count(first) == 2)
    page.wait_for_function(NOTHING_WAITS)


def test_coming_online_sends_at_once(page: Page, context: BrowserContext, site: Site) -> None:
    page.goto("/")
    page.wait_for_function(NOTHING_WAITS)
    page.clock.install()
    context.set_offline(True)
    for _ in range(6):  # the delay has grown far beyond the patience of this test
        page.evaluate("window.tributary.track('While Away')")
        page.clock.run_for(70_000)
    assert site.named("While Away") == []
    context.set_offline(False)
    site.wait_until(lambda: len(site.named("While Away")) == 6)


@pytest.mark.parametrize("status", [429, 503])
def test_asked_to_wait_it_keeps_the_events_and_waits(page: Page, site: Site, status: int) -> None:
    site.answers = [Answer(status, headers={"Retry-After": "2"})]
    page.goto("/")
    site.wait_until(lambda: site.batches)
    page.wait_for_function("() => Number(localStorage['tributary.paused-until']) > Date.now() + 1000")
    page.reload()  # the pause holds for the pages to come as well
    page.evaluate("window.tributary.track('Not Yet')")
    page.wait_for_function(NOTHING_WAITS)
    assert len({event["messageId"] for event in site.events}) == 3
    assert len(site.events) == 4, "only the first was sent twice"
    assert site.arrivals[1] - site.arrivals[0] > 1.9


def test_rejected_event_is_dropped_and_named_on_the_console(page: Page, site: Site) -> None:
    page.goto("/")
    page.wait_for_function(NOTHING_WAITS)
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text))
    rejected = {"messageId": "m1", "status": "rejected", "field": "event", "reason": "empty"}
    site.answers = [Answer(200, {"success": True, "results": [rejected]})]
    page.evaluate("window.tributary.track('')")
    page.wait_for_function(NOTHING_WAITS)
    assert warnings == ["tributary: event m1 was rejected: event: empty"]
    page.reload()
    site.wait_until(lambda: len(site.batches) == 3)
    assert site.named("") == site.batches[1]["batch"], "it was not sent again"


def test_unreadable_event_does_not_sink_the_rest_of_its_batch(page: Page, site: Site) -> None:
    site.answers = [Answer(400), Answer(400)]
    page.goto("/p/tea-2/")  # page and Product Viewed together, then each alone, the first refused again
    site.wait_until(lambda: len(site.batches) == 3)
    assert [len(batch["batch"]) for batch in site.batches] == [2, 1, 1]
    page.wait_for_function(NOTHING_WAITS)
    assert len(site.named("Product Viewed")) == 2


def test_wrong_key_keeps_the_events_for_a_page_with_a_right_one(page: Page, site: Site) -> None:
    site.answers = [Answer(401)]
    page.goto("/")
    site.wait_until(lambda: site.batches)
    page.evaluate("window.tributary.track('Kept')")
    page.wait_for_timeout(300)
    assert len(site.batches) == 1, "this page asks no more"
    site.pages["/"] = site.pages["/"].replace('"wk"', '"new"')
    page.reload()
    page.wait_for_function(NOTHING_WAITS)
    assert {batch["writeKey"] for batch in site.batches[1:]} == {"new"}
    assert len(site.named("Kept")) == 1
    assert len(site.named("page")) == 3, "the refused one came again"


def test_answer_that_is_not_the_collectors_confirms_nothing(page: Page, site: Site) -> None:
    site.answers = [Answer(200, "<h1>Welcome to this hotel</h1>")]
    page.goto("/")
    site.wait_until(lambda: len(site.batches) == 2)
    assert site.events[0] == site.events[1]
    page.wait_for_function(NOTHING_WAITS)


BUSY = Answer(200, {"success": True}, after_seconds=1)
"""Keeps the tracker waiting, so that what is recorded meanwhile has not been sent when the page closes."""


def test_page_that_closes_hands_its_events_to_a_beacon(page: Page, site: Site) -> None:
    site.answers = [BUSY]
    page.goto("/")
    site.wait_until(lambda: site.batches)
    page.evaluate("window.tributary.track('Goodbye')")
    page.goto("about:blank")
    site.wait_until(lambda: site.named("Goodbye"))
    assert site.content_types == ["application/json", "text/plain"]


def test_beaconed_event_comes_again_from_the_next_page_under_the_same_message_id(
    page: Page, site: Site
) -> None:
    site.answers = [BUSY]
    page.goto("/")
    site.wait_until(lambda: site.batches)
    page.evaluate("window.tributary.track('Goodbye')")
    page.goto("/p/tea-2/")
    site.wait_until(lambda: len(site.named("Goodbye")) == 2)
    assert len({event["messageId"] for event in site.named("Goodbye")}) == 1
    page.wait_for_function(NOTHING_WAITS)


def test_large_beacons_are_split_and_what_does_not_fit_waits(page: Page, site: Site) -> None:
    site.answers = [BUSY]
    page.goto("/")
    site.wait_until(lambda: site.batches)
    large = "window.tributary.track('Large', { n, text: 'x'.repeat(20_000) })"
    page.evaluate(f"for (let n = 0; n < 6; n++) {large}")
    page.goto("/p/tea-2/")
    site.wait_until(lambda: {event["properties"]["n"] for event in site.named("Large")} == set(range(6)))
    beacon = site.batches[site.content_types.index("text/plain")]
    assert len(beacon["batch"]) == 2
    page.wait_for_function(NOTHING_WAITS)


def test_event_beyond_the_collectors_limit_is_refused_on_the_console(page: Page, site: Site) -> None:
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text))
    page.goto("/")
    page.evaluate(
        "window.tributary.track('Huge', { text: 'x'.repeat(40_000) }); window.tributary.track('Small')"
    )
    site.wait_until(lambda: site.named("Small"))
    assert site.named("Huge") == []
    assert warnings == ['tributary: "Huge" was not sent: it is larger than 32768 bytes.']


def test_queue_is_bounded_and_drops_the_oldest(page: Page, site: Site) -> None:
    site.answers = [Answer(503, headers={"Retry-After": "60"})]
    page.goto("/")
    site.wait_until(lambda: site.batches)
    page.evaluate("for (let n = 0; n < 510; n++) window.tributary.track('Many', { n })")
    assert page.evaluate(f"{OUTBOX}.length") == 500
    numbers = page.evaluate(f"{OUTBOX}.map((key) => JSON.parse(localStorage[key]).properties.n)")
    assert sorted(numbers) == list(range(10, 510))


def test_event_older_than_a_week_is_dropped(page: Page, site: Site) -> None:
    page.add_init_script("localStorage['tributary.event.000000000000001.000000.old'] = '{}'")
    page.goto("/")
    site.wait_until(lambda: site.events)
    page.wait_for_function(NOTHING_WAITS)
    assert len(site.events) == 1


def test_without_storage_events_are_kept_in_memory(page: Page, site: Site) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('off') } })"
    )
    site.answers = [HANG_UP, HANG_UP]
    page.goto("/")
    site.wait_until(lambda: len(site.batches) == 3)
    assert len({event["messageId"] for event in site.events}) == 1


def test_tabs_do_not_send_each_others_events(context: BrowserContext, site: Site) -> None:
    tabs = [context.new_page() for _ in range(3)]
    for tab in tabs:
        tab.goto("/")
    for tab in tabs:
        tab.evaluate("for (let n = 0; n < 20; n++) window.tributary.track('Burst', { n })")
    site.wait_until(lambda: len(site.named("Burst")) >= 60)
    for tab in tabs:
        tab.wait_for_function(NOTHING_WAITS)
    ids = [event["messageId"] for event in site.events]
    assert len(ids) == len(set(ids)) == 63


def test_tab_leaves_alone_what_another_has_in_flight(context: BrowserContext, site: Site) -> None:
    first, second = context.new_page(), context.new_page()
    first.goto("/")
    first.wait_for_function(NOTHING_WAITS)
    site.answers = [BUSY]
    first.evaluate("window.tributary.track('In Flight')")
    site.wait_until(lambda: site.named("In Flight"))
    second.clock.set_fixed_time(datetime.now(UTC))  # however long it takes to open, the event is young
    second.goto("/")
    second.wait_for_function(NOTHING_WAITS)
    assert len(site.named("In Flight")) == 1


def test_page_restored_from_the_back_forward_cache_is_seen_again(page: Page, site: Site) -> None:
    page.goto("/p/tea-2/")
    site.wait_until(lambda: len(site.named("Product Viewed")) == 1)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    site.wait_until(lambda: len(site.named("Product Viewed")) == 2)
    assert len({event["messageId"] for event in site.events}) == 4


def test_outside_a_secure_context_message_ids_are_uuids_too(page: Page, site: Site) -> None:
    page.add_init_script("delete Crypto.prototype.randomUUID; delete Navigator.prototype.locks")
    page.goto("/")
    site.wait_until(lambda: site.events)
    assert uuid.UUID(site.events[0]["messageId"]).version == 4
