"""The admin of what is collected: keys, refused events, erasures."""

from tracking.admin import erasures, keys, rejected

__all__ = ["erasures", "keys", "rejected"]
