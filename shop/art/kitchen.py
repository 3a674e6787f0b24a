"""Shapes of the kitchen."""

from shop.art.palette import Paint
from shop.art.strokes import SHADOW, circle, ellipse, line, moved, path, rect, turned


def mug(p: Paint) -> str:
    body = "M118 128H262V270Q262 320 214 320H166Q118 320 118 270Z"
    return (
        line("M258 168h22q36 0 36 40t-36 40h-24", p.main, 22)
        + path(body, p.fill)
        + path("M226 128H262V270Q262 320 214 320H190Q226 312 226 262Z", SHADOW, 0.12)
        + ellipse(190, 128, 72, 15, p.shade)
        + ellipse(190, 131, 62, 10, "#6b4a35")
        + line("M138 164v92", p.light, 8, 0.55)
    )


def cup(p: Paint) -> str:
    return (
        ellipse(196, 306, 138, 17, p.shade)
        + ellipse(196, 300, 138, 15, p.light)
        + line("M272 200q46-8 44 26t-58 34", p.main, 16)
        + path("M104 172H284Q286 296 218 300H170Q102 296 104 172Z", p.fill)
        + path("M240 172H284Q286 296 218 300H196Q242 280 240 172Z", SHADOW, 0.12)
        + ellipse(194, 172, 90, 16, p.shade)
        + ellipse(194, 175, 78, 11, "#8a5a34")
    )


def teapot(p: Paint) -> str:
    return (
        line("M116 204q-62-14-64 40t74 44", p.shade, 18)
        + path("M262 236q42 0 52-46l12-26h32q-20 26-30 66-12 48-62 62Z", p.shade)
        + path("M196 152q100 0 102 92 0 52-46 76H140q-46-24-46-76 2-92 102-92Z", p.fill)
        + path("M236 158q62 16 62 86 0 52-46 76h-34q60-40 18-162Z", SHADOW, 0.12)
        + ellipse(196, 156, 62, 15, p.shade)
        + path("M138 150q58-44 116 0Z", p.main)
        + circle(196, 120, 14, p.shade)
        + line("M124 220q8-32 34-42", p.light, 9, 0.6)
    )


def press(p: Paint) -> str:
    return (
        line("M262 164h22q30 0 30 46v40q0 34-40 36", p.main, 18)
        + rect(136, 136, 128, 178, "#dcebee", 16)
        + path("M136 216H264V298Q264 314 248 314H152Q136 314 136 298Z", "#5c3f2f")
        + rect(136, 205, 128, 13, p.shade)
        + line("M200 86v120", Paint.STEEL_SHADE, 6)
        + path("M126 142q6-34 74-34t74 34v10H126Z", p.main)
        + circle(200, 80, 16, p.main)
        + rect(128, 232, 144, 14, p.main, 5)
        + rect(128, 304, 144, 16, p.main, 6)
        + line("M156 168v112", "#ffffff", 8, 0.5)
    )


def pan(p: Paint) -> str:
    return turned(
        rect(276, 184, 118, 26, Paint.WOOD, 13)
        + rect(262, 188, 40, 18, Paint.STEEL_SHADE, 4)
        + circle(162, 197, 122, p.shade)
        + circle(162, 197, 110, p.main)
        + circle(162, 197, 86, SHADOW, 0.2)
        + line("M96 178a70 70 0 0 1 52-50", p.light, 8, 0.6)
        + circle(380, 197, 6, Paint.WOOD_SHADE),
        -24,
    )


def pot(p: Paint) -> str:
    return (
        line("M98 208H66v34h34", p.shade, 15)
        + line("M302 208h32v34h-34", p.shade, 15)
        + path("M92 186H308V284Q308 318 272 318H128Q92 318 92 284Z", p.fill)
        + path("M258 186H308V284Q308 318 272 318H222Q258 312 258 272Z", SHADOW, 0.13)
        + path("M84 188q6-54 116-54t116 54Z", p.main)
        + rect(82, 180, 236, 16, p.shade, 8)
        + rect(184, 112, 32, 24, Paint.WOOD, 10)
        + line("M116 216v60", p.light, 8, 0.5)
    )


