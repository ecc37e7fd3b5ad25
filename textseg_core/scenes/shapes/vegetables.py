"""Vegetables in their natural colours."""

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.shapes import bodies, motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import Patch, circle, smooth, tube
from textseg_core.scenes.shapes.plants import SLOTS, leaves, natural, stem, turned_skin


def _ribbed(patches: list[Patch], ribs: int, depth: float, phase: float) -> list[Patch]:
    """Press grooves into turned patches."""

    def press(vertices: Float64Array) -> Float64Array:
        angle = np.arctan2(vertices[:, 1], vertices[:, 0]) + phase
        shrink = 1 - depth * (1 - np.abs(np.sin(ribs * angle / 2))) ** 1.5
        return vertices * np.stack([shrink, shrink, np.ones_like(shrink)], axis=1)

    return [patch.warped(press) for patch in patches]


def tomato_form(rng: np.random.Generator) -> Form:
    """Draw a tomato with its green star."""
    radius, tall = float(rng.uniform(0.028, 0.042)), rng.uniform(0.78, 0.95)
    skin, profile = turned_skin(
        [(0, 0.04), (0.4, 0.02), (0.82, 0.35), (1.0, 0.95), (0.88, 1.5), (0.5, 1.83), (0.2, 1.8),
         (0, 1.74)], radius, tall
    )  # fmt: skip
    top = float(profile[:, 1].max())
    patches = _ribbed(skin, int(rng.integers(4, 7)), rng.uniform(0.0, 0.05), rng.uniform(0, 6))
    patches += leaves(rng, 5, radius * rng.uniform(0.55, 0.75), top, radius * 0.12)
    patches += stem(rng, top - 0.003, 0.01, 0.0015)
    return assemble(patches, SLOTS, [solids.rounded(skin)], mass_kg=rng.uniform(0.08, 0.2))


def pepper_form(rng: np.random.Generator) -> Form:
    """Draw a bell pepper that stands."""
    radius, tall = float(rng.uniform(0.034, 0.042)), rng.uniform(1.0, 1.25)
    skin, profile = turned_skin(
        [(0, 0.2), (0.35, 0.02), (0.65, 0.08), (0.82, 0.6), (0.95, 1.3), (0.98, 1.7), (0.7, 2.05),
         (0.3, 2.0), (0.12, 1.85), (0, 1.82)], radius, tall
    )  # fmt: skip
    patches = _ribbed(skin, int(rng.integers(3, 5)), rng.uniform(0.12, 0.2), rng.uniform(0, 6))
    patches += stem(rng, float(profile[-1, 1]) - 0.004, 0.032, 0.004)
    height = 2.05 * radius * tall
    return assemble(
        patches, SLOTS, [solids.cylinder(0.8 * radius, 0, height)], mass_kg=rng.uniform(0.12, 0.2)
    )


def pumpkin_form(rng: np.random.Generator) -> Form:
    """Draw a pumpkin."""
    radius, tall = float(rng.uniform(0.045, 0.08)), rng.uniform(0.7, 0.95)
    skin, profile = turned_skin(
        [(0, 0.15), (0.3, 0.03), (0.7, 0.15), (0.98, 0.7), (0.96, 1.2), (0.65, 1.68), (0.3, 1.72),
         (0, 1.6)], radius, tall
    )  # fmt: skip
    patches = _ribbed(skin, int(rng.integers(8, 13)), rng.uniform(0.1, 0.16), rng.uniform(0, 6))
    patches += stem(rng, float(profile[-1, 1]) - 0.004, 0.35 * radius, 0.1 * radius)
    return assemble(patches, SLOTS, [solids.rounded(skin)], mass_kg=rng.uniform(0.4, 1.0))


def onion_form(rng: np.random.Generator) -> Form:
    """Draw an onion with a dry tip."""
    radius, tall = float(rng.uniform(0.03, 0.042)), rng.uniform(0.85, 1.1)
    tip = rng.uniform(2.2, 2.6)
    skin, _ = turned_skin(
        [(0, 0), (0.2, 0.02), (0.7, 0.25), (1.0, 0.9), (0.85, 1.4), (0.4, 1.78), (0.14, 1.95),
         (0.1, tip - 0.2), (0.13, tip), (0, tip)], radius, tall, 22
    )  # fmt: skip
    half = (radius, radius, 0.93 * radius * tall)
    slots = {"skin": SLOTS["skin"]}
    return assemble(skin, slots, [solids.ellipsoid(half)], mass_kg=rng.uniform(0.1, 0.2))


