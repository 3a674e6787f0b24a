"""The shop in a browser: usable by everybody at every width, still while it is read, and what is seen is told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.browser.conftest import Scheme, visit
from tests.browser.conftest import browser as browser
from tests.stack import Product

pytestmark = pytest.mark.browser

PAGES = [
    *(
        "/",
        "/c/mugs/?stock=in&price=10-20",
        "/search/?q=lanp",
        "/search/?q=zzzzzz",
        "/p/mug-002/",
        "/wishes/",
    ),
    *("/cart/", "/orders/", "/me/", "/me/log-in/?next=/p/mug-002/review/", "/me/sign-up/", "/no/such/page/"),
]
LOOKS = [(390, "dark"), (820, "dark"), (1280, "light")]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SHIFTED = """() => new Promise((told) => {
    let sum = 0;
    const add = (list) => list.getEntries().forEach((each) => (sum += each.hadRecentInput ? 0 : each.value));
    new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => told(sum), 300);
})"""
MOST_SHIFTED = 0.01
"""Of Chromium's score; from 0.1 on it calls a page restless."""


@pytest.fixture
def context(browser: Browser, product: Product) -> Iterator[BrowserContext]:
    with visit(browser, product.shop) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


class Told:
    """What a page's tracker says."""

    def __init__(self, page: Page) -> None:
        self.events: list[dict[str, Any]] = []
        self.page = page
        page.on("request", self._listen)

    def _listen(self, request: Request) -> None:
        if request.url.endswith("/v1/batch"):
            self.events += json.loads(request.post_data or "{}").get("batch", [])

    def seen(self, list_id: str) -> list[tuple[str, int]]:
        return [
            (product["product_id"], product["position"])
            for event in self.events
            if event.get("event") == "Product List Viewed" and event["properties"]["list_id"] == list_id
            for product in event["properties"]["products"]
        ]

    def wait_for_seen(self, list_id: str, product: tuple[str, int]) -> None:
        """Waits while the browser goes on."""
        for _ in range(150):
            if product in self.seen(list_id):
                return
            self.page.wait_for_timeout(100)
        pytest.fail(f"{product} of {list_id} was not told as seen within 15 s: {self.seen(list_id)}")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_pages_are_usable_by_everybody_and_stand_still(
    browser: Browser, product: Product, width: int, scheme: Scheme
) -> None:
    with visit(browser, product.shop, width=width, scheme=scheme) as context:
        page = context.new_page()
        for path in PAGES:
            page.goto(path)
            shifted = page.evaluate(SHIFTED)
            violations = Axe().run(page, options=RULES).response["violations"]
            said = [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations]
            assert said == [], f"{path} at {width} px in {scheme}"
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
            assert shifted < MOST_SHIFTED, f"{path} at {width} px shifted by {shifted}"


def test_a_misspelt_search_is_narrowed_in_place_and_told_as_a_new_view(page: Page) -> None:
    told = Told(page)
    page.goto("/")
    page.get_by_role("searchbox").fill("lanps")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("lamp")
    page.evaluate("window.same = true")
    page.get_by_role("checkbox", name="In stock").check()
    expect(page.get_by_role("link", name="Without In stock")).to_be_visible()
    assert "stock=in" in page.url
    page.get_by_role("link", name="Price, low to high").click()
    expect(page.locator(".sorts [aria-current]")).to_have_text("Price, low to high")
    expect(page.get_by_role("checkbox", name="In stock")).to_be_checked()
    assert page.evaluate("window.same"), "the page was loaded anew"
    first = page.locator("#results [data-product-id]").first.get_attribute("data-product-id")
    told.wait_for_seen("search", (str(first), 1))
    assert len([event for event in told.events if event["type"] == "page"]) == 4
    page.go_back()
    expect(page.locator(".sorts [aria-current]")).to_have_text("Best match")


def test_a_wish_is_kept_without_leaving_the_page_and_told(page: Page) -> None:
    told = Told(page)
    page.goto("/p/mug-002/")
    button = page.get_by_role("button", name="On my wish list")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#wish-count")).to_have_text("1")
    page.goto("/wishes/")
    expect(page.locator('[data-list="wishes"] [data-product-id="mug-002"]')).to_be_visible()
    told.wait_for_seen("wishes", ("mug-002", 1))
    assert "Product Added to Wishlist" in [event.get("event") for event in told.events]


def test_filters_open_over_the_list_on_a_phone_and_work_without_a_script(
    browser: Browser, product: Product
) -> None:
    context = browser.new_context(
        base_url=product.shop, viewport={"width": 390, "height": 800}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto("/c/mugs/")
    expect(page.get_by_role("checkbox", name="In stock")).to_be_hidden()
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("checkbox", name="In stock").check()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("link", name="Without In stock")).to_be_visible()
    context.close()
