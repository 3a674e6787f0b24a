"""From a file to the shop, in one transaction: all of it or nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import md5
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.utils.text import slugify

from shop.facts.pages import show
from shop.importing.checking import RowError, check
from shop.importing.reading import Format, UnreadableError, rows_of
from shop.models import Category, Product
from shop.stock.inventory import set_counts
from shop.stock.projection import StockLevels

AT_ONCE: Final = 500
LOOKS: Final = {"shape": "jar", "colour": "sea", "pattern": "plain"}
"""How what is imported into a new category is drawn."""
NEW_DEPARTMENT: Final = "More"

Progress = Callable[[str, int, int], None]
"""What is being done, how far it is, and how far it goes."""


@dataclass(slots=True)
class Outcome:
    """What an import did or, where it was a dry run or there are errors, would do."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    hidden: int = 0
    categories: list[str] = field(default_factory=list)
    """New ones, by name."""
    ignored: list[str] = field(default_factory=list)
    """Columns that nothing here is called."""
    errors: list[RowError] = field(default_factory=list)
    written: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class _DryRunError(Exception):
    """Takes back what was written to see whether it can be."""


def import_catalogue(
    content: bytes,
    form: Format,
    *,
    dry_run: bool,
    hide_others: bool = False,
    progress: Progress = lambda doing, done, total: None,
) -> Outcome:
    """Nothing is written where there is one error. A dry run writes all of it and takes it back.

    With `hide_others` the products that the file does not have are hidden. Raises DatabaseError.
    """
    outcome = Outcome()
    lines = content.count(b"\n") + 1

    def read_line(line: int) -> None:
        if line % 100 == 0:
            progress("Checking", line, lines)

    try:
        checked = check(rows_of(content, form), read_line)
    except UnreadableError as error:
        outcome.errors = [RowError(error.line, error.field, str(error))]
        return outcome
    progress("Checking", lines, lines)
    outcome.rows, outcome.ignored, outcome.errors = (
        len(checked.products),
        sorted(checked.ignored),
        checked.errors,
    )
    if outcome.errors:
        return outcome
    try:
        with transaction.atomic():
            counts = _write(dict(checked.products), outcome, progress)
            if hide_others:
                kept = [values["product_id"] for _, values in checked.products]
                others = Product.objects.filter(hidden=False).exclude(product_id__in=kept)
                outcome.hidden = others.update(hidden=True)
            if dry_run:
                raise _DryRunError
            set_counts(counts)  # last: these facts are committed by themselves
    except _DryRunError:
        return outcome
    outcome.written = True
    if counts:
        show(StockLevels())
    return outcome


def _write(products: Mapping[int, dict[str, Any]], outcome: Outcome, progress: Progress) -> dict[str, int]:
    """Returns the new counts of products that were there: a count is a fact, and not written over reservations."""
    categories = _Categories()
    counts: dict[str, int] = {}
    waiting, done = iter(products.values()), 0
    while batch := list(islice(waiting, AT_ONCE)):
        progress("Writing", done, len(products))
        _upsert(batch, categories, outcome, counts)
        done += len(batch)
    outcome.categories = categories.added
    progress("Writing", len(products), len(products))
    return counts


def _upsert(
    batch: Iterable[dict[str, Any]], categories: "_Categories", outcome: Outcome, counts: dict[str, int]
) -> None:
    by_id = {values["product_id"]: values for values in batch}
    stored = {
        product.product_id: product
        for product in Product.objects.select_for_update().filter(product_id__in=by_id)
    }
    added, changed = [], []
    fields: set[str] = set()
    for product_id, values in by_id.items():
        wanted = {name: value for name, value in values.items() if name not in ("category", "department")}
        wanted["category_id"] = categories.of(values).pk
        product = stored.get(product_id)
        if product is None:
            added.append(Product(**LOOKS | categories.of_looks(wanted["category_id"]) | wanted))
            continue
        differing = [name for name, value in wanted.items() if getattr(product, name) != value]
        if differing:
            changed.append(product)
        if "stock" in differing:
            counts[product_id] = wanted["stock"]
            differing.remove("stock")
        for name in differing:
            setattr(product, name, wanted[name])
        fields.update(differing)
    Product.objects.bulk_create(added)
    if changed and fields:
        Product.objects.bulk_update(changed, [name.removesuffix("_id") for name in sorted(fields)])
    outcome.added += len(added)
    outcome.changed += len(changed)
    outcome.unchanged += len(by_id) - len(added) - len(changed)


class _Categories:
    """The shop's, by slug and by name; one that is not there is made, at the end of the menu."""

    def __init__(self) -> None:
        self.known = {
            key: category
            for category in Category.objects.all()
            for key in (category.slug, category.name.casefold())
        }
        self.by_pk = {category.pk: category for category in self.known.values()}
        self.added: list[str] = []

    def of(self, values: Mapping[str, Any]) -> Category:
        name: str = values["category"]
        slug = slugify(name)[:50] or f"category-{md5(name.encode(), usedforsecurity=False).hexdigest()[:8]}"
        found = self.known.get(name.casefold()) or self.known.get(slug)
        if found is None:
            found = Category.objects.create(
                slug=slug,
                name=name,
                department=values.get("department") or NEW_DEPARTMENT,
                position=1 + max((each.position for each in self.by_pk.values()), default=0),
                hue=int(md5(slug.encode(), usedforsecurity=False).hexdigest(), 16) % 360,
                shape=LOOKS["shape"],
                colour=LOOKS["colour"],
            )
            self.added.append(name)
            self.known |= {slug: found, name.casefold(): found}
            self.by_pk[found.pk] = found
        return found

    def of_looks(self, pk: int) -> dict[str, str]:
        """A new product of a category looks like the category's own picture."""
        category = self.by_pk[pk]
        return {"shape": category.shape, "colour": category.colour}
