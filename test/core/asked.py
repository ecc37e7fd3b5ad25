"""What the reasoner means by an expression about drawn objects, on their true masks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from textseg_core.reasoner.reason import Reasoned, reason
from textseg_core.reasoner.truth import TrueMasks
from textseg_core.scenes.scene import Scene, SceneObject


def box(
    name: str, x: int, y: int, width: int, height: int, size: tuple[int, int], **more: Any
) -> SceneObject:
    """A box whose middle is at (x, y) of a picture of this height and width."""
    mask = np.zeros(size, np.bool_)
    mask[y - height // 2 : y + height // 2, x - width // 2 : x + width // 2] = True
    return SceneObject((name,), mask, **more)


def ask(text: str, objects: Sequence[SceneObject]) -> Reasoned:
    """Return what is found among objects, which have masks of one size."""
    image = np.zeros((*objects[0].mask.shape, 3), np.uint8)
    scene = Scene(image, tuple(objects), frozenset())
    return reason(image, text, TrueMasks(scene))


def indices(found: Reasoned, objects: Sequence[SceneObject]) -> list[int]:
    """Return which objects are meant, in their order in the scene."""
    shown = [one.instance.mask for one in found.judged[: found.meant]]
    return [i for i, item in enumerate(objects) if any(item.mask is mask for mask in shown)]
