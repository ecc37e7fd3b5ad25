"""Bread, rolls, doughnuts and eggs."""

import numpy as np

from textseg_core.scenes.shapes import bodies, motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import lathe, smooth, tube
from textseg_core.scenes.shapes.palette import BRIGHT

_SKIN = {"skin": Slot(16, 12)}
_CRUST = (160, 107, 62)


def bread_form(rng: np.random.Generator) -> Form:
    """Draw a loaf: a tin loaf with a domed top, or a long oval one."""
    length, wide = rng.uniform(0.14, 0.23), rng.uniform(0.04, 0.055)
    tall = wide * rng.uniform(1.1, 1.5)
    if rng.random() < 0.5:
        ends = [0.9, 0.97, 1, 1, 1, 1, 1, 0.97, 0.9]
        cross = smooth(
            [(0.82, -1), (0.9, 0.0), (1.0, 0.45), (0.75, 0.85), (0, 1.0), (-0.75, 0.85),
             (-1.0, 0.45), (-0.9, 0.0), (-0.82, -1)], 20
        )  # fmt: skip
        cross = np.concatenate([cross, cross[:1]])
    else:
        ends = [0.35, 0.68, 0.88, 0.97, 1, 0.97, 0.88, 0.68, 0.35]
        cross = smooth(
            [(0.8, -1), (1.0, -0.4), (0.8, 0.5), (0, 1.0), (-0.8, 0.5), (-1, -0.4), (-0.8, -1)], 20
        )
        cross = np.concatenate([cross, cross[:1]])
    at = smooth([(k / 8, value) for k, value in enumerate(ends)], 19)
    half = np.stack([at[:, 1] * wide, at[:, 1] * tall / 2], axis=1)
    path = np.stack([(at[:, 0] - 0.5) * length, np.zeros(19), half[:, 1]], axis=1)
    patches = tube(path, half, (0.0, 1.0, 0.0), "skin", cross)
    return assemble(patches, _SKIN, [solids.around(patches, 0.92)], mass_kg=rng.uniform(0.3, 0.7))


def roll_form(rng: np.random.Generator) -> Form:
    """Draw a bread roll, round or oval."""
    radius, tall = float(rng.uniform(0.032, 0.05)), rng.uniform(0.85, 1.15)
    profile = smooth(
        [(0, 0), (0.7, 0.0), (0.95, 0.2), (1, 0.45), (0.85, 0.8), (0.5, 1.05), (0, 1.12)], 16
    )
    profile = np.maximum(profile * (radius, radius * tall), 0)
    profile[[0, -1], 0] = 0
    long = rng.uniform(1.0, 1.6)
    patches = [p.scaled(x=long) for p in lathe(profile, "skin")]
    return assemble(patches, _SKIN, [solids.around(patches, 0.85)], mass_kg=rng.uniform(0.05, 0.1))


def donut_form(rng: np.random.Generator) -> Form:
    """Draw a doughnut."""
    outer = rng.uniform(0.036, 0.05)
    tube_radius = outer * rng.uniform(0.36, 0.44)
    flat = rng.uniform(0.8, 1.0)

    def arc(first: float, last: float, count: int) -> list[tuple[float, float]]:
        angle = np.radians(np.linspace(first, last, count))
        r = outer - tube_radius + tube_radius * np.cos(angle)
        z = flat * tube_radius * (1 + np.sin(angle))
        return [(float(a), float(b)) for a, b in zip(r, z, strict=True)]

    patches = [*lathe(arc(-15, 195, 13), "icing"), *lathe(arc(195, 345, 9), "dough")]
    height = 2 * flat * tube_radius
    return assemble(
        patches,
        {"icing": Slot(16, 8), "dough": Slot(16, 4, 0.35)},
        [solids.cylinder(outer, 0, height)],
        mass_kg=rng.uniform(0.05, 0.09),
    )


def egg_form(rng: np.random.Generator) -> Form:
    """Draw a lying egg."""
    radius, long = rng.uniform(0.02, 0.024), rng.uniform(1.2, 1.4)
    profile = smooth(
        [(0, -long), (0.45, -0.9 * long), (0.88, -0.45 * long), (1, 0), (0.9, 0.42 * long),
         (0.6, 0.78 * long), (0.3, 0.95 * long), (0, long)], 18
    )  # fmt: skip
    profile[[0, -1], 0] = 0
    patches = bodies.bar(profile * radius, "skin")
    half = (radius * long * 0.98, radius, radius)
    return assemble(patches, _SKIN, [solids.ellipsoid(half, 0.0)], mass_kg=0.06)


def paint_crust(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a crust with paler cuts or seeds."""
    factor = rng.uniform(0.75, 1.05)
    canvas.cover(main, tuple(round(factor * value) for value in _CRUST))  # type: ignore[arg-type]
    skin = canvas.region("skin")
    pale = canvas.ink("beige")
    draw = rng.random()
    if draw < 0.35:
        motifs.speckles(skin, pale, rng)
    elif draw < 0.6:
        shade = canvas.shade("skin")
        for row in np.linspace(0.2, 0.8, int(rng.integers(3, 6))):
            start = int(row * shade.shape[0])
            shade[start : start + 6] *= 1.28
    motifs.mottled(canvas, "skin", float(rng.uniform(0.05, 0.1)))
    return Finish("", 0.08)


def paint_donut(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint icing, often with sprinkles, on dough."""
    canvas.cover("brown", (188, 126, 66))
    ice = canvas.ink(main, (96, 52, 28) if main == "brown" else None)
    icing = canvas.region("icing")
    height, width = icing.shape
    angle = np.arange(width) / width * 2 * np.pi
    wave = 0.07 + 0.03 * np.sin(5 * angle) + 0.02 * np.sin(9 * angle + rng.uniform(0, 6))
    level = np.arange(height)[:, None] / height
    icing[(level > wave) & (level < 1 - wave)] = ice
    if rng.random() < 0.6:
        inks = [canvas.ink(str(name)) for name in rng.choice(BRIGHT, 3, replace=False)]
        for _ in range(90):
            row, column = (
                int(rng.integers(height // 4, 3 * height // 4)),
                int(rng.integers(width - 6)),
            )
            tilt = rng.random() < 0.5
            rows, columns = (2, 5) if tilt else (5, 2)
            icing[row : row + rows, column : column + columns] = inks[int(rng.integers(3))]
    motifs.mottled(canvas, "dough", 0.05)
    return Finish("", 0.35)


def paint_egg(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a shell."""
    canvas.cover(main, {"brown": (176, 114, 74)}.get(main))
    motifs.mottled(canvas, "skin", 0.015)
    return Finish("", float(rng.uniform(0.05, 0.25)))


KINDS = (
    ShapeKind(names=("bread", "loaf", "loaf of bread"), hypernyms=("food",), colors=("brown",),
              form=bread_form, paint=paint_crust),
    ShapeKind(names=("bread roll", "roll", "bun"), hypernyms=("bread", "food"), colors=("brown",),
              form=roll_form, paint=paint_crust),
    ShapeKind(names=("donut", "doughnut"), hypernyms=("food",),
              colors=("pink", "brown", "white", "blue", "green"), form=donut_form,
              paint=paint_donut),
    ShapeKind(names=("egg", "hen egg"), hypernyms=("food",), colors=("white", "brown", "beige"),
              form=egg_form, paint=paint_egg),
)  # fmt: skip
