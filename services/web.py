"""Whether the shop's web server answers."""

import http.client
from collections.abc import Callable


def web_probe(port: int) -> Callable[[], str]:
    def probe() -> str:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise ConnectionError(f"/healthz answered {answer.status} {answer.reason}")
        return "answers"

    return probe
