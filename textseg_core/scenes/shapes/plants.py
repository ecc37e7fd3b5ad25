"""What fruit and vegetables share: turned skins, stems, leaves, natural shades."""

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.shapes import bodies
from textseg_core.scenes.shapes.form import Slot
from textseg_core.scenes.shapes.mesh import Patch, lathe, smooth

SLOTS = {"skin": Slot(16, 12), "stem": Slot(2, 2)}


def stem(rng: np.random.Generator, foot: float, length: float, radius: float) -> list[Patch]:
    """Return a leaning stem that starts at a height, metres."""
    lean = length * rng.uniform(-0.6, 0.6)
    points = smooth([(0, foot), (lean * 0.3, foot + 0.6 * length), (lean, foot + length)], 4)
    return bodies.upright_tube(points, radius, "stem")


def leaves(
    rng: np.random.Generator, count: int, reach: float, height: float, droop: float
) -> list[Patch]:
    """Return pointed leaves in a star about the z axis, starting at a height, metres."""
    patches = []
    first = rng.uniform(0, 360)
    for number in range(count):
        x = np.linspace(0, reach * rng.uniform(0.8, 1.0), 5)
        z = height + 0.001 - droop * (x / reach) ** 2
        width = 0.22 * reach * np.array([0.4, 0.9, 1.0, 0.7, 0.08])
        leaf = bodies.ribbon(np.stack([x, z, width], axis=1), 0.0016, "stem")
        patches += [patch.turned("z", first + 360 * number / count) for patch in leaf]
    return patches


def turned_skin(
    points: list[tuple[float, float]], radius: float, tall: float, count: int = 20
) -> tuple[list[Patch], Float64Array]:
    """Return the skin of a turned fruit and its profile; points in radii, from base to top."""
    profile = np.maximum(smooth(points, count) * (radius, radius * tall), 0)
    profile[[0, -1], 0] = 0
    return lathe(profile, "skin"), profile


def natural(main: str, rng: np.random.Generator) -> tuple[int, int, int] | None:
    """Return the shade of green or purple that fruit has, None for other colours."""
    if main == "green":
        return int(rng.integers(95, 135)), int(rng.integers(158, 190)), int(rng.integers(40, 62))
    if main == "purple":
        return int(rng.integers(72, 95)), int(rng.integers(28, 42)), int(rng.integers(92, 120))
    return None
