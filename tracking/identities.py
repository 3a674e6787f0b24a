"""The keys of visitors and the persons of users: in Postgres, with what was read lately in memory."""

import asyncio
import hmac
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, Generic, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, OperationalError, transaction
from msgspec.structs import force_setattr

from tracking.calls import Draft
from tracking.database import PATIENCE_SECONDS, soon_in_database
from tracking.events import Event
from tracking.models import Person, VisitorKey
from tracking.sealing import new_key, seal_text

LIFETIME_SECONDS: Final = 60
"""How long another process's erasure may go unnoticed. What is sealed with a deleted key is lost, not readable."""
MOST: Final = 50_000

T = TypeVar("T")


class IdentitiesAwayError(Exception):
    """Postgres does not answer, and what identifies this visitor can therefore not be stored."""


class Memory(Generic[T]):
    """What was read in the last minute; the oldest goes first."""

    def __init__(self) -> None:
        self.kept: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def get(self, name: str) -> T | None:
        found = self.kept.get(name)
        return None if found is None or found[0] < time.monotonic() else found[1]

    def put(self, values: Mapping[str, T]) -> None:
        until = time.monotonic() + LIFETIME_SECONDS
        for name, value in values.items():
            self.kept[name] = (until, value)
            self.kept.move_to_end(name)
        while len(self.kept) > MOST:
            self.kept.popitem(last=False)

    def forget(self, name: str) -> None:
        self.kept.pop(name, None)


visitor_keys: Memory[bytes] = Memory()
persons: Memory[str] = Memory()
"""By user id."""
links: Memory[str] = Memory()
"""The person that a visitor is known to be."""


class Together:
    """Reads for many requests at once: what comes while one reading runs goes into the next. A burst of new
    visitors would else wait for a transaction each.
    """

    def __init__(self) -> None:
        self.waiting: list[tuple[Sequence[Draft], asyncio.Future[None]]] = []
        self.reading: asyncio.Task[None] | None = None

    async def remember(self, drafts: Sequence[Draft]) -> None:
        """Returns when all that the drafts need is in memory. Raises DatabaseError."""
        loop = asyncio.get_running_loop()
        read: asyncio.Future[None] = loop.create_future()
        if self.reading is None or self.reading.done() or self.reading.get_loop() is not loop:
            self.waiting = []
            self.reading = loop.create_task(self._read())
        self.waiting.append((drafts, read))
        try:
            await asyncio.wait_for(read, PATIENCE_SECONDS)
        except TimeoutError as error:
            raise OperationalError("Postgres does not answer.") from error

    async def _read(self) -> None:
        while self.waiting:
            taken, self.waiting = self.waiting, []
            try:
                await soon_in_database(remember, [draft for drafts, _ in taken for draft in drafts])
            except DatabaseError as error:
                for _, read in taken:
                    if not read.done():
                        read.set_exception(error)
            else:
                for _, read in taken:
                    if not read.done():
                        read.set_result(None)


together = Together()


async def sealed(drafts: Sequence[Draft]) -> list[Event]:
    """The drafts' events: what identifies is sealed, and a user's person put in. Raises IdentitiesAwayError."""
    try:
        keys, users = recall(drafts)
        if None in keys.values() or None in users.values():
            await together.remember(drafts)
            keys, users = recall(drafts)
        if joined := _joined(drafts, users):
            await soon_in_database(note_links, joined)
    except DatabaseError as error:
        raise IdentitiesAwayError(str(error).strip().partition("\n")[0]) from error
    return [_finished(draft, keys, users) for draft in drafts]


def sealed_now(drafts: Sequence[Draft]) -> list[Event]:
    """`sealed` for synchronous callers. Raises DatabaseError."""
    remember(drafts)
    keys, users = recall(drafts)
    note_links(_joined(drafts, users))
    return [_finished(draft, keys, users) for draft in drafts]


