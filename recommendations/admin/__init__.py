"""The model's tables in the admin, which only the batches write; and experiments and rules, which people set."""

from recommendations.admin import experiments, facts, lists, model, rules

__all__ = ["experiments", "facts", "lists", "model", "rules"]
