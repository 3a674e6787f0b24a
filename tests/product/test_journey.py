"""A stranger's whole way through the shop in a browser: from a misspelt search to being forgotten."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import browser as browser
from tests.browser.conftest import visit
from tests.stack import Product

pytestmark = pytest.mark.browser

LAMP = "lamp"
MISSPELT = "lanp"
OTHERS = 12
"""Enough for what they do together to stand before what is popular."""
LANDED_MS = 60_000
"""Spark's batch with the order, beside whatever else it has to do."""


def a_tent(product: Product) -> str:
    """Nothing but people brings it together with a lamp."""
    with psycopg.connect(product.database_url) as connection:
        row = connection.execute(
            "SELECT p.product_id FROM shop_product p JOIN shop_category c ON c.id = p.category_id"
            " WHERE c.slug = 'camping' AND NOT p.hidden AND p.stock > 0 ORDER BY p.product_id DESC LIMIT 1"
        ).fetchone()
    assert row is not None
    return str(row[0])


def teach(product: Product, *together: str) -> None:
    """Others who looked at these one after the other."""
    now = datetime.now(UTC).isoformat()
    batch = [
        {
            "type": "track",
            "event": "Product Viewed",
            "messageId": str(uuid4()),
            "anonymousId": visitor_id,
            "timestamp": now,
            "properties": {"product_id": product_id},
        }
        for visitor_id in (f"other-{uuid4()}" for _ in range(OTHERS))
        for product_id in together
    ]
    answer = httpx.post(
        f"{product.shop}v1/batch", json={"writeKey": product.write_key, "batch": batch}, timeout=20
    )
    answer.raise_for_status()
    assert {each["status"] for each in answer.json()["results"]} == {"accepted"}


def strip(page: Page) -> Locator:
    return page.locator('recommendation-list[data-list="recommended"]')


def find(page: Page) -> tuple[str, str]:
    """Searches with a typing error and opens what can be had of it; its id and name."""
    page.goto("/")
    page.get_by_role("searchbox").fill(MISSPELT)
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(LAMP)
    page.get_by_role("checkbox", name="In stock").check()
    expect(page.get_by_role("link", name="Without In stock")).to_be_visible()
    page.locator("#results [data-product-id]").first.click()
    expect(page.get_by_role("button", name="Add to basket")).to_be_visible()
    return page.url.rstrip("/").rpartition("/")[2], page.get_by_role("heading", level=1).inner_text()


def sign_up(page: Page) -> str:
    name = f"ada-{uuid4().hex[:8]}"
    page.get_by_role("link", name="Log in").click()
    page.get_by_role("link", name="Sign up").click()
    page.locator("[name=username]").fill(name)
    for field in ("password1", "password2"):
        page.locator(f"[name={field}]").fill("a-long-river-of-words")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("link", name=name)).to_be_visible()
    return name


def order(page: Page) -> None:
    page.goto("/cart/")
    page.get_by_role("link", name="Go to checkout").click()
    page.get_by_role("button", name="Order for").click()
    expect(page.get_by_text("This field is required").first).to_be_visible()
    address = {"Name": "Ada Byron", "Street and number": "Weir Lane 1", "Postcode": "10115", "City": "Berlin"}
    for label, value in address.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Order for").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Order ")


def pay(page: Page, card: str) -> None:
    page.get_by_label(card).check()
    page.get_by_role("button", name="Pay").click()


def exported(page: Page, folder: Path) -> Any:
    with page.expect_download() as download:
        page.get_by_role("link", name="Export my data").click()
    path = folder / "export.json"
    download.value.save_as(path)
    return json.loads(path.read_text())


def test_a_stranger_finds_buys_is_known_and_is_forgotten(
    browser: Browser, product: Product, tmp_path: Path
) -> None:
    with visit(browser, product.shop) as context:
        page, home = context.new_page(), context.new_page()
        lamp, name = find(page)
        tent = a_tent(product)
        teach(product, lamp, tent)

        page.get_by_role("button", name="Add to basket").click()
        page.goto("/cart/")
        page.get_by_label(f"How many of {name}").select_option("2")
        page.get_by_role("button", name="Change").click()
        expect(page.get_by_role("heading", level=1).locator("+ p")).to_contain_text("2 things")

        sign_up(page)
        home.goto("/")
        order(page)
        pay(page, "declines")
        expect(page.get_by_role("alert").or_(page.get_by_role("status"))).to_contain_text(
            "nothing was charged"
        )
        expect(page.locator(".state")).to_have_text("Placed")
        pay(page, "accepts")
        expect(page.locator(".state")).to_have_text("Paid")
        said = page.locator(".timeline li").all_inner_texts()
        assert [line for line in said if "declined" in line.lower()], said

        expect(strip(home)).to_contain_text(f"Because you bought {name}", timeout=LANDED_MS)
        suggested = strip(home).locator(f'[data-product-id="{tent}"]')
        expect(suggested.first).to_be_visible()
        expect(strip(home).locator(f'[data-product-id="{lamp}"]')).to_have_count(0)

        page.goto("/me/")
        expect(page.locator("#my-events")).to_contain_text("Order Completed")
        assert lamp in json.dumps(exported(page, tmp_path))
        page.get_by_label("Yes, erase everything about me").check()
        page.get_by_role("button", name="Erase me").click()
        expect(page.get_by_role("status").first).to_contain_text("you are somebody new")
        events = page.locator("#my-events [data-event-id]")
        expect(events.first).to_contain_text("Page opened")  # by the new visitor, just now
        expect(page.locator("#my-events")).not_to_contain_text("Order Completed")
        home.goto("/")
        expect(strip(home)).not_to_contain_text("Because you")
