"""Keys: who may write events, and who may read the lists of others. They travel as Basic user name or in the body."""

import asyncio
import base64
import binascii
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.db import DatabaseError

from tracking.database import soon_in_database
from tracking.models import WriteKey

REFRESH_SECONDS: Final = 2.0
SHOPS_OWN: Final = "shop"
"""Name of the key that the environment gives, in `WRITE_KEY`."""


@dataclass
class Ring:
    """The active write keys as this process knows them; without Postgres, as it knew them last."""

    keys: dict[str, WriteKey] = field(default_factory=dict)
    read_at: float = 0.0
    reading: asyncio.Task[None] | None = None
    is_current: bool = False
    """Whether Postgres answered when it was last asked: else a key that is not here may exist all the same."""

    async def find(self, key: str) -> WriteKey | None:
        """The active key, or None. What an admin changed is known within a few seconds."""
        if time.monotonic() - self.read_at > REFRESH_SECONDS:
            if self.reading is None or self.reading.done():
                self.reading = asyncio.get_running_loop().create_task(self._read())
            if key not in self.keys:  # a known one need not wait for a Postgres that may be away
                await asyncio.shield(self.reading)
        return self.keys.get(key)

    async def _read(self) -> None:
        try:
            self.keep(await soon_in_database(active_keys))
            self.is_current = True
        except DatabaseError:
            self.is_current = False
            if not self.keys:
                self.keep([own_key()])
        self.read_at = time.monotonic()

    def keep(self, keys: Iterable[WriteKey]) -> None:
        self.keys = {key.key: key for key in keys}

    def allows(self, origin: str) -> bool:
        """Whether some key takes events from pages of this origin: a preflight names no key."""
        return any(not key.allowed_origins or origin in key.allowed_origins for key in self.keys.values())


ring = Ring()


def active_keys() -> list[WriteKey]:
    """The active keys. The environment's own is given its row when it has none."""
    if not WriteKey.objects.filter(key=settings.WRITE_KEY).exists():
        own = own_key()
        if WriteKey.objects.filter(name=own.name).exists():  # another key was the environment's before
            own.name = f"{own.name} {own.key[:6]}"
        WriteKey.objects.bulk_create([own], ignore_conflicts=True)
    return list(WriteKey.objects.filter(is_active=True))


def own_key() -> WriteKey:
    """The environment's write key: public, for the shop's own pages, without a limit."""
    return WriteKey(name=SHOPS_OWN, key=settings.WRITE_KEY, for_pages=True)


def page_key() -> str:
    """The key that the shop's pages send with: the newest active one that is marked for them."""
    newest = WriteKey.objects.filter(is_active=True, for_pages=True).order_by("-created_at", "-id").first()
    return newest.key if newest else settings.WRITE_KEY


def key_of(authorization: str) -> str:
    """The Basic user name of an Authorization header, as Segment's clients send their write key; "" without."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return decoded.partition(":")[0]


def may_read(authorization: str) -> bool:
    """Whether an Authorization header bears the key that may read any visitor's list."""
    key = key_of(authorization)
    return hmac.compare_digest(key.encode(), settings.READ_KEY.encode())
