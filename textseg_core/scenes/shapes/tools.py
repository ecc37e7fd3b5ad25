"""Pens, markers, pencils, scissors, tools and brushes that lie on the table."""

import numpy as np

from textseg_core.scenes.shapes import bodies, motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import Patch, box, circle, smooth, tube
from textseg_core.scenes.shapes.palette import PAINTS, contrasting

_GRIP = {"grip": Slot(8, 8), "head": Slot(8, 8)}
# A tool is called by the colour of its handle, though its steel may be as large.
_TOOL = {"grip": Slot(8, 8), "head": Slot(8, 8, 0.5)}


def _lying(patches: list[Patch], slots: dict[str, Slot], mass_kg: float) -> Form:
    return assemble(patches, slots, [solids.around(patches)], mass_kg=mass_kg, centered=True)


def marker_form(rng: np.random.Generator) -> Form:
    """Draw a felt pen with its cap on."""
    length, radius = rng.uniform(0.12, 0.15), rng.uniform(0.007, 0.011)
    cap, step = length * rng.uniform(0.3, 0.42), rng.uniform(0.0004, 0.0012)
    round_ = circle(18)
    body = [(0, 0), (0.8 * radius, 0), (radius, 0.003), (radius, length - cap)]
    top = [(radius, length - cap), (radius + step, length - cap), (radius + step, length - 0.012),
           (0.75 * radius, length), (0, length)]  # fmt: skip
    patches = bodies.bar(body, "grip", round_) + bodies.bar(top, "head", round_)
    patches += [
        p.moved(length - 0.55 * cap, 0, radius + step)
        for p in box((0.7 * cap, 0.003, 0.0025), ("head",) * 6)
    ]
    return _lying(patches, _GRIP, 0.02)


def pen_form(rng: np.random.Generator) -> Form:
    """Draw a ball pen with a clip and a button."""
    length, radius = rng.uniform(0.135, 0.15), rng.uniform(0.0042, 0.0056)
    split = length * rng.uniform(0.45, 0.6)
    body = [(0, 0), (0.0012, 0.0), (0.0018, 0.006), (radius, 0.02), (radius, split)]
    top = [(radius, split), (radius * 1.05, split), (radius, length - 0.012),
           (0.55 * radius, length - 0.011), (0.5 * radius, length), (0, length)]  # fmt: skip
    round_ = circle(14)
    patches = bodies.bar(body, "grip", round_) + bodies.bar(top, "head", round_)
    patches += [
        p.moved(length - 0.032, 0, radius) for p in box((0.036, 0.0025, 0.0015), ("head",) * 6)
    ]
    return _lying(patches, _GRIP, 0.012)


def pencil_form(rng: np.random.Generator) -> Form:
    """Draw a six-sided pencil with a point, mostly with a rubber at its end."""
    length, radius = rng.uniform(0.11, 0.18), rng.uniform(0.0036, 0.0045)
    point = rng.uniform(0.012, 0.018)
    angle = np.arange(7) * np.pi / 3
    six = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    six[-1] = six[0]
    shaft = [(radius, point), (radius, length - 0.014), (0, length - 0.014)]
    tip = [(0, 0), (0.0008, 0.003)]
    cone = [(0.0008, 0.003), (radius, point)]
    end = [
        (0, length - 0.014),
        (radius * 1.08, length - 0.014),
        (radius * 1.08, length - 0.006),
        (radius, length - 0.005),
        (0.95 * radius, length),
        (0, length),
    ]
    patches = bodies.bar(shaft, "grip", six) + bodies.bar(tip, "tip", six)
    patches += bodies.bar(cone, "wood", six) + bodies.bar(end, "head", circle(12))
    slots = {"grip": Slot(8, 8), "head": Slot(4, 4), "wood": Slot(2, 2), "tip": Slot(2, 2)}
    return _lying(patches, slots, 0.008)


