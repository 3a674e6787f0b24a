"""A whole picture: a soft backdrop, a shadow on the ground, and one shape in its paint."""

from collections.abc import Callable
from hashlib import md5

from shop.art import garden, home, kitchen, outdoors, workshop
from shop.art.palette import Paint, paint
from shop.art.patterns import definition
from shop.art.strokes import ellipse

EDITION = 1
"""Raise it when a drawing changes: browsers keep pictures for a year under their version."""

SHAPES: dict[str, Callable[[Paint], str]] = {
    shape.__name__: shape for room in (kitchen, home, garden, outdoors, workshop) for shape in room.SHAPES
}


def picture_version(*looks: object) -> str:
    """Changes when the looks of a thing or this edition of the drawings do. The catalogue says the same in SQL."""
    return md5("/".join(map(_text, (EDITION, *looks))).encode(), usedforsecurity=False).hexdigest()[:10]


def _text(look: object) -> str:
    """As Postgres writes it: whole numbers without a fraction."""
    return str(look).removesuffix(".0") if isinstance(look, float) else str(look)


def draw(*, shape: str, colour: str, pattern: str, hue: int, width: float = 1, height: float = 1) -> str:
    """The SVG of one product, stretched about the middle of the ground by `width` and `height`."""
    p = paint(colour, pattern)
    fit = f"translate(200 320) scale({0.95 * width:g} {0.95 * height:g}) translate(-200 -320)"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400">'
        + definition(pattern, p)
        + f'<rect width="400" height="400" fill="hsl({hue} 30% 92%)"/>'
        + f'<circle cx="200" cy="196" r="164" fill="hsl({hue} 34% 87%)"/>'
        + ellipse(200, 324, 128 * width, 13, f"hsl({hue} 22% 40%)", 0.22)
        + f'<g transform="{fit}">{SHAPES[shape](p)}</g></svg>'
    )
