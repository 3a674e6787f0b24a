"""Prices as a shop would set them."""

from decimal import Decimal


def price_point(amount: float) -> Decimal:
    """The customary price nearest to `amount`: 8.50, 14.95, 39.00, 125.00, 429.00."""
    if amount < 10:
        return Decimal(round(amount * 2)) / 2
    if amount < 30:
        return Decimal(round(amount)) - Decimal("0.05")
    if amount < 100:
        return Decimal(round(amount))
    if amount < 200:
        return Decimal(round(amount / 5) * 5)
    return Decimal(round(amount / 10) * 10 - 1)