def mushroom_form(rng: np.random.Generator) -> Form:
    """Draw a mushroom that stands on its stalk."""
    radius, tall = float(rng.uniform(0.022, 0.035)), rng.uniform(0.9, 1.2)
    stalk = rng.uniform(0.36, 0.5)
    skin, _ = turned_skin(
        [(0, 0), (stalk, 0.0), (stalk * 0.92, 0.4), (stalk, 0.85), (0.8, 0.8), (0.98, 0.88),
         (0.95, 1.15), (0.7, 1.5), (0.35, 1.68), (0, 1.72)], radius, tall, 24
    )  # fmt: skip
    parts = [
        solids.cylinder(stalk * radius, 0, radius * tall),
        solids.cylinder(0.85 * radius, 0.8 * radius * tall, 1.6 * radius * tall),
    ]
    return assemble(skin, {"skin": SLOTS["skin"]}, parts, mass_kg=rng.uniform(0.02, 0.04))


def potato_form(rng: np.random.Generator) -> Form:
    """Draw a potato: a lumpy ellipsoid."""
    half = (rng.uniform(0.04, 0.055), rng.uniform(0.028, 0.036), rng.uniform(0.024, 0.03))
    waves = rng.uniform(-1, 1, (4, 3)) * 55
    phase, depth = rng.uniform(0, 6, 4), rng.uniform(0.02, 0.05, 4)

    def lump(vertices: Float64Array) -> Float64Array:
        swell = 1 + (depth * np.sin(vertices @ waves.T + phase)).sum(axis=1, keepdims=True)
        return np.asarray(vertices * swell)

    skin = [p.warped(lump) for p in bodies.ellipsoid(half, "skin", (0, 0, 0), 15, 22)]
    slots = {"skin": SLOTS["skin"]}
    return assemble(skin, slots, [solids.rounded(skin)], mass_kg=rng.uniform(0.1, 0.25))


def carrot_form(rng: np.random.Generator) -> Form:
    """Draw a lying carrot, with or without its greens."""
    length, radius = rng.uniform(0.13, 0.19), rng.uniform(0.013, 0.019)
    blunt = rng.uniform(0.12, 0.35)
    profile = smooth(
        [(0, 0), (blunt * radius, 0.002), ((0.45 + blunt / 2) * radius, length * 0.35),
         (0.85 * radius, length * 0.75), (radius, length * 0.95), (0.6 * radius, length),
         (0, length - 0.002)], 20
    )  # fmt: skip
    profile[[0, -1], 0] = 0
    patches = bodies.bar(np.maximum(profile, 0), "skin", circle(18))
    for _ in range(int(rng.integers(4, 7))):
        reach, rise = rng.uniform(0.035, 0.065), rng.uniform(-0.6, 0.7) * radius
        side = rng.uniform(-0.02, 0.02)
        at = np.linspace(0, 1, 5)
        path = np.stack([length - 0.004 + reach * at, side * at**1.5, rise * at], axis=1)
        patches += tube(
            path, np.array([1.6, 2.0, 2.8, 2.4, 0.6]) * 0.001, (0, 0, 1), "stem", circle(6)
        )
    body = [p for p in patches if p.slot == "skin"]
    return assemble(
        patches, SLOTS, [solids.around(body, 0.9)], mass_kg=rng.uniform(0.06, 0.12), centered=True
    )


def cucumber_form(rng: np.random.Generator) -> Form:
    """Draw a lying cucumber, slightly bent."""
    length, radius = rng.uniform(0.15, 0.22), rng.uniform(0.017, 0.023)
    bend = np.radians(rng.uniform(3, 25))
    angle = np.linspace(-bend / 2, bend / 2, 20)
    path = np.stack([np.sin(angle), np.cos(angle), np.zeros(20)], axis=1) * length / bend
    at = np.linspace(0, 1, 20)
    swell = np.interp(at, [0, 0.03, 0.1, 0.5, 0.9, 0.97, 1], [0.4, 0.7, 0.93, 1, 0.93, 0.7, 0.4])
    patches = tube(path, radius * swell, (0, 0, 1), "skin", circle(16))
    return assemble(
        patches, {"skin": SLOTS["skin"]}, [solids.around(patches, 0.92)],
        mass_kg=rng.uniform(0.2, 0.35), centered=True,
    )  # fmt: skip


