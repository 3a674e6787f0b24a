from django import template

from tracking.keys import page_key

register = template.Library()


@register.inclusion_tag("tracking/tracker.html")
def tracker() -> dict[str, str]:
    """The page's tracker; once on every page, anywhere in it."""
    return {"write_key": page_key(), "endpoint": "/v1/batch"}
