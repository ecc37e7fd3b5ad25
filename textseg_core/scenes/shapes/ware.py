"""Paints what stands in a cupboard: glazed or printed ceramic, turned wood, spun metal."""

import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_core.scenes.shapes import motifs
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.kind import Finish
from textseg_core.scenes.shapes.palette import PAINTS, contrasting

COLORS = (*PAINTS, "silver")


def paint_ware(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint crockery: glazed or printed ceramic, turned wood, spun metal, plastic."""
    ground = canvas.cover(main)
    if main == "silver":
        for slot in canvas.slots:
            motifs.brushed(canvas, slot, rng)
        return Finish("metal", 0.8)
    if main in ("brown", "beige") and "handle" not in canvas.slots and rng.random() < 0.6:
        for slot in canvas.slots:
            motifs.grained(canvas, slot, rng)
        return Finish("wood", 0.15)
    ink = canvas.ink(contrasting(main, rng))
    if rng.random() < 0.55:
        pattern = motifs.PATTERNS[int(rng.integers(len(motifs.PATTERNS)))]
        if rng.random() < 0.25:
            motifs.label(canvas.region("side"), ink, ground, rng)
        else:
            pattern(canvas.region("side"), ink, rng)
    elif rng.random() < 0.3:
        motifs.speckles(canvas.region("side"), ink, rng)
    if "inside" in canvas.slots and canvas.variant != "open" and rng.random() < 0.4:
        canvas.region("inside")[:] = canvas.ink("white") if rng.random() < 0.6 else ink
    if "handle" in canvas.slots and rng.random() < 0.2:
        canvas.region("handle")[:] = ink
    for slot in canvas.slots:
        motifs.glazed(canvas, slot, rng)
    ceramic = canvas.variant not in ("paper cup", "plastic cup", "tumbler") and rng.random() < 0.6
    return Finish("ceramic" if ceramic else "", float(rng.uniform(0.3, 0.6)))


def _ring_pattern(region: UInt8Array, ink: int, rng: np.random.Generator) -> None:
    """Paint what plates show: rings, a rim of dots, or a middle of another colour."""
    height, width = region.shape
    rows, columns = np.indices(region.shape, np.float32)
    radius = np.hypot(rows / height - 0.5, columns / width - 0.5) * 2
    kind = int(rng.integers(0, 4))
    if kind == 0:
        inner = rng.uniform(0.86, 0.94)
        region[radius > inner] = ink
    elif kind == 1:
        for start in rng.uniform(0.3, 0.9, int(rng.integers(1, 4))):
            region[(radius > start) & (radius < start + 0.05)] = ink
    elif kind == 2:
        region[radius < rng.uniform(0.35, 0.55)] = ink
    else:
        angle = np.arctan2(rows / height - 0.5, columns / width - 0.5)
        petals = np.cos(angle * int(rng.integers(6, 15))) > 0.3
        region[petals & (radius > 0.74) & (radius < 0.92)] = ink


def paint_plate(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a plate, which shows its inside."""
    canvas.cover(main)
    if main == "silver":
        for slot in canvas.slots:
            motifs.brushed(canvas, slot, rng)
        return Finish("metal", 0.8)
    if main in ("brown", "beige") and rng.random() < 0.5:
        motifs.grained(canvas, "inside", rng)
        return Finish("wood", 0.15)
    if rng.random() < 0.55:
        _ring_pattern(canvas.region("inside"), canvas.ink(contrasting(main, rng)), rng)
    motifs.glazed(canvas, "side", rng)
    return Finish("ceramic" if rng.random() < 0.6 else "", float(rng.uniform(0.3, 0.6)))
