import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from textseg_core import caption
from textseg_core.caption import render_line


def test_line_is_no_wider_than_the_room() -> None:
    assert render_line("the very long name of a small thing", 16, 100).shape[1] <= 100


def test_short_line_is_as_wide_as_its_words() -> None:
    assert render_line("jar", 16, 500).shape[1] < 60


@pytest.mark.parametrize("height_px", [10, 18, 36])
@pytest.mark.parametrize(
    "text",
    ["jar, (jug) of AVA  To W.", "found 0.93", " f", "y", 'the left mug\'s "handle"', "/_|j @#"],
)
def test_words_that_are_kept_give_the_line_that_pillow_draws(text: str, height_px: int) -> None:
    font = ImageFont.load_default(height_px)
    assert isinstance(font, ImageFont.FreeTypeFont)
    picture = Image.new("L", (round(font.getlength(text)) + 1, sum(font.getmetrics())))
    ImageDraw.Draw(picture).text((0, 0), text, fill=255, font=font)

    assert np.array_equal(render_line(text, height_px, 900), np.array(picture))


def test_height_depends_on_the_font_and_not_on_the_letters() -> None:
    assert render_line("a", 16, 500).shape[0] == render_line("Agj", 16, 500).shape[0]
    assert render_line("a", 32, 500).shape[0] > 1.5 * render_line("a", 16, 500).shape[0]


def test_long_line_ends_with_two_dots() -> None:
    line = render_line("m" * 100, 20, 200)
    foot = line[:, -14:]
    # Dots lie at the foot: nothing is drawn in the upper half of the end.
    assert foot.any()
    assert not foot[: line.shape[0] // 2, -8:].any()


def test_different_characters_that_no_font_has_stay_different(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(caption, "_installed", lambda: ())
    caption._font_for.cache_clear()
    try:
        water, fire = render_line("水", 16, 500), render_line("火", 16, 500)
        expected = render_line("<U+6C34>", 16, 500)
    finally:
        caption._font_for.cache_clear()
    assert np.array_equal(water, expected)
    assert water.shape != fire.shape or not np.array_equal(water, fire)


def test_accents_are_not_dropped() -> None:
    accented, plain = render_line("é", 16, 500), render_line("e", 16, 500)
    assert accented.shape != plain.shape or not np.array_equal(accented, plain)


def test_empty_line_is_empty() -> None:
    assert not render_line("", 16, 500).any()