def screwdriver_form(rng: np.random.Generator) -> Form:
    """Draw a screwdriver."""
    handle, shaft = rng.uniform(0.08, 0.11), rng.uniform(0.07, 0.13)
    radius = rng.uniform(0.011, 0.016)
    grip = smooth(
        [
            (0.6 * radius, 0),
            (radius, 0.006),
            (0.92 * radius, 0.5 * handle),
            (radius, 0.75 * handle),
            (0.6 * radius, 0.92 * handle),
            (0.62 * radius, handle),
        ],
        14,
    )
    grip = np.concatenate([[[0, 0]], grip, [[0, handle]]])
    six = circle(16)
    six[:-1] *= np.where(np.arange(16) % 4 < 2, 1.0, 0.88)[:, None]
    six[-1] = six[0]
    x = np.array([handle - 0.002, handle + shaft - 0.014, handle + shaft - 0.006, handle + shaft])
    path = np.stack([x, np.zeros(4), np.zeros(4)], axis=1)
    thin = 0.2 * radius
    half = np.array(
        [[thin, thin], [thin, thin], [1.7 * thin, 0.7 * thin], [1.5 * thin, 0.35 * thin]]
    )
    patches = bodies.bar(grip, "grip", six) + tube(path, half, (0, 1, 0), "head")
    return _lying(patches, _TOOL, 0.1)


def hammer_form(rng: np.random.Generator) -> Form:
    """Draw a hammer."""
    length, head = rng.uniform(0.2, 0.27), rng.uniform(0.08, 0.11)
    thick = rng.uniform(0.011, 0.014)
    at = np.linspace(0, 1, 9)
    width = np.interp(at, [0, 0.1, 0.4, 0.7, 1], [1.0, 1.15, 0.95, 0.75, 0.75]) * thick
    path = np.stack([at * length, np.zeros(9), np.zeros(9)], axis=1)
    half = np.stack([width, 0.8 * width], axis=1)
    patches = tube(path, half, (0.0, 1.0, 0.0), "grip", circle(12))
    face = rng.uniform(0.011, 0.014)
    y = np.array([-0.5, -0.32, -0.3, -0.1, 0.1, 0.5]) * head
    wide = face * np.array([1.1, 1.1, 0.75, 0.85, 0.85, rng.uniform(0.15, 0.3)])
    tall = face * np.array([1.1, 1.1, 0.75, 0.85, 0.85, 0.85])
    line = np.stack([np.full(6, length - 0.9 * face), y, np.zeros(6)], axis=1)
    patches += tube(line, np.stack([wide, tall], axis=1), (1.0, 0.0, 0.0), "head", circle(14))
    slots = dict(_TOOL)
    parts = [
        # Down to the table, or it would tip over its head.
        solids.block((length, 1.8 * thick, 2.2 * face), (length / 2, 0, 0)),
        solids.block((2.2 * face, head, 2.2 * face), (length - 0.9 * face, 0, 0)),
    ]
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.3, 0.6), centered=True)


def scissors_form(rng: np.random.Generator) -> Form:
    """Draw scissors, opened a little."""
    blade, wide = rng.uniform(0.075, 0.11), rng.uniform(0.006, 0.009)
    loop, opening = rng.uniform(0.02, 0.027), rng.uniform(5, 24)
    arm = loop * rng.uniform(1.6, 2.3)
    patches: list[Patch] = []
    for side in (1, -1):
        at = np.linspace(0, 1, 7)
        half = wide * np.array([0.9, 1, 1, 0.9, 0.75, 0.5, 0.1])
        steel = bodies.ribbon(
            np.stack([-0.01 + (blade + 0.01) * at, 0 * at, half], axis=1), 0.003, "head"
        )
        angle = np.linspace(0, 2 * np.pi, 19)
        ring = np.stack(
            [
                -arm - 0.8 * loop + loop * 1.15 * np.cos(angle),
                -side * 0.75 * loop + 0.75 * loop * np.sin(angle),
                0 * angle,
            ],
            axis=1,
        )
        handle = tube(ring, np.tile([0.0035, 0.0042], (19, 1)), (0, 0, 1), "grip", circle(8))
        link = np.array(
            [
                [-arm + 0.3 * loop, -side * 0.55 * loop, 0],
                [-0.4 * arm, -side * 0.2 * loop, 0],
                [0.006, 0, 0],
            ]
        )
        handle += tube(link, np.tile([0.0035, 0.0055], (3, 1)), (0, 0, 1), "grip", circle(8))
        turned = [p.turned("z", side * opening / 2).moved(z=0.0015 * side) for p in steel + handle]
        patches += turned
    screw = bodies.ellipsoid((0.0035, 0.0035, 0.002), "head", (0, 0, 0.004), 5, 10)
    return _lying(patches + screw, _TOOL, 0.08)


