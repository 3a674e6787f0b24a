"""The lists before Django: the same answers, and everything unusual passed on."""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import psycopg
import pytest
from django.test import Client
from pytest_django import Settings

from recommendations.experiments import assignment
from recommendations.selectors import list_for_visitor
from recommendations.serving import reader as reading
from recommendations.serving.app import Lists
from recommendations.serving.reader import ListsAwayError, Reader
from tests.conftest import Connection
from tests.recommendations.conftest import Rank
from tests.recommendations.folding import browse
from tracking import consent
from tracking.visitors import COOKIE, asking_visitor, cookie_of_visitor

API = "/api/recommendations/"
PASSED_ON = 418
FOR_READERS = "unlisted=1&asOf=2026-05-01T00:00:00Z"


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


async def django(scope: Any, receive: Any, send: Any) -> None:
    """Stands for Django: says that it was asked."""
    await send({"type": "http.response.start", "status": PASSED_ON, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def ask(*requests: httpx.Request | str, headers: Mapping[str, str] | None = None) -> list[httpx.Response]:
    """The answers to requests that are made at once."""

    async def together() -> list[httpx.Response]:
        lists = Lists(django, API, asking_visitor)
        transport = httpx.ASGITransport(lists)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            sent = [
                each
                if isinstance(each, httpx.Request)
                else client.build_request("GET", each, headers=headers)
                for each in requests
            ]
            try:
                return await asyncio.gather(*(client.send(each) for each in sent))
            finally:
                await lists.close()

    return asyncio.run(together())


def visitors_cookie(visitor_id: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={cookie_of_visitor(visitor_id)}"}


@pytest.fixture
def shop(model: Connection, goods: None, rank: Rank) -> None:
    browse(model, "w1: tea-1 mug-1", "w2: tea-1 cake-1", "v: tea-1")
    rank(trending=["tea-4"], popular=["mug-4"])


@pytest.mark.parametrize(
    "address",
    [
        "visitor/",
        "visitor/v/",
        "visitor/v/?limit=1&category=mug",
        "product/tea-1/?limit=1",
        "?products=mug-1%2Ctea-1",
    ],
)
def test_answer_is_that_of_django(shop: None, client: Client, address: str) -> None:
    client.cookies[COOKIE] = cookie_of_visitor("v")
    expected = client.get(API + address)
    (answer,) = ask(API + address, headers=visitors_cookie("v"))
    assert answer.status_code == expected.status_code == 200
    if "product" in address:  # as of now, each
        assert answer.json()["items"] == expected.json()["items"] != []
    else:
        assert answer.json() == expected.json()
    assert {name: answer.headers[name] for name in answer.headers if name != "content-length"} == {
        name.lower(): value for name, value in expected.headers.items() if name != "Content-Length"
    }
    assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_lists_of_everybody(shop: None, settings: Settings) -> None:
    trending, short, as_of = ask(
        f"{API}trending/",
        f"{API}?products=tea-1&limit=1",
        f"{API}?products=tea-1&{FOR_READERS}",
        headers=basic(settings.READ_KEY),
    )
    assert [item["productId"] for item in trending.json()["items"]] == ["tea-4", "mug-4"]
    assert len(short.json()["items"]) == 1
    assert as_of.json()["asOf"] == "2026-05-01T00:00:00.000Z"
    assert set(as_of.json()["items"][0]) == {"productId", "score", "reason", "trace"}


def test_read_key_reads_anybodys(shop: None, settings: Settings) -> None:
    (answer,) = ask(f"{API}visitor/v/", headers=basic(settings.READ_KEY))
    assert answer.json() == list_for_visitor("v")


def test_nobody_is_somebody_new_each_time(shop: None) -> None:
    denied = {"Cookie": f"{visitors_cookie('v')['Cookie']}; {consent.COOKIE}=denied"}
    one, other = ask(f"{API}visitor/", f"{API}visitor/", headers=denied)
    ids = {answer.json()["visitorId"] for answer in (one, other)}
    assert len(ids) == 2
    assert "v" not in ids
    assert one.json()["version"] == 0


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("visitor/?limit=0", {}),
        ("visitor/?limit=many", {}),
        ("visitor/?format=json", {}),
        ("visitor/w1/", {}),
        ("visitor/w1/", basic("not a key")),
        ("visitor/w1", {}),
        ("visitor//", {}),
        ("product/tea-1/?category=a%00b", {}),
        ("", {}),
        ("?products=,", {}),
        ("?products=tea-1&unlisted=1", {}),
        ("elsewhere/", {}),
        ("trending/", {"Host": "evil.example"}),
        ("trending/", {"Accept": "text/html"}),
        ("trending/?x=" + "y" * 10_000, {}),
    ],
)
def test_what_is_unusual_is_left_to_django(db: None, address: str, headers: dict[str, str]) -> None:
    (answer,) = ask(API + address, headers=headers)
    assert answer.status_code == PASSED_ON


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS"])
def test_other_methods_are_left_to_django(db: None, method: str) -> None:
    (answer,) = ask(httpx.Request(method, f"http://localhost{API}trending/"))
    assert answer.status_code == PASSED_ON


def test_what_is_asked_at_once_goes_to_everybody_in_their_own_list(shop: None, settings: Settings) -> None:
    names = [f"nobody-{number}" for number in range(100)]
    answers = ask(*(f"{API}visitor/{name}/?limit=1" for name in names), headers=basic(settings.READ_KEY))
    assert [answer.json()["visitorId"] for answer in answers] == names


def read(asked: Sequence[bytes], cut: bool = False) -> list[bytes | BaseException]:
    """Through one reader; `cut` ends its connections from the server's side in between."""

    async def together() -> list[bytes | BaseException]:
        reader = Reader()
        try:
            if cut:
                await reader.read(b'{"list": "trending", "limit": 1}')
                connection = await reading.connect()
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                    " AND query LIKE '%%recommendations_serve%%' AND datname = current_database()"
                )
                await connection.close()
            return await asyncio.gather(*(reader.read(each) for each in asked), return_exceptions=True)
        finally:
            await reader.close()

    return asyncio.run(together())


