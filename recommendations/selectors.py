"""Reads of the lists, for pages, API and socket alike. The shape is DESIGN's; nothing here writes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import connection

from recommendations.models import EventWeight, Product, RankedProduct, SimilarProducts, VisitorList
from tracking.events import format_timestamp

Trace = dict[str, Any]
List = dict[str, Any]
"""{"type": "recommendations", "visitorId", "version", "asOf", "items": [...]}"""
MAX_LIMIT = 50
MAX_SLOTS = 24
"""Items of a list on a page: what each message of the socket carries."""
Seen = Mapping[str, Trace | None]
"""The products that a list is for, newest first, each with the trace of its newest event where there is one."""
SPARE = 12
"""Products looked up beyond those wanted, since some may be sold out."""


def list_for_visitor(
    visitor_id: str, limit: int = 12, category: str | None = None, composed: VisitorList | None = None
) -> List:
    """The visitor's stored list, or the one `composed` just now, filled up with what is trending and popular.

    It is filled from the category of their newest product first: one without neighbours moves the list as well.

    `version` is 0 for a visitor without a product event. A constant number of queries.
    """
    stored = composed or VisitorList.objects.filter(visitor_id=visitor_id).first()
    if stored is None:
        return _list(visitor_id, 0, datetime.now(UTC), _complete([], limit, category))
    reasons = dict(EventWeight.objects.values_list("event", "reason"))
    suggested = [
        {
            "productId": item["productId"],
            "score": item["score"],
            "reason": _reason(stored.events[item["because"]], reasons),
            "trace": _trace(stored.events[item["moved"]]),
        }
        for item in stored.items
    ]
    seen: dict[str, Trace | None] = {event["productId"]: _trace(event) for event in stored.events}
    seen |= dict.fromkeys(product_id for product_id in stored.seen if product_id not in seen)
    return _list(visitor_id, stored.version, stored.as_of, _complete(suggested, limit, category, seen))


def version_of_list(visitor_id: str) -> int:
    """The version of the visitor's stored list; 0 where there is none."""
    return VisitorList.objects.filter(visitor_id=visitor_id).values_list("version", flat=True).first() or 0


def list_for_products(
    products: Sequence[str],
    limit: int = 12,
    category: str | None = None,
    as_of: datetime | None = None,
    unlisted: bool = False,
) -> List:
    """The list for somebody whose newest products are these, newest last; they are left out of it.

    `as_of` computes the similarities from the facts as of that moment instead of reading the stored ones;
    `unlisted` gives bare ids, also of products that the catalogue does not know, and nothing to fill up with.
    """
    newest_first = list(dict.fromkeys(reversed(products)))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT product_id, score, because FROM recommendations_score(%s::text[], %s)",
            [newest_first, as_of],
        )
        scored = cursor.fetchall()
    suggested = [
        {
            "productId": product_id,
            "score": score,
            "reason": {"kind": "viewed", "productId": newest_first[because]},
            "trace": None,
        }
        for product_id, score, because in scored
    ]
    seen: Seen = dict.fromkeys(newest_first)
    items = suggested[:limit] if unlisted else _complete(suggested, limit, category, seen)
    return _list(None, 0, as_of or datetime.now(UTC), items)


def similar_products(product_id: str, limit: int = 12, category: str | None = None) -> List:
    """The products most similar to one, as Spark stored them."""
    stored = SimilarProducts.objects.filter(product_id=product_id).first()
    suggested = [
        {
            "productId": other,
            "score": score,
            "reason": {"kind": "viewed", "productId": product_id},
            "trace": None,
        }
        for other, score in (zip(stored.other_ids, stored.scores, strict=True) if stored else ())
    ]
    items = _sellable(_in_category(suggested, category), limit)
    return _list(None, 0, stored.as_of if stored else datetime.now(UTC), items)


def trending_products(limit: int = 12, category: str | None = None) -> List:
    """What is trending, then what is popular."""
    return _list(None, 0, datetime.now(UTC), _complete([], limit, category))


def _list(visitor_id: str | None, version: int, as_of: datetime, items: list[dict[str, Any]]) -> List:
    return {
        "type": "recommendations",
        "visitorId": visitor_id,
        "version": version,
        "asOf": format_timestamp(as_of),
        "items": items,
    }


