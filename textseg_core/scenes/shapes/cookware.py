"""Pots, pans, buckets and baskets."""

import numpy as np

from textseg_core.scenes.shapes import bodies, motifs, solids, ware
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import Patch, circle, lathe, rounded_rectangle, smooth, tube
from textseg_core.scenes.shapes.palette import contrasting
from textseg_core.scenes.shapes.vessels import hollow

_BASE = Slot(2, 2, 0.0)
_SLOTS = {"side": Slot(16, 6), "inside": Slot(8, 8, 0.9), "handle": Slot(4, 4), "base": _BASE}


def _ears(radius: float, height: float, wide: float) -> list[Patch]:
    """Return two loop handles at the sides of a pot."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 11)
    x = radius - 0.004 + 0.5 * wide * np.cos(angle)
    path = np.stack([x, 0.5 * wide * np.sin(angle), np.full(11, height)], axis=1)
    ear = tube(path, 0.0045, (0.0, 0.0, 1.0), "handle", circle(6))
    return [*ear, *(patch.turned("z", 180) for patch in ear)]


def pot_form(rng: np.random.Generator) -> Form:
    """Draw a cooking pot with two handles, with or without its lid."""
    radius = rng.uniform(0.065, 0.1)
    height = radius * rng.uniform(0.9, 1.4)
    outer = smooth(
        [(0.93 * radius, 0), (radius, 0.008), (radius, height / 2), (radius, height)], 10
    )
    outer[-1, 0] += 0.002
    ears = _ears(radius, height * rng.uniform(0.75, 0.9), rng.uniform(0.05, 0.07))
    if rng.random() < 0.45:
        rise = rng.uniform(0.1, 0.25) * radius
        lid = smooth(
            [
                (radius + 0.002, height),
                (radius, height + 0.004),
                (0.6 * radius, height + 0.8 * rise),
                (0.01, height + rise),
            ],
            9,
        )
        knob = [(0.008, height + rise + 0.006), (0.016, height + rise + 0.012),
                (0.013, height + rise + 0.02), (0, height + rise + 0.021)]  # fmt: skip
        patches = [
            *lathe([(0, 0), tuple(outer[0])], "base", flat=True),
            *lathe(outer, "side"),
            *lathe(lid, "lid", flat=True),
            *lathe([lid[-1], *knob], "handle"),
            *ears,
        ]
        slots = {"side": Slot(16, 6), "lid": Slot(6, 6), "handle": Slot(4, 4), "base": _BASE}
        return assemble(
            patches,
            slots,
            [solids.cylinder(radius, 0, height + 0.5 * rise)],
            mass_kg=rng.uniform(0.6, 1.5),
        )
    return assemble(
        [*hollow(outer, 0.003, flat_inside=True), *ears],
        {**_SLOTS, "inside": Slot(8, 8, 0.5)},
        solids.hollow(radius, radius, height, 0.004, 0.004),
        mass_kg=rng.uniform(0.6, 1.5),
        holds="in",
        inner_m=1.9 * radius,
        variant="deep",
    )


def pan_form(rng: np.random.Generator) -> Form:
    """Draw a frying pan with a long handle."""
    radius, height = rng.uniform(0.085, 0.13), rng.uniform(0.03, 0.045)
    foot = radius * rng.uniform(0.76, 0.88)
    outer = smooth(
        [
            (foot, 0),
            (foot * 1.03, 0.001),
            (0.3 * foot + 0.7 * radius, height * 0.35),
            (radius, height),
        ],
        9,
    )
    patches = hollow(outer, 0.003, flat_inside=True)
    length, rise = radius * rng.uniform(1.1, 1.5), rng.uniform(0.0, 0.03)
    x = np.linspace(radius - 0.006, radius + length, 8)
    z = height - 0.006 + rise * np.linspace(0, 1, 8) ** 0.7
    width = rng.uniform(0.008, 0.013) * np.array([0.7, 0.65, 0.8, 0.95, 1.05, 1.1, 1.05, 0.8])
    grip = bodies.ribbon(np.stack([x, z, width], axis=1), 0.011, "handle")
    parts = [
        solids.cylinder(foot, 0, 0.004),
        *solids.ring(radius, 0.8 * (radius - foot), 0.25 * height, height),
        solids.around(grip),
    ]
    return assemble(
        patches + grip,
        _SLOTS,
        parts,
        mass_kg=rng.uniform(0.6, 1.2),
        holds="in",
        inner_m=1.8 * foot,
    )


def bucket_form(rng: np.random.Generator) -> Form:
    """Draw a small bucket whose bail stands up or lies down."""
    height = rng.uniform(0.1, 0.15)
    rim = height * rng.uniform(0.42, 0.55)
    foot = rim * rng.uniform(0.7, 0.82)
    outer = np.concatenate(
        [
            np.linspace([foot, 0], [rim, height], 8),
            [[rim + 0.004, height], [rim + 0.004, height + 0.003]],
        ]
    )
    patches = hollow(outer, 0.003)
    angle = np.linspace(0, np.pi, 17)
    path = np.stack([rim * np.cos(angle), np.zeros(17), rim * 1.15 * np.sin(angle)], axis=1)
    bail = tube(path, 0.002, (0.0, 1.0, 0.0), "handle", circle(6))
    tilt = float(rng.choice([0.0, -82.0, 40.0]))
    patches += [patch.turned("x", tilt).moved(z=height - 0.004) for patch in bail]
    slots = {**_SLOTS, "inside": Slot(12, 6, 0.4)}
    parts = solids.hollow(foot, rim, height, 0.004, 0.004)
    return assemble(
        patches, slots, parts, mass_kg=rng.uniform(0.1, 0.25), holds="in", inner_m=1.7 * rim
    )


def basket_form(rng: np.random.Generator) -> Form:
    """Draw a woven basket, round or oblong, sometimes with an arch to carry it."""
    half_x, half_y = rng.uniform(0.08, 0.13), rng.uniform(0.07, 0.09)
    height, flare = rng.uniform(0.05, 0.09), rng.uniform(0.8, 0.97)
    if rng.random() < 0.5:
        half_y = half_x
        cross = circle(24) * half_x
    else:
        cross = rounded_rectangle(half_x, half_y, 0.035, 6)
    wall = 0.06
    outer = np.array([(flare, 0), ((1 + flare) / 2, height * 0.4), (1.0, height * 0.93),
                      (1.03, height * 0.95), (1.03, height)])  # fmt: skip
    inner = np.array(
        [(1 - wall, height), (1 - wall, height * 0.9), (flare - wall, 0.006), (0, 0.006)]
    )
    patches = [
        *lathe([(0, 0), (flare, 0)], "base", cross, flat=True),
        *lathe(outer, "side", cross),
        *lathe(np.concatenate([outer[-1:], inner]), "inside", cross),
    ]
    slots = {"side": Slot(16, 6), "inside": Slot(16, 6, 0.8), "base": _BASE}
    if rng.random() < 0.45:
        angle = np.linspace(0, np.pi, 15)
        path = np.stack(
            [np.zeros(15), half_y * np.cos(angle), height + 0.9 * half_y * np.sin(angle) - 0.01],
            axis=1,
        )
        patches += tube(path, np.tile([0.008, 0.003], (15, 1)), (1.0, 0.0, 0.0), "handle")
        slots["handle"] = Slot(4, 4)
    parts = [solids.block((1.8 * half_x * flare, 1.8 * half_y * flare, 0.006), (0, 0, 0.003))]
    parts += (
        solids.ring(half_x, 0.006, 0.0, height)
        if half_x == half_y
        else solids.fence(half_x, half_y, 0.006, 0.0, height)
    )
    return assemble(
        patches,
        slots,
        parts,
        mass_kg=rng.uniform(0.15, 0.4),
        holds="in",
        inner_m=1.6 * half_y * flare,
    )


def paint_pot(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint enamel or bare metal, handles dark or alike, the inside often gray."""
    canvas.cover(main)
    if main == "silver":
        for slot in canvas.slots:
            motifs.brushed(canvas, slot, rng, 0.04)
    elif canvas.variant == "deep" and rng.random() < 0.5:
        canvas.region("inside")[:] = canvas.ink("black" if main != "black" else "gray")
    if rng.random() < 0.6:
        canvas.region("handle")[:] = canvas.ink("black" if main != "brown" else "silver")
    return Finish(
        "metal" if main in ("silver", "gray", "black") else "", float(rng.uniform(0.4, 0.8))
    )


