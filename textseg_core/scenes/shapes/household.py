"""Candles, sponges, soap, tape, bricks and rolls of paper."""

import numpy as np

from textseg_core.scenes.shapes import bodies, motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import box, circle, lathe, rounded_rectangle, smooth
from textseg_core.scenes.shapes.palette import PAINTS, contrasting

_BASE = Slot(2, 2, 0.0)


def candle_form(rng: np.random.Generator) -> Form:
    """Draw a pillar candle or a taper in a saucer, with a wick and often a flame's hollow."""
    slots = {"side": Slot(16, 8), "top": Slot(6, 6), "wick": Slot(2, 2), "base": _BASE}
    radius = rng.uniform(0.022, 0.04)
    height = radius * rng.uniform(2.0, 4.5)
    dish = rng.random() < 0.35
    if dish:
        radius = rng.uniform(0.01, 0.014)
        height = rng.uniform(0.11, 0.2)
    twist = smooth(
        [(radius * rng.uniform(0.97, 1.04), 0), (radius, height / 2), (radius, height)], 5
    )
    dip = 0.2 * radius
    bowl = [
        (radius, height),
        (0.85 * radius, height + 0.0012),
        (0.5 * radius, height - dip),
        (0, height - 1.2 * dip),
    ]
    patches = [
        *lathe([(0, 0), tuple(twist[0])], "base", flat=True),
        *lathe(twist, "side"),
        *lathe(bowl, "top", flat=True),
    ]
    bend = rng.uniform(-0.004, 0.004)
    wick = [(0.0, height - 1.2 * dip - 0.002), (0.0, height + 0.006), (bend, height + 0.013)]
    patches += bodies.upright_tube(wick, 0.0012, "wick")
    parts = [solids.cylinder(radius, 0, height)]
    if dish:
        wide = rng.uniform(0.035, 0.05)
        plate = [(0, -0.004), (0.6 * wide, -0.004), (wide, 0.006), (0.96 * wide, 0.007),
                 (0.58 * wide, 0.0), (1.5 * radius, 0.0), (1.4 * radius, 0.014),
                 (radius, 0.014), (0.99 * radius, 0.0), (0, 0.0)]  # fmt: skip
        patches += lathe(plate, "dish")
        slots["dish"] = Slot(4, 4, 0.15)
        parts += [solids.cylinder(0.8 * wide, -0.004, 0.006)]
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.1, 0.35))


def sponge_form(rng: np.random.Generator) -> Form:
    """Draw a sponge of one layer or two."""
    x, y, z = rng.uniform(0.04, 0.06), rng.uniform(0.028, 0.038), rng.uniform(0.022, 0.04)
    outline = rounded_rectangle(x, y, rng.uniform(0.004, 0.014))
    layered = rng.random() < 0.6
    lower = bodies.slab(outline, z, 0.003)
    slots = {"side": Slot(16, 4), "top": Slot(10, 8), "base": _BASE}
    parts = [solids.block((2 * x, 2 * y, z), (0, 0, z / 2))]
    if layered:
        scour = rng.uniform(0.006, 0.01)
        pad = bodies.slab(outline, scour, 0.0015, ("pad", "pad", "base"))
        lower += [patch.moved(z=0.0005 - scour) for patch in pad]
        slots["pad"] = Slot(16, 2)
        parts = [solids.block((2 * x, 2 * y, z + scour), (0, 0, (z - scour) / 2))]
    return assemble(lower, slots, parts, mass_kg=0.03, variant="layered" if layered else "")


def soap_form(rng: np.random.Generator) -> Form:
    """Draw a bar of soap: an oblong, an oval or a waisted one."""
    x, y, z = rng.uniform(0.035, 0.046), rng.uniform(0.022, 0.03), rng.uniform(0.02, 0.028)
    style = int(rng.integers(0, 3))
    outline = (
        circle(28) * (x, y) if style == 0 else rounded_rectangle(x, y, 0.012 if style == 1 else y)
    )
    patches = bodies.slab(outline, z, rng.uniform(0.005, 0.009))
    slots = {"side": Slot(16, 4), "top": Slot(10, 8), "base": _BASE}
    return assemble(
        patches, slots, [solids.block((1.9 * x, 1.9 * y, z), (0, 0, z / 2))], mass_kg=0.1
    )


def tape_form(rng: np.random.Generator) -> Form:
    """Draw a roll of tape, lying or standing on its rim."""
    outer, wide = rng.uniform(0.032, 0.055), rng.uniform(0.018, 0.05)
    inner = outer * rng.uniform(0.55, 0.75)
    core = inner - 0.003
    patches = [
        *lathe([(inner, 0), (outer, 0), (outer, wide), (inner, wide)], "side"),
        *lathe([(inner, wide), (core, wide), (core, 0), (inner, 0)], "core"),
    ]
    slots = {"side": Slot(16, 8), "core": Slot(8, 4)}
    return assemble(
        patches, slots, [solids.cylinder(outer, 0, wide)], mass_kg=rng.uniform(0.05, 0.2)
    )


def paper_roll_form(rng: np.random.Generator) -> Form:
    """Draw a roll of toilet or kitchen paper that stands."""
    outer = rng.uniform(0.045, 0.06)
    height = rng.uniform(0.09, 0.11) if rng.random() < 0.6 else rng.uniform(0.2, 0.24)
    core = rng.uniform(0.018, 0.022)
    soft = 0.003
    patches = [
        *lathe([(core, 0), (outer - soft, 0), (outer, soft), (outer, height - soft),
                (outer - soft, height), (core + 0.001, height)], "side"),
        *lathe([(core + 0.001, height), (core, height), (core, 0)], "core"),
    ]  # fmt: skip
    slots = {"side": Slot(16, 8), "core": Slot(8, 4)}
    return assemble(
        patches, slots, [solids.cylinder(outer, 0, height)], mass_kg=rng.uniform(0.08, 0.2)
    )


