"""Cans, bottles and jars: turned goods with labels, caps and lids."""

import numpy as np

from textseg_core.scenes.shapes import motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import lathe, smooth
from textseg_core.scenes.shapes.palette import PAINTS, contrasting

_BASE = Slot(2, 2, 0.0)

# Least and greatest radius, height and share of the body in it; neck in radii.
_BOTTLES = {
    "wine bottle": ((0.034, 0.27, 0.52), (0.042, 0.32, 0.64), 0.36),
    "beer bottle": ((0.028, 0.19, 0.48), (0.034, 0.24, 0.58), 0.42),
    "water bottle": ((0.029, 0.18, 0.62), (0.04, 0.26, 0.75), 0.42),
    "sauce bottle": ((0.028, 0.15, 0.6), (0.036, 0.2, 0.7), 0.38),
}


def can_form(rng: np.random.Generator) -> Form:
    """Draw a drinks can, a food can or a flat tin."""
    variant = str(rng.choice(["soda can", "soup can", "tuna can"], p=[0.45, 0.35, 0.2]))
    if variant == "soda can":
        radius, height = rng.uniform(0.027, 0.034), rng.uniform(0.11, 0.165)
        neck = radius * rng.uniform(0.8, 0.88)
        side = [(neck, 0), (radius, 0.008), (radius, height - 0.014)]
        top = [(radius, height - 0.014), (neck, height - 0.003), (neck, height),
               (neck - 0.002, height), (neck - 0.003, height - 0.005),
               (0, height - 0.005)]  # fmt: skip
    else:
        radius = rng.uniform(0.032, 0.05)
        height = (
            radius * rng.uniform(0.7, 0.95)
            if variant == "tuna can"
            else radius * rng.uniform(2.0, 3.0)
        )
        side = [(radius, 0.0), (radius, 0.003), (radius - 0.0015, 0.004)]
        beads = int(rng.integers(0, 5)) if variant == "soup can" else 0
        for level in np.linspace(0.35, 0.65, beads):
            z = height * level
            side += [
                (radius - 0.0015, z - 0.002),
                (radius - 0.003, z),
                (radius - 0.0015, z + 0.002),
            ]
        side += [(radius - 0.0015, height - 0.004)]
        top = [side[-1], (radius, height - 0.003), (radius, height), (radius - 0.002, height),
               (radius - 0.003, height - 0.004), (0, height - 0.004)]  # fmt: skip
    base = side[0][0]
    patches = [
        *lathe([(0, 0), (base, 0)], "base", flat=True),
        *lathe(side, "side"),
        *lathe(top, "top", flat=True),
    ]
    slots = {"side": Slot(16, 10), "top": Slot(6, 6), "base": _BASE}
    flat = variant == "tuna can"
    return assemble(
        patches,
        slots,
        [solids.cylinder(radius, 0, height)],
        mass_kg=rng.uniform(0.1, 0.4),
        holds="on" if flat else "",
        inner_m=1.6 * radius if flat else 0.0,
        variant=variant,
    )


def bottle_form(rng: np.random.Generator) -> Form:
    """Draw a wine, beer, water or sauce bottle."""
    variant = str(rng.choice(list(_BOTTLES)))
    low, high, neck = _BOTTLES[variant]
    radius, height, body = rng.uniform(low, high)
    neck *= radius * rng.uniform(0.9, 1.15)
    shoulder = height * body
    cap = height * rng.uniform(0.06, 0.1)
    top = height - cap
    waist = rng.uniform(0.86, 1.0) if variant in ("water bottle", "sauce bottle") else 1.0
    side = smooth(
        [(radius * 0.92, 0), (radius, 0.006), (radius, shoulder * 0.25),
         (radius * waist, shoulder * 0.55), (radius, shoulder * 0.85), (radius, shoulder)], 12
    )  # fmt: skip
    if variant == "water bottle" and rng.random() < 0.5:
        side[3:9:2, 0] *= 0.97  # ribs
    slope = rng.uniform(0.25, 0.6)
    upper = smooth(
        [(radius, shoulder), (radius * 0.93, shoulder + 0.15 * (top - shoulder)),
         (neck * 1.3, shoulder + slope * (top - shoulder)),
         (neck, shoulder + min(0.9, slope + 0.25) * (top - shoulder)), (neck, top)], 11
    )  # fmt: skip
    wide = neck * rng.uniform(1.05, 1.25)
    if variant == "sauce bottle" and rng.random() < 0.5:
        closure = [
            (neck, top),
            (wide, top),
            (wide, top + cap * 0.4),
            (wide * 0.35, top + cap),
            (0, height),
        ]
    else:
        closure = [
            (neck, top),
            (wide, top),
            (wide, height - 0.001),
            (wide * 0.9, height),
            (0, height),
        ]
    patches = [
        *lathe([(0, 0), (radius * 0.92, 0)], "base", flat=True),
        *lathe(side, "side"),
        *lathe(upper, "neck"),
        *lathe(closure, "cap"),
    ]
    slots = {"side": Slot(16, 9), "neck": Slot(12, 5), "cap": Slot(4, 3), "base": _BASE}
    parts = [
        solids.cylinder(radius, 0, shoulder + 0.15 * (top - shoulder)),
        solids.cylinder(wide, shoulder, height),
    ]
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.3, 0.9), variant=variant)


