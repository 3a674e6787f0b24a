from django import template
from django.conf import settings

register = template.Library()


@register.inclusion_tag("tracking/tracker.html")
def tracker() -> dict[str, str]:
    """The page's tracker; once on every page, anywhere in it."""
    return {"write_key": settings.WRITE_KEY, "endpoint": "/v1/batch"}
