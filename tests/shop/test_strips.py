"""What shoppers make of the strips on the pages that they load."""

from random import Random
from typing import Any

from django.template.loader import render_to_string

from recommendations.templatetags.recommendations import strip
from shop.shoppers.strips import Strip, clicks_in, seen_in, strips_of
from shop.shoppers.tastes import plant_tastes
from tests.shop.fake_shop import FakeShop
from tests.shop.shelves import small_shop
from tests.shop.test_crowd import crowd_for, shop_until

ORIGIN = "http://shop.test"


def page_with(*product_ids: str) -> str:
    """A page with the strip as the shop renders it, of six slots."""
    items: list[dict[str, Any]] = [
        {
            "productId": product_id,
            "title": product_id,
            "url": f"/p/{product_id}/",
            "image": "/i.svg",
            "price": 3.5,
            "currency": "EUR",
            "score": 1.0,
            "reason": {"kind": "popular", "productId": None, "title": None, "category": None},
            "trace": None,
        }
        for product_id in product_ids
    ]
    shown = {"visitorId": "v", "version": 1, "asOf": "2026-03-01T12:00:00.000Z", "items": items}
    rendered = render_to_string("recommendations/list.html", strip(shown, 6, "Recommended for you"))
    return f'<ul data-list="home"><a data-product-id="x" data-position="1"></a></ul>{rendered}'


def test_the_strip_is_found_in_the_page_as_it_is_rendered() -> None:
    assert strips_of(page_with("cups-1", "tents-2")) == [
        Strip("recommended", (("cups-1", 1), ("tents-2", 2)))
    ]


def test_an_empty_strip_and_a_page_without_one_show_nothing() -> None:
    assert strips_of(page_with()) == []
    assert strips_of("<p>Nothing</p>") == []


def test_what_is_seen_is_told_as_the_tracker_does() -> None:
    (seen,) = seen_in(strips_of(page_with("cups-1")), f"{ORIGIN}/")
    assert (seen["type"], seen["event"]) == ("track", "Product List Viewed")
    assert seen["properties"] == {
        "list_id": "recommended",
        "products": [{"product_id": "cups-1", "position": 1}],
    }


def test_shoppers_click_what_is_to_their_taste_and_hardly_anything_else() -> None:
    shelves, random = small_shop(), Random(3)
    taste = plant_tastes(shelves, 1, random)[0]
    goods = {good.product_id: good for shelf in shelves.values() for good in shelf}
    liked = taste.liked[0].product_id
    other = next(product for product in goods if product not in {good.product_id for good in taste.liked})
    strips = [Strip("recommended", ((liked, 1), (other, 2), ("gone", 3)))]
    clicked = [
        visit.events[0]["properties"]
        for _ in range(3000)
        for visit in clicks_in(strips, taste, goods, random, f"{ORIGIN}/", ORIGIN)
    ]
    found = [click["product_id"] for click in clicked]
    assert 0.09 < found.count(liked) / 3000 < 0.15
    assert 0 < found.count(other) / 3000 < 0.03
    assert {(click["list_id"], click["position"]) for click in clicked} == {
        ("recommended", 1),
        ("recommended", 2),
    }


async def test_the_crowd_sees_the_strips_of_its_pages_and_follows_some() -> None:
    shop = FakeShop()
    shop.page = page_with(*(good.product_id for good in small_shop()["cups"][:6]))
    crowd = crowd_for(shop)

    def sent(name: str) -> list[dict[str, Any]]:
        return [
            event["properties"]
            for events in shop.sent.values()
            for event in events
            if event.get("event") == name and event["properties"]["list_id"] == "recommended"
        ]

    await shop_until(crowd, lambda: bool(sent("Product Clicked")), seconds=60)
    assert len(sent("Product List Viewed")) <= shop.pages
    assert {event["products"][0]["position"] for event in sent("Product List Viewed")} == {1}
