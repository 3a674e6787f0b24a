"""Shapes of the home."""

from math import cos, pi, sin

from shop.art.palette import Paint
from shop.art.strokes import SHADOW, circle, ellipse, line, path, rect


def lamp(p: Paint) -> str:
    return (
        path("M84 330L140 200H260L316 330Z", "#ffdf8f", 0.22)
        + rect(192, 200, 16, 50, Paint.WOOD_SHADE)
        + path("M200 226q52 14 52 52 0 42-36 42H184q-36 0-36-42 0-38 52-52Z", p.main)
        + path("M214 232q38 16 38 46 0 42-36 42h-16q42-20 14-88Z", SHADOW, 0.13)
        + path("M150 78H250L294 206H106Z", p.fill)
        + path("M226 78H250L294 206H248Z", SHADOW, 0.1)
        + path("M108 198H292L294 206H106Z", p.shade)
    )


def pendant(p: Paint) -> str:
    return (
        line("M200 20V130", Paint.DARK, 5)
        + path("M70 350L96 250H304L330 350Z", "#ffdf8f", 0.26)
        + rect(180, 112, 40, 36, Paint.STEEL_SHADE, 8)
        + path("M180 142H220Q312 162 318 248H82Q88 162 180 142Z", p.fill)
        + path("M212 142h8q92 20 98 106h-56Q262 170 212 142Z", SHADOW, 0.13)
        + ellipse(200, 248, 118, 14, p.shade)
        + circle(200, 254, 22, "#fff1c4")
        + line("M120 224q10-38 48-56", p.light, 8, 0.55)
    )


def desklamp(p: Paint) -> str:
    return (
        path("M70 320L96 190 196 236 232 320Z", "#ffdf8f", 0.24)
        + ellipse(274, 312, 66, 12, p.shade)
        + ellipse(274, 306, 66, 12, p.main)
        + line("M274 300L308 194 206 122", p.main, 13)
        + circle(308, 194, 12, p.shade)
        + circle(206, 122, 11, p.shade)
        + path("M178 96L226 132Q214 196 196 236L92 188Q116 120 178 96Z", p.fill)
        + path("M226 132q-12 64-30 104l-36-16q40-40 46-104Z", SHADOW, 0.12)
    )


def cushion(p: Paint) -> str:
    edge = (
        "M92 104Q200 126 308 104Q330 92 320 116Q300 210 320 304Q330 326 308 316"
        "Q200 296 92 316Q70 326 80 304Q100 210 80 116Q70 92 92 104Z"
    )
    return (
        path(edge, p.fill)
        + path(
            "M308 104Q330 92 320 116Q300 210 320 304Q330 326 308 316Q284 310 260 308Q290 210 262 110Z",
            SHADOW,
            0.12,
        )
        + line("M116 134q-8 26-6 50", p.light, 8, 0.5)
        + line("M150 180q50 22 100 0M158 244q42-16 84 0", p.shade, 4, 0.45)
    )


def throw(p: Paint) -> str:
    fringe = "".join(f"M{x} 300v30" for x in range(98, 304, 17))
    return (
        line(fringe, p.shade, 6)
        + path("M86 120Q200 84 314 120V302H86Z", p.fill)
        + path("M86 120Q200 84 314 120V170Q200 138 86 170Z", p.shade, 0.55)
        + path(
            "M86 212Q200 190 314 212V222Q200 200 86 222ZM86 264Q200 246 314 264V274Q200 256 86 274Z",
            SHADOW,
            0.12,
        )
    )


def candle(p: Paint) -> str:
    return (
        _flame(200, 104)
        + line("M200 124v24", Paint.DARK, 5)
        + rect(142, 146, 116, 168, p.fill, 10)
        + path("M222 146h26q10 0 10 10v148q0 10-10 10h-26Z", SHADOW, 0.1)
        + ellipse(200, 150, 58, 13, p.light)
        + ellipse(200, 314, 96, 15, Paint.WOOD)
        + path("M158 158v30q0 10 8 10t8-10v-28Z", p.light)
    )