def jar_form(rng: np.random.Generator) -> Form:
    """Draw a jar with a wide lid."""
    radius = rng.uniform(0.03, 0.05)
    height = radius * rng.uniform(1.9, 3.2)
    lid = rng.uniform(0.012, 0.022)
    neck = radius * rng.uniform(0.72, 0.96)
    body = height - lid
    shoulder = body - (radius - neck) * rng.uniform(0.8, 1.6) - 0.004
    belly = radius * rng.uniform(0.97, 1.1)
    side = smooth(
        [(radius * 0.9, 0), (radius, 0.006), (belly, shoulder * 0.5), (radius, shoulder)], 10
    )
    upper = smooth(
        [(radius, shoulder), ((radius + neck) / 2, (shoulder + body) / 2), (neck, body)], 5
    )
    wide = neck + 0.002
    knob = rng.random() < 0.2
    top = [(neck, body), (wide, body), (wide, height - 0.002), (wide - 0.002, height)]
    top += (
        [
            (0.012, height + 0.003),
            (0.005, height + 0.008),
            (0.009, height + 0.016),
            (0, height + 0.02),
        ]
        if knob
        else [(0, height)]
    )
    patches = [
        *lathe([(0, 0), (radius * 0.9, 0)], "base", flat=True),
        *lathe(side, "side"),
        *lathe(upper, "neck"),
        *lathe(top, "cap", flat=True),
    ]
    slots = {"side": Slot(16, 9), "neck": Slot(8, 2), "cap": Slot(6, 6, 0.6), "base": _BASE}
    parts = [solids.cylinder((radius + belly) / 2, 0, shoulder), solids.cylinder(wide, 0, height)]
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.2, 0.6))


def _paint_side(canvas: Canvas, main: str, ground: int, rng: np.random.Generator) -> int:
    """Paint the label or pattern of the side; return the second ink."""
    second = contrasting(main, rng)
    ink = canvas.ink(second)
    draw = rng.random()
    side = canvas.region("side")
    if draw < 0.55:
        third = ground if rng.random() < 0.5 else canvas.ink(contrasting(second, rng, main))
        motifs.label(side, ink, third, rng)
    elif draw < 0.8:
        motifs.PATTERNS[int(rng.integers(len(motifs.PATTERNS)))](side, ink, rng)
        if rng.random() < 0.5:
            motifs.word(side, ground, rng, (side.shape[1] // 2, side.shape[0] // 2), 80)
    elif draw < 0.9:
        motifs.emblem(side[:, : side.shape[1] // 2], ink, rng)
        motifs.emblem(side[:, side.shape[1] // 2 :], ink, rng)
    return ink


def paint_can(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a can: a printed side, a bare metal top."""
    ground = canvas.cover(main)
    metal = ground if main == "silver" else canvas.ink("silver")
    # A flat tin shows little but its lid, which is printed then.
    canvas.region("top")[:] = ground if canvas.variant == "tuna can" else metal
    canvas.region("base")[:] = metal
    if canvas.variant != "tuna can":
        motifs.brushed(canvas, "top", rng)
    if main == "silver":
        motifs.brushed(canvas, "side", rng)
    if canvas.variant != "soda can":
        side = canvas.region("side")
        edge = max(2, side.shape[0] // 24)
        inner = side[edge:-edge].copy()
        side[:] = metal
        side[edge:-edge] = inner
    _paint_side(canvas, main, ground, rng)
    return Finish("metal", float(rng.uniform(0.5, 0.8)))


def paint_bottle(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a bottle or jar: coloured glass or plastic, a label, a cap."""
    ground = canvas.cover(main)
    ink = _paint_side(canvas, main, ground, rng)
    draw = rng.random()
    if draw < 0.4:
        canvas.region("cap")[:] = ink
    elif draw < 0.8:
        canvas.region("cap")[:] = canvas.ink(contrasting(main, rng))
    elif draw < 0.9:
        canvas.region("cap")[:] = canvas.ink("silver")
        motifs.brushed(canvas, "cap", rng)
    motifs.glazed(canvas, "neck", rng)
    glassy = canvas.variant in ("wine bottle", "beer bottle") and main in (
        "green",
        "brown",
        "blue",
    )
    return Finish("glass" if glassy else "", float(rng.uniform(0.4, 0.8)))


KINDS = (
    ShapeKind(
        names=("can", "tin"),
        hypernyms=("container",),
        colors=(*PAINTS, "silver"),
        form=can_form,
        paint=paint_can,
        variants={
            "soda can": ("soda can", "drink can"),
            "soup can": ("soup can",),
            "tuna can": ("tuna can",),
        },
    ),
    ShapeKind(
        names=("bottle",),
        hypernyms=("container",),
        colors=PAINTS,
        form=bottle_form,
        paint=paint_bottle,
        variants={
            "wine bottle": ("wine bottle", "bottle of wine"),
            "beer bottle": ("beer bottle",),
            "water bottle": ("water bottle",),
            "sauce bottle": ("sauce bottle",),
        },
    ),
    ShapeKind(
        names=("jar",),
        hypernyms=("container",),
        colors=PAINTS,
        form=jar_form,
        paint=paint_bottle,
    ),
)
