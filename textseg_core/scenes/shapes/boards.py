"""Trays and chopping boards."""

import numpy as np

from textseg_core.scenes.shapes import bodies, motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import lathe, rounded_rectangle
from textseg_core.scenes.shapes.palette import PAINTS, contrasting

_BASE = Slot(2, 2, 0.0)


def tray_form(rng: np.random.Generator) -> Form:
    """Draw an oblong tray with a low edge."""
    half_x, half_y = rng.uniform(0.12, 0.19), rng.uniform(0.08, 0.12)
    height, flare = rng.uniform(0.015, 0.03), rng.uniform(0.9, 0.98)
    cross = rounded_rectangle(half_x, half_y, rng.uniform(0.01, 0.05), 6)
    patches = [
        *lathe([(0, 0), (flare, 0)], "base", cross, flat=True),
        *lathe([(flare, 0), (1.0, height)], "side", cross),
        *lathe(
            [(1.0, height), (0.97, height), (flare - 0.03, 0.004), (0, 0.004)],
            "inside",
            cross,
            flat=True,
        ),
    ]
    slots = {"inside": Slot(12, 10), "side": Slot(16, 3, 0.6), "base": _BASE}
    parts = [
        solids.block((1.9 * half_x * flare, 1.9 * half_y * flare, 0.004), (0, 0, 0.002)),
        *solids.fence(half_x, half_y, 0.006, 0.0, height),
    ]
    return assemble(
        patches, slots, parts, mass_kg=rng.uniform(0.3, 0.7), holds="on", inner_m=1.7 * half_y
    )


def board_form(rng: np.random.Generator) -> Form:
    """Draw a chopping board, with or without a tongue to hold it by."""
    half_x, half_y = rng.uniform(0.11, 0.16), rng.uniform(0.07, 0.1)
    thick = rng.uniform(0.01, 0.018)
    patches = bodies.slab(
        rounded_rectangle(half_x, half_y, rng.uniform(0.008, 0.04), 6), thick, 0.002
    )
    parts = [solids.block((2 * half_x, 2 * half_y, thick), (0, 0, thick / 2))]
    if rng.random() < 0.6:
        tongue = bodies.slab(
            rounded_rectangle(0.035, rng.uniform(0.016, 0.024), 0.014, 6), thick, 0.002
        )
        patches += [patch.moved(x=half_x + 0.025) for patch in tongue]
    slots = {"top": Slot(14, 10), "side": Slot(16, 3, 0.6), "base": _BASE}
    return assemble(
        patches, slots, parts, mass_kg=rng.uniform(0.4, 0.9), holds="on", inner_m=1.7 * half_y
    )


def paint_flat(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a tray or board: wood, metal or plastic."""
    canvas.cover(main, {"brown": (138, 88, 50)}.get(main))
    show = "inside" if "inside" in canvas.slots else "top"
    if main in ("brown", "beige"):
        for slot in canvas.slots:
            motifs.grained(canvas, slot, rng)
        return Finish("wood", 0.1)
    if main == "silver":
        motifs.brushed(canvas, show, rng, 0.04)
        return Finish("metal", 0.7)
    if show == "inside" and rng.random() < 0.45:
        pattern = (motifs.dots, motifs.checks, motifs.slanted, motifs.emblem, motifs.stripes)
        ink = canvas.ink(contrasting(main, rng))
        pattern[int(rng.integers(len(pattern)))](canvas.region("inside"), ink, rng)
    return Finish("", float(rng.uniform(0.1, 0.4)))


KINDS = (
    ShapeKind(names=("tray",), hypernyms=("container",), colors=(*PAINTS, "silver"),
              form=tray_form, paint=paint_flat),
    ShapeKind(names=("cutting board", "chopping board", "board"), hypernyms=("board",),
              colors=("brown", "beige", "white", "green", "red", "blue", "black"),
              form=board_form, paint=paint_flat),
)  # fmt: skip
