"""Telephones, remote controls, mice, keyboards and calculators."""

import numpy as np

from textseg_core.arrays import Float64Array, UInt8Array
from textseg_core.scenes.shapes import bodies, motifs, solids
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import Finish, ShapeKind
from textseg_core.scenes.shapes.mesh import box, lathe, rounded_rectangle
from textseg_core.scenes.shapes.palette import BRIGHT, contrasting

_BASE = Slot(2, 2, 0.0)


def phone_form(rng: np.random.Generator) -> Form:
    """Draw a mobile telephone, lying on its back or on its face."""
    x, y, z = rng.uniform(0.033, 0.04), rng.uniform(0.066, 0.082), rng.uniform(0.007, 0.01)
    patches = bodies.slab(rounded_rectangle(x, y, rng.uniform(0.005, 0.012)), z, 0.0015)
    slots = {"side": Slot(8, 2), "top": Slot(8, 14), "base": _BASE}
    variant = "back" if rng.random() < 0.35 else "screen"
    if variant == "back":
        bump = bodies.slab(
            rounded_rectangle(0.3 * x, 0.16 * y, 0.003), 0.002, 0.0006, ("lens",) * 3
        )
        patches += [p.moved(-0.55 * x, 0.76 * y, z - 0.0002) for p in bump]
        slots["lens"] = Slot(4, 4)
    size = (2 * x, 2 * y, z)
    return assemble(
        patches, slots, [solids.block(size, (0, 0, z / 2))], mass_kg=0.17, variant=variant
    )


def remote_form(rng: np.random.Generator) -> Form:
    """Draw a remote control with rows of keys."""
    x, y, z = rng.uniform(0.019, 0.027), rng.uniform(0.075, 0.105), rng.uniform(0.014, 0.022)
    patches = bodies.slab(rounded_rectangle(x, y, rng.uniform(0.006, 0.016)), z, 0.003)
    rows, across = int(rng.integers(5, 9)), int(rng.integers(2, 4))
    pitch = 1.35 * y / rows
    key = (0.9 * x / across, 0.5 * pitch, 0.0022)
    for row in range(rows):
        for column in range(across):
            at = ((column - (across - 1) / 2) * 1.5 * x / across, 0.72 * y - row * pitch)
            slot = "accent" if row == 0 and column == 0 else "key"
            patches += [p.moved(*at, z - 0.0002) for p in box(key, (slot,) * 6)]
    slots = {"side": Slot(8, 2), "top": Slot(6, 10), "key": Slot(2, 2), "accent": Slot(2, 2),
             "base": _BASE}  # fmt: skip
    return assemble(
        patches,
        slots,
        [solids.block((2 * x, 2 * y, z), (0, 0, z / 2))],
        mass_kg=rng.uniform(0.08, 0.15),
    )


def mouse_form(rng: np.random.Generator) -> Form:
    """Draw a computer mouse with its wheel."""
    x, y, z = rng.uniform(0.028, 0.034), rng.uniform(0.048, 0.06), rng.uniform(0.03, 0.038)
    outline = rounded_rectangle(x, y, rng.uniform(0.75, 0.99) * x, 7)
    dome = [(1.0, 0.28), (0.97, 0.5), (0.85, 0.74), (0.6, 0.93), (0.3, 0.99), (0, 1)]
    lean = rng.uniform(-0.35, 0.1)

    def tilt(vertices: Float64Array) -> Float64Array:
        moved = vertices.copy()
        moved[:, 2] *= 1 + lean * vertices[:, 1] / y
        return moved

    shell = [
        *lathe([(0, 0), (0.93, 0)], "base", outline, flat=True),
        *lathe([(0.93, 0), (1, 0.06 * z), (1, 0.28 * z)], "side", outline),
        *lathe([(r, h * z) for r, h in dome], "top", outline, flat=True),
    ]
    wheel = bodies.ellipsoid((0.1 * x, 0.16 * y, 0.2 * z), "wheel", (0, 0.5 * y, 0.83 * z), 7, 10)
    patches = [patch.warped(tilt) for patch in shell + wheel]
    slots = {"top": Slot(10, 12), "side": Slot(4, 4), "wheel": Slot(2, 2), "base": _BASE}
    size = (1.9 * x, 1.9 * y, 0.9 * z)
    return assemble(patches, slots, [solids.block(size, (0, 0, 0.45 * z))], mass_kg=0.09)


