"""What a segmenter returns: mask, response, objects and how sure it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from textseg_core.arrays import BoolArray, Float32Array
from textseg_core.command import Command
from textseg_core.geometry import Axis, Box

__all__ = ["Axis", "Segmentation", "SegmentedObject", "Status"]


class Status(str, Enum):
    """Whether the image holds what the expression describes.

    Attributes:
        FOUND: The mask shows it.
        NOT_FOUND: Nothing in view fits the expression.
        AMBIGUOUS: One was asked for, several fit; the mask shows them.
    """

    FOUND = "found"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentedObject:
    """One connected piece of what was found, in pixels of the camera image.

    Attributes:
        mask: Foreground of this object alone, (H, W).
        box: (x, y, width, height), whole pixels.
        area: Pixels of the mask.
        centroid: (u, v) in pixels; lies on the mask, see `geometry.mask_centroid`.
        axis: Main axis, from the mask's second moments.
        score: Mean response over the mask, in [0, 1].
    """

    mask: BoolArray
    box: Box
    area: int
    centroid: tuple[float, float]
    axis: Axis
    score: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation:
    """The answer to one expression in one image.

    Attributes:
        mask: Union of the objects' masks, (H, W).
        response: Gives `response_map` when that is asked for, the same array each time.
        score: Probability that the expression describes something in view, in [0, 1]; of a
            network that does not give one, the greatest response.
        objects: Best first; empty if nothing was found.
        status: Found, not found or ambiguous.
        expression: The words that were segmented.
        command: What was made of the text as typed.
        unknown_words: Words of the expression that the network does not know.
        truncated_words: Words beyond the longest expression that the network takes.
        timings_ms: Milliseconds per stage: `preprocess`, `encoder`, `text`, `head`,
            `postprocess`. With several expressions at once, `preprocess`, `encoder` and `head`
            are those of the one run that served them all, and `text` is an equal share. `reasoner`
            where the reasoner was asked, for all expressions together.
        explanation: Why this is meant, of an answer that the reasoner gave: "jar 2: next to
            apple 1, 0.91"; else empty.
    """

    mask: BoolArray
    response: Callable[[], Float32Array]
    score: float
    objects: tuple[SegmentedObject, ...]
    status: Status
    expression: str
    command: Command
    unknown_words: tuple[str, ...] = ()
    truncated_words: tuple[str, ...] = ()
    timings_ms: dict[str, float] = field(default_factory=dict)
    explanation: str = ""

    @property
    def response_map(self) -> Float32Array:
        """How well each pixel fits the expression, (H, W) in [0, 1].

        As the network gave it, even if nothing was found. Asked for the first time it takes about
        as long as all else that was made of the network's answer.
        """
        return self.response()

    @property
    def centroid(self) -> tuple[float, float] | None:
        """(u, v) of the best object, pixels; None if nothing was found."""
        return self.objects[0].centroid if self.objects else None
