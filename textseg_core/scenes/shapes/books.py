"""Books."""

import numpy as np

from textseg_core.scenes.shapes import motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import Patch, box
from textseg_core.scenes.shapes.palette import PAINTS, contrasting

# What lies between the covers is not seen from above or below.
_SPINE = ("edge", "base", "edge", "spine", "base", "base")
_PAGES = ("pages", "pages", "pages", "base", "base", "base")


def _shifted(patches: list[Patch], x: float) -> list[Patch]:
    return [patch.moved(x=x) for patch in patches]


def book_form(rng: np.random.Generator) -> Form:
    """Draw a closed book that lies; its spine is on the left."""
    wide, deep = rng.uniform(0.1, 0.16), rng.uniform(0.15, 0.22)
    thick, cover = rng.uniform(0.012, 0.04), 0.0025
    inset, inner = rng.uniform(0.002, 0.005), thick - 2 * cover
    names = ("edge",) * 4 + ("cover", "base")
    patches = [
        *box((wide, deep, cover), names),
        *box((wide, deep, cover), names, thick - cover),
        *_shifted(box((3 * cover, deep, inner), _SPINE, cover), 1.5 * cover - wide / 2),
        *_shifted(box((wide - inset - cover, deep - 2 * inset, inner), _PAGES, cover), -inset / 2),
    ]  # fmt: skip
    slots = {"cover": Slot(10, 12), "pages": Slot(6, 6), "spine": Slot(12, 2), "edge": Slot(2, 2),
             "base": Slot(2, 2, 0.0)}  # fmt: skip
    return assemble(
        patches, slots, [solids.block((wide, deep, thick), (0, 0, thick / 2))],
        mass_kg=rng.uniform(0.2, 0.6), holds="on", inner_m=0.9 * wide,
    )  # fmt: skip


def paint_book(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a cover with a title, white pages with fine lines."""
    canvas.cover(main)
    second = contrasting(main, rng)
    ink = canvas.ink(second)
    cover = canvas.region("cover")
    height, width = cover.shape
    draw = rng.random()
    if draw < 0.4:
        motifs.emblem(cover[height // 3 :], ink, rng)
    elif draw < 0.7:
        motifs.label(cover, ink, canvas.ink(contrasting(second, rng)), rng, wrap=False)
    motifs.word(cover, ink, rng, (width // 2, height // 6), int(0.8 * width))
    spine = canvas.region("spine")
    motifs.word(spine, ink, rng, (spine.shape[1] // 2, spine.shape[0] // 2), spine.shape[1] // 2)
    pages = canvas.region("pages")
    pages[:] = canvas.ink("white" if main != "white" else "beige")
    shade = canvas.shade("pages")
    shade *= (0.93 + 0.06 * rng.random((shade.shape[0], 1))).astype(np.float32)
    return Finish("paper", float(rng.uniform(0.1, 0.4)))


KINDS = (
    ShapeKind(
        names=("book", "hardcover"),
        hypernyms=(),
        colors=PAINTS,
        form=book_form,
        paint=paint_book,
    ),
)
