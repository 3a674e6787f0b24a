"""Shapes of the workshop, the desk and the playroom."""

from shop.art.palette import COLOURS, Paint
from shop.art.strokes import SHADOW, circle, line, path, rect, turned


def hammer(p: Paint) -> str:
    return turned(
        rect(186, 118, 28, 146, Paint.WOOD, 8)
        + rect(180, 236, 40, 126, p.fill, 16)
        + rect(206, 236, 14, 126, SHADOW, 8, 0.13)
        + rect(170, 84, 62, 46, Paint.STEEL_SHADE, 6)
        + rect(228, 78, 52, 58, Paint.STEEL, 8)
        + path("M172 86Q112 84 92 134Q128 112 172 128Z", Paint.STEEL),
        28,
    )


def screwdriver(p: Paint) -> str:
    return turned(
        rect(192, 196, 16, 150, Paint.STEEL, 3)
        + path("M188 338H212L207 368H193Z", Paint.STEEL_SHADE)
        + rect(182, 184, 36, 22, Paint.DARK, 5)
        + path("M172 62Q172 36 200 36T228 62L234 150Q234 188 218 188H182Q166 188 166 150Z", p.fill)
        + line("M186 66v92M214 66v92", p.shade, 6, 0.7)
        + line("M200 58v106", p.light, 5, 0.6),
        38,
    )


def spanner(p: Paint) -> str:
    return turned(
        path("M180 150H220L228 340Q228 366 200 366T172 340Z", Paint.STEEL)
        + rect(182, 196, 36, 146, p.fill, 16)
        + path(
            "M200 164Q142 158 142 104Q142 62 178 44V100H222V44Q258 62 258 104Q258 158 200 164Z",
            Paint.STEEL_SHADE,
        )
        + rect(176, 118, 48, 22, Paint.STEEL_LIGHT, 5)
        + circle(200, 330, 9, Paint.PAPER),
        34,
    )


def saw(p: Paint) -> str:
    teeth = "".join("l-9 13-9-13" for _ in range(13))
    return turned(
        path(f"M20 208L262 158V250h-2{teeth}Z", Paint.STEEL_LIGHT)
        + path("M40 212L262 200V250H36Z", Paint.STEEL, 0.7)
        + path("M252 150H324Q366 150 366 194V232Q366 264 330 264H262Q244 210 252 150Z", p.fill)
        + path("M286 184H316Q332 184 332 204V216Q332 232 314 232H292Q282 208 286 184Z", "#f4efe4"),
        -18,
    )


def notebook(p: Paint) -> str:
    return turned(
        rect(116, 76, 186, 256, p.shade, 10)
        + rect(120, 80, 178, 246, Paint.PAPER, 6)
        + rect(106, 70, 186, 254, p.fill, 12)
        + rect(106, 70, 30, 254, SHADOW, 8, 0.16)
        + rect(166, 122, 92, 54, Paint.PAPER, 6)
        + line("M182 142h60M182 156h38", p.shade, 5)
        + rect(266, 70, 9, 254, p.accent, 0, 0.85),
        -7,
    )


def spiral(p: Paint) -> str:
    rings = "".join(line(f"M{x} 78v34", Paint.STEEL_SHADE, 8) for x in range(116, 300, 24))
    return turned(
        rect(98, 98, 212, 230, p.shade, 8)
        + rect(102, 98, 204, 224, Paint.PAPER, 6)
        + rect(92, 92, 212, 230, p.fill, 10)
        + path("M250 92h44q10 0 10 10v210q0 10-10 10h-44Z", SHADOW, 0.09)
        + rings
        + rect(136, 168, 122, 70, Paint.PAPER, 6)
        + line("M156 222l24-30 18 18 16-14 26 26", p.shade, 6),
        6,
    )


def pen(p: Paint) -> str:
    return turned(
        path("M186 288H214L200 362Z", "#d8b765")
        + line("M200 308v44", Paint.DARK, 3)
        + rect(180, 236, 40, 60, Paint.DARK, 8)
        + rect(176, 128, 48, 114, p.fill, 6)
        + rect(172, 34, 56, 104, p.shade, 20)
        + rect(172, 126, 56, 13, "#d8b765")
        + rect(216, 52, 11, 74, "#d8b765", 5)
        + line("M188 150v76", p.light, 6, 0.6),
        36,
    )


