"""The strip of recommendations, with a socket and an API that are played."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.lists import Json, Sockets, item, moment, recommendations, trace
from tests.browser.site import Site

WIDGET = '<script type="module" src="/static/recommendations/widget.js"></script>'
STRIP = '<recommendation-list limit="4"></recommendation-list>'
PAGE = f'<!doctype html><title>Shop</title><button>Before</button>{WIDGET}{STRIP}<p id="below">Below</p>'
OpenLive = Callable[..., Sockets]
SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifts.push(entry.value);
    }).observe({ type: 'layout-shift', buffered: true });
"""


@pytest.fixture
def strip(page: Page, site: Site) -> Locator:
    """The strip of a page that is not open yet."""
    site.pages["/"] = PAGE
    site.recommendations = recommendations(1, "abcd")
    return page.locator("recommendation-list")


def names(strip: Locator) -> list[str]:
    script = (
        "(strip) => [...strip.querySelectorAll('[data-product-id]')].map((link) => link.dataset.productId)"
    )
    return list(strip.evaluate(script))


def expect_names(strip: Locator, expected: str) -> None:
    expect(strip.locator(f"li:nth-child(1) [data-product-id={expected[0]}]")).to_be_attached()
    assert names(strip) == list(expected)


@pytest.fixture
def open_live(page: Page, strip: Locator, site: Site) -> OpenLive:
    """Opens the page with this list from API and socket alike."""

    def open_live(first: Json | None = None) -> Sockets:
        site.recommendations = first or recommendations(1, "abcd")
        sockets = Sockets(page, site.recommendations)
        page.goto("/")
        expect(strip).to_have_attribute("data-state", "live")
        return sockets

    return open_live


def test_bare_element_shows_the_list_of_the_api_before_the_socket_opens(page: Page, strip: Locator) -> None:
    page.route_web_socket("**/ws/recommendations/", lambda _: None)  # opens, and says nothing
    page.goto("/")
    expect_names(strip, "abcd")
    expect(strip).to_have_attribute("data-state", "connecting")
    expect(strip).to_have_attribute("data-version", "1")


def test_new_list_changes_the_strip_and_marks_what_is_new(
    page: Page, strip: Locator, open_live: OpenLive
) -> None:
    sockets = open_live()
    assert strip.locator(".rl-new").count() == 0
    sockets.send(recommendations(2, "xayb"))
    expect(strip).to_have_attribute("data-version", "2")
    expect_names(strip, "xayb")
    assert strip.locator("a:has(.rl-new)").evaluate_all("(all) => all.map((a) => a.dataset.productId)") == [
        "x",
        "y",
    ]
    assert strip.locator("[data-position]").evaluate_all(
        "(all) => all.map((a) => a.dataset.position)"
    ) == list("1234")


def test_new_mark_goes_after_a_while(page: Page, strip: Locator, open_live: OpenLive) -> None:
    page.clock.install()
    sockets = open_live()
    sockets.send(recommendations(2, "xabc"))
    expect(strip.locator(".rl-new")).to_have_count(1)
    page.clock.run_for(9_000)
    expect(strip.locator(".rl-new")).to_have_count(0)


def test_older_list_is_ignored(page: Page, strip: Locator, open_live: OpenLive) -> None:
    sockets = open_live(recommendations(5, "abcd"))
    sockets.send(recommendations(4, "wxyz"))
    sockets.send(recommendations(6, [item("a"), item("b"), item("c"), item("d", price=1.0)]))
    expect(strip.locator("[data-product-id=d] .rl-price")).to_have_text("€1.00")
    expect_names(strip, "abcd")
    expect(strip).to_have_attribute("data-version", "6")
    assert strip.locator(".rl-new").count() == 0, "nothing had left in between"


def test_same_items_move_only_version_and_trace(page: Page, strip: Locator, open_live: OpenLive) -> None:
    sockets = open_live(recommendations(1, [item("a", traced=trace("e1"))]))
    strip.evaluate("(strip) => { strip.querySelector('a').kept = true }")
    sockets.send(recommendations(2, [item("a", traced=trace("e1", batch_id=42))]))
    link = strip.locator("a")
    expect(link).to_have_attribute("data-batch-id", "42")
    assert link.evaluate("(link) => link.kept") is True
    assert strip.locator(".rl-new").count() == 0
    for name, value in {"event-id": "e1", "partition": "3", "offset": "1207"}.items():
        expect(link).to_have_attribute(f"data-{name}", value)


