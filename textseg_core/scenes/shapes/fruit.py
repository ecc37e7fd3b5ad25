"""Fruit in its natural colours."""

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.shapes import bodies, motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import circle, smooth, tube
from textseg_core.scenes.shapes.plants import SLOTS, leaves, natural, stem, turned_skin

_PENTAGON = circle(10) * np.array([[1.0] if k % 2 == 0 else [0.93] for k in range(11)])


def apple_form(rng: np.random.Generator) -> Form:
    """Draw an apple with a stem."""
    radius, tall = float(rng.uniform(0.032, 0.043)), rng.uniform(0.88, 1.06)
    dip = rng.uniform(0.8, 1.2)
    skin, profile = turned_skin(
        [
            (0, 0.12 * dip),
            (0.28, 0.03),
            (0.48, 0.02),
            (0.8, 0.3),
            (0.99, 0.85),
            (0.97, 1.2),
            (0.75, 1.6),
            (0.42, 1.72),
            (0.18, 1.64 - 0.06 * dip),
            (0.0, 1.6 - 0.12 * dip),
        ],
        radius,
        tall,
    )
    patches = skin + stem(rng, float(profile[-1, 1]) - 0.003, 0.017, 0.0013)
    return assemble(patches, SLOTS, [solids.rounded(skin)], mass_kg=rng.uniform(0.12, 0.22))


def pear_form(rng: np.random.Generator) -> Form:
    """Draw a pear with a stem."""
    radius, tall = float(rng.uniform(0.031, 0.039)), rng.uniform(0.95, 1.15)
    neck = rng.uniform(0.36, 0.5)
    skin, profile = turned_skin(
        [(0, 0.08), (0.35, 0.01), (0.75, 0.25), (1.0, 0.85), (0.88, 1.4), (0.6, 1.9),
         (neck, 2.35), (neck * 0.8, 2.65), (0.15, 2.75), (0, 2.7)], radius, tall
    )  # fmt: skip
    patches = skin + stem(rng, float(profile[-1, 1]) - 0.003, 0.02, 0.0014)
    height = 2.7 * radius * tall
    parts = [
        solids.ellipsoid((radius, radius, 0.95 * radius * tall)),
        solids.ellipsoid((0.5 * radius, 0.5 * radius, 0.38 * height), 0.6 * height),
    ]
    return assemble(patches, SLOTS, parts, mass_kg=rng.uniform(0.14, 0.22))


def orange_form(rng: np.random.Generator) -> Form:
    """Draw an orange with a small button where the stem was."""
    radius, tall = float(rng.uniform(0.032, 0.044)), rng.uniform(0.92, 1.0)
    skin, profile = turned_skin(
        [(0, 0.03), (0.3, 0.05), (0.7, 0.29), (0.95, 0.7), (1.0, 1.0), (0.95, 1.31), (0.7, 1.71),
         (0.32, 1.94), (0.1, 1.96), (0, 1.93)], radius, tall
    )  # fmt: skip
    patches = skin + bodies.ellipsoid(
        (0.0035, 0.0035, 0.0015), "stem", (0, 0, float(profile[-1, 1])), 5, 8
    )
    return assemble(patches, SLOTS, [solids.rounded(skin)], mass_kg=rng.uniform(0.12, 0.22))


def _citrus(rng: np.random.Generator, radius: float, long: float, nipple: float) -> Form:
    """Return a lying fruit with a nipple at each end."""
    profile = smooth(
        [
            (0, -long - nipple),
            (0.16, -long - 0.6 * nipple),
            (0.3, -long + 0.06),
            (0.72, -long * 0.62),
            (0.97, -0.3),
            (1, 0),
            (0.97, 0.3),
            (0.72, long * 0.62),
            (0.3, long - 0.06),
            (0.18, long + 0.5 * nipple),
            (0, long + 0.8 * nipple),
        ],
        20,
    )
    profile[[0, -1], 0] = 0
    skin = bodies.bar(profile * radius, "skin")
    skin = [patch.turned("y", rng.uniform(-6, 6)) for patch in skin]
    half = (radius * (long + nipple * 0.5), radius, radius)
    return assemble(
        skin,
        {"skin": SLOTS["skin"]},
        [solids.ellipsoid(half, 0.0)],
        mass_kg=rng.uniform(0.06, 0.14),
    )


def lemon_form(rng: np.random.Generator) -> Form:
    """Draw a lemon."""
    return _citrus(rng, rng.uniform(0.025, 0.032), rng.uniform(1.2, 1.4), rng.uniform(0.16, 0.28))


def lime_form(rng: np.random.Generator) -> Form:
    """Draw a lime."""
    return _citrus(rng, rng.uniform(0.022, 0.028), rng.uniform(1.05, 1.2), rng.uniform(0.06, 0.12))


def plum_form(rng: np.random.Generator) -> Form:
    """Draw a plum with its crease."""
    radius, tall = float(rng.uniform(0.02, 0.027)), rng.uniform(1.0, 1.2)
    skin, profile = turned_skin(
        [(0, 0.0), (0.3, 0.03), (0.75, 0.32), (1.0, 0.95), (0.85, 1.55), (0.45, 1.88), (0.15, 1.9),
         (0, 1.84)], radius, tall
    )  # fmt: skip

    def crease(vertices: Float64Array) -> Float64Array:
        angle = np.arctan2(vertices[:, 1], vertices[:, 0])
        shrink = 1 - 0.1 * np.exp(-((angle / 0.22) ** 2))
        return vertices * np.stack([shrink, shrink, np.ones_like(shrink)], axis=1)

    patches = [patch.warped(crease) for patch in skin]
    patches += stem(rng, float(profile[-1, 1]) - 0.002, 0.009, 0.001)
    return assemble(patches, SLOTS, [solids.rounded(skin)], mass_kg=rng.uniform(0.04, 0.08))


