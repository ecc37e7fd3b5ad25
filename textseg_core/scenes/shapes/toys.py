"""Balls, blocks and toy bricks."""

import numpy as np

from textseg_core.scenes.shapes import bodies, motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import box, circle, lathe, tube
from textseg_core.scenes.shapes.palette import PAINTS, contrasting

_BASE = Slot(2, 2, 0.0)


def ball_form(rng: np.random.Generator) -> Form:
    """Draw a ball."""
    radius = float(rng.uniform(0.022, 0.075))
    skin = bodies.ellipsoid((radius,) * 3, "skin", rows=15, segments=24)
    return assemble(
        skin, {"skin": Slot(16, 12)}, [solids.ellipsoid((radius,) * 3, 0.0)],
        mass_kg=rng.uniform(0.04, 0.3),
    )  # fmt: skip


def block_form(rng: np.random.Generator) -> Form:
    """Draw a toy block: a cube, a bar, a cylinder, a prism or an arch's roof."""
    variant = str(rng.choice(["cube", "", "cylinder", "prism"], p=[0.45, 0.25, 0.15, 0.15]))
    edge = rng.uniform(0.03, 0.06)
    slots = {"front": Slot(8, 8), "top": Slot(8, 8), "base": _BASE}
    size = (edge, edge, edge)
    if variant == "cylinder":
        size = (edge, edge, edge * rng.uniform(0.8, 1.8))
        patches = [
            *lathe([(0, 0), (edge / 2, 0)], "base", flat=True),
            *lathe([(edge / 2, 0), (edge / 2, size[2])], "front"),
            *lathe([(edge / 2, size[2]), (0, size[2])], "top", flat=True),
        ]
        parts = [solids.cylinder(edge / 2, 0, size[2])]
    elif variant == "prism":
        size = (edge * rng.uniform(1.2, 2), edge, edge * rng.uniform(0.7, 1.0))
        half = size[0] / 2
        outline = np.array([[half, 0], [0, size[2]], [-half, 0], [half, 0]]) - (0, 0.3 * size[2])
        path = [(0.0, y, 0.0) for y in np.linspace(edge / 2, -edge / 2, 2)]
        patches = tube(path, 1.0, (1.0, 0.0, 0.0), "front", outline)
        del slots["top"], slots["base"]
        parts = [
            solids.block((0.8 * size[0], edge, 0.4 * size[2]), (0, 0, -0.1 * size[2])),
            solids.block((0.35 * size[0], edge, 0.9 * size[2]), (0, 0, 0.15 * size[2])),
        ]
    else:
        if not variant:
            size = (edge * rng.uniform(1.5, 2.6), edge, edge * rng.uniform(0.4, 1.0))
        patches = box(size, ("front",) * 4 + ("top", "base"))
        parts = [solids.block(size, (0, 0, size[2] / 2))]
    holds = variant != "prism"
    return assemble(
        patches, slots, parts, mass_kg=rng.uniform(0.03, 0.15), holds="on" if holds else "",
        inner_m=edge if holds else 0.0, variant="cube" if variant == "cube" else "",
    )  # fmt: skip


def toy_brick_form(rng: np.random.Generator) -> Form:
    """Draw a plastic brick with studs."""
    unit = rng.uniform(0.014, 0.022)
    long, wide = int(rng.integers(2, 5)), int(rng.integers(1, 3))
    tall = unit * float(rng.choice([0.45, 1.2]))
    patches = box((long * unit, wide * unit, tall), ("side",) * 5 + ("base",))
    radius, high = 0.3 * unit, 0.22 * unit
    for i in range(long):
        for j in range(wide):
            stud = lathe([(radius, 0), (radius, high), (0, high)], "side", circle(14))
            foot = lathe([(0, 0), (radius, 0)], "base", circle(14), flat=True)
            x, y = (i - (long - 1) / 2) * unit, (j - (wide - 1) / 2) * unit
            patches += [patch.moved(x, y, tall) for patch in stud + foot]
    size = (long * unit, wide * unit, tall + high)
    return assemble(
        patches, {"side": Slot(8, 8), "base": _BASE}, [solids.block(size, (0, 0, size[2] / 2))],
        mass_kg=rng.uniform(0.02, 0.06),
    )  # fmt: skip


def paint_ball(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a plain, striped, dotted or two-coloured ball."""
    canvas.cover(main)
    if rng.random() < 0.6:
        ink = canvas.ink(contrasting(main, rng))
        pattern = (motifs.bands, motifs.stripes, motifs.slanted, motifs.dots, motifs.dipped)
        pattern[int(rng.integers(len(pattern)))](canvas.region("skin"), ink, rng)
    return Finish("", float(rng.uniform(0.1, 0.7)))


def paint_block(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a plain block, one of wood, or one with a letter on each face."""
    canvas.cover(main, {"brown": (138, 88, 50)}.get(main))
    faces = [slot for slot in ("front", "top") if slot in canvas.slots]
    if main in ("brown", "beige"):
        for slot in faces:
            motifs.grained(canvas, slot, rng)
        return Finish("wood", 0.1)
    if canvas.variant == "cube" and rng.random() < 0.6:
        ink = canvas.ink(contrasting(main, rng))
        for slot in faces:
            region = canvas.region(slot)
            if rng.random() < 0.5:
                region[:6] = region[-6:] = ink
                region[:, :6] = region[:, -6:] = ink
            motifs.emblem(region, ink, rng)
    return Finish("", float(rng.uniform(0.1, 0.5)))


def paint_plain(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint glossy plastic."""
    canvas.cover(main)
    return Finish("plastic", float(rng.uniform(0.4, 0.8)))


KINDS = (
    ShapeKind(names=("ball",), hypernyms=("toy",), colors=PAINTS, form=ball_form,
              paint=paint_ball),
    ShapeKind(names=("block", "toy block", "building block"), hypernyms=("toy",), colors=PAINTS,
              form=block_form, paint=paint_block, variants={"cube": ("cube",)}),
    ShapeKind(names=("toy brick", "building brick", "plastic brick"),
              hypernyms=("brick", "block", "toy"), colors=PAINTS, form=toy_brick_form,
              paint=paint_plain),
)  # fmt: skip