def ballpoint(p: Paint) -> str:
    return turned(
        path("M184 300H216L204 352H196Z", Paint.STEEL_SHADE)
        + rect(194, 344, 12, 20, Paint.STEEL)
        + rect(180, 176, 40, 130, p.fill, 6)
        + rect(180, 70, 40, 108, p.shade, 8)
        + rect(178, 168, 44, 13, Paint.STEEL_LIGHT)
        + rect(190, 42, 20, 32, Paint.STEEL_SHADE, 6)
        + rect(212, 76, 12, 88, Paint.STEEL_LIGHT, 5)
        + line("M190 190v96", p.light, 6, 0.6),
        36,
    )


def pencils(p: Paint) -> str:
    def pencil(x: int, top: int, fill: str) -> str:
        return (
            rect(x, top, 34, 316 - top, fill)
            + rect(x + 22, top, 12, 316 - top, SHADOW, 0, 0.13)
            + path(f"M{x} {top}h34l-17-50Z", Paint.WOOD)
            + path(f"M{x + 11} {top - 18}h12l-6-32Z", Paint.DARK)
            + rect(x, 288, 34, 28, p.accent)
        )

    tops = (128, 104, 120, 96, 132, 112)
    return "".join(pencil(88 + 38 * i, top, p.shade if i % 2 else p.main) for i, top in enumerate(tops))


def train(p: Paint) -> str:
    wheels = "".join(
        circle(x, 296, r, Paint.WOOD) + circle(x, 296, r / 3, Paint.WOOD_SHADE)
        for x, r in ((122, 30), (194, 30), (276, 40))
    )
    return (
        rect(74, 262, 262, 26, p.shade, 8)
        + path("M92 184Q92 162 114 162H236V266H92Z", p.fill)
        + rect(230, 106, 92, 160, p.main, 8)
        + rect(250, 132, 52, 48, "#eaf3f4", 8)
        + rect(216, 92, 120, 22, p.shade, 10)
        + path("M118 112H162L154 164H126Z", Paint.WOOD_SHADE)
        + circle(190, 158, 16, "#d8b765")
        + circle(140, 84, 15, "#ffffff", 0.9)
        + circle(166, 62, 20, "#ffffff", 0.9)
        + wheels
    )


def boat(p: Paint) -> str:
    return (
        rect(194, 62, 11, 190, Paint.WOOD_SHADE, 4)
        + path("M186 72V230H84Q150 170 186 72Z", Paint.PAPER)
        + path("M214 92Q290 150 304 230H214Z", p.main)
        + path(
            "M205 60h40l-12 12 12 12h-40Z",
            COLOURS["coral"].hex if p.main != COLOURS["coral"].hex else "#f2c14e",
        )
        + path("M64 250H336Q320 318 270 318H130Q80 318 64 250Z", p.fill)
        + path("M262 250h74q-16 68-66 68h-34q26-20 26-68Z", SHADOW, 0.13)
        + rect(60, 242, 280, 16, Paint.WOOD, 8)
    )


def blocks(p: Paint) -> str:
    def block(x: int, y: int, fill: str) -> str:
        return rect(x, y, 88, 88, fill, 8) + rect(x + 66, y, 22, 88, SHADOW, 8, 0.12)

    return (
        block(64, 232, p.main)
        + block(156, 232, Paint.WOOD)
        + block(248, 232, p.shade)
        + block(108, 140, "#f2c14e")
        + block(200, 140, p.fill)
        + path("M150 132L200 56 250 132Z", p.shade)
        + circle(200, 276, 20, Paint.PAPER)
        + path("M92 262h32v32h-32Z", Paint.PAPER)
        + path("M152 168l18 32h-36Z", p.main)
    )


def rings(p: Paint) -> str:
    fills = (p.shade, p.main, "#f2c14e", p.light, p.main, p.shade)
    stack = "".join(
        rect(200 - half, 270 - i * 34, half * 2, 34, fill, 17)
        + rect(200 + half - 40, 270 - i * 34, 40, 34, SHADOW, 17, 0.1)
        for i, (half, fill) in enumerate(zip((112, 98, 86, 74, 62, 50), fills, strict=True))
    )
    return (
        path("M84 300H316Q300 330 200 330T84 300Z", Paint.WOOD)
        + rect(192, 60, 16, 220, Paint.WOOD_SHADE, 6)
        + stack
        + circle(200, 70, 23, Paint.WOOD)
    )


SHAPES = (
    *(hammer, screwdriver, spanner, saw, notebook, spiral, pen, ballpoint, pencils),
    *(train, boat, blocks, rings),
)