def strawberry_form(rng: np.random.Generator) -> Form:
    """Draw a strawberry that lies on its side, with leaves."""
    radius, long = float(rng.uniform(0.015, 0.021)), rng.uniform(1.9, 2.5)
    skin, _ = turned_skin(
        [(0, 0), (0.22, 0.06), (0.55, 0.45 * long), (0.9, 0.72 * long), (0.98, 0.85 * long),
         (0.7, 0.98 * long), (0.3, long), (0, 0.97 * long)], radius, 1.0
    )  # fmt: skip
    height = radius * long
    patches = skin + leaves(rng, 7, radius * 0.95, height, 0.002)
    patches += stem(rng, height - 0.002, 0.01, 0.0012)
    patches = [patch.moved(z=-height / 2).turned("y", 78) for patch in patches]
    half = (height * 0.5, radius * 0.95, radius * 0.85)
    slots = {"skin": SLOTS["skin"], "stem": SLOTS["stem"]}
    return assemble(patches, slots, [solids.ellipsoid(half, 0.0)], mass_kg=0.02)


def banana_form(rng: np.random.Generator) -> Form:
    """Draw a banana that lies on its side."""
    length, radius = rng.uniform(0.16, 0.21), rng.uniform(0.015, 0.019)
    bend = np.radians(rng.uniform(60, 100))
    angle = np.linspace(-bend / 2, bend / 2, 22)
    arc = length / bend
    path = np.stack([arc * np.sin(angle), arc * np.cos(angle), np.zeros(22)], axis=1)
    at = np.linspace(0, 1, 22)
    swell = np.interp(
        at, [0, 0.04, 0.12, 0.3, 0.6, 0.84, 0.9, 1], [0.35, 0.5, 0.8, 1, 1, 0.72, 0.42, 0.3]
    )
    patches = tube(path, radius * swell, (0, 0, 1), "skin", _PENTAGON)
    thirds = [path[k] for k in (4, 11, 17)]
    parts = [
        solids.block(
            (length / 3.1, 1.7 * radius, 1.9 * radius),
            (float(x), float(y), 0.0),
            -float(np.arctan2(x, y)),
        )
        for x, y, _ in thirds
    ]
    slots = {"skin": SLOTS["skin"]}
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.1, 0.16), centered=True)


def paint_fruit(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a skin of one colour with a mottled brightness, and its stem."""
    canvas.cover(main, natural(main, rng))
    motifs.mottled(canvas, "skin", float(rng.uniform(0.02, 0.06)))
    if "stem" in canvas.slots:
        canvas.region("stem")[:] = canvas.ink("brown")
    return Finish("", float(rng.uniform(0.2, 0.5)))


def paint_citrus(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a pitted skin."""
    canvas.cover(main, natural(main, rng))
    shade = canvas.shade("skin")
    shade *= 1 + 0.045 * canvas.noise(1)[: shade.shape[0], : shade.shape[1]]
    if "stem" in canvas.slots:
        canvas.region("stem")[:] = canvas.ink("green")
    return Finish("", float(rng.uniform(0.15, 0.35)))


def paint_strawberry(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a red skin with seeds and green leaves."""
    canvas.cover(main)
    skin, seed = canvas.region("skin"), canvas.ink("yellow")
    for row in range(8, skin.shape[0], 18):
        for column in range(8 * (row % 4), skin.shape[1], 22):
            skin[row : row + 3, column : column + 2] = seed
    canvas.region("stem")[:] = canvas.ink("green")
    return Finish("", float(rng.uniform(0.3, 0.5)))


def paint_banana(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a banana with dark ends and a few spots."""
    canvas.cover(main, natural(main, rng))
    skin = canvas.region("skin")
    dark = canvas.ink("brown")
    if rng.random() < 0.5:
        motifs.speckles(skin, dark, rng)
    tip = max(3, int(0.03 * skin.shape[0]))
    skin[:tip] = dark
    skin[-tip:] = dark
    motifs.mottled(canvas, "skin", 0.03)
    return Finish("", 0.2)


_HYPERNYMS = ("fruit", "food")
KINDS = (
    ShapeKind(names=("apple",), hypernyms=_HYPERNYMS, colors=("red", "green", "yellow"),
              form=apple_form, paint=paint_fruit),
    ShapeKind(names=("orange",), hypernyms=_HYPERNYMS, colors=("orange",),
              form=orange_form, paint=paint_citrus),
    ShapeKind(names=("lemon",), hypernyms=_HYPERNYMS, colors=("yellow",),
              form=lemon_form, paint=paint_citrus),
    ShapeKind(names=("lime",), hypernyms=_HYPERNYMS, colors=("green",),
              form=lime_form, paint=paint_citrus),
    ShapeKind(names=("pear",), hypernyms=_HYPERNYMS, colors=("green", "yellow"),
              form=pear_form, paint=paint_fruit),
    ShapeKind(names=("plum",), hypernyms=_HYPERNYMS, colors=("purple", "red"),
              form=plum_form, paint=paint_fruit),
    ShapeKind(names=("strawberry",), hypernyms=_HYPERNYMS, colors=("red",),
              form=strawberry_form, paint=paint_strawberry),
    ShapeKind(names=("banana",), hypernyms=_HYPERNYMS, colors=("yellow", "green"),
              form=banana_form, paint=paint_banana),
)  # fmt: skip
