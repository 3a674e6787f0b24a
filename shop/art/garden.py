"""Shapes of the garden."""

from shop.art.palette import Paint
from shop.art.strokes import SHADOW, circle, ellipse, line, path, rect, turned


def plant(p: Paint) -> str:
    leaves = (
        ("M200 206Q120 190 98 106Q186 112 200 206Z", Paint.LEAF),
        ("M200 206Q280 186 304 100Q214 108 200 206Z", Paint.LEAF),
        ("M200 206Q150 130 200 50Q250 130 200 206Z", Paint.LEAF_SHADE),
    )
    return (
        "".join(path(d, fill) for d, fill in leaves)
        + line("M200 206V78M200 206Q150 176 116 122M200 206Q250 176 288 116", "#a9c9a0", 4, 0.7)
        + path("M128 214H272L254 306Q252 320 238 320H162Q148 320 146 306Z", p.fill)
        + path("M238 214h34l-18 92q-2 14-16 14h-26q20-20 26-106Z", SHADOW, 0.13)
        + rect(118, 196, 164, 30, p.shade, 8)
    )


def succulent(p: Paint) -> str:
    def rosette(x: float, y: float, size: float) -> str:
        petals = "".join(
            turned(ellipse(x, y - size * 0.55, size * 0.34, size * 0.62, Paint.LEAF), a, x, y)
            for a in range(-90, 91, 36)
        )
        inner = "".join(
            turned(ellipse(x, y - size * 0.4, size * 0.24, size * 0.42, "#83b083"), a, x, y)
            for a in (-54, -18, 18, 54)
        )
        return petals + inner

    return (
        rosette(130, 222, 62)
        + rosette(270, 222, 62)
        + rosette(200, 218, 86)
        + path("M72 214H328L304 300Q298 320 278 320H122Q102 320 96 300Z", p.fill)
        + path("M276 214h52l-24 86q-6 20-26 20h-40q32-20 38-106Z", SHADOW, 0.13)
        + rect(64, 206, 272, 22, p.shade, 10)
    )


def trowel(p: Paint) -> str:
    return turned(
        path("M156 208H244Q252 300 200 356Q148 300 156 208Z", Paint.STEEL)
        + path("M200 208h44q8 92-44 148Z", Paint.STEEL_SHADE, 0.6)
        + line("M200 212V164", Paint.STEEL_SHADE, 15)
        + path("M182 172Q176 110 184 52Q200 34 216 52Q224 110 218 172Z", p.fill)
        + rect(179, 158, 42, 16, p.shade, 5)
        + circle(200, 60, 6, p.shade),
        32,
    )


def fork(p: Paint) -> str:
    return turned(
        line("M158 344V246Q158 222 200 222T242 246V344M200 222V348", Paint.STEEL_SHADE, 15)
        + line("M200 226V166", Paint.STEEL_SHADE, 15)
        + path("M182 172Q176 110 184 48Q200 30 216 48Q224 110 218 172Z", p.fill)
        + rect(179, 158, 42, 16, p.shade, 5)
        + circle(200, 56, 6, p.shade),
        32,
    )


def spade(p: Paint) -> str:
    return turned(
        rect(192, 58, 17, 168, p.fill, 6)
        + line("M168 34H232L218 62H182Z", p.shade, 13)
        + path("M150 216H250V320Q240 362 200 374Q160 362 150 320Z", Paint.STEEL)
        + path("M200 216h50v104q-10 42-50 54Z", Paint.STEEL_SHADE, 0.55)
        + rect(186, 196, 29, 40, Paint.STEEL_SHADE, 6),
        24,
    )


def secateurs(p: Paint) -> str:
    return turned(
        path("M190 184Q180 108 220 42Q252 110 214 190Z", Paint.STEEL)
        + path("M212 186Q224 130 184 78Q158 128 186 192Z", Paint.STEEL_SHADE)
        + line("M190 200Q132 260 142 356", p.main, 28)
        + line("M210 200Q268 260 258 356", p.shade, 28)
        + circle(200, 190, 19, Paint.STEEL_LIGHT)
        + circle(200, 190, 7, Paint.DARK),
        18,
    )


def wateringcan(p: Paint) -> str:
    return (
        line("M254 190Q344 176 336 262Q332 296 270 300", p.shade, 14)
        + line("M142 172Q188 88 262 172", p.shade, 13)
        + path("M140 258L62 142 84 130 150 204Z", p.main)
        + turned(path("M44 112H94L84 150H54Z", p.shade), -36, 70, 132)
        + path("M134 170H272L284 304Q284 320 268 320H138Q122 320 122 304Z", p.fill)
        + path("M232 170h40l12 134q0 16-16 16h-40q18-40 4-150Z", SHADOW, 0.13)
        + ellipse(203, 171, 69, 13, p.shade)
        + line("M150 204l-6 82", p.light, 8, 0.55)
    )


def birdhouse(p: Paint) -> str:
    return (
        rect(190, 300, 20, 72, Paint.WOOD_SHADE)
        + path("M118 176L200 96 282 176V308H118Z", p.fill)
        + path("M240 136l42 40v132h-42Z", SHADOW, 0.13)
        + line("M96 190L200 88 304 190", p.shade, 24)
        + circle(200, 200, 27, Paint.DARK)
        + line("M200 250v18", Paint.WOOD_SHADE, 12)
        + path("M240 262q28-26 48 0l14-4-10 14q-8 22-36 18-16-6-16-28Z", "#4f7fa3")
        + circle(282, 264, 3, "#ffffff")
    )


def feeder(p: Paint) -> str:
    return (
        line("M200 24V84", Paint.DARK, 5)
        + path("M104 136L200 72 296 136Z", p.main)
        + rect(96, 130, 208, 16, p.shade, 8)
        + rect(142, 146, 116, 148, "#e4edee", 8)
        + path("M142 196Q200 176 258 200V294H142Z", "#c79a4e")
        + "".join(
            circle(x, y, 6, "#8f6a30")
            for x, y in ((162, 220), (192, 236), (226, 218), (240, 258), (172, 264), (210, 278))
        )
        + line("M112 262h30M258 262h30", p.shade, 8)
        + rect(100, 290, 200, 24, p.fill, 10)
        + line("M158 164v100", "#ffffff", 7, 0.55)
    )


SHAPES = (plant, succulent, trowel, fork, spade, secateurs, wateringcan, birdhouse, feeder)
