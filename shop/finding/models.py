"""What search reads; triggers of `shop/sql/search.sql` write it."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class SearchEntry(models.Model):
    """The words of one product, apart from it: they are long, and only search reads them."""

    product = models.OneToOneField(
        "shop.Product", on_delete=models.CASCADE, primary_key=True, related_name="search_entry"
    )
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(fields=["words"], name="search_entry_words")]

    def __str__(self) -> str:
        return f"words of {self.product_id}"


class SearchWord(models.Model):
    """A word that some product used once: what a misspelt one may have been meant to be."""

    word = models.CharField(max_length=40, primary_key=True)

    def __str__(self) -> str:
        return self.word
