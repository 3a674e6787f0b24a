"""A rule as people set it: each kind with the fields that it takes."""

from typing import Any, Final

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
)

from recommendations.models import Product
from recommendations.rules.models import ListName, Rule

Kind = Rule.Kind
SELECTION: Final = ("products", "categories", "price_from", "price_to")
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    Kind.HIDE: (*SELECTION, "bought", "in_basket"),
    Kind.ONLY: SELECTION,
    Kind.BOOST: (*SELECTION, "factor"),
    Kind.PIN: ("products", "place"),
    Kind.DIVERSITY: ("most", "categories"),
    Kind.BAND: ("price_from", "price_to"),
}
"""What each kind takes."""
NEEDED: Final[dict[str, str]] = {Kind.BOOST: "factor", Kind.PIN: "place", Kind.DIVERSITY: "most"}
MOST_PRODUCTS: Final = 200


class ProductsField(forms.CharField):
    """Product ids, one a line or with commas between."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        ids = list(dict.fromkeys((value or "").replace(",", " ").split()))
        if len(ids) > MOST_PRODUCTS:
            raise forms.ValidationError(f"At most {MOST_PRODUCTS}; for more, name their category.")
        known = set(Product.objects.filter(pk__in=ids).values_list("product_id", flat=True)) if ids else set()
        if unknown := [each for each in ids if each not in known]:
            raise forms.ValidationError(f"The shop has no product {', '.join(unknown)}.")
        return ids

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial or "").split() != (data or "").split())


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    lists = forms.MultipleChoiceField(
        choices=ListName.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None chosen: all lists.",
    )
    products = ProductsField(required=False, help_text="Their ids, one a line.")
    categories = forms.MultipleChoiceField(
        required=False, widget=UnfoldAdminSelectMultipleWidget, help_text="Several with Ctrl or Shift."
    )

    class Meta:
        model = Rule
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Product.objects.order_by("category_name").values_list("category", "category_name").distinct()
        kept = [(each, each) for each in self.instance.categories]
        for name in ("price_from", "price_to"):
            self.fields[name].help_text = "For a price band a factor: 0.5 is half the newest product's price."
        self.fields["categories"].choices = list(dict([*kept, *known]).items())  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind = cleaned.get("kind")
        if kind not in FIELDS:
            return cleaned
        for name in {*SELECTION, "bought", "in_basket", "factor", "place", "most"} - {*FIELDS[kind]}:
            cleaned[name] = self.fields[name].to_python(None) if name in ("products", "categories") else None
        cleaned["bought"], cleaned["in_basket"] = bool(cleaned["bought"]), bool(cleaned["in_basket"])
        self._check(kind, cleaned)
        return cleaned

    def _check(self, kind: str, cleaned: dict[str, Any]) -> None:
        needed = NEEDED.get(kind)
        if needed and not self.errors.get(needed) and not cleaned.get(needed):
            self.add_error(needed, "This kind needs it, and more than 0.")
        if (factor := cleaned.get("factor")) is not None and not 0.001 <= factor <= 1000:
            self.add_error("factor", "From 0.001 to 1000.")
        low, high = cleaned.get("price_from"), cleaned.get("price_to")
        if low is not None and high is not None and low > high:
            self.add_error("price_to", "Is below where the prices begin.")
        if kind == Kind.PIN and not self.errors.get("products") and not cleaned["products"]:
            self.add_error("products", "Name what is to stand there.")
        elif kind in (Kind.HIDE, Kind.ONLY, Kind.BOOST, Kind.BAND) and not self.errors:
            named = [cleaned.get(name) for name in FIELDS[kind] if name != "factor"]
            if not any(value not in (None, [], "", False) for value in named):
                self.add_error(None, "Say which products: by name, category or price.")
        starts, ends = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts and ends and starts >= ends:
            self.add_error("ends_at", "Is before it begins.")
