"""What the shop sells."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from shop.art.pictures import picture_version
from shop.catalogue_topic.models import ChangedProduct
from shop.finding.models import SearchEntry, SearchWord
from shop.importing.models import CatalogueImport
from shop.reviews.models import Review
from shop.wishes.models import Wish

__all__ = [
    "CURRENCY",
    "LOW_STOCK",
    "CatalogueImport",
    "Category",
    "ChangedProduct",
    "Product",
    "Review",
    "SearchEntry",
    "SearchWord",
    "Wish",
]

CURRENCY = "EUR"
LOW_STOCK = 5


class Category(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    department = models.CharField(max_length=40)
    description = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    hue = models.PositiveSmallIntegerField(
        help_text="Backdrop of its pictures, in degrees of the colour wheel"
    )
    shape = models.CharField(max_length=20, help_text="What its own picture shows, from shop.art")
    colour = models.CharField(max_length=20)

    class Meta:
        ordering = ["position", "slug"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:category", args=[self.slug])

    @property
    def list_id(self) -> str:
        """What the tracker calls the list of this category's products."""
        return f"category-{self.slug}"

    @property
    def picture_version(self) -> str:
        return picture_version(self.shape, self.colour, self.hue)

    @property
    def picture_url(self) -> str:
        return f"{reverse('shop:category-picture', args=[self.slug])}?v={self.picture_version}"


class Product(models.Model):
    product_id = models.SlugField(max_length=40, unique=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    name = models.CharField(max_length=120)
    brand = models.CharField(max_length=60)
    description = models.TextField()
    attributes = models.JSONField(default=list, help_text="Pairs of name and value, in the order shown")
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.PositiveIntegerField(default=0)
    hidden = models.BooleanField(default=False, help_text="Out of the shop: its page answers 404")
    consumable = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Used up, and bought again: suggested also to who bought it",
    )
    created_at = models.DateTimeField(default=timezone.now)
    rating = models.DecimalField(max_digits=3, decimal_places=2, null=True, editable=False)
    review_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    """Both are kept by the database: shop/sql/ratings.sql."""
    shape = models.CharField(max_length=20)
    colour = models.CharField(max_length=20)
    pattern = models.CharField(max_length=20)
    width = models.FloatField(default=1)
    height = models.FloatField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price__gt=Decimal(0)), name="product_price_positive")
        ]
        indexes = [
            models.Index(
                fields=["category", "name", "product_id"], name="product_by_name", condition=Q(hidden=False)
            ),
            models.Index(
                fields=["category", "price", "product_id"], name="product_by_price", condition=Q(hidden=False)
            ),
            models.Index(
                fields=["category", "-created_at", "product_id"],
                name="product_by_age",
                condition=Q(hidden=False),
            ),
            models.Index(
                fields=["-created_at", "product_id"], name="product_newest", condition=Q(hidden=False)
            ),
            models.Index(
                fields=["stock", "-created_at", "product_id"],
                name="product_last_few",
                condition=Q(hidden=False, stock__gt=0, stock__lte=LOW_STOCK),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:product", args=[self.product_id])

    @property
    def low_in_stock(self) -> bool:
        return 0 < self.stock <= LOW_STOCK

    @property
    def picture_version(self) -> str:
        return picture_version(
            self.shape, self.colour, self.pattern, self.width, self.height, self.category.hue
        )

    @property
    def picture_url(self) -> str:
        return f"{reverse('shop:product-picture', args=[self.product_id])}?v={self.picture_version}"


# Django looks for the app's models here.
from shop.basket.models import BasketView as BasketView  # noqa: E402
from shop.basket.models import Customer as Customer  # noqa: E402
from shop.facts.models import Position as Position  # noqa: E402
from shop.facts.models import Snapshot as Snapshot  # noqa: E402
from shop.facts.models import StoredEvent as StoredEvent  # noqa: E402
from shop.orders.models import OrderEntry as OrderEntry  # noqa: E402
from shop.orders.models import OrderKey as OrderKey  # noqa: E402
from shop.orders.models import OrderView as OrderView  # noqa: E402
from shop.orders.models import PretendCharge as PretendCharge  # noqa: E402
from shop.stock.models import StockLevel as StockLevel  # noqa: E402
