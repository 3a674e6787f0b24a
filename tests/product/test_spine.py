"""From outside: a click changes the open page's list, through Kafka, Spark and Postgres."""

from functools import partial
from typing import Any

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.product.test_faults import until
from tests.product.visitor import Visitor, next_list
from tests.stack import Product


async def teach(product: Product, *pairs: tuple[str, str]) -> None:
    """Visitors of the past who looked at these together."""
    for pair in pairs:
        async with Visitor(product) as visitor:
            for product_id in pair:
                await visitor.look(product_id)


async def test_a_click_changes_the_open_page_of_its_visitor_and_of_nobody_else(product: Product) -> None:
    async with Visitor(product) as mine, Visitor(product) as theirs:
        first, second = mine.products[:2]
        await teach(product, (first, second))
        async with mine.socket() as socket, theirs.socket() as other_socket:
            at_first = await next_list(socket, lambda _: True)
            assert at_first["version"] == 0
            event_id = await mine.look(first)
            at_once = await next_list(socket, lambda c: c["version"] > 0)
            assert (await mine.list())["version"] == at_once["version"]
            content = await next_list(socket, is_learned)
            assert content["version"] == at_once["version"]

            item = next(item for item in content["items"] if item["productId"] == second)
            assert item["reason"]["kind"] == "viewed"
            assert item["reason"]["productId"] == first
            assert item["trace"]["eventId"] == event_id
            assert item["url"] == f"/p/{second}/"
            await check_against_ledger(product, item["trace"])
            assert (await mine.list())["version"] == content["version"]

            unmoved = await next_list(other_socket, lambda _: True)
            assert unmoved["version"] == 0
            assert unmoved["visitorId"] != content["visitorId"]
            with pytest.raises(TimeoutError):
                await next_list(other_socket, lambda _: True, seconds=1.5)


def is_learned(content: dict[str, Any]) -> bool:
    """Whether Spark's batch with the newest event has landed."""
    traces = [item["trace"] for item in content["items"] if item["trace"]]
    return bool(traces) and all(trace["batchId"] is not None for trace in traces)


async def check_against_ledger(product: Product, trace: dict[str, Any]) -> None:
    """The trace's batch is the one whose ledger row holds its offset."""
    async with await psycopg.AsyncConnection.connect(product.database_url) as connection:
        cursor = await connection.execute(
            """
            SELECT b.batch_id, b.committed_at >= %s::timestamptz
            FROM streaming_batchrange r JOIN streaming_batch b ON b.id = r.batch_id
            WHERE r.topic = %s AND r.partition = %s AND r.offsets @> %s::bigint
            """,
            (trace["computedAt"], trace["topic"], trace["partition"], trace["offset"]),
        )
        assert await cursor.fetchall() == [(trace["batchId"], True)]


async def test_the_same_event_sent_again_changes_nothing(product: Product) -> None:
    async with Visitor(product) as visitor:
        message_id = await visitor.look(visitor.products[0])
        await visitor.look(visitor.products[0], message_id)
        after_it = await visitor.look(visitor.products[1])
        visitor_id = (await visitor.list())["visitorId"]
        await until(partial(is_folded, product, visitor_id, after_it), 20, "the event after it")
        assert event_ids(product, visitor_id) == [message_id, after_it]


def is_folded(product: Product, visitor_id: str, event_id: str) -> bool:
    return event_id in event_ids(product, visitor_id)


def event_ids(product: Product, visitor_id: str) -> list[str]:
    """What the visitor's history is made of, oldest first."""
    with psycopg.connect(product.database_url) as connection:
        rows = connection.execute(
            "SELECT event_id FROM recommendations_visitorevent WHERE visitor_id = %s ORDER BY position",
            (visitor_id,),
        )
        return [event_id for (event_id,) in rows]


async def test_only_the_cookie_opens_a_visitors_lists(product: Product) -> None:
    async with Visitor(product) as mine, Visitor(product) as theirs:
        other = (await theirs.list())["visitorId"]
        assert (await mine.http.get(f"/api/recommendations/visitor/{other}/")).status_code == 403
        with_key = await mine.http.get(f"/api/recommendations/visitor/{other}/", auth=(product.read_key, ""))
        assert with_key.json()["visitorId"] == other
        write_key = await mine.http.get(
            f"/api/recommendations/visitor/{other}/", auth=(product.write_key, "")
        )
        assert write_key.status_code == 403

        forged = other + ":" + mine.cookie.partition(":")[2]
        async with mine.socket(cookie=forged) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_a_foreign_page_cannot_open_the_socket(product: Product) -> None:
    async with Visitor(product) as visitor:
        with pytest.raises(InvalidStatus):
            async with visitor.socket(origin="http://elsewhere.example"):
                pass


def test_pages_api_and_documents_answer(product: Product) -> None:
    with httpx.Client(base_url=product.shop) as client:
        for address in (
            "/",
            "/api/schema/",
            "/api/docs/",
            "/api/events/schema.json",
            "/healthz",
            "/readyz",
            "/metrics",
        ):
            assert client.get(address).status_code == 200, address
        assert client.get("/api/recommendations/trending/?limit=3").json()["type"] == "recommendations"
        assert client.get("/api/recommendations/trending/?limit=0").status_code == 400
