"""The lists over HTTP: whose they are, what a request may ask, and the OpenAPI document that says so."""

import base64
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from django.test import Client
from drf_spectacular.validation import validate_schema
from pytest_django import Settings

from recommendations.asking import MAX_LIMIT
from recommendations.selectors import list_for_products, list_for_visitor
from tests.conftest import Connection
from tests.recommendations.conftest import Rank
from tests.recommendations.folding import browse
from tracking.visitors import COOKIE, cookie_of_visitor

API = "/api/recommendations/"
LISTS = (
    f"{API}visitor/",
    f"{API}visitor/v/",
    f"{API}product/tea-1/",
    f"{API}trending/",
    f"{API}?products=tea-1",
    f"{API}new/",
    f"{API}visitor/v/again/",
    f"{API}visitor/v/recent/",
    f"{API}product/tea-1/together/",
)
FOR_READERS = "asOf=2026-05-01T00:00:00Z", "unlisted=1"


def bearing(key: str) -> dict[str, str]:
    """The headers of a request with this key as Basic user name."""
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


@pytest.fixture
def browser(client: Client) -> Client:
    """The browser of the visitor v."""
    client.cookies[COOKIE] = cookie_of_visitor("v")
    return client


@pytest.fixture
def lists(model: Connection, goods: None, rank: Rank) -> None:
    browse(model, "w1: tea-1 mug-1", "w2: tea-1 cake-1", "v: tea-1")
    rank(trending=["tea-4"], popular=["mug-4"])


def test_own_list_is_that_of_the_cookie(browser: Client, lists: None) -> None:
    answer = browser.get(f"{API}visitor/")
    assert answer.status_code == 200
    assert answer.json() == list_for_visitor("v")
    assert answer.json()["visitorId"] == "v"


def test_forged_cookie_is_somebody_new(client: Client, lists: None) -> None:
    client.cookies[COOKIE] = cookie_of_visitor("somebody else").replace("somebody else", "v")
    content = client.get(f"{API}visitor/").json()
    assert content["visitorId"] != "v"
    assert content["version"] == 0


def test_own_list_by_name_takes_no_key(browser: Client, lists: None) -> None:
    assert browser.get(f"{API}visitor/v/").json() == list_for_visitor("v")


@pytest.mark.parametrize("key", [None, "WRITE_KEY", "no key at all"])
def test_list_of_another_is_refused(
    browser: Client, lists: None, settings: Settings, key: str | None
) -> None:
    headers = bearing(getattr(settings, key, key)) if key else {}
    answer = browser.get(f"{API}visitor/w1/", headers=headers)
    assert answer.status_code == 403
    assert "a key that may read, as Basic user name" in answer.json()["detail"]


def test_list_of_another_is_given_to_the_read_key(client: Client, lists: None, settings: Settings) -> None:
    answer = client.get(f"{API}visitor/w1/", headers=bearing(settings.READ_KEY))
    assert answer.json() == list_for_visitor("w1")
    assert answer.json()["visitorId"] == "w1"


def test_lists_that_are_nobodys_take_no_key(client: Client, lists: None) -> None:
    def ids(address: str) -> list[str]:
        return [item["productId"] for item in client.get(API + address).json()["items"]]

    assert ids("trending/") == ["tea-4", "mug-4"]
    assert ids("product/tea-1/?limit=1") == ["cake-1"]
    assert ids("?products=mug-1,tea-1&category=cake") == ["cake-1"]


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.parametrize("limit", ["0", str(MAX_LIMIT + 1), "-1", "many", "1.5"])
def test_wrong_limit_is_named_with_what_it_accepts(
    browser: Client, db: None, address: str, limit: str
) -> None:
    answer = browser.get(address, {"limit": limit, "products": "tea-1"})
    assert answer.status_code == 400
    assert answer.json() == {"limit": f"{limit!r}: it accepts a whole number from 1 to 50"}


@pytest.mark.parametrize("query", ["", "?products=", "?products=,,"])
def test_missing_products_are_named(client: Client, db: None, query: str) -> None:
    answer = client.get(API + query)
    assert answer.status_code == 400
    assert answer.json() == {"products": "is missing: it accepts product ids, comma-separated, newest last"}


