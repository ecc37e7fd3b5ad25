"""What a picture shows, thing by thing, as tensors: for networks that learn of whole things."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from textseg_core.language.words import split_words
from textseg_core.models.detection.proposals import category_index
from textseg_core.preprocess import Letterbox
from textseg_core.scenes.scene import Query, Scene
from textseg_core.training.samples import NOTHING, Sample, soft_mask

#: Input pixels per cell of a thing's mask.
MASK_STRIDE = 2
#: Words behind which another thing may be spoken of.
RELATING = frozenset(
    "of on in at to by with near next beside behind above below under over between from".split()  # noqa: SIM905
)
_PREFIX = "thing_"


class Things(NamedTuple):
    """The things of B pictures, padded to N.

    Attributes:
        boxes: (B, N, 4), x0, y0, x1, y1 in pixels of the network's input.
        labels: (B, N) int64, index of the category, `NOTHING` where there is no thing.
        attributes: (B, N, A), 1 for each attribute that is said of it, else 0.
        described: (B, N), 1 where its attributes are known.
        masks: (B, N, S / 2, S / 2), share of each cell that is the thing's, 0..1.
        members: (B, Q, N), 1 for the things that an expression means.
    """

    boxes: Tensor
    labels: Tensor
    attributes: Tensor
    described: Tensor
    masks: Tensor
    members: Tensor

    @property
    def there(self) -> Tensor:
        """1 where there is a thing, else 0, (B, N)."""
        return (self.labels != NOTHING).to(self.boxes.dtype)


@dataclass(frozen=True, slots=True)
class ThingEncoder:
    """Turns the things of a scene into tensors.

    Crowd regions are no things. Colours and materials are attributes where the scene knows them;
    elsewhere the words of an expression that means the thing alone are, up to its first relation.

    Attributes:
        categories: Names, the first of them for whatever has none of the other ones.
        attributes: Words that may be said of a thing: colours and materials.
    """

    categories: Sequence[str]
    attributes: Sequence[str] = ()

    def encode(
        self, scene: Scene, queries: Sequence[Query], letterbox: Letterbox, size_px: int
    ) -> Sample:
        """Return tensors of one scene, named as the fields of `Things` with a prefix."""
        chosen = [index for index, thing in enumerate(scene.objects) if thing.countable]
        side = size_px // MASK_STRIDE
        count = len(chosen)
        masks = np.zeros((count, side, side), np.uint8)
        boxes = np.zeros((count, 4), np.float32)
        labels = np.zeros(count, np.int64)
        attributes = np.zeros((count, len(self.attributes)), np.float32)
        described = np.zeros(count, np.float32)
        members = np.zeros((len(queries), count), np.float32)
        for row, index in enumerate(chosen):
            thing = scene.objects[index]
            masks[row] = soft_mask(thing.mask, letterbox, MASK_STRIDE)
            boxes[row] = letterbox.box_to_input(thing.box)
            labels[row] = category_index((*thing.names, *thing.hypernyms), self.categories)
            members[:, row] = [index in query.targets for query in queries]
            said = {*thing.colors, thing.material} - {""} or {
                word
                for query in queries
                if query.targets == (index,)
                for word in own_words(query.expression)
            }
            attributes[row] = [word in said for word in self.attributes]
            described[row] = bool(said)
        values = (boxes, labels, attributes, described, masks, members)
        return {
            _PREFIX + name: torch.from_numpy(value)
            for name, value in zip(Things._fields, values, strict=True)
        }


def own_words(expression: str) -> list[str]:
    """Return the words of an expression before its first relation, lower-cased."""
    words = [word.plain for word in split_words(expression)]
    return list(takewhile(lambda word: word not in RELATING, words))


def prepare_things(batch: Sample, which: Tensor) -> Sample:
    """Return the things of a batch on the device: masks from 0 to 1, some pictures mirrored.

    Args:
        batch: As `samples.collate` stacks it.
        which: (B,), the samples that are mirrored.
    """
    size_px = batch["image"].shape[2]
    boxes = batch[_PREFIX + "boxes"]
    flipped = torch.stack(
        [size_px - boxes[..., 2], boxes[..., 1], size_px - boxes[..., 0], boxes[..., 3]], dim=2
    )
    masks = batch[_PREFIX + "masks"].float() / 255.0
    there = batch[_PREFIX + "labels"] != NOTHING
    chosen = which[:, None, None] & there[:, :, None]
    kept = {name: value for name, value in batch.items() if name.startswith(_PREFIX)}
    kept[_PREFIX + "boxes"] = torch.where(chosen, flipped, boxes)
    kept[_PREFIX + "masks"] = torch.where(which[:, None, None, None], masks.flip(3), masks)
    return kept


def has_things(batch: Sample) -> bool:
    """Tell whether samples or a batch hold things."""
    return _PREFIX + "labels" in batch


def things_of(batch: Sample) -> Things:
    """Return the things of a prepared batch."""
    return Things(*(batch[_PREFIX + name] for name in Things._fields))