def jarcandle(p: Paint) -> str:
    return (
        _flame(200, 138)
        + rect(122, 156, 156, 164, "#dfeaec", 18)
        + path("M122 192H278V302Q278 320 260 320H140Q122 320 122 302Z", p.fill)
        + line("M200 158v34", Paint.DARK, 5)
        + rect(152, 222, 96, 62, Paint.PAPER, 6)
        + line("M172 244h56M184 262h32", p.shade, 5)
        + line("M138 176v120", "#ffffff", 7, 0.55)
    )


def tapers(p: Paint) -> str:
    return "".join(
        _flame(x, 66 + drop, 0.62)
        + line(f"M{x} {80 + drop}v16", Paint.DARK, 4)
        + path(f"M{x - 12} {96 + drop}h24l5 {214 - drop}h-34Z", p.fill)
        + path(f"M{x + 2} {96 + drop}h10l5 {214 - drop}h-13Z", SHADOW, 0.12)
        + path(f"M{x - 26} 300h52l-8 22h-36Z", Paint.STEEL_SHADE)
        for x, drop in ((110, 34), (170, 0), (230, 18), (290, 48))
    )


def vase(p: Paint) -> str:
    return (
        line("M200 130Q194 76 226 44M200 130Q198 90 164 66", Paint.LEAF_SHADE, 6)
        + ellipse(232, 42, 17, 12, "#f3c96b")
        + ellipse(158, 60, 15, 11, "#f3c96b")
        + path(
            "M180 116H220V166Q278 192 278 252Q278 320 228 320H172Q122 320 122 252Q122 192 180 166Z", p.fill
        )
        + path("M208 116h12v50q58 26 58 86 0 68-50 68h-22q60-40 2-150Z", SHADOW, 0.13)
        + rect(172, 108, 56, 14, p.shade, 7)
        + line("M146 256q0-36 26-56", p.light, 8, 0.6)
    )


def urn(p: Paint) -> str:
    stems = "M200 150Q196 100 200 50M200 150Q176 96 140 76M200 150Q226 98 262 78"
    leaves = "".join(
        ellipse(x, y, 22, 15, Paint.LEAF)
        for x, y in ((200, 50), (138, 74), (264, 76), (170, 104), (232, 106))
    )
    return (
        line(stems, Paint.LEAF_SHADE, 6)
        + leaves
        + path("M138 140H262Q250 178 268 214Q288 262 240 320H160Q112 262 132 214Q150 178 138 140Z", p.fill)
        + path("M226 140h36q-12 38 6 74 20 48-28 106h-30q50-60 22-106-14-36-6-74Z", SHADOW, 0.13)
        + ellipse(200, 141, 62, 12, p.shade)
        + line("M148 236q-6 20 4 44", p.light, 8, 0.6)
    )


def clock(p: Paint) -> str:
    return (
        circle(204, 206, 128, SHADOW, 0.1)
        + circle(200, 200, 128, p.main)
        + circle(200, 200, 106, Paint.PAPER)
        + _ticks(200, 200, 92)
        + line("M200 200V132", Paint.DARK, 9)
        + line("M200 200l52 30", Paint.DARK, 9)
        + line("M200 220V116", p.main if p.main != "#f1ece2" else p.accent, 4)
        + circle(200, 200, 9, Paint.DARK)
    )


def alarm(p: Paint) -> str:
    return (
        line("M142 296l-22 26M258 296l22 26", p.shade, 16)
        + path("M104 150a46 46 0 0 1 74-52Z", p.shade)
        + path("M296 150a46 46 0 0 0-74-52Z", p.shade)
        + line("M200 92V70M184 68h32", Paint.STEEL_SHADE, 9)
        + circle(200, 210, 108, p.main)
        + circle(200, 210, 86, Paint.PAPER)
        + _ticks(200, 210, 72)
        + line("M200 210V156M200 210l40 20", Paint.DARK, 8)
        + circle(200, 210, 8, Paint.DARK)
    )