def test_nothing_around_the_strip_moves(page: Page, strip: Locator, site: Site, open_live: OpenLive) -> None:
    styles = '<link rel="stylesheet" href="/static/recommendations/widget.css">'
    site.pages["/"] = PAGE.replace(WIDGET, styles + WIDGET)
    page.add_init_script(SHIFTS)
    sockets = open_live()
    below = page.locator("#below").bounding_box()
    page.evaluate("window.shifts.length = 0")
    for version, shown in enumerate(["dcba", "x", "", "xyzw", "ab", "wxab"], start=2):
        sockets.send(recommendations(version, shown))
        expect(strip).to_have_attribute("data-version", str(version))
        assert page.locator("#below").bounding_box() == below
        page.wait_for_timeout(400)  # the animations end
    expect(strip.locator(".rl-card")).to_have_count(4)
    assert page.evaluate("window.shifts") == []


def test_changes_are_animated_unless_motion_is_reduced(
    page: Page, strip: Locator, open_live: OpenLive
) -> None:
    sockets = open_live()
    moving = "document.getAnimations().filter((motion) => !(motion instanceof CSSAnimation)).length"
    sockets.send(recommendations(2, "xabc"))
    page.wait_for_function(f"() => {moving} > 0")
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_function(f"() => {moving} === 0")
    sockets.send(recommendations(3, "yxab"))
    expect(strip).to_have_attribute("data-version", "3")
    assert page.evaluate(moving) == 0
    assert strip.locator(".rl-card").count() == 4, "what left is gone at once"


def test_reconnects_and_asks_for_what_it_missed(page: Page, strip: Locator, open_live: OpenLive) -> None:
    sockets = open_live()
    assert sockets.received == []
    sockets.first = recommendations(3, "bcda")
    sockets.opened[0].close(code=1011)
    sockets.wait_for(page, lambda: sockets.received)
    assert sockets.received == ['{"type":"resume","version":1}']
    expect(strip).to_have_attribute("data-version", "3")
    expect(strip).to_have_attribute("data-state", "live")


def test_blocked_socket_falls_back_to_polling_and_returns(page: Page, strip: Locator, site: Site) -> None:
    page.clock.install()
    sockets = Sockets(page, None)
    page.goto("/")
    sockets.wait_for(page, lambda: len(sockets.opened) == 1)
    page.clock.run_for(1_000)
    expect(strip).to_have_attribute("data-state", "polling")
    site.recommendations = recommendations(2, "bcda")
    page.clock.run_for(7_000)
    expect_names(strip, "bcda")
    assert "limit=4" in site.api_requests[-1]
    sockets.first = recommendations(3, "cdab")
    for _ in range(35):  # seconds; the longest wait between two tries is 30
        if strip.get_attribute("data-state") == "polling":
            page.clock.run_for(1_000)
    expect_names(strip, "cdab")
    expect(strip).to_have_attribute("data-state", "live")
    asked = len(site.api_requests)
    page.clock.run_for(15_000)
    assert len(site.api_requests) == asked, "no polling beside the socket"


def test_socket_that_says_nothing_counts_as_blocked(page: Page, strip: Locator) -> None:
    page.clock.install()
    page.route_web_socket("**/ws/recommendations/", lambda _: None)
    page.goto("/")
    expect_names(strip, "abcd")
    page.clock.run_for(13_000)  # twice the patience for an answer, and the pause in between
    expect(strip).to_have_attribute("data-state", "polling")


def test_socket_that_died_without_a_word_is_found_out(
    page: Page, strip: Locator, site: Site, open_live: OpenLive
) -> None:
    page.clock.install()
    sockets = open_live()
    site.recommendations = sockets.first = recommendations(2, "bcda")  # and the socket does not say so
    page.clock.run_for(46_000)
    expect_names(strip, "bcda")
    page.clock.run_for(1_000)
    sockets.wait_for(page, lambda: len(sockets.opened) == 2)


def test_without_contact_the_last_good_list_stays_with_its_age(
    page: Page, strip: Locator, site: Site, open_live: OpenLive
) -> None:
    page.clock.install()
    as_of = moment(0, datetime.now(UTC) - timedelta(seconds=60))
    sockets = open_live(recommendations(2, "abcd", as_of))
    sockets.first = site.recommendations = None
    sockets.opened[0].close(code=1011)
    expect(strip).to_have_attribute("data-state", "connecting")
    for _ in range(13):
        page.clock.run_for(5_000)
    expect(strip).to_have_attribute("data-state", "stale")
    expect(strip.locator(".rl-status")).to_have_text("As of 2 min ago")
    assert names(strip) == list("abcd")
    sockets.first = recommendations(3, "bcda")
    page.clock.run_for(40_000)
    expect(strip).to_have_attribute("data-state", "live")


