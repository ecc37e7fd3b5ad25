"""Florence-2: writes where things are; polygons of an expression, and of each box of a noun.

Source:
    Xiao et al. 2023, arXiv:2311.06242; network as `transformers` has it.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch

from textseg_core.adapters.base import Answers, Found, found_of
from textseg_core.adapters.box_masks import MOST_BOXES
from textseg_core.adapters.cards import FLORENCE2
from textseg_core.adapters.hub import HubOptions, load_pair
from textseg_core.adapters.torch_parts import TorchParts
from textseg_core.arrays import BoolArray, UInt8Array

_EXPRESSION = "<REFERRING_EXPRESSION_SEGMENTATION>"
_NOUN = "<OPEN_VOCABULARY_DETECTION>"
_REGION = "<REGION_TO_SEGMENTATION>"
#: Bins along each side in which it writes places.
BINS = 1000


class Florence2(TorchParts):
    """Florence-2. It gives no scores: all that it finds is equally sure, and it hardly refuses.

    Args:
        sources: Name on the hub or local folder.
        options: Where and how it runs.
        longest: Most tokens that it writes for one text.

    Attributes:
        threshold: Of the response, which is 0 or 1.
        tells_apart: True.
    """

    threshold = 0.5
    tells_apart = True

    def __init__(self, sources: Sequence[str], options: HubOptions, longest: int = 512) -> None:
        self._network, self._processor = load_pair(FLORENCE2, sources[0], options)
        self._longest = longest
        super().__init__("florence2", options, [self._network])

    def find(
        self, image: UInt8Array, expressions: Sequence[str], nouns: Sequence[str] = ()
    ) -> Answers:
        """Return polygons of each expression, instances of each noun."""
        shape = (int(image.shape[0]), int(image.shape[1]))
        whole = [
            found_of([fill(one, shape) for one in answer["polygons"]],
                     [1.0] * len(answer["polygons"]), shape)
            for answer in self._write(image, _EXPRESSION, expressions)
        ]  # fmt: skip
        detected = self._write(image, _NOUN, nouns)
        counts = [len(answer["bboxes"][:MOST_BOXES]) for answer in detected]
        boxes = [box for answer in detected for box in answer["bboxes"][:MOST_BOXES]]
        drawn = self._write(image, _REGION, [region_words(box, shape) for box in boxes])
        found: list[Found] = []
        at = 0
        for answer, count in zip(detected, counts, strict=True):
            masks = [fill(one, shape) for one in answer["polygons"]]
            for outlines, box in zip(drawn[at : at + count], boxes[at : at + count], strict=True):
                within = [fill(one, shape) for one in outlines["polygons"]]
                masks.append(_union(within, shape) if within else _box(box, shape))
            at += count
            found.append(found_of(masks, [1.0] * len(masks), shape))
        return Answers(tuple(whole), tuple(found))

    def _write(self, image: UInt8Array, task: str, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Return what it writes for each text, read by its processor."""
        parsed: list[dict[str, Any]] = []
        for batch in self.in_batches(texts):
            inputs = self._processor(
                images=[image] * len(batch),
                text=[f"{task}{text.replace('<', ' ')}" if task != _REGION else f"{task}{text}"
                      for text in batch],
                padding=True,
                return_tensors="pt",
            )  # fmt: skip
            with torch.inference_mode():
                written = self._network.generate(
                    **self.to_device(inputs),
                    max_new_tokens=self._longest, do_sample=False, num_beams=1,
                )  # fmt: skip
            texts_written = self._processor.batch_decode(written, skip_special_tokens=False)
            parsed += [self.read(text, task, image) for text in texts_written]
        return parsed

    def read(self, text: str, task: str, image: UInt8Array) -> dict[str, Any]:
        """Return boxes and polygons that stand in what it wrote, in pixels of the image."""
        size = (int(image.shape[1]), int(image.shape[0]))
        answer = self._processor.post_process_generation(
            text=text.replace("<pad>", ""), task=task, image_size=size
        )[task]
        return {"bboxes": answer.get("bboxes", []), "polygons": answer.get("polygons", [])}


def region_words(box: Sequence[float], shape: tuple[int, int]) -> str:
    """Return a box in the words that Florence-2 reads: `<loc_10><loc_20><loc_500><loc_600>`.

    Args:
        box: x0, y0, x1, y1 in pixels.
        shape: (H, W).
    """
    sides = (shape[1], shape[0], shape[1], shape[0])
    bins = [int(edge / side * BINS) for edge, side in zip(box, sides, strict=True)]
    return "".join(f"<loc_{min(max(place, 0), BINS - 1)}>" for place in bins)


def fill(outlines: Sequence[Sequence[float]], shape: tuple[int, int]) -> BoolArray:
    """Return the pixels within polygons, (H, W).

    Args:
        outlines: x, y, x, y, ... of each, in pixels; those of fewer than three corners are empty.
        shape: (H, W).
    """
    canvas = np.zeros(shape, np.uint8)
    for outline in outlines:
        corners = np.rint(np.array(outline, np.float64).reshape(-1, 2)).astype(np.int32)
        if len(corners) > 2:
            cv2.fillPoly(canvas, [corners], 1)
    filled: BoolArray = canvas.view(np.bool_)
    return filled


def _union(masks: Sequence[BoolArray], shape: tuple[int, int]) -> BoolArray:
    whole: BoolArray = np.zeros(shape, np.bool_)
    for mask in masks:
        whole |= mask
    return whole


def _box(box: Sequence[float], shape: tuple[int, int]) -> BoolArray:
    x0, y0, x1, y1 = box
    return fill([[x0, y0, x1, y0, x1, y1, x0, y1]], shape)
