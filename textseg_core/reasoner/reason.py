"""Combines what is proposed with what is said of place, rank and relation into an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, Float64Array, UInt8Array
from textseg_core.reasoner.geometry import View
from textseg_core.reasoner.grammar import Description, Parsed
from textseg_core.reasoner.judge import Judge
from textseg_core.reasoner.judged import ALIKE_SHARE, Judged
from textseg_core.reasoner.parse import parse_expression
from textseg_core.reasoner.propose import Instance, Proposer, noun_phrases
from textseg_core.reasoner.stage import MEMBER_SHARE
from textseg_core.segmentation import Status

#: Least score with which an instance is what is meant.
FOUND_SCORE = 0.3
#: Where one is asked for, another rivals the best if its score reaches this share of the best
#: one's, and how well what is said fits it `ALIKE_SHARE`.
RIVAL_SHARE = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Reasoned:
    """The answer of the reasoner.

    Attributes:
        parsed: What the expression says.
        mask: Union of what is meant, (H, W).
        response_map: For each pixel the score of the best instance that covers it, (H, W).
        score: Of the best instance, in [0, 1]; 0 without one.
        margin: By how much the worst that is meant outdoes the best that is not, in [0, 1].
        status: Found, not found or ambiguous.
        judged: All instances of the noun, best first.
        meant: How many of them are meant.
    """

    parsed: Parsed
    mask: BoolArray
    response_map: Float32Array
    score: float
    margin: float
    status: Status
    judged: tuple[Judged, ...]
    meant: int

    @property
    def explanation(self) -> str:
        """What is meant and why, one instance a line; the best one that is not, if none is."""
        if not self.judged:
            return f"no {self.parsed.target.words} is in view"
        shown = self.judged[: self.meant] or self.judged[:1]
        return "\n".join(one.explanation for one in shown)


def reason(
    image: UInt8Array,
    expression: str,
    proposer: Proposer,
    *,
    depth: Float32Array | None = None,
    intrinsics: Float64Array | None = None,
) -> Reasoned:
    """Return what an expression means in an image.

    Args:
        image: RGB, (H, W, 3).
        expression: A referring expression.
        proposer: Finds the instances of its nouns.
        depth: (H, W) in metres; None to judge from masks alone.
        intrinsics: Camera matrix in pixels, (3, 3), with `depth`.

    Raises:
        ValueError: If depth does not fit the image or comes without intrinsics.
    """
    parsed = parse_expression(expression)
    view = View(int(image.shape[0]), int(image.shape[1]), depth, intrinsics)
    phrases = noun_phrases(parsed.target)
    proposed = proposer.propose(image, list(phrases.values()))
    return conclude(parsed, dict(zip(phrases, proposed, strict=True)), view)


def conclude(parsed: Parsed, proposed: Mapping[str, Sequence[Instance]], view: View) -> Reasoned:
    """Return what a parsed expression means among instances, by keys of `noun_phrases`."""
    judge = Judge(proposed, view)
    parts = (parsed.target, *parsed.target.joined)
    judged: list[Judged] = []
    meant: list[Judged] = []
    statuses: list[Status] = []
    margins: list[float] = []
    for part in parts:
        ranked = sorted(judge.judge(part), key=lambda one: -one.score)
        count, status = _choose(ranked, part)
        best_left = ranked[count].score if count < len(ranked) else 0.0
        margins.append(ranked[count - 1].score - best_left if count else 0.0)
        meant += ranked[:count]
        judged += ranked
        statuses.append(status)
    chosen = {id(one) for one in meant}
    judged = [*meant, *(one for one in judged if id(one) not in chosen)]
    shape = (view.height, view.width)
    mask = np.zeros(shape, np.bool_)
    response = np.zeros(shape, np.float32)
    for one in judged:
        drawn = one.instance.response
        layer = one.instance.mask.astype(np.float32) if drawn is None else drawn
        np.maximum(response, layer * np.float32(one.score), out=response)
    for one in meant:
        mask |= one.instance.mask
    status = (
        Status.AMBIGUOUS if Status.AMBIGUOUS in statuses
        else Status.FOUND if meant else Status.NOT_FOUND
    )  # fmt: skip
    score = max((one.score for one in judged), default=0.0)
    return Reasoned(
        parsed, mask, response, score, min(margins, default=0.0), status, tuple(judged), len(meant)
    )


def _choose(ranked: Sequence[Judged], part: Description) -> tuple[int, Status]:
    """Return how many of those judged, best first, are meant, and the status."""
    scores = [one.score for one in ranked]
    if not scores or scores[0] < FOUND_SCORE:
        return 0, Status.NOT_FOUND
    if part.plural:
        count = sum(score >= max(FOUND_SCORE, MEMBER_SHARE * scores[0]) for score in scores)
        return min(count, part.count or count), Status.FOUND
    count = 1
    while count < len(ranked) and _rivals(ranked[count], ranked[0]):
        count += 1
    return count, Status.AMBIGUOUS if count > 1 else Status.FOUND


def _rivals(one: Judged, best: Judged) -> bool:
    """Tell whether an instance may be meant as well as the best one.

    How sure the proposer is of it matters less than how well what is said fits it: a mug that was
    seen less clearly is a mug too.
    """
    fits = one.said >= ALIKE_SHARE * best.said
    return fits and one.score >= RIVAL_SHARE * best.score