def test_hidden_page_asks_for_nothing_and_catches_up(page: Page, strip: Locator, open_live: OpenLive) -> None:
    page.clock.install()
    sockets = open_live()
    page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(120_000)
    assert len(sockets.opened) == 1
    sockets.first = recommendations(2, "bcda")
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(strip).to_have_attribute("data-version", "2")
    assert sockets.received == ['{"type":"resume","version":1}']


def test_strips_of_a_page_share_one_socket(page: Page, strip: Locator, site: Site) -> None:
    site.pages["/"] = PAGE.replace(STRIP, STRIP + '<recommendation-list limit="2"></recommendation-list>')
    sockets = Sockets(page, recommendations(1, "abcd"))
    page.goto("/")
    expect(strip.nth(1)).to_have_attribute("data-state", "live")
    expect(strip.nth(1)).to_have_attribute("data-version", "1")
    sockets.send(recommendations(2, "dcba"))
    expect(strip.nth(1)).to_have_attribute("data-version", "2")
    assert [names(strip.nth(0)), names(strip.nth(1))] == [list("dcba"), list("dc")]
    assert len(sockets.opened) == 1


def test_nothing_moves_from_under_the_pointer(page: Page, strip: Locator, open_live: OpenLive) -> None:
    sockets = open_live()
    update = strip.get_by_role("button", name="Show new suggestions")
    expect(update).to_be_hidden()
    strip.locator("[data-product-id=b]").hover()
    sockets.send(recommendations(2, [item("x"), item("b", price=1.0)]))
    expect(strip.locator("[data-product-id=b] .rl-price")).to_have_text("€1.00")
    assert names(strip) == list("abcd")
    expect(update).to_be_visible()
    page.locator("#below").hover()
    expect_names(strip, "xb")
    expect(update).to_be_hidden()


def test_resting_pointer_does_not_hold_the_strip_for_ever(
    page: Page, strip: Locator, open_live: OpenLive
) -> None:
    sockets = open_live()
    strip.locator("[data-product-id=b]").hover()
    sockets.send(recommendations(2, "xabc"))
    expect(strip).to_have_attribute("data-version", "2")


def test_keyboard_reader_decides_when_the_strip_changes(
    page: Page, strip: Locator, open_live: OpenLive
) -> None:
    sockets = open_live()
    page.get_by_role("button", name="Before").focus()
    page.keyboard.press("Tab")  # to the strip's first link, past the hidden button
    expect(strip.locator("[data-product-id=a]")).to_be_focused()
    sockets.send(recommendations(2, "xyzw"))
    update = strip.get_by_role("button", name="Show new suggestions")
    expect(update).to_be_visible()
    expect(strip.locator("[data-product-id=a]")).to_be_focused()
    assert names(strip) == list("abcd")
    page.keyboard.press("Shift+Tab")
    expect(update).to_be_focused()
    expect_names(strip, "abcd")
    page.keyboard.press("Enter")
    expect_names(strip, "xyzw")
    expect(strip.locator(".rl-items")).to_be_focused()


def test_focus_stays_in_the_strip_when_its_card_leaves(
    page: Page, strip: Locator, open_live: OpenLive
) -> None:
    sockets = open_live()
    link = strip.locator("[data-product-id=a]")
    link.evaluate("(link) => link.addEventListener('click', (click) => click.preventDefault())")
    link.click()  # focus by the mouse holds nothing
    page.locator("#below").hover()
    sockets.send(recommendations(2, "bxyz"))
    expect_names(strip, "bxyz")
    expect(strip.locator(".rl-items")).to_be_focused()


def test_changes_are_announced_politely_and_not_too_often(
    page: Page, strip: Locator, open_live: OpenLive
) -> None:
    page.clock.install()
    sockets = open_live()
    announcer = strip.locator("[aria-live=polite]")
    sockets.send(recommendations(2, "xyab"))
    page.clock.run_for(50)
    expect(announcer).to_have_text("2 new suggestions, because you looked at Green tea.")
    sockets.send(recommendations(3, [item("z", because=None), item("x")]))
    expect(strip).to_have_attribute("data-version", "3")
    page.clock.run_for(2_000)
    expect(announcer).to_have_text("2 new suggestions, because you looked at Green tea.")
    page.clock.run_for(4_000)
    expect(announcer).to_have_text("1 new suggestion.")


