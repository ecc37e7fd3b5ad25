"""Balls and other toys."""

import numpy as np

from textseg_core.scenes.shapes import motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import lathe
from textseg_core.scenes.shapes.palette import PAINTS, contrasting


def ball_form(rng: np.random.Generator) -> Form:
    """Draw a ball."""
    radius = float(rng.uniform(0.022, 0.075))
    angle = np.linspace(-np.pi / 2, np.pi / 2, 15)
    profile = radius * np.stack([np.cos(angle), 1 + np.sin(angle)], axis=1)
    profile[[0, -1], 0] = 0
    return assemble(
        lathe(profile, "skin"), {"skin": Slot(16, 12)}, [solids.ellipsoid((radius,) * 3)],
        mass_kg=rng.uniform(0.04, 0.3),
    )  # fmt: skip


def paint_ball(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a plain, striped, dotted or two-coloured ball."""
    skin = canvas.region("skin")
    skin[:] = canvas.ink(main)
    if rng.random() < 0.6:
        ink = canvas.ink(contrasting(main, rng))
        pattern = (motifs.bands, motifs.stripes, motifs.slanted, motifs.dots, motifs.dipped)
        pattern[int(rng.integers(len(pattern)))](skin, ink, rng)
    return Finish("", float(rng.uniform(0.1, 0.7)))


KINDS = (
    ShapeKind(
        names=("ball",),
        hypernyms=("toy",),
        colors=PAINTS,
        form=ball_form,
        paint=paint_ball,
    ),
)
