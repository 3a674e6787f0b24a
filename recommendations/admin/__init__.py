"""The model's tables in the admin, read-only: nobody but the batches writes them."""

from recommendations.admin import facts, lists, model

__all__ = ["facts", "lists", "model"]