def toothbrush_form(rng: np.random.Generator) -> Form:
    """Draw a toothbrush, its bristles upwards."""
    length = rng.uniform(0.16, 0.19)
    at = np.linspace(0, 1, 13)
    width = (
        np.interp(at, [0, 0.05, 0.4, 0.7, 0.8, 0.86, 0.97, 1], [3, 5.5, 6, 3, 3, 6, 6, 3]) * 0.001
    )
    z = 0.003 * np.sin(2 * np.pi * at)
    patches = bodies.ribbon(np.stack([length * at, z, width], axis=1), 0.006, "grip")
    rows = int(rng.integers(3, 6))
    for row in range(rows):
        x = length * (0.86 + 0.11 * row / (rows - 1))
        tuft = box((0.0035, 0.009, rng.uniform(0.01, 0.012)), ("head",) * 6)
        patches += [p.moved(x, 0, 0.001) for p in tuft]
    return _lying(patches, _GRIP, 0.02)


def paint_pen(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a body and cap: both of one colour, or a pale body with the cap's colour."""
    canvas.cover(main)
    draw = rng.random()
    if draw < 0.35:
        # The smaller half is the paler, so that the ink's colour is the pen's.
        canvas.region("grip")[: canvas.region("grip").shape[0] // 2] = canvas.ink(
            contrasting(main, rng)
        )
    elif draw < 0.55:
        canvas.region("head")[:] = canvas.ink(contrasting(main, rng))
    return Finish("plastic", float(rng.uniform(0.3, 0.7)))


def paint_pencil(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint the shaft, the cut wood, the lead and the rubber."""
    canvas.cover(main)
    canvas.region("wood")[:] = canvas.ink("beige")
    canvas.region("tip")[:] = canvas.ink("black")
    canvas.region("head")[:] = canvas.ink("pink" if main != "pink" else "white")
    return Finish("wood" if main in ("brown", "beige") else "", 0.3)


def paint_tool(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a handle of colour or wood and a head of steel."""
    canvas.cover(main, {"brown": (138, 88, 50)}.get(main))
    canvas.region("head")[:] = canvas.ink("silver")
    motifs.brushed(canvas, "head", rng, 0.03)
    if main in ("brown", "beige"):
        motifs.grained(canvas, "grip", rng, upright=True)
    elif rng.random() < 0.35:
        grip = canvas.region("grip")
        ink = canvas.ink("black" if main != "black" else "red")
        for row in range(0, grip.shape[0], grip.shape[0] // 4):
            grip[row : row + grip.shape[0] // 12] = ink
    return Finish("", 0.5)


def paint_toothbrush(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a handle and bristles."""
    canvas.cover(main)
    canvas.region("head")[:] = canvas.ink("white" if main != "white" else "blue")
    return Finish("plastic", 0.5)


_HANDLES = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "brown")
KINDS = (
    ShapeKind(names=("marker", "marker pen", "felt pen"), hypernyms=("pen",), colors=PAINTS,
              form=marker_form, paint=paint_pen),
    ShapeKind(names=("pen", "ballpoint pen"), hypernyms=(), colors=(*PAINTS, "silver"),
              form=pen_form, paint=paint_pen),
    ShapeKind(names=("pencil",), hypernyms=(), colors=PAINTS, usual=("yellow",),
              form=pencil_form, paint=paint_pencil),
    ShapeKind(names=("screwdriver",), hypernyms=("tool",), colors=_HANDLES,
              form=screwdriver_form, paint=paint_tool),
    ShapeKind(names=("hammer",), hypernyms=("tool",), colors=_HANDLES, form=hammer_form,
              paint=paint_tool),
    ShapeKind(names=("scissors", "pair of scissors"), hypernyms=("tool",), colors=_HANDLES,
              form=scissors_form, paint=paint_tool),
    ShapeKind(names=("toothbrush",), hypernyms=(), colors=PAINTS, form=toothbrush_form,
              paint=paint_toothbrush),
)  # fmt: skip
