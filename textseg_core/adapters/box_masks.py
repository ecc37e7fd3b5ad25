"""Draws what lies in boxes: by SAM 2, or by colour where there is no such network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch

from textseg_core.adapters.base import Found, found_of
from textseg_core.adapters.cards import SAM2
from textseg_core.adapters.hub import HubOptions, load_pair
from textseg_core.adapters.torch_parts import TorchParts, to_array
from textseg_core.arrays import BoolArray, Float32Array, UInt8Array
from textseg_core.proposals import box_mask, grab_cut

#: Boxes kept of one text, the best.
MOST_BOXES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """What a detector finds of one text.

    Attributes:
        corners: (N, 4) as x0, y0, x1, y1 in pixels.
        sure: How sure each is, (N,) in [0, 1].
        truncated: Words of the text beyond the longest that it reads.
    """

    corners: Float32Array
    sure: Float32Array
    truncated: tuple[str, ...] = ()


class BoxMasks(Protocol):
    """Turns boxes into masks."""

    def masks(self, image: UInt8Array, corners: Float32Array) -> list[BoolArray]:
        """Return what each box shows, (H, W); `corners` is (N, 4) in pixels."""
        ...


class GrabCutMasks:
    """Cuts things out of their boxes by colour; a box that leaves nothing is taken whole."""

    def masks(self, image: UInt8Array, corners: Float32Array) -> list[BoolArray]:
        """Return the foreground within each box."""
        found = []
        for box in np.rint(corners).astype(np.int64):
            cut = grab_cut(image, box)
            found.append(cut if cut.any() else box_mask(box, image.shape[:2]))
        return found


class Sam2Masks(TorchParts):
    """SAM 2, asked with boxes.

    Source:
        Ravi et al. 2024, arXiv:2408.00714; network as `transformers` has it.
    """

    def __init__(self, source: str, options: HubOptions) -> None:
        self._network, self._processor = load_pair(SAM2, source, options)
        super().__init__("sam2", options, [self._network])

    def masks(self, image: UInt8Array, corners: Float32Array) -> list[BoolArray]:
        """Return the mask of each box; the image is encoded once for all."""
        inputs = self._processor(images=image, input_boxes=[corners.tolist()], return_tensors="pt")
        sizes = inputs["original_sizes"]
        with torch.inference_mode():
            outputs = self._network(
                **{key: value for key, value in self.to_device(inputs).items()
                   if key in ("pixel_values", "input_boxes")},
                multimask_output=False,
            )  # fmt: skip
        to_array(outputs.iou_scores, "SAM 2")  # refuses NaN
        drawn: Any = self._processor.post_process_masks(outputs.pred_masks.float().cpu(), sizes)[0]
        return [one[0].numpy() > 0 for one in drawn]


def draw(image: UInt8Array, boxes: Sequence[Boxes], masks: BoxMasks) -> list[Found]:
    """Return what a detector finds of each text with its masks, all drawn in one run.

    Boxes without a whole pixel in the picture are left out; of many, the best are kept.
    """
    height, width = (int(side) for side in image.shape[:2])
    kept = []
    for one in boxes:
        inside = np.clip(one.corners, 0, np.array([width, height, width, height], np.float32))
        broad = np.rint(inside[:, 2:]) - np.rint(inside[:, :2])
        chosen = np.flatnonzero((broad >= 1).all(axis=1))
        best = chosen[np.argsort(-one.sure[chosen], kind="stable")][:MOST_BOXES]
        kept.append(Boxes(inside[best].astype(np.float32), one.sure[best], one.truncated))
    every = np.concatenate([one.corners for one in kept]) if kept else np.zeros((0, 4), np.float32)
    drawn = masks.masks(image, every) if len(every) else []
    found, at = [], 0
    for one in kept:
        mine = drawn[at : at + len(one.sure)]
        at += len(one.sure)
        answer = found_of(mine, [float(value) for value in one.sure], (height, width))
        found.append(replace(answer, truncated=one.truncated))
    return found
