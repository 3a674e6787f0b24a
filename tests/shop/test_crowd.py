"""The crowd against a shop that is slow, down, or says no."""

import asyncio
import json
import time
from collections.abc import Callable
from random import Random

import httpx
import pytest

from shop.shoppers.crowd import Crowd
from shop.shoppers.site import USER_AGENT, RefusedError, Site
from tests.shop.fake_shop import FakeShop
from tests.shop.shelves import small_shop

ADDRESS = "http://shop.test/"


def crowd_for(shop: FakeShop, rate: float = 300, said: list[str] | None = None) -> Crowd:
    site = Site(ADDRESS, "the-key", transport=shop.transport)
    say = (said if said is not None else []).append
    return Crowd(site, small_shop(), rate=rate, origin="http://shop.test", random=Random(1), say=say)


async def shop_until(crowd: Crowd, done: Callable[[], bool], seconds: float = 15) -> float:
    """Lets the crowd shop until `done`; the seconds it took."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    shopping = asyncio.create_task(crowd.run())
    try:
        while not done():
            assert loop.time() - started < seconds, "the crowd did not get there in time"
            await asyncio.wait({shopping}, timeout=0.02)
            if shopping.done():
                shopping.result()
        return loop.time() - started
    finally:
        shopping.cancel()
        await asyncio.gather(shopping, return_exceptions=True)


async def test_each_shopper_is_one_visitor_of_the_site() -> None:
    shop = FakeShop()
    crowd = crowd_for(shop)
    await shop_until(crowd, lambda: crowd.tally.shoppers >= 3 and shop.events > 100)
    assert all(cookie.startswith("visitor=v") and ";" not in cookie for cookie in shop.sent)
    assert len(shop.sent) >= 2


async def test_pages_are_loaded_at_most_twice_a_second() -> None:
    shop = FakeShop()
    crowd = crowd_for(shop)
    seconds = await shop_until(crowd, lambda: shop.events > 500)
    assert 1 <= shop.pages <= 2 * (seconds + 0.5) + 2


async def test_events_come_at_the_rate_asked_for() -> None:
    shop = FakeShop()
    seconds = await shop_until(crowd_for(shop, rate=150), lambda: shop.events >= 300)
    assert seconds > 1.3
    assert shop.events <= 150 * (seconds + 1)


async def test_batches_are_like_the_browsers() -> None:
    shop = FakeShop()
    agents: set[str] = set()
    shop.trouble = lambda request: agents.add(request.headers["User-Agent"])
    await shop_until(crowd_for(shop), lambda: shop.events > 20)
    assert agents == {USER_AGENT}
    for body in shop.bodies:
        assert body["writeKey"] == "the-key"
        assert all(event["timestamp"] <= body["sentAt"] for event in body["batch"])


async def test_outage_is_said_once_and_nothing_is_lost_in_it() -> None:
    shop, said = FakeShop(), list[str]()
    crowd = crowd_for(shop, said=said)
    await shop_until(crowd, lambda: shop.events > 20)
    lost: list[bytes] = []

    def refuse(request: httpx.Request) -> None:
        if request.method == "POST" and len(lost) < 4:
            lost.append(request.content)
            raise httpx.ConnectError("no one there", request=request)

    shop.trouble = refuse
    before = shop.events
    await shop_until(crowd, lambda: shop.events > before + 50)
    assert [line.split("(")[0] for line in said] == [
        "The collector does not answer ",
        "The collector answers again.",
    ]
    arrived = [event["messageId"] for events in shop.sent.values() for event in events]
    held_up = {event["messageId"] for body in lost for event in json.loads(body)["batch"]}
    assert held_up
    assert held_up <= set(arrived)
    assert len(set(arrived)) == len(arrived)


@pytest.mark.parametrize("status", [429, 503])
async def test_pause_that_is_asked_for_is_kept(status: int) -> None:
    shop = FakeShop()
    crowd = crowd_for(shop)
    await shop_until(crowd, lambda: shop.events > 5)
    asked: list[float] = []
    loop = asyncio.get_running_loop()

    def ask_for_a_second(request: httpx.Request) -> httpx.Response | None:
        if asked:
            return None
        asked.append(loop.time())
        return httpx.Response(status, headers={"Retry-After": "1"})

    shop.trouble = ask_for_a_second
    before = shop.events
    await shop_until(crowd, lambda: shop.events > before + 40)
    assert loop.time() - asked[0] >= 1


async def test_wrong_key_ends_it_with_the_reason() -> None:
    shop = FakeShop()
    shop.trouble = lambda request: (
        httpx.Response(401, json={"reason": "is not a known key"}) if request.method == "POST" else None
    )
    with pytest.raises(ExceptionGroup) as ended:
        await shop_until(crowd_for(shop), lambda: False)
    assert ended.group_contains(RefusedError, match="401.*not a known key")


async def test_site_that_gives_no_cookie_ends_it() -> None:
    shop = FakeShop()
    shop.trouble = lambda request: httpx.Response(200)
    with pytest.raises(ExceptionGroup) as ended:
        await shop_until(crowd_for(shop), lambda: False)
    assert ended.group_contains(RefusedError, match="set no cookie")


async def test_rejected_events_are_counted_and_the_first_reason_said() -> None:
    shop, said = FakeShop(), list[str]()

    def reject(request: httpx.Request) -> httpx.Response | None:
        if request.method == "GET":
            return None
        result = {"messageId": "m", "status": "rejected", "field": "event", "reason": "is missing"}
        return httpx.Response(200, json={"success": True, "results": [result]})

    shop.trouble = reject
    crowd = crowd_for(shop, said=said)
    await shop_until(crowd, lambda: crowd.tally.rejected > 3)
    assert said == ["The collector rejects events, first because event is missing."]


async def test_a_shop_without_suggestions_is_told_of_the_week_before() -> None:
    shop, said = FakeShop(), list[str]()
    await crowd_for(shop, said=said).tell_of_the_past(250)

    assert said == ["Told the collector of 300 events of the week before."]
    assert list(map(len, shop.sent.values())) == [300], "without a cookie: a server speaks for its visitors"
    times: dict[str, list[str]] = {}
    for body in shop.bodies:
        assert len(body["batch"]) <= 100
        for event in body["batch"]:
            assert event["timestamp"] < body["sentAt"]
            times.setdefault(event["anonymousId"], []).append(event["timestamp"])
    assert len(times) > 10
    assert all(of_visitor == sorted(of_visitor) for of_visitor in times.values())


async def test_the_past_is_told_no_faster_than_the_present_can_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop.shoppers.crowd.PAST_EVENTS_PER_SECOND", 1000)
    began = time.monotonic()

    await crowd_for(FakeShop()).tell_of_the_past(250)

    assert time.monotonic() - began > 0.29


async def test_a_shop_with_suggestions_is_told_nothing_of_the_past() -> None:
    shop = FakeShop()
    shop.suggestions = [{"productId": "mug-001"}]
    await crowd_for(shop).tell_of_the_past(250)
    assert shop.events == 0
