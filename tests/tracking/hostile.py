"""What a broken or hostile sender may send: valid bodies of the tracking API, mutated. One seed, one request."""

import gzip
import json
import random
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

from tracking.collector.app import KINDS

ADDRESSES = sorted(KINDS)
TYPES = ["track", "page", "screen", "identify", "group", "alias"]
ENORMOUS = 10 * 1024 * 1024

ODD: list[Any] = [
    None, True, False, "", " ", 0, -1, 1.5, 2**53, 2**64, -(2**64), 10**400, 1e308, float("nan"), float("inf"),
    "\x00", "a\x00b", "\ud800", "\udfff!", "\u202e\ufeff", "x" * 101, "x" * 201, "é" * 100, "🤦" * 60, "x" * 40_000,
    [], {}, [[]], [None], [{}], {"": None}, {"\x00": "\x00"}, {"\ud800": "\ud800"}, "null", "1e400", "NaN",
    "2026-13-45", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01", -1e18, 1e18, 253402300800,
    [{"product_id": True}, 5, None, {"sku": 1e300}], [{"product_id": "p"}] * 101,
]  # fmt: skip


class Hostile(NamedTuple):
    """A POST to the collector."""

    address: str
    headers: dict[str, str]
    body: bytes


def hostile(seed: int, write_key: str) -> Hostile:
    """The request of a seed: always the same one, but for its key."""
    chance = random.Random(seed)
    content: Any = {"batch": [call(chance) for _ in range(chance.randint(1, 5))]}
    address = "/v1/batch"
    if chance.random() < 0.4:
        content, address = call(chance), chance.choice(ADDRESSES)
    content |= {"writeKey": write_key, "sentAt": "2026-01-01T00:00:01Z"}
    for _ in range(chance.randint(0, 3)):
        misplace(content, chance)
    body = spoilt(json.dumps(content).encode(), chance)
    headers = {"content-type": chance.choice(["application/json", "text/plain"])}
    headers |= chance.choice(HEADERS) if chance.random() < 0.2 else {}
    if chance.random() < 0.2:
        body = packed(body, chance)
        headers["content-encoding"] = chance.choice(["gzip", "gzip", "gzip", "GZip", "br", "gzip, gzip"])
    return Hostile(address, headers, body)


HEADERS: list[dict[str, str]] = [
    {"cookie": "visitor=; visitor=x:y; consent=" + "z" * 3000},
    {"cookie": "visitor=\xff\xfe; =; ;;", "user-agent": "Mozilla/5.0 \xe9"},
    {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
    {"origin": "null"},
    {"origin": "http://[::1", "dnt": "1", "sec-gpc": "1"},
    {"authorization": "Basic " + "A" * 5001},
    {"authorization": "Basic /////w=="},
    {"authorization": "basic"},
    {"anonymousid": "\xff", "x-forwarded-for": "\xff, 1"},
]


def call(chance: random.Random) -> dict[str, Any]:
    """One call that is in order."""
    return {
        "type": chance.choice(TYPES),
        "messageId": f"m-{chance.getrandbits(64):x}",
        "anonymousId": f"hostile-{chance.randrange(50)}",
        "userId": chance.choice([None, "", "u1", 17]),
        "previousId": chance.choice([None, "u0"]),
        "groupId": "g1",
        "event": "Order Completed",
        "name": "Home",
        "timestamp": "2026-01-01T00:00:00.5Z",
        "context": {"locale": "en", "page": {"url": "http://x/"}},
        "traits": {"email": "a@b.c"},
        "properties": {
            "product_id": "p-1",
            "price": "19.90",
            "quantity": 2,
            "products": [{"product_id": "p-2", "price": 1}, {"sku": 3}],
        },
    }


def misplace(content: Any, chance: random.Random) -> None:
    """Puts something odd in one place of the content, however deep, or takes what is there away."""
    place = content
    while True:
        names = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not names:
            return
        name = chance.choice(names)
        inner = place[name]
        if isinstance(inner, dict | list) and inner and chance.random() < 0.8:
            place = inner
            continue
        what = chance.random()
        if what < 0.1:
            del place[name]
        elif what < 0.2:
            place[name] = nest(chance.choice([10, 100, 140]), chance.choice(["list", "products"]))
        elif what < 0.3:
            place[name] = json.loads(json.dumps(content))  # a batch in a batch, a call in a call
        elif what < 0.4 and isinstance(place, dict):
            place[chance.choice(["\x00", "", "é" * 300, "products", "batch"])] = inner
        else:
            place[name] = deepcopy(chance.choice(ODD))
        return


def nest(depth: int, kind: str) -> Any:
    """Lists in lists, or the products of products."""
    content: Any = []
    for _ in range(depth):
        content = [content] if kind == "list" else {"products": [content]}
    return content


def spoilt(body: bytes, chance: random.Random) -> bytes:
    """The text itself, spoilt in one of many ways; as often, left alone."""
    at = chance.randrange(len(body))
    match chance.randrange(28):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]
        case 2:
            return body[:at] + b"\x00" + body[at:]
        case 3:
            return body.replace(b"m-", chance.choice([b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\\u0000"]))
        case 4:
            return b'{"writeKey": "other", "batch": 5, "type": {}, ' + body[1:] + chance.choice([b"", b"}"])
        case 5:
            return body.replace(
                b"2", chance.choice([b"1e400", b"-1e400", b"0x1", b"1" * 5000, b"0." + b"9" * 999])
            )
        case 6:
            return body.replace(
                b'"Home"', chance.choice([b"NaN", b"-Infinity", b"nul", b"'x'", b'"\\ud83d"'])
            )
        case 7:
            return body.replace(
                b'"en"', b"[" * (depth := chance.choice([100, 990, 5000, 100_000])) + b"]" * depth
            )
        case 8:
            return body.replace(b'"en"', b'{"a":' * 900 + b"1" + b"}" * 900)
        case 9:
            return chance.choice(
                [b"", b"null", b"[]", b"{}", b'""', b"0", b"\xef\xbb\xbf" + body, b"[" * 9999]
            )
        case 10:
            return body.decode().encode(chance.choice(["utf-16", "utf-32", "utf-7"]))
        case 11:
            return body.replace(b": ", b":" + chance.choice([b" ", b"\n", b"\x0b", b"/**/"]) * 20)
        case 12:
            return chance.randbytes(chance.choice([1, 100, 5000]))
        case 13 if chance.random() < 0.05:
            return chance.choice([b"\x00", b'"', b"\x01", b" ", b"\xff"]) * chance.choice([400_000, ENORMOUS])
        case _:
            return body


def packed(body: bytes, chance: random.Random) -> bytes:
    """As gzip, in order or not."""
    match chance.randrange(6):
        case 0:
            return body
        case 1:
            return bomb()
        case 2:
            whole = gzip.compress(body, 1)
            return whole[: chance.randrange(len(whole))]
        case 3:
            return gzip.compress(body, 1) + b"more"
        case _:
            return gzip.compress(body, 1)


@cache
def bomb() -> bytes:
    """64 MB in 64 KB."""
    return gzip.compress(bytes(64 * 1024 * 1024))