def test_nobody_waits_for_somebody_else_to_ask(shop: None) -> None:
    """Sixteen ask again when they are answered: were one kept back for company, all would come to a stop."""

    async def ask_again(reader: Reader) -> None:
        for _ in range(40):
            assert b"tea-4" in await reader.read(b'{"list": "trending", "limit": 1}')

    async def together() -> None:
        reader = Reader()
        try:
            await asyncio.gather(*(ask_again(reader) for _ in range(16)))
        finally:
            await reader.close()

    asyncio.run(together())


def test_one_that_fails_takes_no_other_with_it(shop: None) -> None:
    good = b'{"list": "trending", "limit": 1}'
    first, wrong, last = read([good, b'{"list": "no such list", "limit": 1}', good])
    assert isinstance(wrong, psycopg.Error)
    assert isinstance(first, bytes)
    assert b"tea-4" in first
    assert isinstance(last, bytes)


def test_reader_connects_again(shop: None) -> None:
    (answer,) = read([b'{"list": "trending", "limit": 1}'], cut=True)
    assert isinstance(answer, bytes)


def test_database_that_is_away_is_said(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused() -> None:
        raise psycopg.OperationalError("refused")

    monkeypatch.setattr(reading, "connect", refused)
    monkeypatch.setattr(reading, "PATIENCE_SECONDS", 0.2)
    (answer,) = ask(f"{API}trending/")
    assert answer.status_code == 503
    assert "database" in answer.json()["detail"]
    assert answer.headers["Retry-After"]
    (failed,) = read([b"{}"])
    assert isinstance(failed, ListsAwayError)


def test_arms_that_were_known_do_until_they_are_read_anew(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the check and the question their time may run out; on the event loop nobody may read them."""
    assignment.refresh()
    monkeypatch.setattr(assignment._known, "until", 0.0)

    async def arm() -> assignment.Arm | None:
        return assignment.arm_of("v")

    assert asyncio.run(arm()) is None
    assert not assignment.is_current()
