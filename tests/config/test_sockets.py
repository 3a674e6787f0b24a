"""Which sockets `web` opens: by the page that asks for it, and by path."""

import logging
from typing import Any
from uuid import uuid4

import pytest
from asgiref.testing import ApplicationCommunicator
from pytest_django import Settings

from config.asgi import NO_SUCH_SOCKET, application
from config.origins import FORBIDDEN
from tracking.visitors import COOKIE, cookie_of_visitor

SECONDS = 5
SHOP = "shop.example:8000"


@pytest.fixture(autouse=True)
def allowed(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["shop.example"]


async def answers(
    origin: str | None, host: str = SHOP, path: str = "/ws/nothing/", scheme: str = "ws", **headers: str
) -> list[dict[str, Any]]:
    """What a page of that origin is answered, to the closing of the socket."""
    sent = {"Host": host, "Cookie": f"{COOKIE}={cookie_of_visitor(str(uuid4()))}"} | headers
    sent |= {} if origin is None else {"Origin": origin}
    named = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in sent.items()]
    scope = {"type": "websocket", "path": path, "scheme": scheme, "headers": named}
    socket: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]
    await socket.send_input({"type": "websocket.connect"})
    messages = [await socket.receive_output(SECONDS)]
    while messages[-1]["type"] != "websocket.close":
        messages.append(await socket.receive_output(SECONDS))
    await socket.wait(SECONDS)
    return messages


async def is_let_in(origin: str | None, host: str = SHOP, scheme: str = "ws", **headers: str) -> bool:
    """To where there is no socket: who is let in is told so there, others are not let in."""
    messages = await answers(origin, host, scheme=scheme, **headers)
    assert messages[-1]["code"] in (NO_SUCH_SOCKET, FORBIDDEN)
    return [message["type"] for message in messages] == ["websocket.accept", "websocket.close"]


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://shop.example:8000", SHOP),
        ("http://SHOP.example:8000", SHOP),
        ("http://shop.example", "shop.example"),
        ("http://shop.example", "shop.example:80"),
        ("https://shop.example", "shop.example"),
        ("https://shop.example", "shop.example:443"),
    ],
)
async def test_page_of_the_same_host_and_port_is_let_in(origin: str, host: str) -> None:
    assert await is_let_in(origin, host)


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "http://shop.example:8001",
            "http://shop.example",
            "https://shop.example",
            "http://evil.example:8000",
        ),
        *("null", "", "shop.example:8000", "http://shop.example:8000.evil.example", "http://[", "http://a:b"),
        *("file://shop.example:8000", "http://shop.example:8000@evil.example", None),
    ],
)
async def test_page_of_another_site_is_refused(origin: str | None, caplog: pytest.LogCaptureFixture) -> None:
    assert not await is_let_in(origin)
    assert len(caplog.records) == 1
    assert "CSRF_TRUSTED_ORIGINS" in caplog.text


async def test_host_that_is_not_allowed_is_refused() -> None:
    assert not await is_let_in("http://evil.example", "evil.example")


@pytest.mark.parametrize("origin", ["https://www.shop.test", "https://a.far.test:444"])
async def test_trusted_origin_is_let_in(origin: str, settings: Settings) -> None:
    assert not await is_let_in(origin)
    settings.CSRF_TRUSTED_ORIGINS = ["https://www.shop.test", "https://*.far.test:444"]
    assert await is_let_in(origin)
    assert not await is_let_in(origin.replace("https", "http"))
    assert not await is_let_in(f"{origin}5")


async def test_forwarded_host_counts_only_where_django_is_told_to_trust_it(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["shop.example", "web"]
    assert not await is_let_in("https://shop.example", "web:8000", X_Forwarded_Host="shop.example")
    settings.USE_X_FORWARDED_HOST = True
    assert await is_let_in("https://shop.example", "web:8000", X_Forwarded_Host="shop.example")
    assert not await is_let_in("https://shop.example", X_Forwarded_Host="web")


async def test_page_over_http_is_not_let_into_a_site_over_https(settings: Settings) -> None:
    assert not await is_let_in("http://shop.example", "shop.example", scheme="wss")
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert await is_let_in("https://shop.example", "shop.example", X_Forwarded_Proto="https")
    assert not await is_let_in("http://shop.example", "shop.example", X_Forwarded_Proto="https")


@pytest.mark.parametrize("path", ["/ws/nothing/", "/", "/ws/recommendations", "/ws/recommendations/more/"])
async def test_path_without_a_socket_is_closed_quietly(path: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        opened, closed = await answers("http://shop.example:8000", path=path)
    assert (opened["type"], closed["code"]) == ("websocket.accept", NO_SUCH_SOCKET)
    assert caplog.records == []
