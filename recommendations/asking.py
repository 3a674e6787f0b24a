"""What a request may ask of a list, and the answer to what it may not: the same for every way that lists are served."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime

from recommendations.experiments.assignment import arm_of
from recommendations.experiments.models import RECOMMENDED
from recommendations.rules.models import ListName

MAX_LIMIT: Final = 50
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
"""Of `asOf`. Weights decay by halves: centuries away from the landmark they no longer fit a float."""
FLAGS: Final = {"1": True, "true": True, "0": False, "false": False}

OF_A_VISITOR: Final = (ListName.VISITOR, ListName.AGAIN, ListName.RECENT)
OF_A_PRODUCT: Final = (ListName.SIMILAR, ListName.TOGETHER)
OF_EVERYBODY: Final = (ListName.TRENDING, ListName.NEW)
COMPOSED: Final = "composed"
"""The visitor's list from items that the caller brings."""
OWN: Final = (ListName.VISITOR, COMPOSED)

Query = Mapping[str, str]
Asked = dict[str, Any]
"""What `recommendations_serve` takes: "list", what it is of, "limit", "category"."""


class WrongParameterError(ValueError):
    """A parameter, by name, with what it accepts."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name} {detail}")
        self.name = name
        self.detail = detail


class NeedsReaderError(Exception):
    """What is asked for takes a key that may read."""


def for_visitor(visitor_id: str, query: Query, list_name: str = ListName.VISITOR) -> Asked:
    """One of `OF_A_VISITOR`."""
    return visitor_asked(visitor_id, list_name) | _common(query, visitor_id=visitor_id)


def for_product(product_id: str, query: Query, list_name: str = ListName.SIMILAR) -> Asked:
    """One of `OF_A_PRODUCT`."""
    return {"list": list_name, "product": product_id, **_common(query, product_id=product_id)}


def for_everybody(query: Query, list_name: str = ListName.TRENDING) -> Asked:
    """One of `OF_EVERYBODY`."""
    return {"list": list_name, **_common(query)}


def visitor_asked(visitor_id: str, list_name: str) -> Asked:
    """With the rules, the model and the parameters of the visitor's experiment, where one is about their list."""
    asked: Asked = {"list": list_name, "visitor": visitor_id}
    if list_name in OWN and (arm := arm_of(visitor_id, RECOMMENDED)) is not None:
        asked |= {"ruleSet": arm.rules, "model": arm.model, "parameters": arm.parameters}
    return asked


def for_products(query: Query, *, may_read: bool) -> Asked:
    """Raises NeedsReaderError for what only a key that may read is told."""
    common = _common(query)
    products = [product for product in query.get("products", "").split(",") if product]
    if not products:
        raise WrongParameterError(
            "products", "is missing: it accepts product ids, comma-separated, newest last"
        )
    as_of = _as_of(query.get("asOf"))
    unlisted = _flag("unlisted", query.get("unlisted") or "0")
    if (as_of or unlisted) and not may_read:
        raise NeedsReaderError
    return products_asked(products, as_of, unlisted) | common


def products_asked(products: Sequence[str], as_of: datetime | None, unlisted: bool) -> Asked:
    """Newest last, as they are given."""
    return {
        "list": "products",
        "products": list(dict.fromkeys(reversed(products))),
        "asOf": as_of.isoformat() if as_of else None,
        "unlisted": unlisted,
    }


def _common(query: Query, **named: str) -> Asked:
    for name, value in {**query, **named}.items():
        if "\0" in value:  # Postgres cannot even look for it
            raise WrongParameterError(name, "holds a NUL character, which nothing here has in its name")
    return {"limit": _limit(query.get("limit", "12")), "category": query.get("category") or None}


def _limit(raw: str) -> int:
    try:
        limit = int(raw)
    except ValueError:
        limit = 0
    if not 1 <= limit <= MAX_LIMIT:
        raise WrongParameterError("limit", f"{raw!r}: it accepts a whole number from 1 to {MAX_LIMIT}")
    return limit


def _as_of(raw: str | None) -> datetime | None:
    if not raw:
        return None
    try:
        moment = parse_datetime(raw)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise WrongParameterError("asOf", f"{raw!r}: it accepts an RFC 3339 time with its zone")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise WrongParameterError("asOf", f"{raw!r}: it accepts a year from {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def _flag(name: str, raw: str) -> bool:
    if raw.lower() not in FLAGS:
        raise WrongParameterError(name, f"{raw!r}: it accepts 1 or 0, true or false")
    return FLAGS[raw.lower()]