def _complete(
    suggested: list[dict[str, Any]], limit: int, category: str | None, seen: Seen | None = None
) -> list[dict[str, Any]]:
    """The suggestions that can be bought, filled up to `limit` with trending, then popular products.

    Unless one category is asked for, those of the newest product's category come first. Nothing seen is in it.
    """
    seen = seen or {}
    items = _sellable(_in_category(suggested, category), limit)
    taken = {*seen, *(item["productId"] for item in suggested)}
    if len(items) < limit and not category:
        items += _sellable(_akin(seen, taken), limit - len(items))
        taken.update(item["productId"] for item in items)
    if len(items) < limit:
        items += _sellable(_ranked(category, taken), limit - len(items))
    return items


def _akin(seen: Seen, taken: set[str]) -> Iterator[dict[str, Any]]:
    """What is trending or popular in the category of the newest product that the catalogue knows."""
    known = _products(list(islice(seen, SPARE)))
    newest = next((known[product_id] for product_id in seen if product_id in known), None)
    if newest is None:
        return
    because = {"productId": newest.product_id, "category": newest.category_name}
    for item in _ranked(newest.category, taken):
        yield item | {"reason": item["reason"] | because, "trace": seen[newest.product_id]}


def _ranked(category: str | None, taken: set[str]) -> Iterator[dict[str, Any]]:
    """Trending, then popular products, each once, none of those taken."""
    rows = RankedProduct.objects.order_by("-kind", "rank").exclude(product_id__in=taken)
    if category:
        rows = rows.filter(product_id__in=_ids_in(category))
    seen = set()
    for product_id, kind, score in rows.values_list("product_id", "kind", "score"):
        if product_id not in seen:
            seen.add(product_id)
            reason = {"kind": kind, "productId": None}
            yield {"productId": product_id, "score": score, "reason": reason, "trace": None}


def _in_category(items: list[dict[str, Any]], category: str | None) -> list[dict[str, Any]]:
    if not category:
        return items
    allowed = set(_ids_in(category))
    return [item for item in items if item["productId"] in allowed]


def _sellable(candidates: Iterable[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """The first `limit` that the catalogue knows and sells; it is asked for few more than that."""
    found: list[dict[str, Any]] = []
    remaining = iter(candidates)
    while len(found) < limit and (some := list(islice(remaining, limit + SPARE))):
        found += _describe(some)
    return found[:limit]


def _describe(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adds what the catalogue knows; what it does not know, or cannot be bought, is left out."""
    wanted = {item["productId"] for item in items} | {item["reason"]["productId"] for item in items} - {None}
    known = _products(wanted)
    described = []
    for item in items:
        product = known.get(item["productId"])
        if product is None or not product.available:
            continue
        because = known.get(item["reason"]["productId"])
        described.append(
            {
                "productId": product.product_id,
                "title": product.title,
                "url": product.url,
                "image": product.image,
                "price": float(product.price),
                "currency": product.currency,
                "score": item["score"],
                "reason": {"category": None} | item["reason"] | {"title": because.title if because else None},
                "trace": item["trace"],
            }
        )
    return described


def _products(product_ids: Iterable[str]) -> dict[str, Product]:
    return Product.objects.filter(hidden=False).in_bulk(list(product_ids)) if product_ids else {}


def _ids_in(category: str) -> list[str]:
    products = Product.objects.filter(category=category, hidden=False)
    return list(products.values_list("product_id", flat=True))


def _reason(event: dict[str, Any], reasons: dict[str, str]) -> dict[str, Any]:
    return {"kind": reasons.get(event["event"], reasons.get("*", "viewed")), "productId": event["productId"]}


def _trace(event: dict[str, Any]) -> Trace:
    times = {
        name: event[name] and format_timestamp(datetime.fromisoformat(event[name]))
        for name in ("occurredAt", "receivedAt", "computedAt")
    }
    return (
        {name: event[name] for name in ("eventId", "topic", "partition", "offset", "batchId")}
        | times
        | {"pushedAt": None}
    )
