"""Your data: every event, why each suggestion is there, the export, and what is left of it after erasing."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from shop.basket.models import Customer
from shop.models import Product, Wish
from shop.orders.models import OrderView
from tests.conftest import Connection
from tests.recommendations.conftest import Rank, goods, rank
from tests.recommendations.folding import browse
from tests.tracking.conftest import activity, topic_prefix
from tracking import identities
from tracking.calls import Call, Sender, draft_of
from tracking.delivery.records import record_of_event
from tracking.delivery.spool import insert
from tracking.events import format_timestamp
from tracking.held import log
from tracking.identity import identify_visitor
from tracking.models import Erasure, SpooledRecord
from tracking.visitors import COOKIE, cookie_of_visitor, visitor_of_cookie

__all__ = ["activity", "goods", "rank", "topic_prefix"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("activity")]

VISITOR = "visitor-of-the-browser"


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    for memory in (identities.visitor_keys, identities.persons, identities.links):
        memory.kept.clear()


@pytest.fixture
def browser() -> Client:
    browser = Client()
    browser.cookies[COOKIE] = cookie_of_visitor(VISITOR)
    return browser


def act(visitor_id: str, name: str = "Product Viewed", **properties: Any) -> str:
    """The event waits in the spool: it is held from then on."""
    now = timezone.now()
    call = Call(type="track", event=name, anonymous_id=visitor_id, properties=properties)
    (event,) = identities.sealed_now(
        [draft_of(call, Sender(received_at=now, received=format_timestamp(now)))]
    )
    record = record_of_event(event)
    insert([SpooledRecord(topic=record.topic, key=record.key, value=record.value, source="shop")])
    return event.event_id


def text_of(browser: Client, address: str, status: int = 200) -> str:
    answer = browser.get(address)
    assert answer.status_code == status
    return str(answer.content.decode())


def exported(browser: Client) -> dict[str, Any]:
    answer = browser.get("/me/export/")
    assert answer.status_code == 200
    assert 'filename="your-data.json"' in answer.headers["Content-Disposition"]
    content: dict[str, Any] = json.loads(answer.content)
    return content


def test_every_event_of_the_browsers_visitor_is_shown_and_of_nobody_else(browser: Client) -> None:
    first = act(VISITOR, product_id="tea-1")
    second = act(VISITOR, "Products Searched", query="blue teapot")
    others = act("somebody-else", product_id="mug-1")

    html = text_of(browser, "/me/events/")

    assert html.index(second) < html.index(first), "the newest first"
    assert others not in html
    assert "blue teapot" in html, "what is sealed is theirs to see"
    assert "2 events" in html


def test_many_events_stand_on_pages_and_one_that_is_asked_for_is_found(browser: Client) -> None:
    ids = [act(VISITOR, product_id=f"tea-{number}") for number in range(30)]

    assert ids[-1] in text_of(browser, "/me/events/")
    assert ids[0] not in text_of(browser, "/me/events/")
    assert ids[0] in text_of(browser, "/me/events/?page=2")
    assert 'id="event-asked"' in text_of(browser, f"/me/events/?event={ids[0]}")


def test_htmx_is_given_the_part_only(browser: Client) -> None:
    html = browser.get("/me/events/", headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in html
    assert "No event of yours" in html


def test_where_somebody_was_logged_in_the_next_one_reads_no_names(browser: Client) -> None:
    ada = User.objects.create_user("ada", "ada@example.com")
    identify_visitor(VISITOR, f"user-{ada.pk}", {"email": ada.email})

    assert ada.email not in text_of(browser, "/me/events/")
    assert ada.email not in json.dumps(exported(browser))
    browser.force_login(ada)
    assert ada.email in text_of(browser, "/me/events/")
    assert exported(browser)["account"]["username"] == "ada"


def test_a_user_is_shown_the_events_of_all_of_their_browsers(browser: Client) -> None:
    ada = User.objects.create_user("ada")
    identify_visitor("on the phone", f"user-{ada.pk}", {})
    event = act("on the phone", product_id="tea-1")
    assert event not in text_of(browser, "/me/events/")

    browser.force_login(ada)

    assert event in text_of(browser, "/me/events/")
    assert set(exported(browser)["visitors"]) == {VISITOR, "on the phone"}


def test_the_export_holds_events_suggestions_and_what_was_derived(
    browser: Client, model: Connection, goods: None, rank: Rank
) -> None:
    browse(model, "w1: tea-1 mug-1", "w2: tea-1 mug-1", f"{VISITOR}: tea-1")
    event = act(VISITOR, product_id="tea-1")

    content = exported(browser)

    assert content["visitors"] == [VISITOR]
    assert [each["eventId"] for each in content["events"]] == [event]
    (suggestions,) = content["suggestions"]
    assert suggestions["items"][0]["productId"] == "mug-1"
    assert suggestions["items"][0]["reason"] == {
        "kind": "viewed", "productId": "tea-1", "title": "Tea number 1", "category": None,
    }  # fmt: skip
    (history,) = content["derived"]["recommendations_visitorevent"]
    assert (history["visitor_id"], history["product_id"]) == (VISITOR, "tea-1")
    assert "tracking_visitorkey" not in content["derived"]
    assert "somebody-else" not in json.dumps(content)


def test_each_suggestion_says_why_it_is_there_and_after_erasing_none_is_ones_own(
    browser: Client, model: Connection, goods: None, rank: Rank
) -> None:
    browse(model, "w1: tea-1 mug-1", "w2: tea-1 mug-1", f"{VISITOR}: tea-1")
    rank(popular=["cake-5", "mug-5"])
    before = text_of(browser, "/me/")
    assert "1 of these 3 comes of what you did here" in before
    assert "Because you looked at Tea number 1" in before
    assert "Mug number 1" in before

    answer = browser.post("/me/erase/", {"confirm": "yes"}, follow=True)

    after = answer.content.decode()
    assert "you are somebody new" in after
    assert "Mug number 1" not in after
    assert "None of these comes of anything you did" in after
    assert Erasure.objects.get().visitor_id == VISITOR
    assert visitor_of_cookie(browser.cookies[COOKIE].value) != VISITOR


def test_while_paused_nothing_is_used_and_what_is_held_is_still_shown(
    browser: Client, model: Connection, goods: None, rank: Rank
) -> None:
    browse(model, "w1: tea-1 mug-1", "w2: tea-1 mug-1", f"{VISITOR}: tea-1")
    event = act(VISITOR, product_id="tea-1")
    browser.post("/me/consent/", {"consent": "denied"})

    html = text_of(browser, "/me/")
    assert "Paused: nothing of yours is used" in html
    assert "Mug number 1" not in html
    assert ">Resume<" in html
    assert event in text_of(browser, "/me/events/")

    browser.post("/me/consent/", {"consent": "granted"})
    assert "Mug number 1" in text_of(browser, "/me/")


def test_a_log_that_is_away_is_said_and_half_an_export_is_none(
    browser: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "PATIENCE_SECONDS", 0.3)
    settings.KAFKA_CLIENT = {"bootstrap.servers": "127.0.0.1:1"}
    act(VISITOR, product_id="tea-1")

    assert "cannot be read just now" in text_of(browser, "/me/events/", status=503)
    assert "cannot be read just now" in text_of(browser, "/me/export/", status=503)
    part = browser.get("/me/events/", headers={"HX-Request": "true"})
    assert (part.status_code, "cannot be read just now" in part.content.decode()) == (200, True)
    text_of(browser, "/me/")


def test_what_the_shop_itself_keeps_is_exported_too(browser: Client, goods: None) -> None:
    ada = User.objects.create_user("ada")
    Wish.objects.create(user=ada, product=Product.objects.get(product_id="tea-1"))
    OrderView.objects.create(
        order_id=uuid4(),
        customer=Customer.objects.create(user=ada).customer_id,
        status="paid",
        total="12.50",
        currency="EUR",
        placed_at=timezone.now(),
        changed_at=timezone.now(),
        version=1,
    )
    assert (exported(browser)["orders"], exported(browser)["wishes"]) == ([], [])
    browser.force_login(ada)
    content = exported(browser)
    assert content["wishes"] == ["tea-1"]
    assert [order["total"] for order in content["orders"]] == ["12.50"]
    Wish.objects.all().delete()  # before the goods go


def test_a_stranger_is_told_that_nothing_is_held() -> None:
    assert exported(Client())["events"] == []
    assert "No event of yours is held" in text_of(Client(), "/me/events/")
