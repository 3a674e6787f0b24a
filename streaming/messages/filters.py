"""What of a topic is shown: records by key, header, and what their JSON says."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import jsonpath
from jsonpath import JSONPath

from streaming.messages.record import Record

_STRING_OR_ROOT: Final = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\$')

Reading = Callable[[Record], bytes | None]
"""What of a record's value may be looked at by whoever asks."""


class BadFilterError(ValueError):
    """A filter that cannot be understood; the message says why."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Empty fields let everything pass."""

    key: str = ""
    key_match: str = "is"
    """`is`, `begins` or `contains`."""
    header: str = ""
    """Its name, or name=value."""
    text: str = ""
    """A part of the value as text."""
    path: str = ""
    """A JSONPath that must find something, or a condition: `$.properties.price > 10`."""

    @property
    def is_empty(self) -> bool:
        return not (self.key or self.header or self.text or self.path)

    def compiled(self, value_of: Reading) -> Callable[[Record], bool]:
        """The test of a record. Raises BadFilterError."""
        tests = [*self._of_key(), *self._of_headers(), *self._of_value(value_of)]
        return lambda record: all(test(record) for test in tests)

    def _of_key(self) -> list[Callable[[Record], bool]]:
        if not self.key:
            return []
        wanted = self.key.encode()
        match = _KEY_MATCHES[self.key_match]
        return [lambda record: record.key is not None and match(record.key, wanted)]

    def _of_headers(self) -> list[Callable[[Record], bool]]:
        if not self.header:
            return []
        name, equals, value = (part.strip() for part in self.header.partition("="))
        wanted = value.encode()
        return [
            lambda record: any(
                name == each and (not equals or wanted == (content or b""))
                for each, content in record.headers
            )
        ]

    def _of_value(self, value_of: Reading) -> list[Callable[[Record], bool]]:
        tests: list[Callable[[Record], bool]] = []
        if self.text:
            text = self.text.encode()
            tests.append(lambda record: text in (value_of(record) or b""))
        if self.path:
            holds = condition(self.path)

            def of_json(record: Record) -> bool:
                # In what is no JSON, or is nested beyond reading, no path finds anything.
                with suppress(ValueError, RecursionError, jsonpath.JSONPathError):
                    return holds(json.loads(value_of(record) or b""))
                return False

            tests.append(of_json)
        return tests


_KEY_MATCHES: Final[dict[str, Callable[[bytes, bytes], bool]]] = {
    "is": bytes.__eq__,
    "begins": bytes.startswith,
    "contains": bytes.__contains__,
}


def condition(path: str) -> Callable[[Any], bool]:
    """Whether a document has what the path finds, or meets the condition. Raises BadFilterError."""
    found = _path(path)
    if isinstance(found, JSONPath):
        return lambda document: found.match(document) is not None
    # A condition is of the nodes of a list, so the document is put into one; its root is then the node itself.
    rooted = _STRING_OR_ROOT.sub(lambda match: "@" if match[0] == "$" else match[0], path)
    asked = _path(f"$[?{rooted}]")
    if isinstance(asked, JSONPath):
        return lambda document: asked.match([document]) is not None
    raise BadFilterError(
        f"“{path}” is no JSONPath: {found if path.lstrip().startswith('$') and not _compares(path) else asked}."
        ' Write $.event, or a condition such as $.event == "Order Completed" && $.properties.price > 10.'
    )


def _path(text: str) -> JSONPath | str:
    """The path, or why it is none."""
    try:
        path = jsonpath.compile(text)
    except jsonpath.JSONPathError as error:
        return str(error).partition("\n")[0]
    return path if isinstance(path, JSONPath) else "it joins several paths"


def _compares(path: str) -> bool:
    return any(sign in path for sign in ("==", "!=", "<", ">", "&&", "||"))
