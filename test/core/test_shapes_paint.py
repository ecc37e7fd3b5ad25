import colorsys

import numpy as np
import pytest

from textseg_core.scenes.shapes import ShapeKind, bodies, catalogue, motifs
from textseg_core.scenes.shapes.canvas import Canvas
from textseg_core.scenes.shapes.form import Form, Slot, assemble
from textseg_core.scenes.shapes.mesh import box
from textseg_core.scenes.shapes.palette import COLOR_NAMES, PAINTS, contrasting, draw_rgb
from textseg_core.training.vocabulary import COLORS


def oblong() -> Form:
    """A box 2 x 1 x 1, of which front and back are half of what is seen."""
    return assemble(
        box((2.0, 1.0, 1.0), ("front", "end", "front", "end", "top", "base")),
        {"front": Slot(4, 4), "end": Slot(8, 8), "top": Slot(2, 2), "base": Slot(4, 4, 0.0)},
        [],
        mass_kg=1.0,
    )


def as_said(rgb: tuple[int, int, int]) -> str:
    """Return what a person would call a colour, by broad limits of hue, saturation and value."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in rgb))
    hue *= 360
    if value < 0.16:
        return "black"
    if saturation < 0.12:
        return "gray" if value < 0.62 else "silver" if value < 0.87 else "white"
    if 10 <= hue < 44 and value < 0.55:
        return "brown"
    if 30 <= hue < 48 and saturation < 0.4:
        return "beige"
    if (hue >= 310) and saturation < 0.68:
        return "pink"
    limits = ((12, "red"), (40, "orange"), (68, "yellow"), (170, "green"), (250, "blue"))
    for limit, name in (*limits, (310, "purple")):
        if hue < limit:
            return name
    return "red"


def test_the_names_are_those_of_the_vocabulary() -> None:
    assert set(COLOR_NAMES) == set(COLORS)


@pytest.mark.parametrize("color", COLOR_NAMES)
def test_drawn_colours_are_what_people_call_them(color: str) -> None:
    rng = np.random.default_rng(0)

    assert {as_said(draw_rgb(color, rng)) for _ in range(200)} == {color}


@pytest.mark.parametrize("color", COLOR_NAMES)
def test_contrasting_colours_are_neither_the_same_nor_near(color: str) -> None:
    rng = np.random.default_rng(0)
    drawn = {contrasting(color, rng) for _ in range(200)}

    assert color not in drawn
    assert len(drawn) >= 3
    assert drawn <= set(PAINTS)
    assert contrasting("red", rng, "white") not in {"red", "orange", "pink", "white", "beige"}


def test_shares_are_those_of_the_visible_surface_not_of_the_texture() -> None:
    canvas = Canvas(oblong(), np.random.default_rng(0))
    canvas.cover("red")
    canvas.region("front")[:] = canvas.ink("blue")
    canvas.region("base")[:] = canvas.ink("green")

    (first, blue), (second, red), *rest = canvas.shares()

    assert (first, second) in {("blue", "red"), ("red", "blue")}
    assert blue == pytest.approx(0.5, abs=0.03)
    assert red == pytest.approx(0.5, abs=0.03)
    assert rest == [("green", 0.0)]


def test_two_inks_of_one_colour_count_together() -> None:
    canvas = Canvas(oblong(), np.random.default_rng(0))
    canvas.cover("red")
    canvas.region("top")[:] = canvas.ink("red")

    assert canvas.shares() == [("red", 1.0)]


def test_the_texture_shows_the_ink_where_it_was_painted() -> None:
    form = oblong()
    canvas = Canvas(form, np.random.default_rng(0))
    canvas.cover("red", (200, 20, 20))
    canvas.region("top")[:] = canvas.ink("blue", (20, 20, 200))
    canvas.shade("end")[:] *= 0.5

    texture = canvas.texture().astype(float)

    for slot, expected in (
        ("front", (200, 20, 20)),
        ("top", (20, 20, 200)),
        ("end", (100, 10, 10)),
    ):
        row, column, height, width = form.rects[slot]
        mean = texture[row : row + height, column : column + width].mean(axis=(0, 1))
        assert mean == pytest.approx(expected, abs=12)


@pytest.mark.parametrize("pattern", motifs.PATTERNS)
def test_patterns_leave_the_ground_the_larger_part(pattern: motifs.Motif) -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(40):
        region = np.zeros((96, 256), np.uint8)
        pattern(region, 1, rng)
        shares.append(region.mean())

    assert 0 < np.mean(shares) < 0.5


def test_both_sides_of_a_label_are_alike() -> None:
    region = np.zeros((96, 256), np.uint8)
    motifs.label(region, 1, 2, np.random.default_rng(3))

    np.testing.assert_array_equal(region[:, :128], region[:, 128:])


def test_mottling_changes_the_brightness_only_a_little() -> None:
    form = assemble(bodies.ellipsoid((1, 1, 1), "skin"), {"skin": Slot(16, 12)}, [], mass_kg=1)
    canvas = Canvas(form, np.random.default_rng(0))
    motifs.mottled(canvas, "skin", 0.05)

    shade = canvas.shade("skin")
    assert 0.01 < shade.std() < 0.1
    assert shade.mean() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("kind", catalogue(), ids=lambda kind: kind.category)
def test_every_main_colour_leads_within_few_tries(kind: ShapeKind) -> None:
    rng = np.random.default_rng(0)
    form = kind.form(np.random.default_rng(7))
    for color in kind.colors:
        leads = []
        for _ in range(12):
            canvas = Canvas(form, rng)
            kind.paint(canvas, color, rng)
            leads.append(canvas.shares()[0][0] == color)
        assert any(leads), color
