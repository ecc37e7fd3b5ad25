"""Draws what an expression means over its picture, for people to check a data set."""

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_core.caption import render_line
from textseg_core.scenes.scene import Query, Scene, target_mask

TARGET_RGB = (40, 220, 90)
OTHER_RGB = (170, 170, 170)
TINT = 0.45  # how much of the colour the target takes
SMALLEST_FONT_PX = 12


def draw_query(scene: Scene, query: Query) -> UInt8Array:
    """Return the picture under a caption, targets tinted and everything else outlined.

    Args:
        scene: With an image (H, W, 3).
        query: An expression about it.

    Returns:
        RGB, (H + caption, W, 3).
    """
    picture = scene.image.copy()
    others = [thing.mask for i, thing in enumerate(scene.objects) if i not in query.targets]
    for mask in others:
        _outline(picture, mask.view(np.uint8), OTHER_RGB, 1)
    target = target_mask(scene, query)
    colour = np.array(TARGET_RGB, np.float32)
    picture[target] = ((1 - TINT) * picture[target] + TINT * colour).astype(np.uint8)
    for index in query.targets:
        _outline(picture, scene.objects[index].mask.view(np.uint8), TARGET_RGB, 2)
    remark = "not there" if not query.targets else "several fit" if query.several else ""
    return np.vstack([caption(query.expression, remark or query.kind, picture), picture])


def caption(text: str, remark: str, picture: UInt8Array) -> UInt8Array:
    """Return a band as wide as the picture with a line of text and a remark in brackets."""
    width = picture.shape[1]
    font_px = max(SMALLEST_FONT_PX, max(picture.shape[:2]) // 30)
    line = render_line(f"{' '.join(text.split())}  [{remark}]", font_px, width)
    band = np.zeros((line.shape[0] + 4, width, 3), np.uint8)
    band[2:-2, : line.shape[1]] = line[:, :, np.newaxis]
    return band


def _outline(
    picture: UInt8Array, mask: UInt8Array, colour: tuple[int, int, int], thickness: int
) -> None:
    """Draw the outline of a mask, in place."""
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(picture, contours, -1, colour, thickness)