def brick_form(rng: np.random.Generator) -> Form:
    """Draw a building brick."""
    size = (rng.uniform(0.14, 0.22), rng.uniform(0.07, 0.1), rng.uniform(0.045, 0.07))
    faces = ("front", "end", "front", "end", "top", "base")
    slots = {"front": Slot(12, 5), "end": Slot(4, 5), "top": Slot(12, 6), "base": _BASE}
    return assemble(
        box(size, faces), slots, [solids.block(size, (0, 0, size[2] / 2))],
        mass_kg=rng.uniform(1.0, 2.5), holds="on", inner_m=0.9 * size[1],
    )  # fmt: skip


def paint_candle(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint wax, sometimes with a band, and a black wick."""
    canvas.cover(main)
    canvas.region("wick")[:] = canvas.ink("black" if main != "black" else "white")
    if rng.random() < 0.3:
        pattern = (motifs.bands, motifs.slanted, motifs.dipped)[int(rng.integers(3))]
        pattern(canvas.region("side"), canvas.ink(contrasting(main, rng)), rng)
    if "dish" in canvas.slots:
        dish = canvas.ink("silver" if main != "gray" else "white")
        canvas.region("dish")[:] = dish
    motifs.glazed(canvas, "side", rng)
    return Finish("", 0.3)


def paint_sponge(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a porous body and the scouring pad of another colour."""
    canvas.cover(main)
    for slot in ("side", "top"):
        shade = canvas.shade(slot)
        height, width = shade.shape
        pores = canvas.noise(1)[:height, :width] > 1.0
        shade *= np.where(pores, np.float32(0.68), np.float32(1.0))
    if "pad" in canvas.slots:
        pad = "green" if main in ("yellow", "pink", "white") else contrasting(main, rng)
        canvas.region("pad")[:] = canvas.ink(pad)
        motifs.mottled(canvas, "pad", 0.08)
    return Finish("", 0.02)


def paint_soap(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint soap with a stamped word."""
    canvas.cover(main)
    top = canvas.region("top")
    height, width = top.shape
    if rng.random() < 0.75:
        stamp = np.zeros((height, width), np.uint8)
        motifs.word(stamp, 1, rng, (width // 2, height // 2), int(0.65 * width))
        shade = canvas.shade("top")
        shade *= np.where(stamp > 0, np.float32(0.78), np.float32(1.0))
    return Finish("", 0.45)


def paint_tape(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint wound tape, its turns showing on the sides, and a cardboard core."""
    canvas.cover(main)
    core = "beige" if main not in ("beige", "white", "brown") else "gray"
    canvas.region("core")[:] = canvas.ink(core)
    shade = canvas.shade("side")
    shade *= (1 - 0.12 * rng.random((shade.shape[0], 1))).astype(np.float32)
    return Finish("", float(rng.uniform(0.3, 0.7)))


def paint_paper_roll(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint soft paper, plain or printed, and a cardboard core."""
    canvas.cover(main)
    if rng.random() < 0.3:
        motifs.dots(canvas.region("side")[30:-30], canvas.ink("blue"), rng)
    canvas.region("core")[:] = canvas.ink("brown", (170, 130, 88))
    motifs.mottled(canvas, "side", 0.02)
    return Finish("paper", 0.02)


def paint_brick(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint baked clay or concrete, with three holes where the profile of bricks has them."""
    canvas.cover(main, {"red": (166, 62, 44), "brown": (118, 74, 52)}.get(main))
    if rng.random() < 0.5:
        top = canvas.shade("top")
        height, width = top.shape
        rows, columns = np.indices(top.shape)
        for centre in (0.2, 0.5, 0.8):
            hole = ((columns - centre * width) / (0.09 * width)) ** 2
            hole = hole + ((rows - 0.5 * height) / (0.2 * height)) ** 2
            top[hole < 1] *= 0.35
    for slot in ("front", "end", "top"):
        motifs.mottled(canvas, slot, 0.1)
    return Finish("", 0.02)


KINDS = (
    ShapeKind(names=("candle",), hypernyms=(), colors=PAINTS, form=candle_form,
              paint=paint_candle),
    ShapeKind(names=("sponge",), hypernyms=(),
              colors=("yellow", "pink", "blue", "green", "orange", "purple"),
              form=sponge_form, paint=paint_sponge),
    ShapeKind(names=("soap", "bar of soap", "soap bar"), hypernyms=(),
              colors=("white", "pink", "green", "beige", "blue", "yellow", "purple", "orange"),
              form=soap_form, paint=paint_soap),
    ShapeKind(names=("tape", "roll of tape"), hypernyms=(), colors=PAINTS,
              form=tape_form, paint=paint_tape),
    ShapeKind(names=("paper roll", "roll of paper", "toilet paper"), hypernyms=(),
              colors=("white", "pink", "beige"), usual=("white",), form=paper_roll_form,
              paint=paint_paper_roll),
    ShapeKind(names=("brick",), hypernyms=(), colors=("red", "gray", "brown", "beige", "white"),
              usual=("red",), form=brick_form, paint=paint_brick),
)  # fmt: skip
