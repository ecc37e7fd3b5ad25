"""Boxes and cartons: printed faces of an oblong."""

import numpy as np

from textseg_core.scenes.shapes import motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import box
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
            if slot == "front" or rng.random() < 0.6:
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
)
