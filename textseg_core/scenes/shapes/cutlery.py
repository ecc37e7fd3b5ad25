"""Forks, knives and spoons that lie on the table."""

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.shapes import bodies, motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import Patch, circle, lathe
from textseg_core.scenes.shapes.palette import PAINTS

_SLOTS = {"grip": Slot(8, 12), "head": Slot(8, 12)}
_THICK = 0.0028


def _grip(rng: np.random.Generator, length: float) -> list[Patch]:
    """Return a handle that ends at x = 0, where its neck is raised."""
    x = np.linspace(-length, 0, 12)
    at = np.linspace(0, 1, 12)
    end, waist = rng.uniform(0.007, 0.011), rng.uniform(0.003, 0.0042)
    where = [0, 0.08, 0.25, 0.75, 1] if rng.random() < 0.6 else [0, 0.02, 0.5, 0.8, 1]
    width = np.interp(at, where, [0.65 * end, end, 0.92 * end, waist, waist])
    z = 0.004 + 0.009 * at**2
    return bodies.ribbon(np.stack([x, z, width], axis=1), _THICK * rng.uniform(1.0, 1.7), "grip")


def _finish(rng: np.random.Generator, patches: list[Patch]) -> Form:
    return assemble(
        patches, _SLOTS, [solids.around(patches)], mass_kg=rng.uniform(0.03, 0.06), centered=True
    )


def fork_form(rng: np.random.Generator) -> Form:
    """Draw a fork."""
    length, wide = rng.uniform(0.105, 0.13), rng.uniform(0.011, 0.014)
    palm, reach = rng.uniform(0.022, 0.03), rng.uniform(0.035, 0.045)
    patches = _grip(rng, length)
    at = np.linspace(0, 1, 6)
    x = -0.002 + palm * at
    width = np.interp(at, [0, 0.4, 0.75, 1], [0.0038, 0.75 * wide, wide, wide])
    patches += bodies.ribbon(np.stack([x, 0.013 - 0.01 * at**1.3, width], axis=1), _THICK, "head")
    tines = int(rng.integers(3, 5))
    half = wide / (2 * tines - 1) * 1.15
    for centre in np.linspace(-wide + half, wide - half, tines):
        curve = np.linspace(0, 1, 6)
        z = 0.003 - 0.001 * np.sin(np.pi * curve) + 0.007 * curve**2
        line = np.stack([palm - 0.004 + reach * curve, z, half * (1 - 0.55 * curve**3)], axis=1)
        patches += bodies.ribbon(line, _THICK, "head", offset=float(centre))
    return _finish(rng, patches)


def knife_form(rng: np.random.Generator) -> Form:
    """Draw a table knife, lying flat."""
    length, reach = rng.uniform(0.09, 0.12), rng.uniform(0.095, 0.13)
    wide = rng.uniform(0.0085, 0.012)
    end = rng.uniform(0.006, 0.009)
    at = np.linspace(0, 1, 8)
    width = end * np.interp(at, [0, 0.1, 0.5, 1], [0.75, 1, 0.9, 0.75])
    x = -length + length * at
    patches = bodies.ribbon(np.stack([x, 0 * at + 0.004, width], axis=1), 0.006, "grip")
    at = np.linspace(0, 1, 12)
    back = np.interp(at, [0, 0.06, 0.75, 1], [0.6, 1, 1, 0.75]) * wide
    edge = np.interp(at, [0, 0.06, 0.6, 0.85, 1], [0.6, 1, 1, 0.4, -0.5]) * wide
    x, half, shift = -0.004 + reach * at, (back + edge) / 2, (back - edge) / 2
    blade = bodies.ribbon(np.stack([x, 0 * at + 0.004, half], axis=1), 0.002, "head")

    def lean(vertices: Float64Array) -> Float64Array:
        moved = vertices.copy()
        moved[:, 1] += np.interp(vertices[:, 0], x, shift)
        return moved

    return _finish(rng, patches + [patch.warped(lean) for patch in blade])


def spoon_form(rng: np.random.Generator) -> Form:
    """Draw a spoon, its hollow upwards."""
    length, wide = rng.uniform(0.1, 0.13), rng.uniform(0.017, 0.023)
    long, deep = wide * rng.uniform(1.35, 1.7), rng.uniform(0.007, 0.011)
    r = np.linspace(0, 1, 7)
    under = np.stack([r, deep * r**2.2], axis=1)
    upper = np.stack([r, 0.0015 + deep * r**2.2], axis=1)[::-1]
    egg = circle(24) * (long, wide)
    egg[:, 1] *= 1 - 0.16 * egg[:, 0] / long
    bowl = [
        *lathe(under, "head", egg, flat=True),
        *lathe([under[-1], *upper], "head", egg, flat=True),
    ]
    patches = _grip(rng, length)
    patches += [patch.moved(x=long - 0.003, z=0.0125 - deep) for patch in bowl]
    return _finish(rng, patches)


def paint_cutlery(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint steel, or plastic of one colour; some steel has a coloured handle's end."""
    canvas.cover(main, {"brown": (136, 88, 48)}.get(main))
    if main == "silver":
        for slot in canvas.slots:
            motifs.brushed(canvas, slot, rng, 0.03)
        if rng.random() < 0.25:
            ink = canvas.ink(str(rng.choice(["black", "red", "blue", "green", "white"])))
            grip = canvas.region("grip")
            grip[int(grip.shape[0] * rng.uniform(0.4, 0.65)) :] = ink
        return Finish("metal", 0.9)
    if main in ("brown", "beige"):
        for slot in canvas.slots:
            motifs.grained(canvas, slot, rng, upright=True)
        return Finish("wood", 0.1)
    return Finish("", float(rng.uniform(0.2, 0.5)))


_COLORS = ("silver", *PAINTS)
_HYPERNYMS = ("cutlery", "utensil")
KINDS = (
    ShapeKind(names=("fork", "dinner fork"), hypernyms=_HYPERNYMS, colors=_COLORS,
              usual=("silver",),
              form=fork_form, paint=paint_cutlery),
    ShapeKind(names=("knife", "table knife"), hypernyms=_HYPERNYMS, colors=_COLORS,
              usual=("silver",),
              form=knife_form, paint=paint_cutlery),
    ShapeKind(names=("spoon", "tablespoon"), hypernyms=_HYPERNYMS, colors=_COLORS,
              usual=("silver",),
              form=spoon_form, paint=paint_cutlery),
)  # fmt: skip
