"""The shop's products as recommendations need them; `RECOMMENDATIONS_CATALOGUE` names this class."""

from collections.abc import Sequence

from recommendations.catalogue import CatalogueProduct
from shop.models import CURRENCY, Product


class ShopCatalogue:
    """One query for each call; hidden products are unknown here."""

    def products(self, product_ids: Sequence[str]) -> dict[str, CatalogueProduct]:
        """The known products among `product_ids`, in that order."""
        found = Product.objects.filter(product_id__in=product_ids, hidden=False).select_related("category")
        known = {product.product_id: _described(product) for product in found}
        return {product_id: known[product_id] for product_id in product_ids if product_id in known}

    def in_category(self, category: str) -> list[str]:
        """The product ids of a category's slug, in their own order; none for an unknown category."""
        products = Product.objects.filter(category__slug=category, hidden=False)
        return list(products.order_by("product_id").values_list("product_id", flat=True))


def _described(product: Product) -> CatalogueProduct:
    return CatalogueProduct(
        product_id=product.product_id,
        title=product.name,
        url=product.get_absolute_url(),
        image=product.picture_url,
        price=product.price,
        currency=CURRENCY,
        category=product.category.slug,
        category_name=product.category.name,
        available=product.stock > 0,
    )
