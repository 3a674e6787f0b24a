"""What a shopper does in one session: pages looked at, with the events that the browser's tracker would send."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from shop.shoppers.shelves import Good, Shelves, category_path
from shop.shoppers.tastes import Taste, choose
from tracking.events import LIST_VIEWED, PRODUCT_CLICKED

ADDS = 0.12
"""How often a product that is looked at goes on to be added."""
IN_VIEW = 8
"""Products of a list that are in view at once."""
PRODUCT_ADDED = "Product Added"
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visit:
    """One page, and what is sent while it is open; the sender puts the time on each event."""

    path: str
    events: tuple[Event, ...]


def session(taste: Taste, shelves: Shelves, random: Random, origin: str = "") -> Iterator[Visit]:
    """Home, perhaps, and then three to eight products, each found on its category's page.

    `origin` is the shop's address without the last slash, for the urls that events carry.
    """
    came_from = ""
    if random.random() < 0.3:
        yield Visit("/", (_page("Weir & Wharf", origin + "/", came_from),))
        came_from = origin + "/"
    shelf_seen = ""
    for _ in range(random.randint(3, 8)):
        good = choose(taste, shelves, random)
        shelf = category_path(good.category)
        if shelf != shelf_seen and random.random() < 0.4:
            yield Visit(shelf, (_page(good.category, origin + shelf, came_from),))
        shelf_seen = shelf
        came_from = origin + shelf
        seen = list_viewed(good.list_id, in_view(good, shelves[good.category], random), came_from)
        visit = product_visit(good, origin + good.path, came_from, adds=random.random() < ADDS)
        yield Visit(visit.path, (seen, *visit.events))


def in_view(good: Good, shelf: list[Good], random: Random) -> list[tuple[str, int]]:
    """What the shopper sees around the product that they click, each with its position."""
    first = max(0, good.position - 1 - random.randrange(IN_VIEW))
    return [(other.product_id, other.position) for other in shelf[first : first + IN_VIEW]]


def list_viewed(list_id: str, products: Iterable[tuple[str, int]], url: str) -> Event:
    listed = [{"product_id": product, "position": position} for product, position in products]
    return _event("track", url) | {
        "event": LIST_VIEWED,
        "properties": {"list_id": list_id, "products": listed},
    }


def product_visit(good: Good, url: str, came_from: str, *, adds: bool = False) -> Visit:
    """A product's page, come to by a click in the list in which it stands."""
    clicked = {"list_id": good.list_id, "position": good.position, "url": url}
    seen = {"name": good.name, "price": good.price, "category": good.category, "url": url}
    events = [
        _track(PRODUCT_CLICKED, good, clicked, came_from),
        _page(good.name, url, came_from),
        _track("Product Viewed", good, seen, url),
    ]
    if adds:
        events.append(_track(PRODUCT_ADDED, good, seen | {"quantity": 1}, url))
    return Visit(good.path, tuple(events))


def _page(title: str, url: str, referrer: str) -> Event:
    seen = {"path": urlsplit(url).path, "title": title, "url": url, "referrer": referrer}
    return _event("page", url) | {"name": title, "properties": seen}


def _track(name: str, good: Good, properties: Event, url: str) -> Event:
    return _event("track", url) | {
        "event": name,
        "properties": {"product_id": good.product_id} | properties,
    }


def _event(kind: str, url: str) -> Event:
    return {
        "type": kind,
        "messageId": str(uuid4()),
        "context": {"page": {"path": urlsplit(url).path, "url": url}, "library": {"name": "shoppers"}},
    }