def eggplant_form(rng: np.random.Generator) -> Form:
    """Draw a lying eggplant with its green cap."""
    radius, long = float(rng.uniform(0.028, 0.038)), rng.uniform(3.4, 4.6)
    skin, _ = turned_skin(
        [(0, 0), (0.45, 0.08), (0.95, 0.6), (1, 1.1), (0.75, long * 0.6), (0.55, long * 0.85),
         (0.4, long), (0, long)], radius, 1.0
    )  # fmt: skip
    height = radius * long
    patches = skin + leaves(rng, 6, radius * 0.75, height + 0.001, radius * 0.5)
    patches += stem(rng, height - 0.003, 0.022, 0.0045)
    patches = [patch.turned("y", 86) for patch in patches]
    body = [p for p in patches if p.slot == "skin"]
    return assemble(
        patches, SLOTS, [solids.around(body, 0.85)], mass_kg=rng.uniform(0.2, 0.35), centered=True
    )


def paint_green_topped(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a smooth skin and green leaves or stem."""
    canvas.cover(main, natural(main, rng) if main == "purple" else None)
    canvas.region("stem")[:] = canvas.ink("green", (70, 120, 45))
    motifs.mottled(canvas, "skin", 0.02)
    return Finish("", float(rng.uniform(0.4, 0.7)))


def paint_root(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a carrot or pumpkin: rings or ribs a little darker, greens."""
    canvas.cover(main)
    shade = canvas.shade("skin")
    streak = rng.standard_normal((shade.shape[0], 1)).astype(np.float32)
    shade *= 1 - 0.05 * np.abs(streak)
    motifs.mottled(canvas, "skin", 0.03)
    canvas.region("stem")[:] = canvas.ink("green", (80, 125, 50))
    return Finish("", 0.15)


def paint_earthy(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a potato, onion or mushroom in the shade that nature gives the colour."""
    natural = {"brown": (150, 98, 52), "purple": (112, 38, 88), "beige": (214, 184, 132)}
    canvas.cover(main, natural.get(main))
    shade = canvas.shade("skin")
    streak = rng.standard_normal((1, shade.shape[1])).astype(np.float32)
    shade *= 1 + 0.035 * streak
    motifs.mottled(canvas, "skin", float(rng.uniform(0.03, 0.08)))
    return Finish("", 0.1)


def paint_cucumber(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a dark green skin with paler streaks."""
    canvas.cover(main, (int(rng.integers(35, 60)), int(rng.integers(92, 125)), 38))
    shade = canvas.shade("skin")
    shade *= 1 + 0.12 * np.sin(np.linspace(0, 20 * np.pi, shade.shape[1], dtype=np.float32))
    motifs.mottled(canvas, "skin", 0.05)
    return Finish("", 0.3)


_HYPERNYMS = ("vegetable", "food")
KINDS = (
    ShapeKind(names=("tomato",), hypernyms=("fruit", *_HYPERNYMS), colors=("red",),
              form=tomato_form, paint=paint_green_topped),
    ShapeKind(names=("bell pepper", "pepper", "capsicum"), hypernyms=_HYPERNYMS,
              colors=("red", "yellow", "green", "orange"), form=pepper_form,
              paint=paint_green_topped),
    ShapeKind(names=("eggplant", "aubergine"), hypernyms=_HYPERNYMS, colors=("purple",),
              form=eggplant_form, paint=paint_green_topped),
    ShapeKind(names=("pumpkin",), hypernyms=_HYPERNYMS, colors=("orange",),
              form=pumpkin_form, paint=paint_root),
    ShapeKind(names=("carrot",), hypernyms=_HYPERNYMS, colors=("orange",),
              form=carrot_form, paint=paint_root),
    ShapeKind(names=("cucumber",), hypernyms=_HYPERNYMS, colors=("green",),
              form=cucumber_form, paint=paint_cucumber),
    ShapeKind(names=("potato",), hypernyms=_HYPERNYMS, colors=("brown", "beige"),
              form=potato_form, paint=paint_earthy),
    ShapeKind(names=("onion",), hypernyms=_HYPERNYMS, colors=("brown", "purple", "white"),
              form=onion_form, paint=paint_earthy),
    ShapeKind(names=("mushroom",), hypernyms=_HYPERNYMS, colors=("white", "brown", "beige"),
              form=mushroom_form, paint=paint_earthy),
)  # fmt: skip
