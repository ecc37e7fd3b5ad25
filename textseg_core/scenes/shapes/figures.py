"""Toy cars, rubber ducks and teddy bears."""

import numpy as np

from textseg_core.scenes.object_model import Solid
from textseg_core.scenes.shapes import bodies, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import Patch, box, circle, lathe, rounded_rectangle, tube
from textseg_core.scenes.shapes.palette import PAINTS, contrasting

_BASE = Slot(2, 2, 0.0)


def car_form(rng: np.random.Generator) -> Form:
    """Draw a toy car."""
    length = rng.uniform(0.09, 0.15)
    wide, low = length * rng.uniform(0.42, 0.5), length * rng.uniform(0.14, 0.18)
    roof = length * rng.uniform(0.3, 0.4)
    wheel = length * rng.uniform(0.09, 0.12)
    nose, tail = rng.uniform(0.2, 0.34), rng.uniform(0.04, 0.2)
    lift = 0.7 * wheel
    half = length / 2
    patches = [
        *bodies.slab(rounded_rectangle(half, wide / 2, 0.12 * wide), low, 0.15 * low,
                     ("body", "body", "base")),
    ]  # fmt: skip
    patches = [patch.moved(z=lift) for patch in patches]
    cabin = np.array(
        [(half - nose * length * 0.72, 0), (half - (nose + 0.12) * length, 1),
         (-half + (tail + 0.06) * length, 1), (-half + tail * length, 0)]
    )  # fmt: skip
    base, top = lift + low - 0.001, lift + roof
    inset = 0.43 * wide
    corner = [(float(x), base + float(z) * (top - base)) for x, z in cabin]
    outline = np.array([*corner, corner[0]])
    middle = outline[:-1].mean(axis=0)
    path = [(float(middle[0]), y, float(middle[1])) for y in (inset, -inset)]
    sides = tube(path, 1.0, (1.0, 0.0, 0.0), "window", outline - middle)
    patches += sides
    plate = (corner[1][0] - corner[2][0], 2 * inset, 0.004)
    patches += [
        p.moved(x=(corner[1][0] + corner[2][0]) / 2, z=top - 0.002)
        for p in box(plate, ("body",) * 6)
    ]
    rim = [
        (0, -0.5),
        (0.45, -0.5),
        (0.9, -0.5),
        (1, -0.35),
        (1, 0.35),
        (0.9, 0.5),
        (0.45, 0.5),
        (0, 0.5),
    ]
    for x in (0.62 * half, -0.62 * half):
        for y in (wide / 2, -wide / 2):
            tyre = lathe(np.array(rim) * (wheel, 0.7 * wheel), "wheel", circle(14))
            patches += [p.turned("x", 90).moved(x, y, wheel) for p in tyre]
    parts = [
        solids.block((length, wide, lift + low), (0, 0, (lift + low) / 2)),
        solids.block(
            (0.45 * length, 2 * inset, roof - low), (float(middle[0]), 0, (base + top) / 2)
        ),
    ]
    slots = {"body": Slot(12, 8), "window": Slot(4, 8), "wheel": Slot(4, 8, 0.5), "base": _BASE}
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.05, 0.15))


def duck_form(rng: np.random.Generator) -> Form:
    """Draw a rubber duck."""
    size = rng.uniform(0.028, 0.042)
    head = size * rng.uniform(0.58, 0.7)
    at = (0.62 * size, 0.0, 1.25 * size)

    body = bodies.ellipsoid((1.25 * size, 0.95 * size, 0.8 * size), "skin", rows=11, segments=18)
    tail = bodies.ellipsoid((0.5 * size, 0.4 * size, 0.25 * size), "skin", rows=7, segments=12)
    patches = body + [p.turned("y", 35).moved(-1.05 * size, 0, 0.5 * size) for p in tail]
    patches += bodies.ellipsoid((head, 0.95 * head, head), "skin", at, 11, 18)
    patches += bodies.ellipsoid(
        (0.5 * head, 0.5 * head, 0.2 * head),
        "beak",
        (at[0] + head, 0.0, at[2] - 0.15 * head),
        7,
        12,
    )
    for side in (1, -1):
        patches += bodies.ellipsoid(
            (0.14 * head,) * 3,
            "eye",
            (at[0] + 0.8 * head, side * 0.45 * head, at[2] + 0.32 * head),
            5,
            8,
        )
        wing = bodies.ellipsoid(
            (0.6 * size, 0.15 * size, 0.36 * size), "skin", rows=7, segments=12
        )
        patches += [p.moved(-0.2 * size, side * 0.92 * size, 0.15 * size) for p in wing]
    parts = [
        solids.block((2.1 * size, 1.5 * size, 1.5 * size), (0, 0, -0.05 * size)),
        Solid("ellipsoid", (head,) * 3, at),
    ]
    slots = {"skin": Slot(12, 8), "beak": Slot(3, 3), "eye": Slot(2, 2)}
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.03, 0.06))


