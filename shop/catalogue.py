"""The shop's products as recommendations need them; `RECOMMENDATIONS_CATALOGUE` names this class."""

from django.db.models import CharField, F, Func, Q, Value
from django.db.models.functions import MD5, Concat, Left
from django.urls import reverse

from recommendations.catalogue import ProductColumns
from shop.art.pictures import EDITION
from shop.models import CURRENCY, Product

ANY = "any-product"
LOOKS = ("shape", "colour", "pattern", "width", "height", "category__hue")


class ShopCatalogue:
    """Lists are joined with these columns in the database; hidden products are left out there."""

    def products(self) -> ProductColumns:
        return ProductColumns(
            of=Product.objects.all(),
            product_id="product_id",
            title="name",
            url=_address("shop:product"),
            image=Concat(_address("shop:product-picture"), Value("?v="), _picture_version()),
            price="price",
            currency=Value(CURRENCY),
            category="category__slug",
            category_name="category__name",
            available=Q(stock__gt=0),
            hidden="hidden",
            consumable="consumable",
            added_at="created_at",
        )


def _address(view: str) -> Concat:
    """The address of a product's view, as an expression."""
    before, after = reverse(view, args=[ANY]).split(ANY)
    return Concat(Value(before), F("product_id"), Value(after), output_field=CharField())


def _picture_version() -> Left:
    """`Product.picture_version`, computed by the database."""
    looks = Func(
        Value("/"), Value(str(EDITION)), *map(F, LOOKS), function="concat_ws", output_field=CharField()
    )
    return Left(MD5(looks), 10)
