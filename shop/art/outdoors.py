"""Shapes of the outdoors."""

from shop.art.palette import Paint
from shop.art.strokes import SHADOW, circle, line, path, rect


def tent(p: Paint) -> str:
    return (
        line("M60 312L30 330M340 312l30 18", Paint.WOOD_SHADE, 5)
        + path("M200 92L352 318H48Z", p.fill)
        + path("M200 92L352 318H236Z", SHADOW, 0.16)
        + path("M200 130L246 318H154Z", Paint.DARK)
        + path("M200 130L154 318H122Q176 250 200 130Z", p.light)
        + path("M200 130L246 318H278Q224 250 200 130Z", p.light, 0.8)
        + line("M200 92V70", Paint.WOOD_SHADE, 7)
        + path("M203 66h40l-10 10 10 10h-40Z", p.accent)
    )


def lantern(p: Paint) -> str:
    return (
        circle(200, 214, 118, "#ffdf8f", 0.28)
        + line("M146 128Q146 58 200 58T254 128", Paint.STEEL_SHADE, 9)
        + path("M150 122H250L266 154H134Z", p.main)
        + rect(142, 154, 116, 116, "#fff3cf", 10)
        + line("M172 156v112M228 156v112", Paint.STEEL_SHADE, 5)
        + path("M200 176q24 30 0 62q-24-32 0-62Z", "#f2a33a")
        + path("M130 268H270L280 320H120Z", p.fill)
        + path("M228 268h42l10 52h-46Z", SHADOW, 0.13)
        + circle(200, 294, 11, p.shade)
    )


def chair(p: Paint) -> str:
    return (
        line("M118 322L262 184M282 322L138 184", Paint.STEEL_SHADE, 11)
        + line("M104 96L130 250M296 96L270 250", Paint.STEEL_SHADE, 11)
        + path("M102 84H298L282 206H118Z", p.fill)
        + path("M118 200H282L300 256Q200 280 100 256Z", p.shade)
        + path("M250 84h48l-16 122h-40Z", SHADOW, 0.1)
        + line("M84 186h48M268 186h48", Paint.WOOD, 14)
    )


def backpack(p: Paint) -> str:
    return (
        line("M168 96Q168 58 200 58T232 96", p.shade, 11)
        + rect(86, 206, 40, 92, p.shade, 16)
        + rect(274, 206, 40, 92, p.shade, 16)
        + path("M112 172Q112 88 200 88T288 172V290Q288 322 256 322H144Q112 322 112 290Z", p.fill)
        + path("M250 104q38 22 38 68v118q0 32-32 32h-32q30-30 26-218Z", SHADOW, 0.12)
        + path("M112 176Q112 196 134 196H266Q288 196 288 176V150Q200 176 112 150Z", p.shade)
        + rect(142, 226, 116, 76, p.main, 14)
        + line("M142 246H258", p.shade, 6)
        + rect(152, 176, 15, 46, "#8a5f3c", 4)
        + rect(233, 176, 15, 46, "#8a5f3c", 4)
        + rect(149, 206, 21, 14, "#d8b765", 3)
        + rect(230, 206, 21, 14, "#d8b765", 3)
    )


def tote(p: Paint) -> str:
    return (
        line("M150 176V122Q150 72 200 72T250 122V176", "#8a5f3c", 12)
        + path("M94 160H306L318 306Q318 322 302 322H98Q82 322 82 306Z", p.fill)
        + path("M258 160h48l12 146q0 16-16 16h-50q20-40 6-162Z", SHADOW, 0.11)
        + rect(92, 156, 216, 15, p.shade, 6)
        + line("M150 172v62M250 172v62", "#8a5f3c", 12)
        + rect(168, 238, 64, 40, Paint.PAPER, 5)
        + line("M182 252h36M182 264h22", p.shade, 4)
    )


def flask(p: Paint) -> str:
    return (
        rect(154, 48, 92, 76, Paint.STEEL, 14)
        + rect(214, 48, 32, 76, Paint.STEEL_SHADE, 12, 0.7)
        + path(
            "M150 118H250Q268 132 268 158V300Q268 322 246 322H154Q132 322 132 300V158Q132 132 150 118Z",
            p.fill,
        )
        + path("M226 118h24q18 14 18 40v142q0 22-22 22h-32q14-20 12-204Z", SHADOW, 0.13)
        + rect(132, 290, 136, 14, Paint.STEEL_SHADE)
        + line("M152 164v110", p.light, 8, 0.55)
    )


def bottle(p: Paint) -> str:
    return (
        line("M178 66Q178 42 200 42T222 66", p.shade, 11)
        + rect(168, 64, 64, 44, p.shade, 9)
        + path(
            "M172 104H228V126Q258 144 258 176V298Q258 322 234 322H166Q142 322 142 298V176Q142 144 172 126Z",
            p.fill,
        )
        + path("M214 104h14v22q30 18 30 50v122q0 24-24 24h-30q18-20 14-150Z", SHADOW, 0.13)
        + line("M162 184v94", p.light, 8, 0.55)
    )


def tumbler(p: Paint) -> str:
    return (
        path("M138 130H262L246 304Q244 322 228 322H172Q156 322 154 304Z", p.fill)
        + path("M224 130h38l-16 174q-2 18-18 18h-26q18-20 22-192Z", SHADOW, 0.13)
        + path("M128 106H272V132H128Z", Paint.DARK)
        + path("M146 84H254L266 108H134Z", Paint.DARK, 0.85)
        + path("M141 178H259L254 226H146Z", p.shade, 0.8)
        + line("M162 148v24", p.light, 7, 0.6)
    )


def umbrella(p: Paint) -> str:
    return (
        line("M200 88V304Q200 340 168 340T136 312", Paint.WOOD, 12)
        + path(
            "M48 214Q56 82 200 82T352 214Q328 186 302 210Q276 184 250 208"
            "Q226 184 200 208Q174 184 150 208Q124 184 98 210Q72 186 48 214Z",
            p.fill,
        )
        + path("M200 82Q352 82 352 214Q328 186 302 210Q290 110 200 82Z", SHADOW, 0.13)
        + line("M200 84Q150 120 150 206M200 84Q250 120 250 206", p.shade, 4, 0.7)
        + line("M200 82V62", Paint.WOOD_SHADE, 9)
    )


def boots(p: Paint) -> str:
    def boot(x: int, fill: str) -> str:
        return (
            path(f"M{x} 104H{x + 92}V232Q{x + 98} 258 {x + 132} 266Q{x + 156} 274 {x + 154} 306H{x}Z", fill)
            + rect(x - 4, 302, 162, 20, Paint.DARK, 8)
            + rect(x - 5, 96, 102, 24, p.shade, 8)
            + line(f"M{x + 18} 140v108", p.light, 8, 0.5)
        )

    return boot(170, p.shade) + boot(92, p.fill)


SHAPES = (tent, lantern, chair, backpack, tote, flask, bottle, tumbler, umbrella, boots)