def bear_form(rng: np.random.Generator) -> Form:
    """Draw a sitting teddy bear that faces the front."""
    size = rng.uniform(0.035, 0.06)
    plump, ears = rng.uniform(0.85, 1.1), rng.uniform(0.28, 0.38)

    def part(
        half: tuple[float, float, float], at: tuple[float, float, float], slot: str
    ) -> list[Patch]:
        rows = 8 if slot == "fur" else 6
        return bodies.ellipsoid(
            (half[0] * size, half[1] * size, half[2] * size),
            slot,
            (at[0] * size, at[1] * size, at[2] * size),
            rows,
            12 if slot == "fur" else 8,
        )

    patches = part((0.85 * plump, 0.75 * plump, 1.0), (0, 0, 1.0), "fur")
    patches += part((0.72, 0.65, 0.66), (0, -0.05, 2.4), "fur")
    patches += part((0.32, 0.26, 0.26), (0, -0.62, 2.28), "snout")
    patches += part((0.1, 0.08, 0.08), (0, -0.86, 2.36), "eye")
    for side in (1, -1):
        patches += part((ears, 0.16, ears), (side * 0.58, 0.0, 2.92), "fur")
        patches += part((0.26, 0.26, 0.55), (side * 0.92 * plump, -0.2, 1.25), "fur")
        patches += part((0.34, 0.68, 0.34), (side * 0.55, -0.72, 0.32), "fur")
        patches += part((0.24, 0.08, 0.26), (side * 0.55, -1.36, 0.34), "snout")
        patches += part((0.09, 0.07, 0.09), (side * 0.27, -0.62, 2.58), "eye")
    parts = [
        solids.block((1.8 * size, 2.0 * size, 0.7 * size), (0, -0.4 * size, 0.35 * size)),
        solids.cylinder(0.64 * size, 0, 1.9 * size),
        Solid("ellipsoid", (0.8 * size, 0.7 * size, 0.72 * size), (0, 0, 2.42 * size)),
    ]
    slots = {"fur": Slot(12, 8), "snout": Slot(4, 4), "eye": Slot(2, 2)}
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.08, 0.2))


def paint_car(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a body, dark or pale windows, black tyres with bright hubs."""
    canvas.cover(main)
    dark = canvas.ink("black" if main != "black" else "gray")
    window = canvas.region("window")
    height, width = window.shape
    # Round the cabin: windscreen, roof, rear window, floor; the side windows take its edges.
    for quarter in (0, 2):
        window[:, quarter * width // 4 : (quarter + 1) * width // 4] = dark
    window[:6] = dark
    window[-6:] = dark
    wheel = canvas.region("wheel")
    wheel[:] = canvas.ink("black")
    hub = canvas.ink("silver" if rng.random() < 0.6 else "white")
    height = wheel.shape[0]
    wheel[: height // 5] = hub
    wheel[-height // 5 :] = hub
    if rng.random() < 0.4:
        body = canvas.region("body")
        middle = body.shape[0] // 2
        body[middle - 6 : middle + 6] = canvas.ink(contrasting(main, rng))
    return Finish("", 0.6)


def paint_duck(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a duck, its beak and its eyes."""
    canvas.cover(main)
    canvas.region("beak")[:] = canvas.ink("orange" if main not in ("orange", "red") else "yellow")
    canvas.region("eye")[:] = canvas.ink("black" if main != "black" else "white")
    return Finish("plastic", 0.5)


def paint_bear(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint fur, a paler snout and soles, black eyes and nose."""
    canvas.cover(main, {"brown": (128, 80, 46)}.get(main))
    canvas.region("snout")[:] = canvas.ink("beige" if main != "beige" else "white")
    canvas.region("eye")[:] = canvas.ink("black" if main != "black" else "white")
    shade = canvas.shade("fur")
    shade *= 1 + 0.09 * canvas.noise(0)[: shade.shape[0], : shade.shape[1]]
    return Finish("fabric", 0.02)


KINDS = (
    ShapeKind(names=("toy car", "car"), hypernyms=("toy",), colors=PAINTS, form=car_form,
              paint=paint_car),
    ShapeKind(names=("rubber duck", "duck", "toy duck"), hypernyms=("toy",),
              colors=("yellow", "pink", "blue", "green", "purple", "white", "black"),
              usual=("yellow",), form=duck_form, paint=paint_duck),
    ShapeKind(names=("teddy bear", "teddy", "stuffed animal"), hypernyms=("toy",),
              colors=("brown", "beige", "white", "pink", "gray", "black"),
              usual=("brown", "beige"), form=bear_form, paint=paint_bear),
)  # fmt: skip
