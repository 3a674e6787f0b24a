"""What identifies a visitor, encrypted under a key of their own: who deletes the key, deletes it everywhere."""

import base64
import binascii
import os
from functools import lru_cache
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tracking.events import Event, unseal_into
from tracking.models import VisitorKey

KEY_BYTES: Final = 16
NONCE_BYTES: Final = 12


class SealBrokenError(Exception):
    """What was sealed does not open with this key, or was changed since."""


def new_key() -> bytes:
    """A visitor's key: AES-128."""
    return AESGCM.generate_key(KEY_BYTES * 8)


def seal(key: bytes, identifying: dict[str, Any]) -> str:
    """Base64 of a nonce and the ciphertext of the JSON."""
    return seal_text(key, msgspec.json.encode(identifying))


def seal_text(key: bytes, text: bytes) -> str:
    """`seal` for JSON that is encoded already."""
    nonce = os.urandom(NONCE_BYTES)
    ciphertext = _cipher(key).encrypt(nonce, text, None)
    return base64.b64encode(nonce + ciphertext).decode()


def unseal(key: bytes, sealed: str) -> dict[str, Any]:
    """What was sealed. Raises SealBrokenError."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        text = _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None)
        return msgspec.json.decode(text, type=dict[str, Any])
    except (binascii.Error, InvalidTag, ValueError, msgspec.DecodeError) as error:
        raise SealBrokenError(str(error) or type(error).__name__) from error


def unsealed(event: Event) -> Event | None:
    """The event as its sender gave it; None where its visitor was erased, and nobody can read it any more."""

    if event.sealed is None:
        return event
    row = VisitorKey.objects.filter(visitor_id=event.visitor_id).first()
    if row is None:
        return None
    try:
        return unseal_into(event, unseal(bytes(row.key), event.sealed))
    except SealBrokenError:  # erased since, and come back under a new key
        return None


@lru_cache(maxsize=20_000)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)
