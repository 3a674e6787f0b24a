"""What a rule would do to one list, before it is saved."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from recommendations.asking import (
    OF_A_PRODUCT,
    OF_A_VISITOR,
    OF_EVERYBODY,
    Asked,
    products_asked,
    visitor_asked,
)
from recommendations.models import Product, SimilarProducts, VisitorList
from recommendations.rules.models import ListName, Rule
from recommendations.selectors import serve

SHOWN = 12
MOST_EFFECTS = 50


@dataclass(frozen=True, slots=True)
class Effect:
    """What the rules do to one product: `before` and `after` are its places, None where it is not shown."""

    product_id: str
    title: str
    before: int | None
    after: int | None
    said: str


@dataclass(frozen=True, slots=True)
class Preview:
    before: Sequence[dict[str, Any]]
    after: Sequence[dict[str, Any]]
    effects: Sequence[Effect]


def preview_of(draft: Rule, list_name: str, example: str) -> Preview:
    """The list of the example (a visitor or a product) as it is served now, and as it would be with the draft on.

    The draft stands in place of its saved self; the other rules that hold now hold in both.
    """
    asked = asked_of(list_name, example) | {"limit": SHOWN}
    others = [
        rule
        for rule in Rule.objects.filter(in_set__in={"", draft.in_set})
        if rule.pk != draft.pk and rule.applies_to(list_name)
    ]
    names = {rule.pk: rule.name for rule in others} | {draft.pk or 0: draft.name or "This rule"}
    rules = [rule.as_json() for rule in [*others, draft]]
    before, after = serve(asked)["items"], serve(asked | {"rules": rules})["items"]
    return Preview(before, after, _effects(asked, rules, names, before, after))


def asked_of(list_name: str, example: str) -> Asked:
    if list_name in OF_A_VISITOR:
        return visitor_asked(example, list_name)
    if list_name in OF_A_PRODUCT:
        return {"list": list_name, "product": example}
    if list_name in OF_EVERYBODY:
        return {"list": list_name}
    return products_asked([example], None, False)


def example_for(list_name: str) -> str:
    """Some visitor or product that has such a list; empty where there is none."""
    if list_name in OF_A_VISITOR:
        return VisitorList.objects.exclude(events=[]).values_list("visitor_id", flat=True).first() or ""
    if list_name in OF_EVERYBODY:
        return ""
    similar = SimilarProducts.objects.exclude(other_ids=[]).values_list("product_id", flat=True)
    return similar.first() or ""


def default_list(draft: Rule) -> str:
    """The one that the preview begins with."""
    return draft.lists[0] if draft.lists else ListName.VISITOR


def _effects(
    asked: Asked,
    rules: Sequence[dict[str, Any]],
    names: dict[int, str],
    before: Sequence[dict[str, Any]],
    after: Sequence[dict[str, Any]],
) -> list[Effect]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT product_id, left_out, weighed, pinned FROM recommendations_preview(%s, %s)",
            [json.dumps(asked), json.dumps(rules)],
        )
        rows = cursor.fetchall()
    places = [{item["productId"]: place for place, item in enumerate(items, 1)} for items in (before, after)]
    shown = [row for row in rows if row[0] in places[0] or row[0] in places[1]][:MOST_EFFECTS]
    titles = {
        product.product_id: product.title for product in Product.objects.filter(pk__in=[r[0] for r in shown])
    }
    return [
        Effect(
            product_id,
            titles.get(product_id, product_id),
            places[0].get(product_id),
            places[1].get(product_id),
            _said(names, left_out, weighed, pinned),
        )
        for product_id, left_out, weighed, pinned in shown
    ]


def _said(
    names: dict[int, str], left_out: list[int] | None, weighed: list[int] | None, pinned: int | None
) -> str:
    said = []
    if left_out:
        said.append("left out by " + ", ".join(names[rule] for rule in left_out))
    if weighed:
        said.append("weighed by " + ", ".join(names[rule] for rule in weighed))
    if pinned is not None:
        said.append(f"pinned by {names[pinned]}")
    return "; ".join(said)
