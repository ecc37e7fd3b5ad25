"""From a camera image of any size to the square that the network sees, and back.

Coordinates: pixels (u, v) of the camera image and (x, y) of the network input, u and x
rightwards, v and y downwards, (0, 0) at the centre of the top-left pixel of each.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """Where a camera image lies in the square network input.

    The content's sides are whole pixels, so the two scales differ by up to half a pixel of the
    input over its side; both are kept, which makes the way back exact.

    Attributes:
        image_height: Height H of the camera image, pixels.
        image_width: Width W of the camera image, pixels.
        size_px: Side S of the network input.
        content_height: Rows of the input that show the image, at most S.
        content_width: Columns of the input that show the image, at most S.
        top: Rows of padding above the content.
        left: Columns of padding left of the content.
    """

    image_height: int
    image_width: int
    size_px: int
    content_height: int
    content_width: int
    top: int
    left: int

    @classmethod
    def fit(cls, image_height: int, image_width: int, size_px: int) -> "Letterbox":
        """Return the placement that keeps the aspect ratio and centres the image.

        The longer side fills the input exactly; the shorter is rounded to the nearest pixel, at
        least 1. An odd pixel of padding goes below, or to the right.

        Raises:
            ValueError: If a size is not positive.
        """
        if min(image_height, image_width, size_px) < 1:
            raise ValueError(
                "image and network input must be at least 1 x 1, "
                f"got {image_height} x {image_width} into {size_px} x {size_px}"
            )
        longer = max(image_height, image_width)
        height = max(1, (2 * image_height * size_px + longer) // (2 * longer))
        width = max(1, (2 * image_width * size_px + longer) // (2 * longer))
        return cls(
            image_height=image_height,
            image_width=image_width,
            size_px=size_px,
            content_height=height,
            content_width=width,
            top=(size_px - height) // 2,
            left=(size_px - width) // 2,
        )

    def box_to_input(
        self, box: tuple[float, float, float, float]
    ) -> tuple[float, float, float, float]:
        """Return where a box of the camera image lies in the network input.

        Args:
            box: Left, top, right and bottom edge; the image's own are 0, 0, W and H.
        """
        right, down = (
            self.content_width / self.image_width,
            self.content_height / self.image_height,
        )
        x0, y0, x1, y1 = box
        return (
            x0 * right + self.left,
            y0 * down + self.top,
            x1 * right + self.left,
            y1 * down + self.top,
        )

    def to_input(self, u: float, v: float) -> tuple[float, float]:
        """Return where pixel (u, v) of the camera image lies in the network input."""
        return (
            (u + 0.5) * self.content_width / self.image_width + self.left - 0.5,
            (v + 0.5) * self.content_height / self.image_height + self.top - 0.5,
        )

    def to_pixels(self, x: float, y: float) -> tuple[float, float]:
        """Return which pixel of the camera image lies at (x, y) of the network input."""
        return (
            (x + 0.5 - self.left) * self.image_width / self.content_width - 0.5,
            (y + 0.5 - self.top) * self.image_height / self.content_height - 0.5,
        )


def letterbox_image(image: UInt8Array, size_px: int) -> tuple[UInt8Array, Letterbox]:
    """Return the image scaled into a square, with zeros around it.

    Shrinking averages over the area of each new pixel, so that nothing aliases; enlarging is
    bilinear.

    Args:
        image: RGB, shape (H, W, 3); any memory layout.
        size_px: Side S of the square.

    Returns:
        The square, uint8 (S, S, 3), and the placement that undoes it.

    Raises:
        ValueError: If `image` is not uint8 (H, W, 3) with H and W at least 1.
    """
    check_image(image)
    letterbox = Letterbox.fit(image.shape[0], image.shape[1], size_px)
    shrinks = size_px < max(image.shape[:2])
    square = np.zeros((size_px, size_px, 3), np.uint8)
    bottom = letterbox.top + letterbox.content_height
    right = letterbox.left + letterbox.content_width
    square[letterbox.top : bottom, letterbox.left : right] = cv2.resize(
        np.ascontiguousarray(image),
        (letterbox.content_width, letterbox.content_height),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    return square, letterbox


def check_image(image: UInt8Array) -> None:
    """Refuse what is not a colour image.

    Raises:
        ValueError: If `image` is not uint8 (H, W, 3) with H and W at least 1.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(f"image must be a uint8 array (H, W, 3), got {type(image).__name__}")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            "image must be uint8 RGB (H, W, 3) with at least one pixel, "
            f"got {image.dtype} {image.shape}"
        )
