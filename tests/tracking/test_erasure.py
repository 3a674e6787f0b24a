"""Erasure: what goes, who may ask for it, and that all of it or nothing does."""

import base64
from http import HTTPStatus
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tracking import identities
from tracking.calls import Call, Sender, draft_of
from tracking.consent import COOKIE as CONSENT
from tracking.erasure import erase_visitor
from tracking.events import ACTIVITY, Event, format_timestamp
from tracking.identity import identify_visitor, visitors_of_user
from tracking.models import (
    CollectedMinute,
    Erasure,
    Person,
    RejectedEvent,
    SpooledRecord,
    VisitorKey,
    WriteKey,
)
from tracking.sealing import unsealed
from tracking.visitors import COOKIE, cookie_of_visitor, visitor_of_cookie

READ_KEY = "a key that may read"
SERVER_KEY = "a key of a server's that may erase"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered(settings: Settings) -> None:
    settings.READ_KEY = READ_KEY
    for memory in (identities.visitor_keys, identities.persons, identities.links):
        memory.kept.clear()


def sealed_event(visitor_id: str, **call: Any) -> Event:
    now = timezone.now()
    sender = Sender(received_at=now, received=format_timestamp(now))
    draft = draft_of(Call(type="track", event="Product Viewed", anonymous_id=visitor_id, **call), sender)
    (event,) = identities.sealed_now([draft])
    return event


def spooled(visitor_id: str) -> list[bytes | None]:
    rows = SpooledRecord.objects.filter(key=visitor_id).order_by("id")
    return [None if row.value is None else bytes(row.value) for row in rows]


def refuse(visitor_id: str, offset: int) -> None:
    RejectedEvent.objects.create(
        partition=0,
        offset=offset,
        rejected_at=timezone.now(),
        source="shop",
        reason="clock",
        field="timestamp",
        detail="is too old",
        visitor_id=visitor_id,
        record=b"{}",
    )


def delete(browser: Client, visitor_id: str, *, key: str = "", **headers: str) -> Any:
    if key:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    return browser.delete(f"/v1/visitors/{visitor_id}", headers=headers)


@pytest.fixture
def browser() -> Client:
    return Client()


@pytest.fixture
def own(browser: Client) -> Client:
    """The browser of the visitor v-1."""
    browser.cookies[COOKIE] = cookie_of_visitor("v-1")
    return browser


# -- What goes -----------------------------------------------------------------------------------------------
def test_without_its_key_nobody_reads_what_was_sealed() -> None:
    event = sealed_event("v-1", context={"ip": "203.0.113.0"})
    before = unsealed(event)
    assert before is not None
    assert before.context == {"ip": "203.0.113.0"}

    erase_visitor("v-1", asked_by="visitor")

    assert unsealed(event) is None


def test_an_erased_visitor_who_comes_back_has_another_key() -> None:
    event = sealed_event("v-1", context={"ip": "203.0.113.0"})
    erase_visitor("v-1", asked_by="visitor")

    again = unsealed(sealed_event("v-1", context={"ip": "198.51.100.0"}))

    assert again is not None
    assert again.context == {"ip": "198.51.100.0"}
    assert unsealed(event) is None


def test_rows_of_the_visitor_go_and_others_stay() -> None:
    for visitor_id, offset in (("v-1", 1), ("v-2", 2)):
        identify_visitor(visitor_id, f"user of {visitor_id}", {})
        refuse(visitor_id, offset)

    erasure = erase_visitor("v-1", asked_by="visitor")

    assert erasure.deleted == {
        "tracking_visitorkey": 1,
        "tracking_person": 1,
        "tracking_spooledrecord": 1,
        "tracking_rejectedevent": 1,
        "tracking_visitorblock": 0,
    }
    assert list(VisitorKey.objects.values_list("visitor_id", flat=True)) == ["v-2"]
    assert list(RejectedEvent.objects.values_list("visitor_id", flat=True)) == ["v-2"]
    assert Person.objects.count() == 1
    assert len(spooled("v-2")) == 1
    erased = CollectedMinute.objects.exclude(erased=0).values_list("event", "erased")
    assert list(erased) == [("identify", 1)], "the ledger has to know"


def test_a_tombstone_tells_the_readers_of_the_log(settings: Settings) -> None:
    identify_visitor("v-1", "user-7", {})

    erase_visitor("v-1", asked_by="visitor")

    (row,) = SpooledRecord.objects.filter(key="v-1")
    assert (row.topic, row.value) == (settings.KAFKA_TOPIC_PREFIX + ACTIVITY, None)


def test_a_person_goes_with_the_last_of_their_visitors() -> None:
    identify_visitor("phone", "user-7", {})
    identify_visitor("desk", "user-7", {})
    assert visitors_of_user("user-7") == ["desk", "phone"]

    erase_visitor("phone", asked_by="visitor")
    assert visitors_of_user("user-7") == ["desk"]

    erase_visitor("desk", asked_by="visitor")
    assert visitors_of_user("user-7") == []
    assert not Person.objects.exists()


