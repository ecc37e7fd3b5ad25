"""Fruit and vegetables in their natural colours."""

import numpy as np

from textseg_core.scenes.shapes import motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import lathe, smooth, tube

SLOTS = {"skin": Slot(16, 12), "stem": Slot(2, 2)}


def apple_form(rng: np.random.Generator) -> Form:
    """Draw an apple with a stem."""
    radius = float(rng.uniform(0.032, 0.043))
    tall, dip = rng.uniform(0.88, 1.06), rng.uniform(0.8, 1.2)
    profile = smooth(
        [(0, 0.12 * dip), (0.28, 0.03), (0.48, 0.02), (0.8, 0.3), (0.99, 0.85), (0.97, 1.2),
         (0.75, 1.6), (0.42, 1.72), (0.18, 1.64 - 0.06 * dip), (0.0, 1.6 - 0.12 * dip)], 20
    )  # fmt: skip
    profile = np.maximum(profile * (radius, radius * tall), 0)
    profile[[0, -1], 0] = 0
    top = float(profile[-1, 1])
    lean = radius * rng.uniform(-0.3, 0.3)
    stem = smooth([(0, top - 0.003), (lean * 0.3, top + 0.008), (lean, top + 0.014)], 4)
    path = np.stack([stem[:, 0], np.zeros(4), stem[:, 1]], axis=1)
    patches = [*lathe(profile, "skin"), *tube(path, 0.0013, (0, 1, 0), "stem")]
    half = (radius, radius, radius * tall * 0.85)
    return assemble(patches, SLOTS, [solids.ellipsoid(half)], mass_kg=rng.uniform(0.12, 0.22))


def paint_fruit(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a skin of one colour with a mottled brightness, and its stem."""
    canvas.region("skin")[:] = canvas.ink(main)
    motifs.mottled(canvas, "skin", float(rng.uniform(0.03, 0.09)))
    if "stem" in canvas.slots:
        canvas.region("stem")[:] = canvas.ink("brown")
    return Finish("", float(rng.uniform(0.2, 0.5)))


KINDS = (
    ShapeKind(
        names=("apple",),
        hypernyms=("fruit", "food"),
        colors=("red", "green", "yellow"),
        form=apple_form,
        paint=paint_fruit,
    ),
)
