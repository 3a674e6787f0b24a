"""Two visitors in real browsers on the real product: one looks at products, and only their page changes by itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import wait_for
from tests.stack import Product

STRIP = "recommendation-list"


@pytest.fixture
def visitors(browser: Browser, product: Product) -> Iterator[tuple[Page, Page]]:
    """The open home pages of two visitors."""
    contexts = [
        browser.new_context(base_url=product.shop, viewport={"width": 1280, "height": 900}) for _ in range(2)
    ]
    pages = [context.new_page() for context in contexts]
    for page in pages:
        page.goto("/")
        expect(page.locator(STRIP)).to_have_attribute("data-state", "live", timeout=15_000)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def teach(product: Product, *product_ids: str) -> None:
    """Three visitors of the past looked at these products, one after the other."""
    now = datetime.now(UTC).isoformat()
    batch = [
        {
            "type": "track",
            "event": "Product Viewed",
            "messageId": str(uuid4()),
            "anonymousId": f"past-{uuid4()}",
            "timestamp": now,
            "properties": {"product_id": product_id},
        }
        for _ in range(3)
        for product_id in product_ids
    ]
    for number, call in enumerate(batch):  # one visitor for each round
        call["anonymousId"] = batch[number - number % len(product_ids)]["anonymousId"]
    answer = httpx.post(f"{product.shop}v1/batch", json={"writeKey": product.write_key, "batch": batch})
    assert answer.status_code == 200


def ids(page: Page) -> list[str]:
    links = page.locator(f"{STRIP} a[data-product-id]")
    return list(links.evaluate_all("links => links.map(l => l.dataset.productId)"))


def test_only_the_page_of_the_visitor_who_looked_changes(
    product: Product, visitors: tuple[Page, Page]
) -> None:
    mine, theirs = visitors
    links = mine.locator("main a[data-product-id]").evaluate_all(
        "links => links.map(l => l.dataset.productId)"
    )
    looked_at, *others = list(dict.fromkeys(links))[:4]
    teach(product, looked_at, *others)
    theirs_before = ids(theirs)

    # A product page in another tab of the same visitor: the page in front of them is never reloaded.
    mine.evaluate("() => { window.stillTheSamePage = true }")
    tab = mine.context.new_page()
    tab.goto(f"/p/{looked_at}/")

    link = f"a[data-product-id='{others[0]}'][data-batch-id]"
    suggestion = mine.locator(f"{STRIP} {link}")
    expect(suggestion).to_be_visible(timeout=10_000)
    assert mine.evaluate("() => window.stillTheSamePage") is True
    card = mine.locator(f"{STRIP} .rl-card", has=mine.locator(link))
    expect(card.locator(".rl-reason")).to_contain_text("looked at")
    assert theirs.locator(STRIP).get_attribute("data-version") == "0"
    assert ids(theirs) == theirs_before

    partition, offset, batch_id = (
        suggestion.get_attribute(f"data-{name}") for name in ("partition", "offset", "batch-id")
    )
    with psycopg.connect(product.database_url) as connection:
        rows = connection.execute(
            """
            SELECT b.batch_id FROM streaming_batchrange r JOIN streaming_batch b ON b.id = r.batch_id
            WHERE r.topic = 'activity' AND r.partition = %s AND r.offsets @> %s::bigint
            """,
            (partition, offset),
        ).fetchall()
    assert rows == [(int(batch_id or -1),)]

    why = card.get_by_role("button")
    why.click()
    shown = mine.locator(".rl-panel:popover-open")
    expect(shown).to_contain_text(str(offset))
    expect(shown).to_contain_text(str(batch_id))


def test_a_tracked_page_lands_on_the_topic_with_its_product(
    product: Product, visitors: tuple[Page, Page]
) -> None:
    mine, _ = visitors
    link = mine.locator("main [data-list] a[data-product-id]:not(recommendation-list a)").first
    product_id = link.get_attribute("data-product-id")
    link.click()
    expect(mine).to_have_url(f"{product.shop}p/{product_id}/")
    cookie = next(cookie for cookie in mine.context.cookies() if cookie["name"] == "visitor")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    visitor_id = cookie["value"].partition(":")[0]

    with psycopg.connect(product.database_url, autocommit=True) as connection:

        def looked_at() -> set[tuple[str, str]]:
            rows = connection.execute(
                "SELECT event, product_id FROM recommendations_visitorevent WHERE visitor_id = %s",
                (visitor_id,),
            )
            return {(event, product) for event, product in rows}

        both = {("Product Clicked", product_id), ("Product Viewed", product_id)}
        wait_for(lambda: looked_at() == both, what="the click and the view, and nothing else")
    expect(mine.locator(STRIP)).not_to_have_attribute("data-version", "0")
