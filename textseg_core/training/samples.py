"""Training samples: a scene and its expressions as small tensors, stacked into batches.

Masks travel as one soft 8-bit map per object and a table that says which objects each
expression means; the targets are put together on the device.
"""

from collections.abc import Sequence
from typing import TypeAlias

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
    return {
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
    most = max(1, *(len(sample["masks"]) for sample in samples))
    batch = {}
    for name in samples[0]:
        values = [sample[name] for sample in samples]
        if name == "masks":
            values = [_padded(value, most, dim=0) for value in values]
        elif name == "members":
            values = [_padded(value, most, dim=1) for value in values]
        batch[name] = torch.stack(values)
    return batch


def _padded(values: Tensor, size: int, dim: int) -> Tensor:
    missing = list(values.shape)
    missing[dim] = size - values.shape[dim]
    return torch.cat([values, values.new_zeros(missing)], dim=dim) if missing[dim] else values
