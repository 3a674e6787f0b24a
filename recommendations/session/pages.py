"""Sends the visitors' lists to their open pages: after their events at once, and again when Spark has folded them."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import Error
from redis.exceptions import RedisError

from recommendations.selectors import MAX_SLOTS, List, list_for_visitor
from recommendations.session import presence
from recommendations.session.activity import Done
from recommendations.session.composing import compose
from recommendations.session.outage import Outage
from recommendations.session.pending import Pending
from recommendations.session.presence import KEPT_SECONDS, group_of_visitor

RETRY_SECONDS: Final = 0.5
AT_ONCE: Final = 8
"""Lists of a batch sent in one turn: an event that comes meanwhile waits for no more than these."""
MOST_ERASED: Final = 10_000

Message = dict[str, Any]
Compose = Callable[[str], Awaitable[Message | None]]
READ_IT: Final[Message] = {"type": "list.changed"}

read = partial(database_sync_to_async, thread_sensitive=False)


class Pages:
    """One turn after the other, so that a page is sent its visitor's lists in the order in which they were composed."""

    def __init__(self) -> None:
        self.pending = Pending()
        self.sent = 0
        self._erased: OrderedDict[str, int] = OrderedDict()
        self._turn = asyncio.Lock()
        self._valkey = Outage(
            "The channel layer does not answer; lists come with Spark's batch, whose notices wait"
        )
        self._postgres = Outage("Postgres does not answer; open pages are told to ask it themselves")

    async def after_events(self, events: Iterable[Done]) -> None:
        """Sends to the pages that are open. What cannot be sent now comes with Spark's batch."""
        visitors = dict.fromkeys(done.visitor_id for done in events if self._take(done))
        if not visitors:
            return
        try:
            found = await presence.present(visitors)
            await self._send(dict.fromkeys(found.visitors, self._at_once))
        except (RedisError, OSError) as error:
            self._valkey.began(error)
        else:
            self._valkey.ended()

    async def after_opening(self, visitor_id: str) -> None:
        """A page has opened, perhaps just after the event that its visitor opened it with."""
        if self.pending.of(visitor_id):
            await self._send({visitor_id: self._composed})

    async def after_batch(self, versions: Mapping[str, int]) -> None:
        """Returns when each open page of these visitors has been sent its list, or was told to read it."""
        for visitor_id, version in versions.items():
            if self._erased.get(visitor_id, version + 1) <= version:
                del self._erased[visitor_id]
        waiting = list(versions)
        while waiting:
            try:
                found = await presence.present(waiting)
                if found.complete:
                    waiting = [v for v in waiting if v in found.visitors]
                while waiting:
                    some = {v: self._newest if v in found.visitors else _read_it for v in waiting[:AT_ONCE]}
                    await self._send(some)
                    del waiting[:AT_ONCE]
            except (RedisError, OSError) as error:
                self._valkey.began(error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._valkey.ended()

    async def forget_closed(self) -> None:
        """Lets go of the events of visitors who have no page open any more."""
        overdue = self.pending.overdue()
        try:
            found = await presence.present(overdue)
        except (RedisError, OSError) as error:
            self._valkey.began(error)
            return
        for visitor_id in overdue:
            if visitor_id in found.visitors:
                self.pending.keep(visitor_id, KEPT_SECONDS)
            else:
                self.pending.forget(visitor_id)

    def _take(self, done: Done) -> bool:
        """Whether it changes the visitor's list. An erased visitor's is Spark's alone until it has folded that."""
        if done.event is None:
            self.pending.forget(done.visitor_id)
            self._erased[done.visitor_id] = done.appended_ms
            if len(self._erased) > MOST_ERASED:
                self._erased.popitem(last=False)
            return False
        return done.visitor_id not in self._erased and self.pending.add(done.visitor_id, done.event)

    async def _send(self, visitors: Mapping[str, Compose]) -> None:
        """Composes for each visitor as it says there, and sends. Raises RedisError, OSError."""
        async with self._turn:
            messages = await asyncio.gather(
                *(compose(visitor_id) for visitor_id, compose in visitors.items())
            )
            for visitor_id, message in zip(visitors, messages, strict=True):
                if message is not None:
                    await get_channel_layer().group_send(group_of_visitor(visitor_id), message)
                    self.sent += 1

    async def _at_once(self, visitor_id: str) -> Message | None:
        """As `_composed`, with when its newest event was received: how long that took is measured where it is sent."""
        pending = self.pending.of(visitor_id)
        message = await self._composed(visitor_id)
        return message | {"receivedAt": pending[-1]["receivedAt"]} if message and pending else message

    async def _composed(self, visitor_id: str) -> Message | None:
        """The list with the visitor's pending events; None where there are none, or Postgres does not tell."""
        pending = self.pending.of(visitor_id)
        try:
            composed = await read(compose)(visitor_id, pending)
        except Error as error:
            self._postgres.began(error)
            return None
        self._postgres.ended()
        asked = [event["eventId"] for event in pending]
        self.pending.settle(visitor_id, asked, composed.waiting if composed else ())
        return _message(composed.content, composed.waiting) if composed else None

    async def _newest(self, visitor_id: str) -> Message:
        """The stored list, or the one with what the batch did not hold yet."""
        if self.pending.of(visitor_id) and (message := await self._composed(visitor_id)):
            return message
        try:
            return _message(await read(list_for_visitor)(visitor_id, MAX_SLOTS), frozenset())
        except Error as error:
            self._postgres.began(error)
            return READ_IT


def _message(content: List, waiting: frozenset[str]) -> Message:
    return {"type": "list.composed", "content": content, "waiting": sorted(waiting)}


async def _read_it(_: str) -> Message:
    return READ_IT
