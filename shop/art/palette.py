"""The colours that goods come in, and how a drawing gets its shades from one of them."""

import colorsys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    label: str
    hex: str
    family: str


COLOURS = {
    "ink": Colour("Ink", "#33476b", "blue"),
    "slate": Colour("Slate Blue", "#6683a3", "blue"),
    "sea": Colour("Sea Green", "#3c9090", "green"),
    "sage": Colour("Sage", "#93ab8d", "green"),
    "moss": Colour("Moss", "#6a7f4c", "green"),
    "fern": Colour("Fern", "#3f8060", "green"),
    "chalk": Colour("Chalk", "#f1ece2", "neutral"),
    "oat": Colour("Oat", "#dccbab", "neutral"),
    "stone": Colour("Stone", "#b4aca0", "neutral"),
    "charcoal": Colour("Charcoal", "#4a4e54", "neutral"),
    "honey": Colour("Honey", "#e5b95c", "yellow"),
    "mustard": Colour("Mustard", "#d79f2f", "yellow"),
    "rust": Colour("Rust", "#b85a3c", "red"),
    "brick": Colour("Brick Red", "#ac453f", "red"),
    "coral": Colour("Coral", "#e27f68", "red"),
    "blush": Colour("Blush", "#e6b5a9", "pink"),
    "plum": Colour("Plum", "#774a68", "pink"),
    "lavender": Colour("Lavender", "#9f91bd", "pink"),
    "walnut": Colour("Walnut", "#76553d", "wood"),
    "oak": Colour("Oak", "#c59d6c", "wood"),
    "beech": Colour("Beech", "#debb8e", "wood"),
    "copper": Colour("Copper", "#bb774a", "metal"),
    "brass": Colour("Brass", "#c8a350", "metal"),
    "steel": Colour("Steel", "#a7b2ba", "metal"),
}


@dataclass(frozen=True, slots=True)
class Paint:
    """What a shape is painted with. `fill` may be a pattern; the others are plain colours."""

    main: str
    shade: str
    light: str
    accent: str
    fill: str

    WOOD = "#c59d6c"
    WOOD_SHADE = "#a47f52"
    STEEL = "#b9c2c8"
    STEEL_SHADE = "#8e9aa3"
    STEEL_LIGHT = "#dfe5e8"
    LEAF = "#5c8f62"
    LEAF_SHADE = "#437350"
    PAPER = "#fffaf0"
    DARK = "#343a42"


def lightness(colour: str, factor: float) -> str:
    """`colour` (#rrggbb) made lighter (factor above 1) or darker (below 1)."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    light = min(0.96, light * factor) if factor <= 1 else light + (0.97 - light) * (factor - 1)
    return "#" + "".join(f"{round(c * 255):02x}" for c in colorsys.hls_to_rgb(hue, light, saturation))


def paint(colour: str, pattern: str) -> Paint:
    """The paint for a named colour, with a pattern from `shop.art.patterns` or none."""
    main = COLOURS[colour].hex
    pale = COLOURS[colour].family == "neutral" and colour != "charcoal"
    return Paint(
        main=main,
        shade=lightness(main, 0.78),
        light=lightness(main, 1.45),
        accent="#4f6d8c" if pale else "#f6efe0",
        fill=main if pattern == "plain" else "url(#pattern)",
    )