@pytest.mark.parametrize(
    ("name", "value", "accepts"),
    [
        ("asOf", "yesterday", "an RFC 3339 time with its zone"),
        ("asOf", "2026-05-01T00:00:00", "an RFC 3339 time with its zone"),
        ("asOf", "2026-02-30T00:00:00Z", "an RFC 3339 time with its zone"),
        ("asOf", "1066-10-14T00:00:00Z", "a year from 2000 to 2100"),
        ("asOf", "9999-01-01T00:00:00Z", "a year from 2000 to 2100"),
        ("unlisted", "perhaps", "1 or 0"),
    ],
)
def test_wrong_parameter_is_named_with_what_it_accepts(
    client: Client, db: None, settings: Settings, name: str, value: str, accepts: str
) -> None:
    answer = client.get(API, {"products": "tea-1", name: value}, headers=bearing(settings.READ_KEY))
    assert answer.status_code == 400
    assert set(answer.json()) == {name}
    assert repr(value) in answer.json()[name]
    assert accepts in answer.json()[name]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("visitor/?category=a\0b", "category"),
        ("visitor/a\0b/", "visitor_id"),
        ("product/a\0b/", "product_id"),
        ("?products=a\0b", "products"),
    ],
)
def test_nul_is_refused_by_name(
    client: Client, db: None, settings: Settings, address: str, name: str
) -> None:
    answer = client.get(API + quote(address, safe="/?="), headers=bearing(settings.READ_KEY))
    assert answer.status_code == 400
    assert answer.json() == {name: "holds a NUL character, which nothing here has in its name"}


@pytest.mark.parametrize("parameter", FOR_READERS)
def test_what_only_a_reader_may_ask_takes_the_read_key(
    browser: Client, lists: None, settings: Settings, parameter: str
) -> None:
    address = f"{API}?products=tea-1&{parameter}"
    assert browser.get(address).status_code == 403
    assert browser.get(address, headers=bearing(settings.WRITE_KEY)).status_code == 403
    assert browser.get(address, headers=bearing(settings.READ_KEY)).status_code == 200


def test_unlisted_list_over_http(model: Connection, client: Client, goods: None, settings: Settings) -> None:
    browse(model, "w1: tea-1 elsewhere-1")
    answer = client.get(f"{API}?products=tea-1&unlisted=1", headers=bearing(settings.READ_KEY)).json()
    assert answer["items"] == list_for_products(["tea-1"], unlisted=True)["items"]
    assert [item["productId"] for item in answer["items"]] == ["elsewhere-1"]


def test_openapi_document_is_valid_and_lists_every_address(client: Client, db: None) -> None:
    document: dict[str, Any] = yaml.safe_load(client.get("/api/schema/").content)
    validate_schema(document)  # type: ignore[no-untyped-call]
    lists = {path: item["get"] for path, item in document["paths"].items() if path.startswith(API)}
    assert set(lists) == {
        API,
        f"{API}visitor/",
        f"{API}visitor/{{visitor_id}}/",
        f"{API}product/{{product_id}}/",
        f"{API}trending/",
        f"{API}new/",
        f"{API}visitor/{{visitor_id}}/again/",
        f"{API}visitor/{{visitor_id}}/recent/",
        f"{API}product/{{product_id}}/together/",
    }
    for operation in lists.values():
        assert {"limit", "category"} <= {parameter["name"] for parameter in operation["parameters"]}
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer == {"$ref": "#/components/schemas/List"}
    assert len({operation["operationId"] for operation in lists.values()}) == 9


def test_document_describes_the_lists_that_are_sent(client: Client, browser: Client, lists: None) -> None:
    schemas = yaml.safe_load(client.get("/api/schema/").content)["components"]["schemas"]
    content = browser.get(f"{API}visitor/").json()
    item = content["items"][0]
    described = {name: set(schemas[name]["properties"]) for name in ("List", "Item", "Reason", "Trace")}
    assert described == {
        "List": set(content),
        "Item": set(item),
        "Reason": set(item["reason"]),
        "Trace": set(item["trace"]),
    }
