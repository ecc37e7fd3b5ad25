"""Renders a line of text in any script, with Pillow's own font or one of the system's."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from textseg_core.arrays import UInt8Array

FONT_DIRECTORIES = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
#: Fonts looked for, widest coverage of scripts last, as Debian and Ubuntu name their files.
FONT_FILES = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "unifont.otf",
)
#: What a letter may reach beyond its advance, as the hook of a j does.
_OVERHANG_PX = 3


@lru_cache(maxsize=128)
def render_line(text: str, height_px: int, max_width_px: int) -> UInt8Array:
    """Return the text as coverage, 0 where there is none, 255 inside the strokes.

    Pillow's built-in font shows ASCII. For other characters that one of `FONT_FILES`,
    where installed under `FONT_DIRECTORIES`, is taken that lacks the fewest; what it lacks is
    written as code points, such as <U+6C34>, never as question marks or boxes. A line that is
    too long ends with "..".

    Args:
        text: One line.
        height_px: Height of the font, pixels.
        max_width_px: Most columns of the result.

    Returns:
        (rows, columns), not to be written to: lines are kept, since frames repeat them; the rows
        depend on the font, not on the letters.
    """
    line = _of_words(text, height_px) if text.isascii() else None
    if line is None or line.shape[1] > max_width_px + 1:
        font, shown = _font_for(text, height_px)
        shown = _shorten(shown, font, max_width_px)
        line = _draw(font, shown, round(font.getlength(shown)) + 1, 0)
    line = line[:, : max(1, max_width_px)]
    line.flags.writeable = False
    return line


def _of_words(text: str, height_px: int) -> UInt8Array:
    """Return a line of ASCII as Pillow draws it, put together from words that are kept.

    Frames repeat words more often than lines: a score changes with every frame, a line with it.
    Pillow's own font advances by whole pixels and draws nothing into a space, so that the words
    stand as they would in the whole line.
    """
    _, space = _word(" ", height_px)
    words = [_word(word, height_px) for word in text.split(" ")]
    width = sum(advance for _, advance in words) + space * (len(words) - 1)
    line: UInt8Array = np.zeros((words[0][0].shape[0], width + 1 + 2 * _OVERHANG_PX), np.uint8)
    x = 0
    for drawn, advance in words:
        window = line[:, x : x + drawn.shape[1]]
        np.maximum(window, drawn, out=window)
        x += advance + space
    return line[:, _OVERHANG_PX : _OVERHANG_PX + width + 1]


@lru_cache(maxsize=1024)
def _word(word: str, height_px: int) -> tuple[UInt8Array, int]:
    """Return a word with `_OVERHANG_PX` on either side, and how far it advances, pixels."""
    font = _built_in(height_px)
    advance = round(font.getlength(word))
    return _draw(font, word, advance + 1 + 2 * _OVERHANG_PX, _OVERHANG_PX), advance


def _draw(font: ImageFont.FreeTypeFont, text: str, width: int, x: int) -> UInt8Array:
    """Return the coverage of a text that begins at a column, (rows of the font, width)."""
    ascent, descent = font.getmetrics()
    picture = Image.new("L", (width, ascent + descent))
    ImageDraw.Draw(picture).text((x, 0), text, fill=255, font=font)
    return np.array(picture)


def _shorten(text: str, font: ImageFont.FreeTypeFont, max_width_px: int) -> str:
    """Return the longest beginning of the text that fits, marked if it is not all of it."""
    if font.getlength(text) <= max_width_px:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if font.getlength(text[:middle].rstrip() + "..") <= max_width_px:
            fits = middle
        else:
            too_long = middle
    return text[:fits].rstrip() + ".."


@lru_cache(maxsize=256)
def _font_for(text: str, height_px: int) -> tuple[ImageFont.FreeTypeFont, str]:
    """Return the font that shows most of the text, and the text as it can be shown."""
    font = _built_in(height_px)
    if text.isascii():
        return font, text
    fonts = [font, *(_installed_font(path, height_px) for path in _installed())]
    lacking = [{character for character in text if not _shows(one, character)} for one in fonts]
    best = min(range(len(fonts)), key=lambda index: len(lacking[index]))
    return fonts[best], "".join(
        f"<U+{ord(character):04X}>" if character in lacking[best] else character
        for character in text
    )


@lru_cache(maxsize=32)
def _installed_font(path: Path, height_px: int) -> ImageFont.FreeTypeFont:
    """Return one of the system's fonts."""
    return ImageFont.truetype(str(path), height_px)


@lru_cache(maxsize=8)
def _built_in(height_px: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's own scalable font."""
    font = ImageFont.load_default(height_px)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError(
            "Pillow was built without FreeType, which the overlay's caption needs; install "
            "Pillow >= 10.1 from PyPI"
        )
    return font


@lru_cache(maxsize=1)
def _installed() -> tuple[Path, ...]:
    """Return the known fonts that this machine has, in the order of `FONT_FILES`."""
    found = {
        path.name: path
        for directory in FONT_DIRECTORIES
        if directory.is_dir()
        for path in directory.rglob("*")
        if path.name in FONT_FILES
    }
    return tuple(found[name] for name in FONT_FILES if name in found)


def _shows(font: ImageFont.FreeTypeFont, character: str) -> bool:
    """Tell whether the font has the character, and not the box that stands for missing ones."""
    if character.isspace():
        return True
    return bytes(font.getmask(character)) != bytes(font.getmask("\uffff"))
