"""Accounts and Your data: who the tracking is told a browser is, and what a visitor decides about it."""

import re
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from recommendations import consumers
from tests.recommendations.sockets import of_visitor
from tracking import identities
from tracking.consent import COOKIE as CONSENT
from tracking.events import Event, decode
from tracking.models import Erasure, SpooledRecord, VisitorKey
from tracking.sealing import unsealed
from tracking.visitors import COOKIE, visitor_of_cookie

PASSWORD = "a long enough secret"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered(settings: Settings) -> None:
    # The real one is slow by design.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    for memory in (identities.visitor_keys, identities.persons, identities.links):
        memory.kept.clear()


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", "ada@example.com", PASSWORD)


def visitor_in(browser: Client) -> str | None:
    cookie = browser.cookies.get(COOKIE)
    return visitor_of_cookie(cookie.value) if cookie else None


def log_in(browser: Client, **more: str) -> Any:
    browser.get("/me/log-in/")
    return browser.post("/me/log-in/", {"username": "ada", "password": PASSWORD, **more})


def text_of(browser: Client) -> str:
    return browser.get("/me/").content.decode()


def told() -> list[Event]:
    """What the tracking was told, as its sender wrote it."""
    events = [
        decode(bytes(row.value))
        for row in SpooledRecord.objects.exclude(value=None).order_by("id")
        if row.value
    ]
    return [event for event in map(unsealed, events) if event is not None]


# -- Logging in, up and out ------------------------------------------------------------------------------------
def test_logging_in_joins_the_browsers_visitor_to_its_user(client: Client, ada: User) -> None:
    response = log_in(client)

    assert response.headers["Location"] == "/me/"
    (event,) = told()
    assert (event.type, event.visitor_id, event.user_id) == ("identify", visitor_in(client), f"user-{ada.pk}")
    assert event.properties["traits"] == {"username": "ada", "email": "ada@example.com"}
    (row,) = SpooledRecord.objects.all()
    assert row.value is not None
    assert not re.search(rb"ada|example|user-", bytes(row.value))


def test_two_browsers_of_one_user_are_one_person(ada: User) -> None:
    phone, desk = Client(), Client()
    log_in(phone)
    log_in(desk)

    first, second = told()
    assert first.visitor_id != second.visitor_id
    assert first.person_id == second.person_id is not None


def test_signing_up_logs_in_and_tells_the_tracking(client: Client) -> None:
    client.get("/me/sign-up/")
    response = client.post(
        "/me/sign-up/", {"username": "bob", "email": "", "password1": PASSWORD, "password2": PASSWORD}
    )

    assert response.headers["Location"] == "/me/"
    (event,) = told()
    assert event.user_id == f"user-{User.objects.get(username='bob').pk}"
    assert event.properties["traits"] == {"username": "bob"}
    assert "Logged in as</dt><dd>bob" in text_of(client)


def test_after_logging_in_one_is_where_one_was_but_never_on_another_site(ada: User) -> None:
    assert log_in(Client(), next="/c/mugs/").headers["Location"] == "/c/mugs/"
    assert log_in(Client(), next="https://evil.example/").headers["Location"] == "/me/"


def test_a_wrong_password_tells_the_tracking_nothing(client: Client, ada: User) -> None:
    response = log_in(client, password="guessed")

    assert response.status_code == HTTPStatus.OK
    assert "errorlist" in response.content.decode()
    assert told() == []


def test_without_consent_a_log_in_is_not_told(client: Client, ada: User) -> None:
    client.cookies[CONSENT] = "denied"

    assert log_in(client).status_code == HTTPStatus.FOUND
    assert "Logged in as</dt><dd>ada" in text_of(client)
    assert told() == []
    assert not VisitorKey.objects.exists()


def test_logging_out_starts_a_new_visitor(client: Client, ada: User) -> None:
    log_in(client)
    before = visitor_in(client)

    client.post("/me/log-out/")

    assert visitor_in(client) not in {None, before}
    assert "Logged in as</dt><dd>Nobody" in text_of(client)


def test_a_link_cannot_log_anybody_out(client: Client, ada: User) -> None:
    log_in(client)

    assert client.get("/me/log-out/").status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert "Logged in as</dt><dd>ada" in text_of(client)


@pytest.mark.django_db(transaction=True)
async def test_logging_out_closes_the_visitors_open_sockets_and_no_others() -> None:
    from asgiref.sync import sync_to_async

    browser = Client()
    await sync_to_async(browser.get)("/me/")
    mine = visitor_in(browser)
    assert mine is not None
    async with of_visitor(mine) as own, of_visitor("somebody-else") as other:
        await own.next_list()
        await other.next_list()

        await sync_to_async(browser.post)("/me/log-out/")

        closed = await own.next_message()
        assert (closed["type"], closed["code"]) == ("websocket.close", consumers.VISITOR_LEFT)
        assert await other.is_quiet()


