"""Training samples: a scene and its expressions as small tensors, stacked into batches.

Masks travel as one soft 8-bit map per object and a table that says which objects each
expression means; the targets are put together on the device.
"""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import cv2
import numpy as np
import torch
from torch import Tensor

from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.preprocess import Letterbox, letterbox_image
from textseg_core.scenes.scene import Query, Scene
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.framing import shown_targets

Sample: TypeAlias = dict[str, Tensor]

#: Label of a place in the batch where there is no thing.
NOTHING = -1
#: What differs in number from sample to sample: along which axis, and what fills it up.
_PADDED = {
    "masks": (0, 0),
    "members": (1, 0),
    "thing_boxes": (0, 0),
    "thing_labels": (0, NOTHING),
    "thing_attributes": (0, 0),
    "thing_described": (0, 0),
    "thing_masks": (0, 0),
    "thing_members": (1, 0),
}


class Annotator(Protocol):
    """Adds tensors to a sample that only some networks learn from."""

    def encode(
        self, scene: Scene, queries: Sequence[Query], letterbox: Letterbox, size_px: int
    ) -> Sample:
        """Return tensors of one scene."""
        ...


def soft_mask(mask: BoolArray, letterbox: Letterbox, stride: int) -> UInt8Array:
    """Return the share of each cell that is foreground, 0..255, (S / stride, S / stride)."""
    size = letterbox.size_px
    shrinks = size < max(mask.shape)
    square = np.zeros((size, size), np.uint8)
    square[
        letterbox.top : letterbox.top + letterbox.content_height,
        letterbox.left : letterbox.left + letterbox.content_width,
    ] = cv2.resize(
        np.ascontiguousarray(mask).view(np.uint8) * 255,
        (letterbox.content_width, letterbox.content_height),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    if stride == 1:
        return square
    side = size // stride
    return cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)


def encode_sample(
    scene: Scene,
    queries: Sequence[Query],
    tokenizer: Tokenizer,
    *,
    size_px: int,
    stride: int,
    mirror: bool = False,
    weak: bool = False,
    annotator: Annotator | None = None,
) -> Sample:
    """Return the tensors of one scene.

    Args:
        scene: Of any size.
        queries: Q expressions about it, in the words of the mirrored scene if `mirror`.
        tokenizer: Expression -> ids of length T.
        size_px: Side S of the network's input.
        stride: Pixels per cell of the masks.
        mirror: The device is to mirror image and masks.
        weak: It is known whether the targets are there, but not where.
        annotator: Adds more tensors; not for weak samples.

    Returns:
        `image` (S, S, 3) uint8, `masks` (N, S / stride, S / stride) uint8 of the N objects that
        are meant, `members` (Q, N) float32, `token_ids` (Q, T) int64, `presence`, `several` and
        `placed` (Q,) float32 (0 where the mask is unknown), and `mirror` () bool.
    """
    image, letterbox = letterbox_image(scene.image, size_px)
    meant = [] if weak else shown_targets(scene, queries)
    side = size_px // stride
    masks = np.zeros((len(meant), side, side), np.uint8)
    for row, index in enumerate(meant):
        masks[row] = soft_mask(scene.objects[index].mask, letterbox, stride)
    members = np.zeros((len(queries), len(meant)), np.float32)
    if not weak:
        for row, query in enumerate(queries):
            members[row, [meant.index(index) for index in query.targets]] = 1.0
    presence = np.array([bool(query.targets) for query in queries], np.float32)
    ids = np.concatenate([tokenizer.encode(query.expression).token_ids for query in queries])
    more = {} if annotator is None else annotator.encode(scene, queries, letterbox, size_px)
    return {
        **more,
        "image": torch.from_numpy(image),
        "masks": torch.from_numpy(masks),
        "members": torch.from_numpy(members),
        "token_ids": torch.from_numpy(ids),
        "presence": torch.from_numpy(presence),
        "several": torch.tensor([float(query.several) for query in queries]),
        "placed": torch.from_numpy(1.0 - presence * weak),
        "mirror": torch.tensor(mirror),
    }


def collate(samples: Sequence[Sample]) -> Sample:
    """Stack B samples; objects are padded with empty masks that no expression means."""
    batch = {}
    for name in samples[0]:
        values = [sample[name] for sample in samples]
        if name in _PADDED:
            axis, filling = _PADDED[name]
            most = max(1, *(value.shape[axis] for value in values))
            values = [_padded(value, most, axis, filling) for value in values]
        batch[name] = torch.stack(values)
    return batch


def _padded(values: Tensor, size: int, dim: int, filling: int) -> Tensor:
    missing = list(values.shape)
    missing[dim] = size - values.shape[dim]
    return torch.cat([values, values.new_full(missing, filling)], dim) if missing[dim] else values
