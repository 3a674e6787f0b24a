"""Reads the environment: a variable that is set wins, else what the embedded stack wrote, else a default.

A bad value stops the start with a message that names the variable and says what it accepts.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("TRIBUTARY_HOME") or BASE_DIR / ".local").resolve()
"""The folder of the embedded stack: its addresses, secrets, logs and data."""

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def read(name: str, default: T, parse: Callable[[str], T], accepts: str) -> T:
    """The variable `name` through `parse`, or `default` where it is unset or empty."""
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        return parse(raw)
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"{name}={raw!r} is not usable: it accepts {accepts}.") from error


def flag(name: str, default: bool = False) -> bool:
    """A yes-or-no variable."""

    def parse(raw: str) -> bool:
        if raw.lower() in TRUE | FALSE:
            return raw.lower() in TRUE
        raise ValueError(raw)

    return read(name, default, parse, "1 or 0, true or false, yes or no, on or off")


def number(name: str, default: int, minimum: int = 0, maximum: int = 2**31) -> int:
    """A whole number between `minimum` and `maximum`."""

    def parse(raw: str) -> int:
        value = int(raw)
        if not minimum <= value <= maximum:
            raise ValueError(raw)
        return value

    return read(name, default, parse, f"a whole number from {minimum} to {maximum}")


def words(name: str, default: list[str]) -> list[str]:
    """A comma-separated list."""
    return read(name, default, lambda raw: [w.strip() for w in raw.split(",") if w.strip()], "a comma list")


def text(name: str, default: str = "", choices: set[str] | None = None) -> str:
    """A text, one of `choices` where they are given."""

    def parse(raw: str) -> str:
        if choices and raw not in choices:
            raise ValueError(raw)
        return raw

    return read(name, default, parse, "one of " + ", ".join(sorted(choices)) if choices else "a text")


def stack_address(variable: str, key: str) -> str:
    """An address from the environment, else that of the embedded stack, else an error that says what to do."""
    if value := os.environ.get(variable, "").strip():
        return value
    try:
        addresses: dict[str, Any] = json.loads((HOME / "stack.json").read_text())
        return str(addresses[key])
    except (OSError, ValueError, KeyError) as error:
        raise ImproperlyConfigured(
            f"{variable} is not set and no embedded stack has been set up in {HOME}: "
            f"run `make up`, or set {variable} to your own server."
        ) from error


def url(variable: str, key: str, schemes: set[str]) -> str:
    """`stack_address` held to the URL schemes that the caller can use."""
    value = stack_address(variable, key)
    if urlsplit(value).scheme not in schemes or not urlsplit(value).netloc:
        raise ImproperlyConfigured(
            f"{variable}={value!r} is not usable: it accepts a URL that begins with "
            f"{' or '.join(sorted(s + '://' for s in schemes))}."
        )
    return value


def secret(variable: str, filename: str) -> str:
    """A secret from the environment, else the one that was generated for the embedded stack."""
    if value := os.environ.get(variable, "").strip():
        return value
    try:
        return (HOME / filename).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{variable} is not set and {HOME / filename} does not exist: set {variable}, or run "
            f"`make up`, which generates one for the embedded stack."
        ) from error
