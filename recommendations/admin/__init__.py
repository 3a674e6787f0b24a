"""The model's tables in the admin, read-only, since only the batches write them; and experiments, which people set."""

from recommendations.admin import experiments, facts, lists, model

__all__ = ["experiments", "facts", "lists", "model"]
