"""What a session sends, which must be what the browser's tracker would."""

from random import Random

from shop.shoppers.sessions import Event, Visit, session
from shop.shoppers.tastes import plant_tastes
from tests.shop.shelves import small_shop

ORIGIN = "http://shop.test"


def visits(seed: int = 1) -> list[Visit]:
    shelves = small_shop()
    taste = plant_tastes(shelves, 1, Random(seed))[0]
    return list(session(taste, shelves, Random(seed), ORIGIN))


def events(count: int = 60) -> list[Event]:
    return [event for seed in range(count) for visit in visits(seed) for event in visit.events]


def test_session_looks_at_three_to_eight_products() -> None:
    for seed in range(30):
        assert 3 <= sum(visit.path.startswith("/p/") for visit in visits(seed)) <= 8


def test_every_visit_sends_one_page_event_for_its_path() -> None:
    for visit in visits():
        (page,) = (event for event in visit.events if event["type"] == "page")
        assert page["properties"]["path"] == visit.path
        assert page["properties"]["url"] == ORIGIN + visit.path
        assert page["name"] == page["properties"]["title"]


def test_product_is_clicked_in_its_list_before_it_is_viewed() -> None:
    for visit in visits():
        if not visit.path.startswith("/p/"):
            continue
        seen, clicked, _, viewed, *_ = visit.events
        assert seen["event"] == "Product List Viewed"
        assert seen["properties"]["list_id"] == clicked["properties"]["list_id"]
        listed = [(each["product_id"], each["position"]) for each in seen["properties"]["products"]]
        assert (clicked["properties"]["product_id"], clicked["properties"]["position"]) in listed
        assert [position for _, position in listed] == list(range(listed[0][1], listed[0][1] + len(listed)))
        assert 1 <= len(listed) <= 8
        assert clicked["event"] == "Product Clicked"
        assert set(clicked["properties"]) == {"product_id", "list_id", "position", "url"}
        assert viewed["event"] == "Product Viewed"
        assert set(viewed["properties"]) == {"product_id", "name", "price", "category", "url"}
        assert f"/p/{viewed['properties']['product_id']}/" == visit.path


def test_some_products_are_added_and_most_are_not() -> None:
    sent = [event.get("event") for event in events()]
    assert 0.04 < sent.count("Product Added") / sent.count("Product Viewed") < 0.25


def test_no_two_events_share_a_message_id() -> None:
    ids = [event["messageId"] for event in events()]
    assert len(set(ids)) == len(ids)
