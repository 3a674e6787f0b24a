"""From outside: who logs in on a second browser finds what they looked at on the first, and who is erased is gone."""

import asyncio
import time
from collections.abc import Callable
from uuid import uuid4

import psycopg

from tests.product.test_spine import teach
from tests.product.visitor import List, Visitor, next_list
from tests.stack import Product

SECONDS = 20


async def identify(visitor: Visitor, user_id: str) -> None:
    """What a page's tracker sends when its visitor has logged in."""
    body = {"writeKey": visitor.product.write_key, "userId": user_id, "messageId": str(uuid4())}
    answer = await visitor.http.post("/v1/identify", json=body)
    answer.raise_for_status()


async def list_until(visitor: Visitor, wanted: Callable[[List], bool]) -> List:
    """The visitor's list as soon as it is as wanted."""
    deadline = time.monotonic() + SECONDS
    while not wanted(content := await visitor.list()):
        assert time.monotonic() < deadline, [(item["productId"], item["reason"]) for item in content["items"]]
        await asyncio.sleep(0.1)
    return content


async def unseen_products(product: Product, count: int) -> list[str]:
    """So many that no other test has taught anything of: what is suggested because of them is this test's doing."""
    async with await psycopg.AsyncConnection.connect(product.database_url) as connection:
        found = await connection.execute(
            """
            SELECT p.product_id FROM shop_product p
            WHERE NOT p.hidden AND p.stock > 0
                AND NOT EXISTS (SELECT FROM recommendations_productcount c WHERE c.product_id = p.product_id)
            ORDER BY random() LIMIT %s
            """,
            (count,),
        )
        return [product_id for (product_id,) in await found.fetchall()]


def because_of(product_id: str) -> Callable[[List], bool]:
    """Whether something is suggested because this product was looked at."""
    return lambda content: any(
        item["reason"]["kind"] == "viewed" and item["reason"]["productId"] == product_id
        for item in content["items"]
    )


async def test_one_person_on_two_browsers_has_one_history(product: Product) -> None:
    user = f"ada-{uuid4()}"
    async with Visitor(product) as phone, Visitor(product) as laptop:
        first, second, third, fourth = await unseen_products(product, 4)
        await teach(product, (first, second), (third, fourth))
        await phone.look(first)
        await laptop.look(third)
        await list_until(laptop, because_of(third))
        await identify(phone, user)
        async with laptop.socket() as socket:
            await identify(laptop, user)
            told = await next_list(socket, because_of(first), seconds=SECONDS)

        assert because_of(third)(told)
        joined = await list_until(phone, because_of(third))
        assert because_of(first)(joined)


async def test_the_shops_log_in_joins_and_its_log_out_parts(product: Product) -> None:
    name, password = f"ada{uuid4().hex[:10]}", f"p-{uuid4()}"
    async with Visitor(product) as phone, Visitor(product) as laptop:
        first, second, third, fourth = await unseen_products(product, 4)
        await teach(product, (first, second), (third, fourth))
        await phone.look(first)
        await laptop.look(third)
        await list_until(laptop, because_of(third))
        await submit(phone, "/me/sign-up/", username=name, password1=password, password2=password)
        await submit(laptop, "/me/log-in/", username=name, password=password)

        assert because_of(third)(await list_until(laptop, because_of(first)))
        before = (await laptop.list())["visitorId"]
        await submit(laptop, "/me/log-out/")
        after = await laptop.list()
        assert after["visitorId"] != before
        assert not because_of(first)(after)


async def submit(visitor: Visitor, path: str, **fields: str) -> None:
    """Sends a form of the shop as a browser does."""
    await visitor.http.get("/me/log-in/")
    token = visitor.http.cookies.get("csrftoken") or ""
    answer = await visitor.http.post(
        path,
        data=fields | {"csrfmiddlewaretoken": token},
        headers={"Referer": visitor.product.shop},
        follow_redirects=False,
    )
    assert answer.status_code == 302, answer.text


async def test_an_erased_visitor_is_forgotten(product: Product) -> None:
    async with Visitor(product) as visitor:
        first, second = await unseen_products(product, 2)
        await teach(product, (first, second))
        await visitor.look(first)
        visitor_id = (await list_until(visitor, because_of(first)))["visitorId"]

        answer = await visitor.http.delete(f"/v1/visitors/{visitor_id}", auth=(product.read_key, ""))

        assert answer.status_code == 200
        address = f"/api/recommendations/visitor/{visitor_id}/"
        deadline = time.monotonic() + SECONDS
        while because_of(first)((await visitor.http.get(address, auth=(product.read_key, ""))).json()):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        assert await rows_of(product, visitor_id) == 0


async def test_nobody_erases_another_visitor(product: Product) -> None:
    async with Visitor(product) as mine, Visitor(product) as theirs:
        other = (await theirs.list())["visitorId"]
        address = f"/v1/visitors/{other}"
        assert (await mine.http.delete(address)).status_code == 403
        assert (await mine.http.delete(address, auth=(product.write_key, ""))).status_code == 403

        own = (await mine.list())["visitorId"]
        assert (await mine.http.delete(f"/v1/visitors/{own}")).status_code == 200
        assert (await mine.list())["visitorId"] != own


async def rows_of(product: Product, visitor_id: str) -> int:
    """What Postgres still has of the visitor's history, person and key."""
    tables = ("recommendations_visitorevent", "recommendations_visitorperson", "tracking_visitorkey")
    async with await psycopg.AsyncConnection.connect(product.database_url) as connection:
        found = 0
        for table in tables:
            cursor = await connection.execute(
                f"SELECT count(*) FROM {table} WHERE visitor_id = %s",
                (visitor_id,),
            )
            row = await cursor.fetchone()
            found += row[0] if row else 0
    return found