def mantel(p: Paint) -> str:
    return (
        path("M112 308V196Q112 96 200 96T288 196V308Z", p.fill)
        + path("M252 308V196Q252 130 214 98Q288 104 288 196V308Z", SHADOW, 0.12)
        + rect(92, 298, 216, 24, p.shade, 8)
        + circle(200, 200, 66, Paint.PAPER)
        + _ticks(200, 200, 55)
        + line("M200 200V160M200 200l-30 16", Paint.DARK, 7)
        + circle(200, 200, 7, Paint.DARK)
    )


def basket(p: Paint) -> str:
    return (
        line("M112 208Q112 74 200 74T288 208", p.shade, 16)
        + path("M82 198H318L290 304Q286 320 268 320H132Q114 320 110 304Z", p.fill)
        + path("M268 198h50l-28 106q-4 16-22 16h-34q26-20 34-122Z", SHADOW, 0.13)
        + rect(72, 188, 256, 24, p.shade, 12)
    )


def tub(p: Paint) -> str:
    return (
        line("M104 162q-34 0-34 30t34 30M296 162q34 0 34 30t-34 30", p.shade, 13)
        + path("M94 136H306L288 302Q286 320 266 320H134Q114 320 112 302Z", p.fill)
        + path("M260 136h46l-18 166q-2 18-22 18h-34q24-30 28-184Z", SHADOW, 0.13)
        + ellipse(200, 136, 108, 20, p.shade)
        + ellipse(200, 138, 92, 13, "#f4ead8")
    )


def towels(p: Paint) -> str:
    def folded(y: int, fill: str) -> str:
        return (
            rect(84, y, 232, 62, fill, 24)
            + path(f"M292 {y}q24 4 24 31t-24 31H120q150-4 172-62Z", SHADOW, 0.1)
            + line(f"M108 {y + 32}H292", p.shade, 4, 0.7)
        )

    return folded(258, p.shade) + folded(196, p.fill) + folded(134, p.light)


def soap(p: Paint) -> str:
    return (
        rect(72, 274, 256, 26, Paint.WOOD, 12)
        + rect(104, 296, 24, 24, Paint.WOOD_SHADE, 4)
        + rect(272, 296, 24, 24, Paint.WOOD_SHADE, 4)
        + rect(100, 186, 200, 90, p.main, 34)
        + path("M266 186q34 0 34 45t-34 45H150q116-10 116-90Z", SHADOW, 0.1)
        + rect(136, 212, 128, 38, p.light, 16, 0.7)
        + circle(282, 148, 20, "#ffffff", 0.75)
        + circle(246, 122, 12, "#ffffff", 0.75)
        + circle(304, 104, 9, "#ffffff", 0.75)
    )


def _flame(x: float, y: float, size: float = 1) -> str:
    return (
        circle(x, y, 46 * size, "#ffdf8f", 0.4)
        + f'<g transform="translate({x} {y}) scale({size})">'
        + path("M0-40Q28-4 16 14Q8 26 0 26T-16 14Q-28-4 0-40Z", "#f2a33a")
        + path("M0-12Q12 6 7 15Q3 20 0 20T-7 15Q-12 6 0-12Z", "#fff1c4")
        + "</g>"
    )


def _ticks(x: float, y: float, radius: float) -> str:
    marks = (
        f"M{x + radius * sin(h * pi / 6):.1f} {y - radius * cos(h * pi / 6):.1f}"
        f"L{x + (radius - 9) * sin(h * pi / 6):.1f} {y - (radius - 9) * cos(h * pi / 6):.1f}"
        for h in range(12)
    )
    return line("".join(marks), Paint.DARK, 5)


SHAPES = (
    *(lamp, pendant, desklamp, cushion, throw, candle, jarcandle, tapers, vase, urn),
    *(clock, alarm, mantel, basket, tub, towels, soap),
)
