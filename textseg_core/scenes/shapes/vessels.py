"""Mugs, cups, bowls and plates: turned hollows of glazed, painted, turned or spun walls."""

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.object_model import Solid
from textseg_core.scenes.shapes import solids, ware
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.kind import ShapeKind
from textseg_core.scenes.shapes.mesh import Patch, lathe, smooth, tube
from textseg_core.scenes.shapes.palette import PAINTS

_SLOTS = {
    "side": Slot(16, 8),
    "inside": Slot(12, 6, 0.4),
    "handle": Slot(4, 4),
    "base": Slot(2, 2, 0.0),
}


def hollow(
    outer: Float64Array,
    wall: float,
    *,
    flat_inside: bool = False,
    cross: Float64Array | None = None,
) -> list[Patch]:
    """Return base, outer and inner wall of a turned hollow, in slots of those names.

    Args:
        outer: (r, z) of the outer wall from the edge of the base to the rim.
        wall: Thickness, in units of r.
        flat_inside: The inside's texture is seen from above.
        cross: Outline, as for `lathe`.
    """
    step = np.gradient(outer, axis=0)
    step /= np.linalg.norm(step, axis=1, keepdims=True)
    inner = outer + wall * np.stack([-step[:, 1], step[:, 0]], axis=1)
    inner = inner[inner[:, 1] >= outer[0, 1] + 0.8 * wall]
    floor = outer[0, 1] + wall
    lip = [(outer[-1] + inner[-1]) / 2 + 0.3 * wall * step[-1]]
    inside = np.concatenate([outer[-1:], lip, inner[::-1], [[0.0, floor]]])
    inside[:, 0] = np.maximum(inside[:, 0], 0)
    return [
        *lathe([(0.0, float(outer[0, 1])), tuple(outer[0])], "base", cross, flat=True),
        *lathe(outer, "side", cross),
        *lathe(inside, "inside", cross, flat=flat_inside),
    ]


def handle(
    rng: np.random.Generator, radius: float, low: float, high: float, thick: float
) -> list[Patch]:
    """Return a handle on the +x side, between two heights at a wall of that radius."""
    reach = (high - low) * rng.uniform(0.5, 0.75)
    wide = thick * rng.uniform(1.0, 1.9)
    x0 = radius - thick * 0.9
    style = int(rng.integers(0, 3))
    if style == 0:  # a C
        angle = np.linspace(-np.pi / 2, np.pi / 2, 13)
        x = x0 + (reach + thick) * np.cos(angle)
        z = (low + high) / 2 + (high - low) / 2 * np.sin(angle)
    else:  # a D with rounded corners, or an ear that hangs
        out = x0 + reach + thick
        droop = (high - low) * (0.0 if style == 1 else rng.uniform(0.15, 0.3))
        third = (x0 + 2 * out) / 3
        path = smooth(
            [(x0, low), (third, low + droop * 0.2), (out, low + (high - low) * 0.3 + droop),
             (out, high - (high - low) * 0.22), (third, high), (x0, high)], 15
        )  # fmt: skip
        x, z = path[:, 0], path[:, 1]
    path3 = np.stack([x, np.zeros_like(x), z], axis=1)
    return tube(path3, np.tile([wide / 2, thick / 2], (len(x), 1)), (0.0, 1.0, 0.0), "handle")


def _wall_solids(outer: Float64Array, wall: float) -> list[Solid]:
    height = float(outer[-1, 1])
    thick = max(wall, 0.004)
    return solids.hollow(float(outer[0, 0]), float(outer[-1, 0]), height, thick, thick)


def mug_form(rng: np.random.Generator) -> Form:
    """Draw a mug with a handle."""
    height, rim = rng.uniform(0.078, 0.115), rng.uniform(0.036, 0.048)
    foot, belly = rim * rng.uniform(0.72, 1.0), rim * rng.uniform(0.9, 1.12)
    wall = rng.uniform(0.003, 0.005)
    outer = smooth(
        [(foot * 0.92, 0), (foot, 0.004), ((foot + belly) / 2, height * 0.2),
         (belly, height * 0.5), (rim, height)], 12
    )  # fmt: skip
    low, high = height * rng.uniform(0.15, 0.25), height * rng.uniform(0.76, 0.9)
    thick = rng.uniform(0.007, 0.011)
    patches = hollow(outer, wall) + handle(rng, min(rim, belly), low, high, thick)
    reach = max(float(patch.vertices[:, 0].max()) for patch in patches)
    parts = [
        *_wall_solids(outer, wall),
        solids.block((reach - rim, thick, high - low), ((reach + rim) / 2, 0, (low + high) / 2)),
    ]
    return assemble(
        patches,
        _SLOTS,
        parts,
        mass_kg=rng.uniform(0.25, 0.4),
        holds="in",
        inner_m=2 * (rim - wall),
    )


