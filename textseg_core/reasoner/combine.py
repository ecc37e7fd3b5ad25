"""Weighs the reasoner's verdicts against a network's answer to the whole expression.

The network sees what no rule knows, and the rules know what the network learnt badly. Which kinds
of expressions are left to the network, the weights and the limits were chosen on scenes of the
training split; docs/reasoner.md gives the figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from textseg_core.arrays import BoolArray, Float32Array
from textseg_core.reasoner.geometry import View
from textseg_core.reasoner.grammar import Description, Parsed
from textseg_core.reasoner.judge import judge_all
from textseg_core.reasoner.judged import ALIKE_SHARE, Judged, Reason
from textseg_core.reasoner.network import mean_response, pieces_beside
from textseg_core.reasoner.propose import Instance, NounPhrase, noun_phrases, phrase_key
from textseg_core.segmentation import SegmentedObject

#: Exponents of how well the noun, what is said of the instance, and the network's response to
#: the whole expression fit; they are divided by their sum.
NOUN_WEIGHT, SAID_WEIGHT, VOTE_WEIGHT = 0.5, 1.0, 0.25
#: The last for exclusions, of which the network knows too little.
EXCLUDED_VOTE_WEIGHT = 0.0
#: No verdict counts for less than this, so that one error does not decide alone.
LEAST_SAID, LEAST_VOTE = 0.05, 0.02
#: Where the network finds nothing, the reasoner does if the network's score and its own evidence
#: reach these.
SCORE_IN_DOUBT, EVIDENCE = 0.2, 0.5

#: Where the network finds several, the reasoner picks one unless what is said fits the next nearly
#: as well (`ALIKE_SHARE`) and its noun fits by this much.
LEAST_NOUN = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class NetworkAnswer:
    """What a network answers to a whole expression.

    Attributes:
        response_map: (H, W) in [0, 1].
        pieces: What of it responds, best first, found or not.
        score: Probability that something in view is meant.
        found: Whether the network says so.
        ambiguous: Whether it says that several things fit where one is asked for.
    """

    response_map: Float32Array
    pieces: tuple[SegmentedObject, ...]
    score: float
    found: bool
    ambiguous: bool


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """What network and reasoner mean together.

    Attributes:
        mask: Of the one thing that is meant, (H, W); empty if nothing is.
        score: How sure it is, in [0, 1].
        explanation: In one line: `jar 2: next to apple 1, 0.91`.
    """

    mask: BoolArray
    score: float
    explanation: str


def is_reasoned(parsed: Parsed) -> bool:
    """Return whether an expression is one of which the reasoner knows more than a network.

    These ask for one thing by relations, ranks, places or exclusions. Plurals, sizes and
    superlatives, materials and bare nouns are left to the network.
    """
    said = parsed.target
    if said.plural or said.joined or said.materials or said.sizes or said.extremes:
        return False
    if not said.noun and any(link.key == "of" for link in said.links):
        return False
    if any(place.most for place in said.places) and not said.links:
        return False
    return bool(said.links or said.rank or said.places or said.excluded)


def asked_phrases(parsed: Parsed) -> dict[str, NounPhrase]:
    """Return what instances are wanted for an expression, by key."""
    return noun_phrases(parsed.target)


def combine(
    parsed: Parsed,
    proposed: Mapping[str, Sequence[Instance]],
    answer: NetworkAnswer,
    view: View,
    noun_responses: Sequence[Float32Array],
) -> Combined | None:
    """Return the one thing that network and reasoner mean; None to keep the network's answer.

    Args:
        parsed: Of which `is_reasoned` is true.
        proposed: Instances by the keys of `asked_phrases`.
        answer: The network's to the whole expression.
        view: The picture.
        noun_responses: The network's responses to all of the target's noun and to one, (H, W)
            each, by which its own pieces are judged.
    """
    if answer.ambiguous and answer.found and parsed.target.is_bare:
        return None
    key = phrase_key(parsed.target)
    own = pieces_beside(proposed.get(key, ()), answer.pieces, noun_responses)
    candidates = {**proposed, key: (*proposed.get(key, ()), *own)}
    judged = judge_all(parsed.target, candidates, view)
    if not judged:
        return None
    scored = [(_combined(parsed.target, one, answer.response_map), one) for one in judged]
    scored.sort(key=lambda pair: -pair[0])
    score, best = scored[0]
    if answer.found and answer.ambiguous and len(scored) > 1:
        rival = scored[1][1]
        alike = rival.said >= ALIKE_SHARE * best.said
        if alike and rival.instance.score >= LEAST_NOUN:
            return None  # the rules cannot tell them apart either
    evidence = best.instance.score**0.5 * best.said
    if not answer.found and (answer.score < SCORE_IN_DOUBT or evidence < EVIDENCE):
        return None
    vote = mean_response(answer.response_map, best.instance.mask)
    explained = replace(best, reasons=(*best.reasons, Reason("the network", vote)))
    return Combined(_drawn(best.instance, answer.pieces), score, explained.explanation)


def _combined(said: Description, one: Judged, response: Float32Array) -> float:
    """Return the weighted geometric mean of what speaks for an instance."""
    noun = max(one.instance.score, 1e-9)
    weights = np.array(
        [NOUN_WEIGHT, SAID_WEIGHT, EXCLUDED_VOTE_WEIGHT if said.excluded else VOTE_WEIGHT]
    )
    fits = np.array(
        [
            max(noun, LEAST_VOTE),
            LEAST_SAID + (1.0 - LEAST_SAID) * one.said,
            LEAST_VOTE + (1.0 - LEAST_VOTE) * mean_response(response, one.instance.mask),
        ]
    )
    return float(np.exp((weights * np.log(fits)).sum() / weights.sum()))


def _drawn(one: Instance, pieces: Sequence[SegmentedObject]) -> BoolArray:
    """Return the network's own drawing of an instance where it has one: it is the sharper."""
    for piece in pieces:
        if Instance(piece.mask).is_same(one):
            return piece.mask
    return one.mask
