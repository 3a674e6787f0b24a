"""What the tracker reports as seen: half in view for a second, once for each list and view, not lost at leave."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.lists import Sockets, recommendations
from tests.browser.site import Answer, Site
from tests.browser.test_tracker import TRACKER
from tests.browser.test_widget import WIDGET

SEEN = "Product List Viewed"
CARD = "display: block; height: 200px"


def card(name: str, position: int, style: str = CARD) -> str:
    return (
        f'<a style="{style}" href="/p/{name}/" data-product-id="{name}" data-position="{position}">{name}</a>'
    )


@pytest.fixture(autouse=True)
def _pages(site: Site) -> None:
    """Three products in view, one below; the window is 900 high."""
    site.pages["/"] = (
        f'<!doctype html><title>Home</title>{TRACKER}<ul data-list="home">'
        + "".join(card(f"tea-{n}", n) for n in (1, 2, 3))
        + f'</ul><p style="height: 1000px"></p><ul data-list="below">{card("mug-1", 7)}</ul>'
    )
    site.pages["/p/tea-2/"] = f"<!doctype html><title>Tea 2</title>{TRACKER}"


def seen(site: Site) -> list[tuple[str, str, int]]:
    return [
        (event["properties"]["list_id"], product["product_id"], product["position"])
        for event in site.named(SEEN)
        for product in event["properties"]["products"]
    ]


HOME = [("home", "tea-1", 1), ("home", "tea-2", 2), ("home", "tea-3", 3)]


def test_what_is_in_view_is_reported_together_and_what_is_below_is_not(page: Page, site: Site) -> None:
    page.goto("/")
    site.wait_until(lambda: site.named(SEEN))
    assert seen(site) == HOME
    (event,) = site.named(SEEN)
    assert event["properties"] == {
        "list_id": "home",
        "products": [{"product_id": f"tea-{n}", "position": n} for n in (1, 2, 3)],
    }


def test_what_is_scrolled_to_is_seen_then_and_nothing_twice(page: Page, site: Site) -> None:
    page.goto("/")
    site.wait_until(lambda: site.named(SEEN))
    page.evaluate("scrollTo(0, 5000)")
    site.wait_until(lambda: len(seen(site)) > 3)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(1500)
    page.goto("/p/tea-2/")
    site.wait_until(lambda: len(site.named("page")) == 2)
    assert seen(site) == [*HOME, ("below", "mug-1", 7)]


def test_a_glance_is_no_impression(page: Page, site: Site) -> None:
    page.goto("/")
    page.evaluate("setTimeout(() => { scrollTo(0, 5000); setTimeout(() => scrollTo(0, 0), 300) }, 100)")
    page.wait_for_timeout(1600)
    page.goto("/p/tea-2/")
    site.wait_until(lambda: site.named(SEEN))
    site.wait_until(lambda: len(site.named("page")) == 2)
    assert ("below", "mug-1", 7) not in seen(site)


def test_less_than_half_is_not_seen(page: Page, site: Site) -> None:
    site.pages["/"] = (
        site.pages["/"]
        .replace('"tea-3"', '"tea-3" class="tall"')
        .replace("<title>", "<style>.tall { height: 1100px !important }</style><title>")
    )
    page.goto("/")
    site.wait_until(lambda: site.named(SEEN))
    assert seen(site) == HOME[:2]


def test_a_page_that_nobody_looks_at_shows_nothing(page: Page, site: Site) -> None:
    hidden = (
        "Object.defineProperty(document, 'hidden', { get: () => window.away !== false, configurable: true })"
    )
    page.add_init_script(hidden)
    page.goto("/")
    page.wait_for_timeout(1500)
    page.evaluate("window.tributary.track('Later')")
    site.wait_until(lambda: site.named("Later"))
    assert site.named(SEEN) == []
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    site.wait_until(lambda: site.named(SEEN))
    assert seen(site) == HOME


def test_what_was_seen_goes_with_the_page_that_is_left(page: Page, site: Site) -> None:
    site.answers = [Answer(200, {"success": True}, after_seconds=1)]
    page.goto("/")
    page.wait_for_timeout(1500)
    assert site.named(SEEN) == [], "it is still being collected"
    page.goto("about:blank")
    site.wait_until(lambda: site.named(SEEN))
    assert sorted(seen(site)) == HOME


def test_a_product_that_is_clicked_at_once_was_seen_before(page: Page, site: Site) -> None:
    page.goto("/")
    page.click("text=tea-2")
    page.wait_for_url("**/p/tea-2/")
    site.wait_until(lambda: site.named("Product Clicked"))
    names = [event.get("event") for event in site.events]
    assert names.index(SEEN) < names.index("Product Clicked")
    assert ("home", "tea-2", 2) in seen(site)


def test_what_a_list_gains_while_it_is_looked_at_is_seen(page: Page, site: Site) -> None:
    page.goto("/")
    site.wait_until(lambda: site.named(SEEN))
    new: Any = card("tea-9", 1).replace("'", "\\'")
    page.evaluate(f"document.querySelector('ul').insertAdjacentHTML('afterbegin', '{new}')")
    site.wait_until(lambda: len(seen(site)) > 3)
    assert seen(site)[3:] == [("home", "tea-9", 1)]


def test_a_link_that_comes_to_show_another_product_is_seen_anew(page: Page, site: Site) -> None:
    page.goto("/")
    site.wait_until(lambda: site.named(SEEN))
    page.evaluate("document.querySelector('a').dataset.productId = 'tea-8'")
    site.wait_until(lambda: len(seen(site)) > 3)
    assert seen(site)[3:] == [("home", "tea-8", 1)]


def test_what_left_its_list_within_the_second_was_not_seen(page: Page, site: Site) -> None:
    page.goto("/")
    page.evaluate(
        "for (const name in document.querySelector('a').dataset) delete document.querySelector('a').dataset[name]"
    )
    site.wait_until(lambda: site.named(SEEN))
    assert seen(site) == HOME[1:]


def test_a_page_that_comes_back_is_seen_again(page: Page, site: Site) -> None:
    page.goto("/")
    site.wait_until(lambda: site.named(SEEN))
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    site.wait_until(lambda: len(site.named(SEEN)) == 2)
    assert seen(site) == HOME * 2


def test_what_the_live_strip_brings_is_seen_when_it_comes(page: Page, site: Site) -> None:
    site.pages["/"] = (
        f"<!doctype html><title>Home</title>{TRACKER}{WIDGET}"
        '<recommendation-list limit="4"></recommendation-list>'
    )
    site.recommendations = recommendations(1, "abcd")
    sockets = Sockets(page, site.recommendations)
    page.goto("/")
    sockets.wait_for(page, lambda: len(seen(site)) == 4)
    sockets.send(recommendations(2, "eabc"))
    sockets.wait_for(page, lambda: len(seen(site)) > 4)
    assert seen(site) == [
        *(("recommended", name, place) for place, name in enumerate("abcd", 1)),
        ("recommended", "e", 1),
    ], "the others have moved, and were seen before"
