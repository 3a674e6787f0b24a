"""What the server renders of a strip, and that the widget's own rendering is the same."""

import re

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, expect

from recommendations.templatetags.recommendations import strip
from tests.browser.lists import Json, Sockets, item, recommendations, trace
from tests.browser.site import Site

KINDS = [
    *("viewed", "added", "bought", "together", "again", "recent"),
    *("trending", "popular", "new", "exploration", "pinned", "unheard-of"),
]
OF_A_CATEGORY = ["trending", "popular", "origin", "unheard-of"]
CARDS = len(KINDS) + len(OF_A_CATEGORY)
TEXTS = [
    *(f"Because you {did} Tea & <b>Milk</b>" for did in ("looked at", "added", "bought")),
    *("Bought together with Tea & <b>Milk</b>", "You bought it before", "You looked at it"),
    *("Trending now", "Popular", "New in the shop", "New in the shop: have a look", "Picked by the shop"),
    "Recommended for you",
    *("Trending in Pots & Pans", "Popular in Pots & Pans", "Popular with visitors from Pots & Pans"),
    "Recommended for you",
]
BARE = (
    '<script type="module" src="/static/recommendations/widget.js"></script>'
    '<recommendation-list limit="18" heading="For you &amp; yours"></recommendation-list>'
)


@pytest.fixture
def shown() -> Json:
    """One item of every kind of reason, with everything that a card can show."""
    because: Json = {"productId": "g", "title": "Tea & <b>Milk</b>"}
    reasons = [
        *({"kind": kind, "category": None} | because for kind in KINDS),
        *({"kind": kind, "category": "Pots & Pans"} | because for kind in OF_A_CATEGORY),
    ]
    items = [item(f"{number}", reason=reason) for number, reason in enumerate(reasons)]
    items[0] |= {"trace": trace(batch_id=42), "price": 1234.5, "currency": "USD"}
    items[1] |= {"trace": trace(), "price": 3.0, "currency": "CHF", "title": "<i>Cup</i> & saucer"}
    items[2] |= {"url": "javascript:alert(1)", "image": "javascript:alert(1)", "currency": "GBP"}
    return recommendations(7, items)


def server_page(shown: Json) -> str:
    context = strip(shown, 18, "For you & yours")
    return f"<!doctype html><title>Shop</title>{render_to_string('recommendations/list.html', context)}"


def test_works_without_javascript(browser: Browser, site: Site, shown: Json) -> None:
    site.pages["/"] = server_page(shown)
    context = browser.new_context(base_url=site.address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    expect(page.locator(".rl-card")).to_have_count(CARDS)
    expect(page.locator(".rl-slot")).to_have_count(18)
    link = page.get_by_role("link", name="Product 0 $1,234.50")
    expect(link).to_have_attribute("href", "/p/0/")
    expect(page.locator(".rl-reason")).to_have_text(TEXTS)
    context.close()


def markup(page: Page) -> str:
    html = str(page.locator("recommendation-list").evaluate(NORMALIZE))
    return re.sub(r">\s+<", "><", html).strip()


NORMALIZE = """(strip) => {
  const copy = strip.cloneNode(true);
  copy.querySelectorAll("script").forEach((script) => script.remove());
  copy.querySelectorAll("*").forEach((element) => {
    const attributes = [...element.attributes].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name } of attributes) element.removeAttribute(name);
    for (const { name, value } of attributes) element.setAttribute(name, value);
  });
  return copy.innerHTML;
}"""


def test_server_and_widget_render_the_same(page: Page, site: Site, shown: Json) -> None:
    site.pages |= {"/server/": server_page(shown), "/bare/": f"<!doctype html><title>Shop</title>{BARE}"}
    site.recommendations = shown
    Sockets(page, shown)
    rendered = []
    for path in ("/server/", "/bare/"):
        page.goto(path)
        expect(page.locator("recommendation-list")).to_have_attribute("data-state", "live")
        expect(page.locator(".rl-why")).to_have_count(CARDS)
        expect(page.locator(".rl-reason")).to_have_text(TEXTS)
        rendered.append(markup(page))
        for name in ("role", "aria-label", "data-list", "data-version"):
            rendered[-1] += f" {name}={page.locator('recommendation-list').get_attribute(name)}"
    assert rendered[0] == rendered[1]


def test_widget_takes_over_the_servers_cards_without_a_shift(page: Page, site: Site, shown: Json) -> None:
    below = """<p id="below">Below</p><script>
      window.rendered = document.querySelector(".rl-card");
      window.below = document.querySelector("#below").getBoundingClientRect().top;
      new PerformanceObserver((list) => (window.shifts = list.getEntries().length))
        .observe({ type: "layout-shift", buffered: true });
    </script>"""
    site.pages["/"] = server_page(shown) + below
    Sockets(page, shown)
    page.goto("/")
    expect(page.locator("recommendation-list")).to_have_attribute("data-state", "live")
    assert page.evaluate("window.rendered === document.querySelector('.rl-card')")
    assert page.locator("#below").evaluate("(below) => below.getBoundingClientRect().top - window.below") == 0
    assert page.evaluate("window.shifts ?? 0") == 0
    expect(page.locator(".rl-new")).to_have_count(0)
