"""Boxes and cartons: printed faces of an oblong."""

import cv2
import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.shapes import motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import box, grid, lathe
from textseg_core.scenes.shapes.palette import PAINTS, contrasting

FACES = ("front", "end", "front", "end", "top", "top")
SLOTS = {"front": Slot(8, 10), "end": Slot(4, 10), "top": Slot(8, 4)}


def box_form(rng: np.random.Generator) -> Form:
    """Draw a small box of any proportions."""
    x, y = np.sort(rng.uniform(0.05, 0.15, 2))[::-1]
    size = (float(x), float(y), float(rng.uniform(0.04, 0.14)))
    variant = "gift box" if rng.random() < 0.3 else ""
    return assemble(
        box(size, FACES), SLOTS, [solids.block(size, (0, 0, size[2] / 2))],
        mass_kg=rng.uniform(0.05, 0.4), holds="on", inner_m=0.9 * size[1], variant=variant,
    )  # fmt: skip


def cereal_form(rng: np.random.Generator) -> Form:
    """Draw a tall, thin box that stands."""
    size = (rng.uniform(0.12, 0.2), rng.uniform(0.04, 0.065), rng.uniform(0.19, 0.29))
    return assemble(
        box(size, FACES), SLOTS, [solids.block(size, (0, 0, size[2] / 2))],
        mass_kg=rng.uniform(0.25, 0.6),
    )  # fmt: skip


def tissue_form(rng: np.random.Generator) -> Form:
    """Draw a box, flat or cubic, with a tissue that sticks out of its top."""
    if rng.random() < 0.5:
        size = (rng.uniform(0.2, 0.24), rng.uniform(0.1, 0.12), rng.uniform(0.05, 0.085))
    else:
        side = rng.uniform(0.1, 0.125)
        size = (side, side, side * rng.uniform(1.0, 1.2))
    tall, wide = rng.uniform(0.04, 0.065), 0.27 * size[1]
    crumple = rng.uniform(0.75, 1.25, (3, 16))

    def crease(points: Float64Array, row: int, z: float, reach: float) -> Float64Array:
        angle = np.linspace(0, 2 * np.pi, 17)
        r = reach * np.append(crumple[row], crumple[row, 0])
        return np.stack([1.5 * r * np.cos(angle), points * r * np.sin(angle), z + 0 * r], axis=1)

    one = np.ones(17)
    rows = [
        crease(one, 0, size[2] - 0.001, wide),
        crease(0.5 * one, 1, size[2] + 0.45 * tall, 0.75 * wide),
        crease(0.8 * one, 2, size[2] + 0.8 * tall, 0.85 * wide),
        np.tile([0.2 * wide, 0.0, size[2] + tall], (17, 1)),
    ]
    uv = np.stack(np.meshgrid(np.linspace(0, 1, 17), np.linspace(0, 1, 4)), axis=-1)
    tuft = grid(np.stack(rows), uv, "tissue")
    floor = np.stack([np.tile([0.0, 0.0, size[2] - 0.001], (17, 1)), rows[0]])
    parts = [
        solids.block(size, (0, 0, size[2] / 2)),
        solids.block((2 * wide, wide, tall), (0, 0, size[2] + tall / 2)),
    ]
    return assemble(
        [*box(size, FACES), tuft, grid(floor, uv[:2], "tissue")],
        {**SLOTS, "tissue": Slot(4, 4)}, parts, mass_kg=rng.uniform(0.1, 0.2),
    )  # fmt: skip


def carton_form(rng: np.random.Generator) -> Form:
    """Draw a drinks carton with a gable."""
    wide, body = rng.uniform(0.06, 0.085), rng.uniform(0.11, 0.19)
    gable, fin = wide * rng.uniform(0.4, 0.55), rng.uniform(0.012, 0.018)
    half = wide / 2
    patches = box((wide, wide, body), FACES)[:4]
    base = np.array([[(-half, half, 0), (half, half, 0)], [(-half, -half, 0), (half, -half, 0)]])
    top = body + gable
    uv = np.array([[[0.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 1.0]]])
    patches.append(grid(base, uv, "top"))
    for turn in (0, 180):
        roof = np.array([[(-half, -half, body), (half, -half, body)],
                         [(-half, 0, top), (half, 0, top)]])  # fmt: skip
        end = np.array(
            [[(half, -half, body), (half, half, body)], [(half, 0, top), (half, 0, top)]]
        )
        patches += [
            grid(roof, uv, "top").turned("z", turn),
            grid(end, uv, "end").turned("z", turn),
        ]
    patches += [p.moved(z=top - 0.001) for p in box((wide, 0.003, fin), ("top",) * 6)]
    if rng.random() < 0.6:
        cap = lathe([(0.011, 0), (0.011, 0.012), (0, 0.012)], "cap")
        seat = lathe([(0, 0), (0.011, 0)], "cap", flat=True)
        tilt = float(np.degrees(np.arctan2(gable, half)))
        patches += [
            p.turned("x", tilt).moved(y=-half / 2, z=body + gable / 2 - 0.002) for p in cap + seat
        ]
    parts = [
        solids.block((wide, wide, body), (0, 0, body / 2)),
        solids.block((wide, 0.4 * wide, gable + fin), (0, 0, body + (gable + fin) / 2)),
    ]
    slots = {**SLOTS, "cap": Slot(2, 2)} if any(p.slot == "cap" for p in patches) else SLOTS
    return assemble(patches, slots, parts, mass_kg=rng.uniform(0.4, 1.0))


