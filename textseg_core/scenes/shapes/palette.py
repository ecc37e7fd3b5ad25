"""Draws RGB values that a person would call by one of thirteen colour names."""

import colorsys

import numpy as np

# Hue in degrees, saturation, value: ranges well inside what each word means, so that no two
# words can be confused under coloured light. Silver differs from gray by its metal finish.
RANGES: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "red": ((-8, 6), (0.78, 0.95), (0.62, 0.88)),
    "orange": ((22, 32), (0.85, 1.0), (0.92, 1.0)),
    "yellow": ((48, 57), (0.72, 0.95), (0.88, 1.0)),
    "green": ((95, 150), (0.5, 0.9), (0.38, 0.72)),
    "blue": ((203, 232), (0.6, 0.95), (0.5, 0.9)),
    "purple": ((268, 288), (0.5, 0.8), (0.42, 0.68)),
    "pink": ((328, 348), (0.34, 0.58), (0.92, 1.0)),
    "brown": ((17, 28), (0.55, 0.75), (0.3, 0.46)),
    "black": ((0, 360), (0.0, 0.15), (0.04, 0.12)),
    "white": ((30, 60), (0.0, 0.04), (0.94, 1.0)),
    "gray": ((0, 360), (0.0, 0.03), (0.42, 0.56)),
    "silver": ((200, 220), (0.0, 0.05), (0.7, 0.8)),
    "beige": ((33, 42), (0.22, 0.32), (0.82, 0.9)),
}
COLOR_NAMES = tuple(RANGES)
PAINTS = tuple(name for name in COLOR_NAMES if name != "silver")
BRIGHT = ("red", "orange", "yellow", "green", "blue", "purple", "pink")

# Not painted beside one another, since the smaller would be taken for a shade of the larger.
_NEAR = (
    {"red", "orange", "pink", "brown"},
    {"orange", "yellow", "brown"},
    {"yellow", "beige"},
    {"blue", "purple"},
    {"purple", "pink"},
    {"brown", "black"},
    {"brown", "beige", "orange"},
    {"white", "beige", "silver"},
    {"gray", "silver"},
    {"gray", "black"},
)


def draw_rgb(color: str, rng: np.random.Generator) -> tuple[int, int, int]:
    """Return an RGB value of a named colour, 0..255 each."""
    hue, saturation, value = (float(rng.uniform(*bounds)) for bounds in RANGES[color])
    red, green, blue = colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def contrasting(color: str, rng: np.random.Generator, *others: str) -> str:
    """Return a paint that nobody takes for a shade of the given colours."""
    used = {color, *others}
    fits = [
        name
        for name in PAINTS
        if name not in used and not any(name in group and group & used for group in _NEAR)
    ]
    # Real goods are printed mostly in white and black on a bright ground, or the reverse.
    plain = [name for name in fits if name in ("white", "black")]
    return str(rng.choice(plain if plain and rng.random() < 0.35 else fits))
