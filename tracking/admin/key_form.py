"""What a write key may be: its name, its key, its sites, and what only a server's may do."""

from typing import Any, Final
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from unfold.widgets import UnfoldAdminTextareaWidget

from tracking.models import WriteKey

PORTS: Final = {"http": 80, "https": 443}
NAME: Final = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9 ._-]*\Z",
    "Begin with a letter or a digit; then letters, digits, spaces, dots, hyphens and underscores.",
)
KEY: Final = RegexValidator(
    r"\A[A-Za-z0-9._~-]{16,}\Z",
    "At least 16 characters: letters, digits, hyphens, dots, underscores and tildes.",
)
FOR_SERVERS: Final = ("may_backfill", "may_erase")


def origin_of(text: str) -> str:
    """A site as browsers name it in `Origin`: in small letters, without the port that goes without saying.

    Raises ValidationError.
    """
    try:
        parts = urlsplit(text.lower())
        port = parts.port
    except ValueError:
        raise ValidationError(f"{text} is no address of a site.") from None
    beyond = parts.path.rstrip("/") or parts.query or parts.fragment or parts.username is not None
    if parts.scheme not in PORTS or not parts.hostname or beyond or "*" in parts.hostname:
        raise ValidationError(f"{text} is no site: write scheme://host or scheme://host:port, and no path.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in (None, PORTS[parts.scheme]) else f":{port}")


class OriginsField(forms.CharField):
    """One site on each line."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "https://shop.example"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        return list(dict.fromkeys(origin_of(word) for word in (value or "").replace(",", " ").split()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial or "").split() != (data or "").split())


class WriteKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    allowed_origins = OriginsField(
        required=False,
        help_text="Sites whose pages may send with it, one a line, like https://shop.example. Empty: any site.",
    )

    class Meta:
        model = WriteKey
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field, validator in (("name", NAME), ("key", KEY)):
            if field in self.fields:  # neither can be changed later
                self.fields[field].validators.append(validator)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("kind") == WriteKey.Kind.BROWSER:
            for field in FOR_SERVERS:
                if cleaned.get(field):
                    self.add_error(field, "Only a server's key may: a browser's is public.")
        elif cleaned.get("for_pages"):
            self.add_error("for_pages", "Only a browser's key may: what stands in a page is public.")
        return cleaned