def recall(drafts: Iterable[Draft]) -> tuple[dict[str, bytes | None], dict[str, str | None]]:
    """The key of each visitor with something to seal, and the person of each user, as far as in memory."""
    keys = {
        visitor_id: visitor_keys.get(visitor_id)
        for visitor_id in {draft.event.visitor_id for draft in drafts if draft.identifying}
    }
    users = {user_id: persons.get(user_id) for user_id in {d.user_id for d in drafts if d.user_id}}
    return keys, users


def remember(drafts: Sequence[Draft]) -> None:
    """Reads what the drafts need into memory; what is not there yet is made."""
    visitors = sorted({draft.event.visitor_id for draft in drafts if draft.identifying})
    visitor_keys.put(keys_of(visitors))
    renamed = {draft.user_id: draft.previous_id for draft in drafts if draft.user_id and draft.previous_id}
    users = sorted({draft.user_id for draft in drafts if draft.user_id})
    persons.put(persons_of(users, renamed))


def keys_of(visitors: Sequence[str]) -> dict[str, bytes]:
    """The key of each visitor, made where there is none. Sorted input keeps two writers from a deadlock."""
    if not visitors:
        return {}
    VisitorKey.objects.bulk_create(
        [VisitorKey(visitor_id=visitor_id, key=new_key()) for visitor_id in visitors], ignore_conflicts=True
    )
    rows = VisitorKey.objects.filter(visitor_id__in=visitors).values_list("visitor_id", "key")
    return {visitor_id: bytes(key) for visitor_id, key in rows}


def persons_of(users: Sequence[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """The person of each user, made where there is none: for one that was renamed, the person they were before."""
    if not users:
        return {}
    tokens = {user_id: token_of(user_id) for user_id in users}
    before = dict(
        Person.objects.filter(
            user_token__in=[token_of(previous_id) for previous_id in renamed.values()]
        ).values_list("user_token", "person_id")
    )
    Person.objects.bulk_create(
        [
            Person(
                user_token=token,
                person_id=before.get(token_of(renamed.get(user_id, ""))) or str(uuid4()),
            )
            for user_id, token in tokens.items()
        ],
        ignore_conflicts=True,
    )
    known = dict(Person.objects.filter(user_token__in=tokens.values()).values_list("user_token", "person_id"))
    return {user_id: known[token] for user_id, token in tokens.items()}


def note_links(joined: Mapping[str, str]) -> None:
    """Writes down which person a visitor is, so that erasing the last one of a person erases the person."""
    with transaction.atomic():
        for visitor_id, person_id in sorted(joined.items()):
            VisitorKey.objects.filter(visitor_id=visitor_id).exclude(person_id=person_id).update(
                person_id=person_id
            )
    links.put(joined)


def forget(visitor_id: str) -> None:
    """Drops what this process remembers of a visitor who is being erased."""
    visitor_keys.forget(visitor_id)
    links.forget(visitor_id)
    persons.kept.clear()  # the person of the visitor's user may have gone with them


def token_of(user_id: str) -> str:
    """What stands for a user's id in Postgres: nobody reads the id from it."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"tracking.person:" + user_id.encode(), sha256).hex()


def _joined(drafts: Iterable[Draft], users: Mapping[str, str | None]) -> dict[str, str]:
    return {
        draft.event.visitor_id: person
        for draft in drafts
        if draft.user_id
        and (person := users[draft.user_id]) is not None
        and links.get(draft.event.visitor_id) != person
    }


def _finished(draft: Draft, keys: Mapping[str, bytes | None], users: Mapping[str, str | None]) -> Event:
    event = draft.event
    if draft.identifying:
        key = keys[event.visitor_id]
        if key is None:
            raise IdentitiesAwayError("The visitor is being erased at this moment.")
        force_setattr(event, "sealed", seal_text(key, draft.sealable))
    if draft.user_id:
        force_setattr(event, "person_id", users[draft.user_id])
    return event