def keyboard_form(rng: np.random.Generator) -> Form:
    """Draw a small computer keyboard."""
    x, y, z = rng.uniform(0.12, 0.17), rng.uniform(0.048, 0.062), rng.uniform(0.01, 0.016)
    patches = bodies.slab(rounded_rectangle(x, y, 0.006), z, 0.002)
    rows, across = 5, int(rng.integers(11, 15))
    pitch = np.array([1.9 * x / across, 1.8 * y / rows])
    for row in range(rows):
        column = 0
        while column < across:
            span = 5 if row == rows - 1 and column == across // 3 else 1
            span = min(span, across - column)
            middle = (column + span / 2 - across / 2, rows / 2 - row - 0.5) * pitch
            key = ((span - 0.15) * float(pitch[0]), 0.85 * float(pitch[1]), 0.004)
            cap = box(key, ("key",) * 6)
            patches += [p.moved(float(middle[0]), float(middle[1]), z - 0.0002) for p in cap]
            column += span
    slots = {"side": Slot(8, 2), "top": Slot(8, 6, 0.35), "key": Slot(4, 4), "base": _BASE}
    size = (2 * x, 2 * y, z + 0.003)
    return assemble(patches, slots, [solids.block(size, (0, 0, size[2] / 2))], mass_kg=0.4)


def _screen(region: UInt8Array, canvas: Canvas, main: str, rng: np.random.Generator) -> None:
    """Paint the lit screen of a phone: a bezel, icons in rows."""
    height, width = region.shape
    inks = [canvas.ink(contrasting(main, rng)) for _ in range(3)]
    for row in range(int(rng.integers(2, 6))):
        for column in range(4):
            x, y = int((0.14 + 0.19 * column) * width), int((0.12 + 0.13 * row) * height)
            region[y : y + width // 9, x : x + width // 9] = inks[int(rng.integers(3))]
    edge = canvas.ink("black")
    region[:5] = region[-5:] = edge
    region[:, :4] = region[:, -4:] = edge


def paint_phone(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a dark or lit screen, or the back with its lenses."""
    canvas.cover(main)
    if canvas.variant == "back":
        canvas.region("lens")[:] = canvas.ink("black" if main != "black" else "gray")
        if rng.random() < 0.5:
            motifs.emblem(canvas.region("top"), canvas.ink(contrasting(main, rng)), rng)
    elif main != "black":
        _screen(canvas.region("top"), canvas, main, rng)
    return Finish("", 0.9)


def paint_keys(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a case and its keys."""
    canvas.cover(main)
    key = {"black": "gray", "gray": "black", "silver": "black", "white": "gray"}.get(main, "white")
    if rng.random() < 0.3:
        key = contrasting(main, rng)
    canvas.region("key")[:] = canvas.ink(key)
    if "accent" in canvas.slots:
        canvas.region("accent")[:] = canvas.ink("red" if main != "red" else "white")
    return Finish("plastic", float(rng.uniform(0.2, 0.5)))


def paint_keyboard(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint keys, which are most of what is seen, in a case alike or not."""
    canvas.cover(main)
    if rng.random() < 0.5:
        case = canvas.ink(contrasting(main, rng))
        canvas.region("top")[:] = case
        canvas.region("side")[:] = case
    else:
        canvas.shade("top")[:] *= 0.6
    return Finish("plastic", float(rng.uniform(0.1, 0.4)))


def paint_mouse(canvas: Canvas, main: str, rng: np.random.Generator) -> Finish:
    """Paint a shell with the gap between its keys, and a wheel."""
    canvas.cover(main)
    wheel = str(rng.choice(BRIGHT)) if rng.random() < 0.3 else "black"
    canvas.region("wheel")[:] = canvas.ink(wheel if main != wheel else "gray")
    shade = canvas.shade("top")
    height, middle = shade.shape[0], shade.shape[1] // 2
    shade[: height // 2, middle - 1 : middle + 2] *= 0.45
    shade[height // 2 - 1 : height // 2 + 2] *= 0.45
    return Finish("plastic", float(rng.uniform(0.2, 0.6)))


_CASES = ("black", "white", "gray", "silver", "red", "blue", "pink", "green", "purple", "yellow")
KINDS = (
    ShapeKind(names=("cell phone", "phone", "mobile phone", "cellphone", "smartphone"),
              hypernyms=(), colors=_CASES, usual=("black",), form=phone_form, paint=paint_phone),
    ShapeKind(names=("remote", "remote control"), hypernyms=(), colors=_CASES,
              usual=("black", "white", "gray"), form=remote_form, paint=paint_keys),
    ShapeKind(names=("mouse", "computer mouse"), hypernyms=(), colors=_CASES,
              usual=("black", "white"), form=mouse_form, paint=paint_mouse),
    ShapeKind(names=("keyboard", "computer keyboard"), hypernyms=(), colors=_CASES,
              usual=("black", "white"), form=keyboard_form, paint=paint_keyboard),
)  # fmt: skip
