"""The pretend bank: it charges nobody, and answers as the card that is chosen says.

It behaves as real ones do: the same key is charged once however often it is sent, and an answer that never came can
be asked for.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from shop.orders.models import PretendCharge


class Card(StrEnum):
    """What the customer may choose instead of a card's number."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    SILENT = "silent"
    """The bank charges it, but does not answer in time."""
    UNREACHED = "unreached"
    """The bank never hears of it."""


class Answer(StrEnum):
    CHARGED = "charged"
    DECLINED = "declined"
    VOID = "void"
    """It was called off before it was charged, and never will be."""


ANSWERS: Final = {
    Card.ACCEPTED: Answer.CHARGED,
    Card.DECLINED: Answer.DECLINED,
    Card.SILENT: Answer.CHARGED,
}


class BankTimeoutError(Exception):
    """No answer: the card may have been charged or not."""


def charge(key: UUID, order_id: UUID, amount: Decimal, card: Card) -> Answer:
    """Charges once for each key; asked again, it answers as before. Raises BankTimeoutError."""
    if card is Card.UNREACHED:
        raise BankTimeoutError
    row, is_new = PretendCharge.objects.get_or_create(
        key=key, defaults={"order_id": order_id, "amount": amount, "answer": ANSWERS[card]}
    )
    if card is Card.SILENT and is_new:
        raise BankTimeoutError
    return Answer(row.answer)


def settle(key: UUID, order_id: UUID, amount: Decimal) -> Answer:
    """What became of a key; one that the bank has not heard of is void from here on, also where it comes late."""
    row, _ = PretendCharge.objects.get_or_create(
        key=key, defaults={"order_id": order_id, "amount": amount, "answer": Answer.VOID}
    )
    return Answer(row.answer)