def paint_cereal(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a big word over a round picture, print on the ends."""
    ground = canvas.cover(main)
    second = contrasting(main, rng)
    ink, third = canvas.ink(second), canvas.ink(contrasting(second, rng, main))
    front = canvas.region("front")
    height, width = front.shape
    if rng.random() < 0.5:
        front[: int(height * rng.uniform(0.25, 0.38))] = ink
        motifs.word(front, ground, rng, (width // 2, height // 6), int(0.85 * width))
    else:
        motifs.word(front, ink, rng, (width // 2, height // 5), int(0.9 * width))
    radius = int(width * rng.uniform(0.2, 0.34))
    middle = (width // 2, int(height * rng.uniform(0.62, 0.72)))
    cv2.ellipse(front, middle, (radius, int(0.7 * radius)), 0, 0, 360, third, -1)
    for x, y in rng.normal(0, 0.35 * radius, (14, 2)).astype(int):
        cv2.circle(front, (middle[0] + int(x), middle[1] + int(y)), 3, ink, 1 + int(x) % 2)
    for slot in ("end", "top"):
        region = canvas.region(slot)
        motifs.word(
            region, ink, rng, (region.shape[1] // 2, region.shape[0] // 3), region.shape[1] - 8
        )
    motifs.lines(canvas.region("end")[80:], ink, rng)
    return Finish("", float(rng.uniform(0.1, 0.4)))


def paint_tissue(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a patterned box, its slit and a white tissue."""
    canvas.cover(main)
    if rng.random() < 0.7:
        ink = canvas.ink(contrasting(main, rng))
        pattern = motifs.PATTERNS[int(rng.integers(len(motifs.PATTERNS)))]
        for slot in ("front", "end", "top"):
            pattern(canvas.region(slot), ink, rng)
    canvas.region("tissue")[:] = canvas.ink("white")
    return Finish("", 0.15)


def paint_box(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a printed or plain box, or one with a ribbon."""
    ground = canvas.cover(main)
    second = contrasting(main, rng)
    ink = canvas.ink(second)
    if canvas.variant == "gift box":
        if rng.random() < 0.4:
            spots = canvas.ink(contrasting(main, rng, second))
            for slot in canvas.slots:
                motifs.dots(canvas.region(slot), spots, rng)
        for slot in canvas.slots:
            region = canvas.region(slot)
            middle = region.shape[1] // 2
            half = 8 if slot != "end" else 5
            region[:, middle - half : middle + half] = ink
            if slot == "top":
                level = region.shape[0] // 2
                region[level - 5 : level + 5] = ink
        return Finish("", 0.25)
    draw = rng.random()
    if draw < 0.65:
        third = ground if rng.random() < 0.5 else canvas.ink(contrasting(second, rng, main))
        for slot in canvas.slots:
            if slot == "front" or (slot != "cap" and rng.random() < 0.6):
                motifs.label(canvas.region(slot), ink, third, rng, wrap=False)
    elif draw < 0.8:
        pattern = motifs.PATTERNS[int(rng.integers(len(motifs.PATTERNS)))]
        for slot in canvas.slots:
            pattern(canvas.region(slot), ink, rng)
    if main in ("brown", "beige") and rng.random() < 0.4:
        for slot in canvas.slots:
            motifs.grained(canvas, slot, rng)
        return Finish("wood", 0.1)
    return Finish("", float(rng.uniform(0.05, 0.4)))


KINDS = (
    ShapeKind(
        names=("box", "carton"),
        hypernyms=("container",),
        colors=PAINTS,
        form=box_form,
        paint=paint_box,
        variants={"gift box": ("gift box", "present")},
    ),
    ShapeKind(
        names=("cereal box", "box of cereal", "box", "carton"),
        hypernyms=("box", "container"),
        colors=PAINTS,
        form=cereal_form,
        paint=paint_cereal,
    ),
    ShapeKind(
        names=("tissue box", "box of tissues", "box"),
        hypernyms=("box", "container"),
        colors=PAINTS,
        form=tissue_form,
        paint=paint_tissue,
    ),
    ShapeKind(
        names=("milk carton", "carton", "carton of milk"),
        hypernyms=("container",),
        colors=PAINTS,
        form=carton_form,
        paint=paint_box,
    ),
)
