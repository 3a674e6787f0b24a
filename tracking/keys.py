"""Keys: who may write events, and who may read the lists of others. They travel as Basic user name or in the body."""

import base64
import binascii
import hmac

from django.conf import settings
from django.http import HttpRequest


def key_of(request: HttpRequest) -> str:
    """The Basic user name of a request, as Segment's clients send their write key; "" where there is none."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded.partition(":")[0]


def may_write(key: str) -> bool:
    return _same(key, settings.WRITE_KEY)


def may_read(request: HttpRequest) -> bool:
    """Whether the request bears the key that may read any visitor's list."""
    return _same(key_of(request), settings.READ_KEY)


def _same(key: str, expected: str) -> bool:
    return hmac.compare_digest(key.encode(), expected.encode())
