"""The surface patterns, each as the inside of one repeating SVG `<pattern>` tile."""

from collections.abc import Callable

from shop.art.palette import Paint

Tile = tuple[int, int, str]
"""Width, height and content of the tile."""


def band(p: Paint) -> Tile:
    return 400, 400, f'<rect y="206" width="400" height="26" fill="{p.accent}" opacity=".85"/>'


def stripe(p: Paint) -> Tile:
    return 30, 30, f'<rect width="9" height="30" fill="{p.accent}" opacity=".55"/>'


def check(p: Paint) -> Tile:
    line = f'fill="{p.accent}" opacity=".38"'
    return 36, 36, f'<rect width="14" height="36" {line}/><rect width="36" height="14" {line}/>'


def speckle(p: Paint) -> Tile:
    spots = (
        (6, 8, 2.1),
        (25, 4, 1.3),
        (38, 18, 1.8),
        (14, 28, 1.4),
        (31, 37, 2.2),
        (46, 44, 1.3),
        (5, 45, 1.6),
    )
    circles = "".join(f'<circle cx="{x}" cy="{y}" r="{r}"/>' for x, y, r in spots)
    return 50, 50, f'<g fill="{p.shade}">{circles}</g>'


def weave(p: Paint) -> Tile:
    strand = f'fill="none" stroke="{p.shade}" stroke-width="5" stroke-linecap="round"'
    return (
        36,
        28,
        f'<path d="M3 7q8-7 15 0M21 21q8-7 15 0" {strand}/><path d="M18 0v14M0 14v14M36 14v14" {strand}/>',
    )


def grain(p: Paint) -> Tile:
    line = f'fill="none" stroke="{p.shade}" stroke-width="2.5" opacity=".6"'
    return 120, 34, f'<path d="M0 8q30-7 60 0t60 0M0 25q30 6 60 0t60 0" {line}/>'


def panels(p: Paint) -> Tile:
    return 116, 400, f'<rect width="58" height="400" fill="{p.accent}" opacity=".45"/>'


PATTERNS: dict[str, Callable[[Paint], Tile]] = {
    pattern.__name__: pattern for pattern in (band, stripe, check, speckle, weave, grain, panels)
}


def definition(name: str, p: Paint) -> str:
    """The `<defs>` that `Paint.fill` refers to, or nothing for a plain surface."""
    if name == "plain":
        return ""
    width, height, content = PATTERNS[name](p)
    return (
        f'<defs><pattern id="pattern" width="{width}" height="{height}" patternUnits="userSpaceOnUse">'
        f'<rect width="{width}" height="{height}" fill="{p.main}"/>{content}</pattern></defs>'
    )
