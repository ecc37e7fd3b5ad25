"""Patterns that are painted into one slot: bands, stripes, dots, checks, labels, wood, metal."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from textseg_core.arrays import Float32Array, UInt8Array
from textseg_core.scenes.shapes.canvas import Canvas

Motif = Callable[[UInt8Array, int, np.random.Generator], None]


def bands(region: UInt8Array, ink: int, rng: np.random.Generator) -> None:
    """Paint one to four level bands, together at most about 40 % of the height."""
    height = region.shape[0]
    count = int(rng.integers(1, 5))
    width = max(2, int(height * rng.uniform(0.12, 0.4) / count))
    if count == 1:
        start = int(rng.integers(0, height - width))
        region[start : start + width] = ink
        return
    first, pitch = rng.uniform(0, 0.3), rng.uniform(0.6, 1.0) / count
    for number in range(count):
        start = int(height * (first + number * pitch) / 1.15)
        region[start : start + width] = ink


def stripes(region: UInt8Array, ink: int, rng: np.random.Generator) -> None:
    """Paint upright stripes that meet round the axis."""
    count = int(rng.integers(3, 13))
    share = rng.uniform(0.2, 0.42)
    phase = np.arange(region.shape[1]) / region.shape[1] * count
    region[:, (phase % 1) < share] = ink


def slanted(region: UInt8Array, ink: int, rng: np.random.Generator) -> None:
    """Paint slanting stripes that meet round the axis."""
    count, share = int(rng.integers(2, 8)), rng.uniform(0.2, 0.4)
    rows, columns = np.indices(region.shape, np.float32)
    phase = columns / region.shape[1] * count + rows / region.shape[0] * rng.choice([-2, -1, 1, 2])
    region[(phase % 1) < share] = ink


def dots(region: UInt8Array, ink: int, rng: np.random.Generator) -> None:
    """Paint rows of dots, every second row shifted."""
    height, width = region.shape
    across = int(rng.integers(4, 11))
    pitch = width / across
    radius = max(1, int(pitch * rng.uniform(0.16, 0.33)))
    row, y = 0, pitch * 0.5
    while y - radius < height:
        for number in range(across):
            x = (number + 0.25 + 0.5 * (row % 2)) * pitch
            cv2.circle(region, (int(x), int(y)), radius, ink, -1)
        row, y = row + 1, y + pitch * 0.9


def checks(region: UInt8Array, ink: int, rng: np.random.Generator) -> None:
    """Paint a chequered or tartan pattern that covers less than half."""
    width = region.shape[1]
    across = 2 * int(rng.integers(2, 5))
    rows, columns = np.indices(region.shape, np.float32)
    u, v = columns / width * across, rows / width * across
    if rng.random() < 0.5:
        region[((u % 2 < 0.85) & (v % 2 < 0.9)) | ((u % 2 >= 1.15) & (v % 2 >= 1.1))] = ink
    else:
        line = rng.uniform(0.12, 0.22)
        region[(u % 1 < line) | (v % 1 < line)] = ink


def speckles(region: UInt8Array, ink: int, rng: np.random.Generator) -> None:
    """Paint small specks that cover a few per cent."""
    height, width = region.shape
    for x, y, size in zip(
        rng.integers(0, width, 70),
        rng.integers(0, height, 70),
        rng.integers(0, 3, 70),
        strict=True,
    ):
        cv2.circle(region, (int(x), int(y)), int(size), ink, -1)


def dipped(region: UInt8Array, ink: int, rng: np.random.Generator) -> None:
    """Paint the lower or upper part with a wavy edge, as glaze runs."""
    height, width = region.shape
    angle = np.arange(width) / width * 2 * math.pi
    edge = rng.uniform(0.2, 0.4) + sum(
        rng.uniform(0, 0.02) * np.sin(n * angle + rng.uniform(0, 6)) for n in (1, 2, 3, 5)
    )
    level = np.arange(height)[:, None] / height
    region[(level < edge) if rng.random() < 0.5 else (level > 1 - edge)] = ink


def emblem(region: UInt8Array, ink: int, rng: np.random.Generator) -> None:
    """Paint one figure in the middle: disc, heart of two discs, star, triangle or letter."""
    height, width = region.shape
    radius = int(min(height, width) * rng.uniform(0.18, 0.34))
    x, y = int(width * rng.uniform(0.35, 0.65)), int(height * rng.uniform(0.38, 0.62))
    kind = int(rng.integers(0, 5))
    if kind == 0:
        cv2.ellipse(
            region, (x, y), (radius, int(radius * rng.uniform(0.5, 1))), 0, 0, 360, ink, -1
        )
    elif kind == 1:
        cv2.circle(region, (x - radius // 2, y), radius // 2 + 1, ink, -1)
        cv2.circle(region, (x + radius // 2, y), radius // 2 + 1, ink, -1)
        corners = [(x - radius, y), (x + radius, y), (x, y + radius)]
        cv2.fillPoly(region, [np.array(corners, np.int32)], (ink,))
    elif kind == 2:
        turns = np.arange(10) * math.pi / 5 + math.pi / 2
        reach = np.where(np.arange(10) % 2, 0.42, 1.0) * radius
        star = np.stack([x + reach * np.cos(turns), y - reach * np.sin(turns)], axis=1)
        cv2.fillPoly(region, [star.astype(np.int32)], (ink,))
    elif kind == 3:
        corners = [(x - radius, y + radius), (x + radius, y + radius), (x, y - radius)]
        cv2.fillPoly(region, [np.array(corners, np.int32)], (ink,))
    else:
        word(region, ink, rng, (x, y), 2 * radius)


def word(
    region: UInt8Array,
    ink: int,
    rng: np.random.Generator,
    middle: tuple[int, int],
    width_px: int,
) -> None:
    """Write random capitals round a point, as wide as told."""
    text = "".join(rng.choice(list("ABCDEHKLMNOPRSTUVX"), int(rng.integers(1, 7))))
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
    scale = width_px / max(1, cv2.getTextSize(text, font, 1.0, 2)[0][0])
    scale = min(scale, region.shape[0] * 0.5 / 22)
    thickness = max(1, round(2.5 * scale))
    (wide, high), _ = cv2.getTextSize(text, font, scale, thickness)
    at = (middle[0] - wide // 2, middle[1] + high // 2)
    cv2.putText(region, text, at, font, scale, ink, thickness)


def lines(region: UInt8Array, ink: int, rng: np.random.Generator) -> None:
    """Paint blocks like lines of small print into a region."""
    height, width = region.shape
    pitch = max(3, height // int(rng.integers(4, 9)))
    for y in range(pitch // 2, height - pitch // 2, pitch):
        reach = int(width * rng.uniform(0.5, 0.95))
        x = (width - reach) // 2
        while x < (width + reach) // 2:
            piece = int(rng.integers(2, 9))
            region[y : y + max(1, pitch // 2), x : x + piece] = ink
            x += piece + 2


def label(
    region: UInt8Array, ground: int, ink: int, rng: np.random.Generator, *, wrap: bool = True
) -> None:
    """Paint a label: a ground, a word or emblem, lines of print.

    Args:
        region: Where; the label covers a part of it.
        ground: Ink of the label.
        ink: Ink of its print.
        rng: Draws it.
        wrap: The region goes round the thing, so the label appears on both sides.
    """
    height, width = region.shape
    tall = int(height * rng.uniform(0.35, 0.7))
    top = int((height - tall) * rng.uniform(0.25, 0.75))
    if wrap and rng.random() < 0.4:
        region[top : top + tall] = ground
        patches = [(0, width // 2), (width // 2, width // 2)]
    elif wrap:
        wide = int(width * rng.uniform(0.25, 0.38))
        patches = [(width // 16, wide), (width // 2 + width // 16, wide)]
    else:
        wide = int(width * rng.uniform(0.5, 0.85))
        patches = [(int((width - wide) * rng.uniform(0.3, 0.7)), wide)]
    state = rng.bit_generator.state
    for left, wide in patches:
        rng.bit_generator.state = state  # both sides of a label are alike
        patch = region[top : top + tall, left : left + wide]
        patch[:] = ground
        split = int(tall * rng.uniform(0.45, 0.65))
        (emblem if rng.random() < 0.5 else _title)(patch[:split], ink, rng)
        lines(patch[split:], ink, rng)


def _title(region: UInt8Array, ink: int, rng: np.random.Generator) -> None:
    height, width = region.shape
    word(region, ink, rng, (width // 2, height // 2), int(width * rng.uniform(0.6, 0.9)))


PATTERNS: tuple[Motif, ...] = (bands, stripes, slanted, dots, checks, dipped, emblem)


def _streaks(shape: tuple[int, int], rng: np.random.Generator, *, upright: bool) -> Float32Array:
    height, width = shape
    fine = rng.standard_normal((4, width) if upright else (height, 4)).astype(np.float32)
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_LINEAR))


def brushed(canvas: Canvas, slot: str, rng: np.random.Generator, strength: float = 0.07) -> None:
    """Give a slot the streaks and the soft bright bands of brushed metal."""
    shade = canvas.shade(slot)
    height, width = shade.shape
    shade *= 1 + strength * _streaks((height, width), rng, upright=False)
    angle = np.arange(width, dtype=np.float32) / width * 2 * math.pi
    glint = 0.12 * np.cos(2 * angle + rng.uniform(0, 6)) + 0.05 * np.cos(5 * angle)
    shade *= (1 + glint).astype(np.float32)[None]


def grained(canvas: Canvas, slot: str, rng: np.random.Generator, *, upright: bool = False) -> None:
    """Give a slot the grain of wood."""
    shade = canvas.shade(slot)
    height, width = shade.shape
    across = np.arange(width if upright else height, dtype=np.float32)
    along = np.arange(height if upright else width, dtype=np.float32)
    bend = rng.uniform(2, 6) * np.sin(along * rng.uniform(0.01, 0.05) + rng.uniform(0, 6))
    rings = np.sin((across[:, None] + bend[None]) * rng.uniform(0.25, 0.7))
    shade *= (1 + 0.09 * (rings.T if upright else rings)).astype(np.float32)
    shade *= 1 + 0.06 * _streaks((height, width), rng, upright=upright)


def glazed(canvas: Canvas, slot: str, rng: np.random.Generator) -> None:
    """Let a slot grow darker or brighter towards its top, as glaze does."""
    shade = canvas.shade(slot)
    slope = rng.uniform(-0.16, 0.16)
    shade *= np.linspace(1 + slope, 1 - slope, shade.shape[0], dtype=np.float32)[:, None]


def mottled(canvas: Canvas, slot: str, strength: float) -> None:
    """Give a slot uneven patches of brightness, as skins and crusts have."""
    shade = canvas.shade(slot)
    height, width = shade.shape
    field = 0.6 * canvas.noise(1) + 0.6 * canvas.noise(2)
    shade *= np.clip(1 + strength * field[:height, :width], 0.6, 1.3)
