"""What of an event's properties says something of products, and what could say something of a person.

Segment's e-commerce v2 names. The fields below stay in the clear where their values look like what they are for;
everything else that a sender adds is taken to be about the visitor.
"""

import re
from typing import Any, Final, NamedTuple

from tracking.events import MAX_ID_LENGTH, MAX_POSITION, MAX_PRODUCTS
from tracking.refusals import Reason, RejectedError, identifier_of

PRODUCT_ID_NAMES: Final = ("product_id", "productId", "sku")
NUMBERS: Final = frozenset(
    ["price", "quantity", "value", "revenue", "total", "subtotal", "shipping", "tax", "discount", "position"]
)
CODES: Final = frozenset(PRODUCT_ID_NAMES) | {
    "brand", "cart_id", "category", "category_id", "checkout_id", "coupon", "currency", "list", "list_id",
    "order_id", "rating", "slot", "step", "variant",
}  # fmt: skip
CODE: Final = re.compile(r"[\w &/.,:+'()#-]{0,100}")
"""No @ and no %: neither an address of mail nor one of the web is taken for a code."""
PLAIN_NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,10})?")


class Split(NamedTuple):
    clear: dict[str, Any]
    identifying: dict[str, Any]


def split(properties: dict[str, Any]) -> Split:
    """The properties in two: what stays anonymous, with numbers as numbers, and what may identify."""
    clear: dict[str, Any] = {}
    identifying: dict[str, Any] = {}
    for name, value in properties.items():
        if name in CODES:
            is_clear = (
                CODE.fullmatch(value) is not None if type(value) is str else type(value) in (int, float)
            )
        elif name in NUMBERS:
            number = value if type(value) in (int, float) else _number(value)
            is_clear = number is not None
            value = number if is_clear else value
        elif name == "products" and isinstance(value, list):
            products = [split(item) if isinstance(item, dict) else ({}, {"item": item}) for item in value]
            if any(rest for _, rest in products):
                identifying[name] = [plain | rest for plain, rest in products]
            is_clear, value = True, [plain for plain, _ in products]
        else:
            is_clear = False
        if is_clear:
            clear[name] = value
        elif value is not None:
            identifying[name] = value
    return Split(clear, identifying)


def product_id_of(properties: dict[str, Any], path: str = "properties") -> str | None:
    """The product of an event, under any of the names that senders use. Raises RejectedError."""
    for name in PRODUCT_ID_NAMES:
        if name not in properties:
            continue
        value = properties[name]
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return identifier_of(value, f"{path}.{name}")
    return None


def product_ids_of(properties: dict[str, Any]) -> list[str]:
    """The products of a list or an order, each once, in their order. Raises RejectedError."""
    products = properties.get("products")
    if not isinstance(products, list):
        return []
    if len(products) > MAX_PRODUCTS:
        raise RejectedError(Reason.TOO_LARGE, "properties.products", f"holds more than {MAX_PRODUCTS}")
    found = (product_id_of(item, "properties.products") for item in products if isinstance(item, dict))
    return list(dict.fromkeys(product for product in found if product))


def list_id_of(clear: dict[str, Any]) -> str | None:
    """The list that an event's products were seen in, of properties that are in the clear."""
    list_id = str(clear.get("list_id", ""))
    return list_id if 0 < len(list_id) <= MAX_ID_LENGTH else None


def positions_of(properties: dict[str, Any], product_ids: list[str]) -> list[int]:
    """Where the products stand in their list, in their order; 0 for an unknown place, empty where all are unknown."""
    items = properties.get("products")
    if not isinstance(items, list):
        position = _position(properties.get("position")) if len(product_ids) == 1 else 0
        return [position] if position else []
    told: dict[str | None, int] = {}
    for item in items:
        if isinstance(item, dict) and (position := _position(item.get("position"))):
            told.setdefault(product_id_of(item), position)
    return [told.get(product, 0) for product in product_ids] if told else []


def _position(value: Any) -> int:
    """A place from 1 on, as a number or a text; 0 for what is none."""
    number = value if type(value) in (int, float) else _number(value)
    return int(number) if number and 1 <= number <= MAX_POSITION and number == int(number) else 0


def _number(value: Any) -> int | float | None:
    """A number that came as text, "19.90"; None for everything else."""
    if not isinstance(value, str) or not PLAIN_NUMBER.fullmatch(value.strip()):
        return None
    return float(value) if "." in value else int(value)