def test_logging_out_does_not_need_the_channel_layer(client: Client, ada: User, settings: Settings) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
        }
    }
    log_in(client)

    assert client.post("/me/log-out/").headers["Location"] == "/"


# -- Your data ---------------------------------------------------------------------------------------------------
def test_the_page_says_who_one_is_to_the_shop(client: Client) -> None:
    client.get("/me/")
    html = text_of(client)

    assert f"<code>{visitor_in(client)}</code>" in html
    assert "On, as long as you do not say no" in html
    assert 'href="/me/"' in client.get("/search/").content.decode()


def test_a_no_stops_remembering_and_a_yes_begins_again(client: Client) -> None:
    client.get("/me/")
    visitor = visitor_in(client)

    client.post("/me/consent/", {"consent": "denied"})
    assert client.cookies[CONSENT].value == "denied"
    assert client.cookies[CONSENT]["httponly"]
    assert "Off: you said no" in text_of(client)
    assert not Erasure.objects.exists()

    client.post("/me/consent/", {"consent": "granted"})
    assert "On: you allowed it" in text_of(client)
    assert visitor_in(client) == visitor


def test_a_no_can_erase_what_was_stored_before(client: Client) -> None:
    client.get("/me/")
    visitor = visitor_in(client)

    client.post("/me/consent/", {"consent": "denied", "erase": "yes"})

    assert Erasure.objects.get().visitor_id == visitor
    assert visitor_in(client) is None
    assert "Nobody: your browser bears no number of ours" in text_of(client)


def test_a_browser_whose_first_page_is_a_no_is_given_no_number(client: Client) -> None:
    client.post("/me/consent/", {"consent": "denied"})

    assert COOKIE not in client.cookies


def test_neither_yes_nor_no_changes_nothing(client: Client) -> None:
    assert client.post("/me/consent/", {"consent": "perhaps"}).status_code == HTTPStatus.BAD_REQUEST
    assert CONSENT not in client.cookies


def test_a_browser_that_asks_not_to_be_tracked_is_told_that_it_is_heard(client: Client) -> None:
    html = client.get("/me/", headers={"Sec-GPC": "1"}).content.decode()

    assert "Off: your browser asks every site not to track you" in html
    assert COOKIE not in client.cookies


def test_erasing_takes_a_yes(client: Client) -> None:
    client.get("/me/")

    response = client.post("/me/erase/")

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert "tick the box" in response.content.decode()
    assert not Erasure.objects.exists()


def test_an_erased_browser_is_a_new_visitor(client: Client) -> None:
    client.get("/me/")
    before = visitor_in(client)

    response = client.post("/me/erase/", {"confirm": "yes"}, follow=True)

    assert "Erased." in response.content.decode()
    assert Erasure.objects.get().visitor_id == before
    assert visitor_in(client) not in {None, before}


def test_a_user_is_erased_on_all_of_their_browsers(ada: User) -> None:
    phone, desk = Client(), Client()
    log_in(phone)
    log_in(desk)
    visitors = {visitor_in(phone), visitor_in(desk)}

    phone.post("/me/erase/", {"confirm": "yes"})

    assert set(Erasure.objects.values_list("visitor_id", flat=True)) == visitors
    assert not VisitorKey.objects.exists()


@pytest.mark.parametrize(
    "address", ["/me/erase/", "/me/consent/", "/me/log-out/", "/me/log-in/", "/me/sign-up/"]
)
def test_another_site_can_do_none_of_it(address: str) -> None:
    assert (
        Client(enforce_csrf_checks=True).post(address, {"confirm": "yes"}).status_code == HTTPStatus.FORBIDDEN
    )


# -- The question -------------------------------------------------------------------------------------------------
def test_the_question_stands_on_each_page_until_it_is_answered(client: Client, settings: Settings) -> None:
    settings.TRACKING_CONSENT = "opt-in"
    assert 'class="consent"' in client.get("/search/?q=mug").content.decode()

    response = client.post("/me/consent/", {"consent": "granted", "next": "/search/?q=mug"})

    assert response.headers["Location"] == "/search/?q=mug"
    assert 'class="consent"' not in client.get("/search/?q=mug").content.decode()


def test_where_consent_is_assumed_nobody_is_asked(client: Client) -> None:
    assert 'class="consent"' not in client.get("/search/").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_an_answer_leads_to_this_site_only(client: Client, elsewhere: str) -> None:
    response = client.post("/me/consent/", {"consent": "granted", "next": elsewhere})

    assert response.headers["Location"] == "/me/"
