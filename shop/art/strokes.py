"""The few SVG elements that shapes are drawn with, on a canvas of 400 by 400 with the ground at y = 320."""

SHADOW = "#1c2733"


def path(d: str, fill: str, opacity: float = 1) -> str:
    return f'<path d="{d}" fill="{fill}"{_opacity(opacity)}/>'


def line(d: str, stroke: str, width: float = 8, opacity: float = 1) -> str:
    ends = 'stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{d}" fill="none" stroke="{stroke}" stroke-width="{width}" {ends}{_opacity(opacity)}/>'


def rect(x: float, y: float, w: float, h: float, fill: str, r: float = 0, opacity: float = 1) -> str:
    return f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{r}" fill="{fill}"{_opacity(opacity)}/>'


def circle(x: float, y: float, r: float, fill: str, opacity: float = 1) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{r}" fill="{fill}"{_opacity(opacity)}/>'


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, opacity: float = 1) -> str:
    return f'<ellipse cx="{x}" cy="{y}" rx="{rx}" ry="{ry}" fill="{fill}"{_opacity(opacity)}/>'


def turned(content: str, degrees: float, x: float = 200, y: float = 200) -> str:
    return f'<g transform="rotate({degrees} {x} {y})">{content}</g>'


def moved(content: str, x: float, y: float, scale: float = 1) -> str:
    return f'<g transform="translate({x} {y}) scale({scale})">{content}</g>'


def _opacity(opacity: float) -> str:
    return "" if opacity == 1 else f' opacity="{opacity}"'
