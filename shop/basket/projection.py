"""From the facts of baskets to what pages read."""

from collections.abc import Sequence

from eventsourcing.domain import DomainEvent

from shop.basket.basket import Basket
from shop.basket.models import BasketView
from shop.facts.following import Follower


class Baskets(Follower):
    name = "baskets"
    tables = (BasketView,)
    facts = (
        Basket.Started,
        Basket.ProductAdded,
        Basket.QuantityChanged,
        Basket.ProductRemoved,
        Basket.CheckedOut,
        Basket.Emptied,
    )

    def follow(self, facts: Sequence[DomainEvent]) -> None:
        started = {fact.originator_id: fact.customer for fact in facts if isinstance(fact, Basket.Started)}
        views = {
            view.basket_id: view
            for view in BasketView.objects.filter(basket_id__in={f.originator_id for f in facts})
        }
        for fact in facts:
            view = views.get(fact.originator_id)
            if view is None:
                view = views[fact.originator_id] = BasketView(
                    basket_id=fact.originator_id, customer=started[fact.originator_id], lines=[]
                )
            view.lines = [list(line) for line in lines_after(fact, dict(view.lines)).items()]
            view.version = fact.originator_version
            view.changed_at = fact.timestamp
        BasketView.objects.bulk_create(
            views.values(),
            update_conflicts=True,
            unique_fields=["basket_id"],
            update_fields=["version", "lines", "changed_at"],
        )


def lines_after(fact: DomainEvent, lines: dict[str, int]) -> dict[str, int]:
    if isinstance(fact, Basket.ProductAdded):
        return lines | {fact.product_id: lines.get(fact.product_id, 0) + fact.quantity}
    if isinstance(fact, Basket.QuantityChanged):
        return lines | {fact.product_id: fact.quantity}
    if isinstance(fact, Basket.ProductRemoved):
        return {product: quantity for product, quantity in lines.items() if product != fact.product_id}
    return {}