def test_why_shows_the_trace_and_then_the_batch(page: Page, strip: Locator, open_live: OpenLive) -> None:
    sockets = open_live()
    start = datetime.now(UTC)
    sockets.send(recommendations(2, [item("x", traced=trace("e9", start=start))]))
    expect_names(strip, "x")
    strip.get_by_role("button", name="Why Product x?").hover()
    panel = strip.locator(".rl-panel")
    expect(panel.locator("[data-term=event]")).to_contain_text("e9")
    expect(panel.locator("[data-term=kafka]")).to_contain_text("activity, partition 3, offset 1207")
    expect(panel.locator("[data-term=batch]")).to_contain_text("Spark's batch has not landed yet")
    expect(panel.locator("[data-term=received]")).to_contain_text("12 ms")
    expect(panel.locator("[data-term=pushed]")).to_contain_text("40 ms")
    expect(panel.locator("[data-term=journey]")).to_contain_text(re.compile(r"\d+ ms from click to page"))
    journey = panel.locator("[data-term=journey]").text_content()
    sockets.send(recommendations(2, [item("x", traced=trace("e9", batch_id=42, start=start))]))
    expect(panel.locator("[data-term=batch]")).to_contain_text("42, 800 ms after the event")
    expect(panel.locator("[data-term=computed]")).to_have_count(0)  # the page did not wait for Spark
    assert panel.locator("[data-term=journey]").text_content() == journey
    page.locator("#below").hover()
    expect(panel).to_be_hidden()


def test_clocks_that_differ_are_said_to(page: Page, strip: Locator, open_live: OpenLive) -> None:
    sockets = open_live()
    ahead = datetime.now(UTC) + timedelta(hours=1)
    sockets.send(recommendations(2, [item("x", traced=trace("e9", start=ahead))]))
    expect_names(strip, "x")
    strip.get_by_role("button", name="Why Product x?").click()
    panel = strip.locator(".rl-panel")
    expect(panel.locator("[data-term=shown]")).to_contain_text("0 ms")
    expect(panel).to_contain_text("clocks of this browser and the servers differ")


def test_item_that_no_event_moved_says_so(page: Page, strip: Locator, open_live: OpenLive) -> None:
    open_live(recommendations(1, [item("t", because=None)]))
    expect(strip.locator(".rl-reason")).to_have_text("Trending now")
    strip.get_by_role("button", name="Why Product t?").click()
    expect(strip.locator(".rl-panel")).to_contain_text("no single event of yours")


def test_why_works_by_keyboard_alone(page: Page, strip: Locator, open_live: OpenLive) -> None:
    open_live(recommendations(1, [item("a", traced=trace())]))
    why, panel = strip.get_by_role("button", name="Why Product a?"), strip.locator(".rl-panel")
    page.get_by_role("button", name="Before").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(why).to_be_focused()
    expect(panel).to_be_visible()
    expect(why).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(why).to_be_focused()
    expect(why).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(panel).to_be_visible()
    page.keyboard.press("Enter")
    expect(panel).to_be_hidden()


def test_why_works_by_touch(browser: Browser, site: Site) -> None:
    site.pages["/"] = PAGE
    phone = browser.new_context(base_url=site.address, has_touch=True, viewport={"width": 360, "height": 700})
    page = phone.new_page()
    Sockets(page, recommendations(1, [item("a", traced=trace())]))
    page.goto("/")
    page.get_by_role("button", name="Why Product a?").tap()
    panel = page.locator(".rl-panel")
    expect(panel).to_be_visible()
    box = panel.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    page.locator(".rl-heading").tap()
    expect(panel).to_be_hidden()
    phone.close()


def test_hostile_titles_and_addresses_are_harmless(page: Page, strip: Locator, open_live: OpenLive) -> None:
    title = "<img src=x onerror='window.pwned = 1'>"
    script = "javascript:window.pwned = 1"
    hostile = item("h", because=title, title=title, url=script, image=script, traced=trace(title))
    open_live(recommendations(1, [hostile]))
    expect(strip.locator(".rl-title")).to_have_text(title)
    link = strip.locator("a")
    assert link.get_attribute("href") is None
    assert strip.locator("img").get_attribute("src") is None
    strip.get_by_role("button", name="Why").click()
    expect(strip.locator(".rl-panel [data-term=event]")).to_contain_text(title)
    assert page.evaluate("window.pwned") is None


def test_item_shown_twice_by_mistake_has_one_card(page: Page, strip: Locator, open_live: OpenLive) -> None:
    open_live(recommendations(1, "aab"))
    assert names(strip) == ["a", "b"]


def test_small_screen_scrolls_the_strip_and_not_the_page(
    page: Page, strip: Locator, open_live: OpenLive
) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    open_live()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert strip.locator(".rl-items").evaluate("(items) => items.scrollWidth > items.clientWidth")