def test_once_more_does_no_harm_and_is_audited() -> None:
    identify_visitor("v-1", "user-7", {})
    erase_visitor("v-1", asked_by="visitor")

    again = erase_visitor("v-1", asked_by="an admin")

    assert set(again.deleted.values()) == {0}
    assert list(Erasure.objects.values_list("asked_by", flat=True)) == ["an admin", "visitor"]


@pytest.mark.django_db(transaction=True)
def test_all_of_it_or_nothing_is_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    identify_visitor("v-1", "user-7", {})

    def full(*_: object, **__: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(Erasure.objects, "create", full)
    with pytest.raises(DatabaseError):
        erase_visitor("v-1", asked_by="visitor")

    assert VisitorKey.objects.filter(visitor_id="v-1").exists()
    assert Person.objects.exists()
    assert None not in spooled("v-1")


# -- Who may ask ---------------------------------------------------------------------------------------------
def test_a_visitor_erases_themselves_and_is_somebody_new(own: Client) -> None:
    identify_visitor("v-1", "user-7", {})

    response = delete(own, "v-1")

    assert response.status_code == HTTPStatus.OK
    told = response.json()
    assert told["visitorId"] == "v-1"
    assert told["erasedAt"].endswith("Z")
    assert told["deleted"]["tracking_visitorkey"] == 1
    assert visitor_of_cookie(response.cookies[COOKIE].value) not in {None, "v-1"}
    assert Erasure.objects.get().asked_by == "visitor"


def test_without_consent_the_cookie_is_still_good_for_erasure_and_goes_with_it(own: Client) -> None:
    own.cookies[CONSENT] = "denied"

    response = delete(own, "v-1")

    assert response.status_code == HTTPStatus.OK
    assert response.cookies[COOKIE].value == ""


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_key_that_may_read_erases_anybody(browser: Client, slash: str) -> None:
    response = delete(browser, "somebody/else" + slash, key=READ_KEY)

    assert response.status_code == HTTPStatus.OK
    assert response.json()["visitorId"] == "somebody/else"
    assert COOKIE not in response.cookies


@pytest.mark.parametrize(
    ("kind", "may_erase", "is_active", "status"),
    [
        ("server", True, True, HTTPStatus.OK),
        ("server", False, True, HTTPStatus.FORBIDDEN),
        ("browser", True, True, HTTPStatus.FORBIDDEN),
        ("server", True, False, HTTPStatus.UNAUTHORIZED),
    ],
)
def test_a_write_key_erases_where_it_is_allowed_to(
    own: Client, kind: str, may_erase: bool, is_active: bool, status: HTTPStatus
) -> None:
    WriteKey.objects.create(name="crm", key=SERVER_KEY, kind=kind, may_erase=may_erase, is_active=is_active)

    assert delete(own, "v-9", key=SERVER_KEY).status_code == status
    assert Erasure.objects.filter(visitor_id="v-9", asked_by="crm").exists() is (status == HTTPStatus.OK)


def test_an_unknown_key_is_refused_even_with_the_visitors_cookie(own: Client) -> None:
    assert delete(own, "v-1", key="guessed").status_code == HTTPStatus.UNAUTHORIZED
    assert not Erasure.objects.exists()


def test_nobody_is_told_to_bring_a_key(browser: Client) -> None:
    response = delete(browser, "v-1")

    assert response.status_code == HTTPStatus.UNAUTHORIZED
    assert response.headers["WWW-Authenticate"].startswith("Basic")
    assert "cookie" in response.json()["detail"]


def test_a_visitor_cannot_erase_another(own: Client) -> None:
    assert delete(own, "v-2").status_code == HTTPStatus.FORBIDDEN
    assert not Erasure.objects.exists()


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://testserver", HTTPStatus.OK),
        ("https://evil.example", HTTPStatus.FORBIDDEN),
        ("http://testserver.evil.example", HTTPStatus.FORBIDDEN),
        ("http://testserver:8080", HTTPStatus.FORBIDDEN),
        ("null", HTTPStatus.FORBIDDEN),
    ],
)
def test_another_sites_page_cannot_erase_its_reader(own: Client, origin: str, status: HTTPStatus) -> None:
    assert delete(own, "v-1", Origin=origin).status_code == status


def test_an_id_that_is_none_is_refused(browser: Client) -> None:
    assert delete(browser, "v" * 101, key=READ_KEY).status_code == HTTPStatus.BAD_REQUEST
    assert delete(browser, "v%00", key=READ_KEY).status_code == HTTPStatus.BAD_REQUEST


def test_without_the_database_the_caller_is_told_to_ask_again(
    own: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError("no connection")

    monkeypatch.setattr("tracking.erasure_views.erase_visitor", away)

    response = delete(own, "v-1")

    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert int(response.headers["Retry-After"]) > 0
    assert COOKIE not in response.cookies
    assert connection.is_usable()