def cup_form(rng: np.random.Generator) -> Form:
    """Draw a cup without a handle: a paper cup, a tumbler or a beaker."""
    variant = str(rng.choice(["paper cup", "tumbler", "plastic cup"]))
    height = rng.uniform(0.08, 0.14)
    rim = height * rng.uniform(0.3, 0.42)
    foot = rim * (rng.uniform(0.62, 0.75) if variant != "tumbler" else rng.uniform(0.82, 1.0))
    wall = 0.0025
    straight = np.linspace([foot, 0.0], [rim, height], 10)
    if variant == "paper cup":
        outer = straight
        angle = np.linspace(0, 2 * np.pi, 9)
        roll = np.stack([rim + 0.0022 * np.cos(angle), height + 0.0022 * np.sin(angle)], axis=1)
        patches = hollow(outer, wall) + lathe(roll, "handle")
    elif variant == "plastic cup":
        ridge = 1 + 0.03 * (np.arange(10) % 2) * (np.arange(10) < rng.integers(3, 9))
        outer = straight * np.stack([ridge, np.ones(10)], axis=1)
        patches = hollow(outer, wall)
    else:
        belly = rng.uniform(0.96, 1.08)
        outer = smooth(
            [
                (foot * 0.9, 0),
                (foot, height * 0.05),
                ((foot + rim) / 2 * belly, height / 2),
                (rim, height),
            ],
            11,
        )
        patches = hollow(outer, wall)
    slots = (
        {**_SLOTS}
        if variant == "paper cup"
        else {k: v for k, v in _SLOTS.items() if k != "handle"}
    )
    return assemble(
        patches, slots, _wall_solids(outer, wall), mass_kg=rng.uniform(0.04, 0.15),
        holds="in", inner_m=2 * (rim - wall) * 0.9, variant=variant,
    )  # fmt: skip


def bowl_form(rng: np.random.Generator) -> Form:
    """Draw a bowl."""
    rim = rng.uniform(0.055, 0.1)
    height = rim * rng.uniform(0.55, 0.95)
    foot = rim * rng.uniform(0.38, 0.62)
    bulge = rng.uniform(0.72, 0.95)
    wall = rng.uniform(0.003, 0.006)
    lift = rng.uniform(0.0, 0.008)
    outer = smooth(
        [(foot, 0), (foot * 1.02, lift), (rim * bulge, lift + (height - lift) * 0.42),
         (rim * rng.uniform(0.93, 0.99), height * 0.8), (rim, height)], 13
    )  # fmt: skip
    slots = {"side": _SLOTS["side"], "inside": Slot(8, 8, 0.9), "base": _SLOTS["base"]}
    return assemble(
        hollow(outer, wall, flat_inside=True), slots, _wall_solids(outer, wall),
        mass_kg=rng.uniform(0.2, 0.5), holds="in", inner_m=2 * (rim - wall) * 0.85, variant="open",
    )  # fmt: skip


def plate_form(rng: np.random.Generator) -> Form:
    """Draw a plate, flat or deep."""
    rim = rng.uniform(0.085, 0.135)
    height = rng.uniform(0.012, 0.028)
    foot = rim * rng.uniform(0.55, 0.7)
    wall = rng.uniform(0.003, 0.0045)
    edge = rng.uniform(0.72, 0.85)
    outer = smooth(
        [
            (foot, 0),
            (foot * 1.03, 0.001),
            (rim * edge, height * rng.uniform(0.3, 0.75)),
            (rim, height),
        ],
        11,
    )
    slots = {"inside": Slot(12, 12), "side": Slot(16, 3, 0.3), "base": _SLOTS["base"]}
    # Things that stand on it touch the floor, which the first cylinder is.
    parts = [
        solids.cylinder(foot, 0.0, wall),
        *solids.ring(rim, rim - foot, height * 0.35, height * 0.8),
    ]
    return assemble(
        hollow(outer, wall, flat_inside=True), slots, parts,
        mass_kg=rng.uniform(0.2, 0.6), holds="on", inner_m=2 * foot,
    )  # fmt: skip


KINDS = (
    ShapeKind(
        names=("mug", "cup", "coffee mug"),
        hypernyms=("cup", "container"),
        colors=PAINTS,
        form=mug_form,
        paint=ware.paint_ware,
    ),
    ShapeKind(
        names=("cup",),
        hypernyms=("container",),
        colors=ware.COLORS,
        form=cup_form,
        paint=ware.paint_ware,
        variants={
            "paper cup": ("paper cup",),
            "plastic cup": ("plastic cup",),
            "tumbler": ("tumbler", "glass"),
        },
    ),
    ShapeKind(
        names=("bowl", "dish"),
        hypernyms=("container", "dish"),
        colors=ware.COLORS,
        form=bowl_form,
        paint=ware.paint_ware,
    ),
    ShapeKind(
        names=("plate", "dish"),
        hypernyms=("dish",),
        colors=ware.COLORS,
        form=plate_form,
        paint=ware.paint_plate,
    ),
)
