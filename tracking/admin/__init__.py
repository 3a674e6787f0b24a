"""The admin of what is collected: keys, refused events, erasures."""

from tracking.admin import keys, rejected

__all__ = ["keys", "rejected"]
