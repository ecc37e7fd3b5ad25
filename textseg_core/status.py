"""What the network's answer amounts to: found, not found, or ambiguous."""

import math
from dataclasses import dataclass

import numpy as np

from textseg_core.arrays import AnyArray, Float32Array
from textseg_core.runtime.base import Tensors
from textseg_core.segmentation import SegmentedObject, Status

#: The second object rivals the best one from this share of its response times area on.
RIVAL_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What the network says of one expression.

    Attributes:
        logits: One value per cell, (h, w).
        presence: Probability that the expression describes something in view; None from a
            network that does not say.
        several: Probability that it describes more than one thing; None likewise.
    """

    logits: Float32Array
    presence: float | None
    several: float | None

    def is_absent(self, presence_threshold: float) -> bool:
        """Tell whether the network says that nothing in view is described."""
        return self.presence is not None and self.presence < presence_threshold


def read_answers(outputs: Tensors, *, count: int, cells: int) -> list[Answer]:
    """Return the answers that a query head's outputs hold.

    Args:
        outputs: `logits` (B, 1, h, w), optionally `presence` (B,) and `several` (B,), logits.
        count: Expected number B of expressions.
        cells: Expected h and w.

    Raises:
        RuntimeError: If an output is missing or of another shape.
        ValueError: If `presence` or `several` holds NaN (infinity is a certain answer).
    """
    expected = (count, 1, cells, cells)
    if "logits" not in outputs or outputs["logits"].shape != expected:
        came = outputs["logits"].shape if "logits" in outputs else sorted(outputs)
        raise RuntimeError(
            f"the network must return logits {expected}, got {came}; model.yaml and the "
            "network's files must come from one export"
        )
    presence = _probabilities(outputs, "presence", count)
    several = _probabilities(outputs, "several", count)
    return [
        Answer(
            logits=outputs["logits"][index, 0], presence=presence[index], several=several[index]
        )
        for index in range(count)
    ]


def decide(objects: tuple[SegmentedObject, ...], *, several: float | None, plural: bool) -> Status:
    """Return what to tell the one who asked.

    Without objects: not found. Where one thing was asked for and more fit: ambiguous. More fit
    if the network says so (`several` above one half); of a network that does not say, if the
    second object has at least `RIVAL_SHARE` of the best one's response times area.

    Args:
        objects: What was found, best first.
        several: Probability that the expression describes more than one thing, or None.
        plural: Whether the expression asks for more than one ("the apples").
    """
    if not objects:
        return Status.NOT_FOUND
    if plural:
        return Status.FOUND
    if several is not None:
        return Status.AMBIGUOUS if several > 0.5 else Status.FOUND
    if len(objects) < 2:
        return Status.FOUND
    best, second = (found.score * found.area for found in objects[:2])
    return Status.AMBIGUOUS if second >= RIVAL_SHARE * best else Status.FOUND


def _probabilities(outputs: Tensors, name: str, count: int) -> list[float | None]:
    """Return the sigmoid of one output, or Nones if the network does not have it."""
    if name not in outputs:
        return [None] * count
    logits: AnyArray = outputs[name]
    if logits.shape != (count,):
        raise RuntimeError(
            f"the network must return {name} {(count,)}, got {logits.shape}; export it again"
        )
    if np.isnan(logits).any():
        raise ValueError(
            f"{name} holds NaN, expected logits; the result is refused, check the weights and "
            "the precision of the backend"
        )
    return [_sigmoid(float(value)) for value in logits]


def _sigmoid(logit: float) -> float:
    """Return the logistic function without overflow."""
    if logit >= 0.0:
        return 1.0 / (1.0 + math.exp(-logit))
    power = math.exp(logit)
    return power / (1.0 + power)
