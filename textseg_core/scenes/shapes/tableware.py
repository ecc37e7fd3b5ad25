"""Wine glasses, vases, teapots, jugs: tall ware of a table."""

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.shapes import bodies, motifs, solids, ware
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import lathe, smooth
from textseg_core.scenes.shapes.palette import PAINTS
from textseg_core.scenes.shapes.vessels import handle, hollow

_BASE = Slot(2, 2, 0.0)


def wine_glass_form(rng: np.random.Generator) -> Form:
    """Draw a glass on a stem."""
    height, rim = rng.uniform(0.15, 0.22), rng.uniform(0.026, 0.034)
    foot, belly = rng.uniform(0.03, 0.037), rim * rng.uniform(1.05, 1.35)
    stem, start = rng.uniform(0.0028, 0.004), height * rng.uniform(0.38, 0.5)
    bowl = height - start
    outer = smooth(
        [(stem, start), (0.55 * belly, start + 0.08 * bowl), (belly, start + 0.42 * bowl),
         (0.96 * belly, start + 0.65 * bowl), (rim, height)], 12
    )  # fmt: skip
    upper = [patch for patch in hollow(outer, 0.0015) if patch.slot != "base"]
    lower = [(foot, 0.0), (foot, 0.0015), (0.4 * foot, 0.005), (stem, 0.012), (stem, start)]
    patches = [
        *lathe([(0, 0), (foot, 0)], "base", flat=True),
        *lathe(lower, "stem"),
        *upper,
    ]
    slots = {"side": Slot(16, 8), "inside": Slot(12, 6, 0.4), "stem": Slot(4, 4), "base": _BASE}
    parts = [solids.cylinder(foot, 0, 0.004), solids.cylinder(0.006, 0, start),
             solids.cylinder(belly, start, height)]  # fmt: skip
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.12, 0.2))


def vase_form(rng: np.random.Generator) -> Form:
    """Draw a vase of any swing."""
    height = rng.uniform(0.13, 0.26)
    belly = height * rng.uniform(0.2, 0.34)
    foot, neck = belly * rng.uniform(0.45, 0.75), belly * rng.uniform(0.28, 0.6)
    rim = neck * rng.uniform(1.1, 1.7)
    at = rng.uniform(0.3, 0.55)
    outer = smooth(
        [
            (foot, 0),
            (foot * 1.04, 0.03 * height),
            (belly, at * height),
            (0.6 * neck + 0.4 * belly, (at + 0.22) * height),
            (neck, 0.86 * height),
            (rim, height),
        ],
        16,
    )
    patches = hollow(outer, 0.004)
    slots = {"side": Slot(16, 10), "inside": Slot(8, 5, 0.3), "base": _BASE}
    parts = [
        solids.cylinder(foot, 0, 0.2 * height),
        solids.cylinder(0.9 * belly, 0.15 * height, (at + 0.15) * height),
        solids.cylinder(max(neck, 0.8 * rim), (at + 0.1) * height, height),
    ]
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.4, 1.0))


def _spouted(height: float, wide: float) -> list[tuple[float, float]]:
    return [(wide, 0.32 * height), (1.35 * wide, 0.42 * height), (1.55 * wide, 0.7 * height),
            (1.85 * wide, 0.95 * height)]  # fmt: skip


