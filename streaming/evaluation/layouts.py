"""How a file of events is laid out: which of its columns say who, what, when, and what was done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from tracking.clock import time_of
from tracking.refusals import RejectedError

VIEWED: Final = "Product Viewed"
ADDED: Final = "Product Added"
ORDERED: Final = "Order Completed"
REFUNDED: Final = "Order Refunded"


class LayoutUnknownError(Exception):
    """The file's columns are none that are known; the message says which options name them."""


@dataclass(frozen=True)
class Layout:
    """The columns by name. A file without a header has them in the order of `header`."""

    name: str
    visitor: str
    product: str
    time: str
    event: str = ""
    """Empty where all its rows are of one kind."""
    basket: str = ""
    """What was bought together bears the same value here."""
    events: Mapping[str, str] = field(default_factory=dict)
    """What the file calls an event, and what the product calls it; any other name stands as it is."""
    default_event: str = VIEWED
    after: str = ""
    """Milliseconds to add to `time`."""
    refund: str = ""
    """A basket whose name begins so was sent back."""
    header: Sequence[str] = ()

    @property
    def columns(self) -> set[str]:
        """Those that a file must have to be of this layout."""
        optional = (self.event, self.basket, self.after)
        return {self.visitor, self.product, self.time, *(name for name in optional if name)}

    def event_of(self, row: Mapping[str, Any]) -> str:
        if self.refund and str(row[self.basket]).startswith(self.refund):
            return REFUNDED
        if not self.event:
            return self.default_event
        name = str(row[self.event] or "").strip()
        return self.events.get(name, name) or self.default_event


KNOWN: Final = (
    Layout(
        "RetailRocket events",
        visitor="visitorid",
        product="itemid",
        time="timestamp",
        event="event",
        events={"view": VIEWED, "addtocart": ADDED, "transaction": ORDERED},
    ),
    Layout("YooChoose sessions", visitor="SessionId", product="ItemId", time="Time"),
    Layout(
        "Diginetica item views", visitor="sessionId", product="itemId", time="eventdate", after="timeframe"
    ),
    Layout(
        "Diginetica item views", visitor="session_id", product="item_id", time="eventdate", after="timeframe"
    ),
    Layout(
        "MovieLens ratings",
        visitor="userId",
        product="movieId",
        time="timestamp",
        default_event="Product Reviewed",
    ),
    Layout(
        "Online Retail",
        visitor="CustomerID",
        product="StockCode",
        time="InvoiceDate",
        basket="InvoiceNo",
        default_event=ORDERED,
        refund="C",
    ),
    Layout(
        "Online Retail",
        visitor="Customer ID",
        product="StockCode",
        time="InvoiceDate",
        basket="Invoice",
        default_event=ORDERED,
        refund="C",
    ),
)
HEADERLESS: Final = (
    Layout(
        "YooChoose clicks",
        visitor="session",
        product="item",
        time="timestamp",
        header=("session", "timestamp", "item", "category"),
    ),
    Layout(
        "YooChoose buys",
        visitor="session",
        product="item",
        time="timestamp",
        default_event=ORDERED,
        header=("session", "timestamp", "item", "price", "quantity"),
    ),
    Layout(
        "MovieLens u.data",
        visitor="user",
        product="item",
        time="timestamp",
        default_event="Product Reviewed",
        header=("user", "item", "rating", "timestamp"),
    ),
)
USUAL: Final[Mapping[str, Sequence[str]]] = {
    "visitor": ("visitor", "visitorid", "session", "sessionid", "user", "userid", "customer", "customerid"),
    "product": ("product", "productid", "item", "itemid", "sku"),
    "time": ("time", "timestamp", "occurredat", "datetime", "date", "at"),
    "event": ("event", "eventname", "eventtype", "action", "behavior"),
    "basket": ("basket", "basketid", "order", "orderid", "transactionid", "invoice"),
}
"""Names of plain columns, without underscores and capitals; the first that is there is taken."""


def layout_of(first: Sequence[str], named: Mapping[str, str] | None = None) -> Layout:
    """The layout of a file whose first row is this; `named` are the columns that the user named.

    Raises LayoutUnknownError.
    """
    named = {role: column for role, column in (named or {}).items() if column}
    if missing := sorted(set(named.values()) - set(first)):
        raise LayoutUnknownError(
            f"The file has no column {', '.join(missing)}; it has {', '.join(first) or 'none'}."
        )
    columns = set(first)
    known = next((layout for layout in KNOWN if layout.columns <= columns), None)
    if known is None and (plain := _plain(first, named)):
        return plain
    if known is not None:
        return replace(known, **named)  # type: ignore[arg-type]  # the roles are fields
    for layout in HEADERLESS:
        if len(first) == len(layout.header) and _is_data(first, layout):
            return layout
    raise LayoutUnknownError(
        f"No known layout has the columns {', '.join(first)}: name them with --visitor, --product and --time "
        f"(known: {', '.join(sorted({layout.name for layout in (*KNOWN, *HEADERLESS)}))})."
    )


def moment_of(value: Any) -> datetime:
    """A time as files have it: a number since 1970 (milliseconds from 10^11 on), ISO 8601, or 12/31/2010 8:26.

    Without a zone it is UTC. Raises ValueError.
    """
    if isinstance(value, str):
        value = _number(value.strip())
    if isinstance(value, str) and "/" in value:
        return datetime.strptime(value, "%m/%d/%Y %H:%M").replace(tzinfo=UTC)
    try:
        moment = time_of(value, "time")
    except RejectedError as error:
        raise ValueError(f"{str(value)[:40]!r} is no time") from error
    if moment is None:
        raise ValueError("is empty")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _plain(first: Sequence[str], named: Mapping[str, str]) -> Layout | None:
    by_name = {name.lower().replace("_", "").replace(" ", ""): name for name in reversed(first)}
    roles = {
        role: named.get(role) or next((by_name[name] for name in names if name in by_name), "")
        for role, names in USUAL.items()
    }
    if not all(roles[role] for role in ("visitor", "product", "time")):
        return None
    return Layout(
        "plain columns",
        visitor=roles["visitor"],
        product=roles["product"],
        time=roles["time"],
        event=roles["event"],
        basket=roles["basket"],
    )


def _is_data(first: Collection[str], layout: Layout) -> bool:
    """Whether a first row without names holds what the layout has in those places."""
    row = dict(zip(layout.header, first, strict=True))
    try:
        moment_of(row[layout.time])
    except ValueError:
        return False
    is_number = row[layout.time].isdecimal()
    return row[layout.visitor].isdecimal() and is_number == layout.name.startswith("MovieLens")
