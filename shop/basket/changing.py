"""What a customer does to their basket."""

from uuid import UUID

from shop.basket.basket import Basket
from shop.basket.projection import Baskets
from shop.facts.application import find, insist, save
from shop.facts.pages import show


class ChangedMeanwhileError(Exception):
    """The basket is no longer as the page showed it: somebody, in another tab perhaps, was first."""


def basket_of(customer: UUID) -> Basket:
    return find(Basket, Basket.create_id(customer)) or Basket(customer=customer)


def add(customer: UUID, product_id: str, quantity: int, visitor: str) -> None:
    """Raises FullError."""

    def command() -> None:
        basket = basket_of(customer)
        basket.add(product_id, quantity, visitor)
        save(basket)

    insist(command)
    show(Baskets())


def change(customer: UUID, product_id: str, quantity: int, visitor: str, *, seen: int) -> None:
    """Sets how many of a product are in the basket, which the page showed at version `seen`.

    Raises ChangedMeanwhileError and FullError.
    """

    def command() -> None:
        basket = basket_of(customer)
        if basket.version != seen:
            raise ChangedMeanwhileError
        basket.change(product_id, quantity, visitor)
        save(basket)

    insist(command)
    show(Baskets())


def take_all_out(customer: UUID) -> None:
    """Nobody is told of it."""

    def command() -> None:
        basket = find(Basket, Basket.create_id(customer))
        if basket is None:
            return
        for product_id in list(basket.lines):
            basket.change(product_id, 0, visitor="")
        save(basket)

    insist(command)
    show(Baskets())
