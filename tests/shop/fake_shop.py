"""A shop at the other end of the wire, as the shoppers' client meets it."""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import httpx

Answer = Callable[[httpx.Request], httpx.Response | None]


class FakeShop:
    """Gives each new visitor a cookie and keeps what each sends. `trouble` may answer first."""

    def __init__(self) -> None:
        self.trouble: Answer = lambda request: None
        self.suggestions: list[dict[str, Any]] = []
        self.page = ""
        self.pages = 0
        self.sent: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.bodies: list[dict[str, Any]] = []

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    @property
    def events(self) -> int:
        return sum(map(len, self.sent.values()))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if trouble := self.trouble(request):
            return trouble
        cookie = request.headers.get("Cookie", "")
        if request.url.path.startswith("/api/"):
            return httpx.Response(200, json={"items": self.suggestions})
        if request.method == "GET":
            self.pages += 1
            headers = {} if cookie else {"Set-Cookie": f"visitor=v{self.pages}; Path=/; HttpOnly"}
            return httpx.Response(200, headers=headers, text=self.page)
        if not request.url.path.startswith("/v1/"):  # its basket is always empty
            return httpx.Response(302, headers={"Location": "/cart/"})
        body = json.loads(request.content)
        self.bodies.append(body)
        self.sent[cookie] += body["batch"]
        results = [{"messageId": e["messageId"], "status": "accepted"} for e in body["batch"]]
        return httpx.Response(200, json={"success": True, "results": results})
