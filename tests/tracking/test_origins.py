"""Where an event says that its visitor came from."""

from typing import Any

import pytest

from tracking.origins import origin_of

URL = "https://shop.example/p/tea-1/?q=anna@example.org"


@pytest.mark.parametrize(
    ("context", "origin"),
    [
        ({"campaign": {"source": "Newsletter"}}, "newsletter"),
        ({"campaign": {"source": "spring"}, "page": {"referrer": "https://search.example/"}}, "spring"),
        ({"campaign": {"source": "anna@example.org"}}, None),
        ({"campaign": {"source": "x" * 101}}, None),
        ({"campaign": {"source": ["a"]}}, None),
        ({"campaign": "spring"}, None),
        ({"page": {"referrer": "https://www.Search.example/find?q=tea", "url": URL}}, "search.example"),
        ({"page": {"referrer": "https://m.search.example:8443/", "url": URL}}, "search.example"),
        ({"page": {"referrer": "https://www.shop.example/", "url": URL}}, None),
        ({"page": {"referrer": "https://anna:secret@blog.example/", "url": URL}}, "blog.example"),
        ({"page": {"referrer": "android-app://com.example.mail/"}}, "com.example.mail"),
        ({"page": {"referrer": "", "url": URL}}, None),
        ({"page": {"referrer": "https://[::1", "url": URL}}, None),
        ({"page": {"referrer": 7}}, None),
        ({"page": []}, None),
        ({}, None),
    ],
)
def test_only_the_source_or_the_host_is_taken(context: dict[str, Any], origin: str | None) -> None:
    assert origin_of(context) == origin