def saucepan(p: Paint) -> str:
    return (
        line("M262 212h106", Paint.WOOD, 20)
        + line("M250 212h34", Paint.STEEL_SHADE, 12)
        + path("M64 178H262V284Q262 318 228 318H98Q64 318 64 284Z", p.fill)
        + path("M214 178H262V284Q262 318 228 318H180Q214 310 214 272Z", SHADOW, 0.13)
        + path("M52 170H274L262 190H64Z", p.shade)
        + line("M88 212v66", p.light, 8, 0.5)
    )


def knife(p: Paint) -> str:
    return turned(
        path("M24 186H248V236Q96 236 24 186Z", Paint.STEEL_LIGHT)
        + path("M44 200H248V236Q104 234 44 200Z", Paint.STEEL)
        + rect(244, 180, 16, 50, Paint.STEEL_SHADE, 3)
        + path("M258 182H372Q392 182 386 204L380 222Q376 230 364 230L258 226Z", p.fill)
        + "".join(circle(x, 205, 5, Paint.STEEL_LIGHT) for x in (282, 318, 354)),
        -34,
    )


def board(p: Paint) -> str:
    return turned(
        path(
            "M176 60q0-26 24-26t24 26v46h54q26 0 26 26v192q0 26-26 26H122q-26 0-26-26V132q0-26 26-26h54Z",
            p.fill,
        )
        + circle(200, 66, 11, "#f4efe4")
        + line("M124 142v172q0 12 12 12h128q12 0 12-12V142", p.shade, 6, 0.65)
        + path("M264 106h14q26 0 26 26v192q0 26-26 26h-14Z", SHADOW, 0.1),
        12,
    )


def jar(p: Paint) -> str:
    return (
        rect(118, 130, 164, 190, p.fill, 24)
        + path("M236 130h22q24 0 24 24v142q0 24-24 24h-40q18-6 18-40Z", SHADOW, 0.12)
        + rect(128, 92, 144, 42, Paint.WOOD, 12)
        + rect(128, 118, 144, 16, Paint.WOOD_SHADE, 6)
        + rect(148, 198, 92, 58, Paint.PAPER, 8)
        + line("M166 220h56M166 236h34", p.shade, 5)
        + line("M136 160v120", p.light, 7, 0.6)
    )


def jars(p: Paint) -> str:
    small = moved(jar(p), 0, 0, 1)
    return moved(small, -22, 138, 0.57) + moved(small, 196, 138, 0.57) + moved(small, 74, 104, 0.675)


def apron(p: Paint) -> str:
    return (
        line("M156 92q44-64 88 0", p.shade, 9)
        + line("M122 200q-46 18-58 66M278 200q46 18 58 66", p.shade, 8)
        + path("M152 88H248Q248 160 292 190L302 336H98L108 190Q152 160 152 88Z", p.fill)
        + path("M232 88h16q0 72 44 102l10 146h-44Q254 190 232 88Z", SHADOW, 0.1)
        + path("M150 226H250V268Q250 288 230 288H170Q150 288 150 268Z", p.main)
        + line("M150 230H250", p.shade, 6)
    )


def towel(p: Paint) -> str:
    return (
        rect(76, 92, 248, 14, Paint.WOOD, 7)
        + path("M112 96H238V336H112Z", p.fill)
        + path("M238 96H290V292H238Z", p.shade)
        + path("M112 306H238V316H112ZM112 288H238V294H112Z", p.accent, 0.9)
        + path("M206 96h32v240h-32Z", SHADOW, 0.08)
        + path("M112 96H290V112H112Z", SHADOW, 0.12)
    )


def glove(p: Paint) -> str:
    return turned(
        path("M140 330V170q0-84 58-84t58 84v34q10-38 36-30 26 10 8 56-14 36-44 54v46Z", p.fill)
        + path("M222 92q34 16 34 78v34q10-38 36-30 26 10 8 56-14 36-44 54v46h-40Z", SHADOW, 0.09)
        + rect(132, 300, 132, 38, p.shade, 10)
        + line("M168 140l60 60M158 190l60 60M228 130l-70 74M236 186l-70 74", p.shade, 4, 0.6),
        8,
    )


SHAPES = (mug, cup, teapot, press, pan, pot, saucepan, knife, board, jar, jars, apron, towel, glove)
