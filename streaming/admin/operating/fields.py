"""Form fields in this admin's looks."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)


def text(label: str, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}), **options
    )


def lines(label: str, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}), **options)


def whole_number(label: str, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, widget=UnfoldAdminIntegerFieldWidget, **options)


def choice(label: str, choices: list[tuple[str, str]], **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=UnfoldAdminSelectWidget, **options)


def moment(label: str, **options: Any) -> forms.DateTimeField:
    """Of the site's time zone, with the browser's own picker."""
    widget = UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "step": "1"})
    return forms.DateTimeField(label=label, widget=widget, **options)


def several(label: str, **options: Any) -> forms.MultipleChoiceField:
    """Boxes to tick; the form fills in what there is."""
    return forms.MultipleChoiceField(label=label, widget=forms.CheckboxSelectMultiple, **options)


def many(label: str, **options: Any) -> forms.MultipleChoiceField:
    """A list to choose from, for hundreds."""
    widget = UnfoldAdminSelectMultipleWidget(attrs={"size": 12})
    return forms.MultipleChoiceField(label=label, widget=widget, **options)