def teapot_form(rng: np.random.Generator) -> Form:
    """Draw a teapot with lid, spout and handle."""
    wide = rng.uniform(0.05, 0.068)
    height = wide * rng.uniform(1.35, 1.9)
    foot, top = wide * rng.uniform(0.55, 0.8), wide * rng.uniform(0.45, 0.6)
    side = smooth(
        [(foot, 0), (foot * 1.05, 0.004), (wide, height * rng.uniform(0.35, 0.5)),
         (0.85 * wide, 0.8 * height), (top, height)], 14
    )  # fmt: skip
    lid = smooth(
        [(top * 1.02, height), (0.75 * top, height + 0.25 * top), (0.007, height + 0.4 * top)], 6
    )
    knob = [(0.006, height + 0.4 * top + 0.004), (0.011, height + 0.4 * top + 0.009),
            (0.008, height + 0.4 * top + 0.016), (0.0, height + 0.4 * top + 0.018)]  # fmt: skip
    spout = smooth(_spouted(height, 0.7 * wide), 9)
    spout[:, 0] += 0.12 * wide
    patches = [
        *lathe([(0, 0), (foot, 0)], "base", flat=True),
        *lathe(side, "side"),
        *lathe(np.concatenate([side[-1:], lid, knob]), "lid"),
        *bodies.upright_tube(spout, np.linspace(0.24, 0.12, 9) * wide, "handle"),
    ]
    grip = handle(rng, 0.92 * wide, 0.22 * height, 0.86 * height, 0.009)
    patches += [patch.turned("z", 180) for patch in grip]
    slots = {"side": Slot(16, 8), "lid": Slot(8, 4), "handle": Slot(4, 4), "base": _BASE}
    parts = [
        solids.cylinder(0.85 * wide, 0, height),
        solids.cylinder(top, height, height + 0.4 * top),
        solids.around([patch for patch in patches if patch.slot == "handle"][:3], 0.9),
        solids.around(grip, 0.9),
    ]
    parts[-1] = solids.around(patches[-3:], 0.9)
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.4, 0.8))


def pitcher_form(rng: np.random.Generator) -> Form:
    """Draw a jug with a handle and a pouring lip."""
    height = rng.uniform(0.15, 0.22)
    belly = height * rng.uniform(0.28, 0.36)
    foot, neck = belly * rng.uniform(0.7, 0.9), belly * rng.uniform(0.6, 0.85)
    rim = neck * rng.uniform(1.05, 1.2)
    outer = smooth(
        [
            (foot, 0),
            (foot * 1.04, 0.005),
            (belly, 0.35 * height),
            (neck, 0.8 * height),
            (rim, height),
        ],
        11,
    )

    def lip(vertices: Float64Array) -> Float64Array:
        """Pull the rim out on the side away from the handle."""
        x, y, z = vertices.T
        pull = np.clip((z / height - 0.8) / 0.2, 0, 1) ** 2 * np.exp(
            -((np.arctan2(y, -x) / 0.45) ** 2)
        )
        return np.stack([x * (1 + 0.4 * pull), y, z + 0.02 * height * pull], axis=1)

    patches = [patch.warped(lip) for patch in hollow(outer, 0.004)]
    patches += handle(rng, neck, 0.3 * height, 0.88 * height, 0.011)
    slots = {"side": Slot(16, 8), "inside": Slot(12, 6, 0.4), "handle": Slot(4, 4), "base": _BASE}
    parts = [
        solids.cylinder(0.95 * belly, 0, 0.6 * height),
        solids.cylinder(rim, 0.6 * height, height),
        solids.around(patches[-3:], 0.9),
    ]
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.4, 0.8))


def paint_glass(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint tinted glass."""
    canvas.cover(main)
    motifs.glazed(canvas, "side", rng)
    return Finish("glass", 0.9)


KINDS = (
    ShapeKind(
        names=("wine glass", "glass", "goblet"),
        hypernyms=("glass", "container"),
        colors=PAINTS,
        form=wine_glass_form,
        paint=paint_glass,
    ),
    ShapeKind(
        names=("vase",),
        hypernyms=("container",),
        colors=ware.COLORS,
        form=vase_form,
        paint=ware.paint_ware,
    ),
    ShapeKind(
        names=("teapot", "tea pot", "pot"),
        hypernyms=("pot", "container"),
        colors=ware.COLORS,
        form=teapot_form,
        paint=ware.paint_ware,
    ),
    ShapeKind(
        names=("pitcher", "jug"),
        hypernyms=("container",),
        colors=ware.COLORS,
        form=pitcher_form,
        paint=ware.paint_ware,
    ),
)
