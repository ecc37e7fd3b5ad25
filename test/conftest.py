"""Synthetic images: everything that a test looks at is drawn here or in the test itself."""

from collections.abc import Callable

import numpy as np
import pytest

from textseg_core.arrays import UInt8Array

DrawBlocks = Callable[..., UInt8Array]

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture(scope="session")
def draw_blocks() -> DrawBlocks:
    """A function that draws coloured blocks on black.

    `draw_blocks(height, width, (x, y, block width, block height, colour), ...)` returns an RGB
    image, uint8 (height, width, 3).
    """

    def draw(
        height: int, width: int, *blocks: tuple[int, int, int, int, tuple[int, int, int]]
    ) -> UInt8Array:
        image = np.zeros((height, width, 3), np.uint8)
        for x, y, block_width, block_height, colour in blocks:
            image[y : y + block_height, x : x + block_width] = colour
        return image

    return draw