def paint_woven(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint wickerwork."""
    canvas.cover(main, {"brown": (136, 88, 48)}.get(main))
    for slot in canvas.slots:
        shade = canvas.shade(slot)
        rows, columns = np.indices(shade.shape, np.float32)
        shift = np.floor(rows / 6) % 2 * np.pi
        shade *= 0.86 + 0.2 * np.sin(columns / shade.shape[1] * 40 * np.pi + shift)
        shade *= np.where(rows % 6 < 1, 0.72, 1.0)
    if rng.random() < 0.35:
        motifs.bands(canvas.region("side"), canvas.ink(contrasting(main, rng)), rng)
    return Finish("", 0.05)


_POT = ("silver", "black", "gray", "red", "blue", "green", "white", "orange", "yellow", "brown")
KINDS = (
    ShapeKind(names=("pot", "cooking pot", "saucepan"), hypernyms=("container",), colors=_POT,
              form=pot_form, paint=paint_pot),
    ShapeKind(names=("pan", "frying pan", "skillet"), hypernyms=(), colors=_POT,
              usual=("black", "gray", "silver"),
              form=pan_form, paint=paint_pot),
    ShapeKind(names=("bucket", "pail"), hypernyms=("container",), colors=ware.COLORS,
              form=bucket_form, paint=ware.paint_ware),
    ShapeKind(names=("basket", "wicker basket"), hypernyms=("container",),
              colors=("brown", "beige", "white", "gray", "black", "pink", "blue"),
              form=basket_form, paint=paint_woven),
)  # fmt: skip
