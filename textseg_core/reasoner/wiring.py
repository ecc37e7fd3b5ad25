"""Lets the reasoner have its say in a segmenter's answers about one image."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np

from textseg_core.arrays import Float32Array, UInt8Array
from textseg_core.postprocess import find_objects
from textseg_core.reasoner.combine import (
    Combined,
    NetworkAnswer,
    asked_phrases,
    combine,
    is_reasoned,
)
from textseg_core.reasoner.geometry import View
from textseg_core.reasoner.grammar import Parsed
from textseg_core.reasoner.network import Ask, NetworkInstances, texts_of
from textseg_core.reasoner.parse import parse_expression
from textseg_core.reasoner.propose import phrase_key
from textseg_core.segmentation import Segmentation, Status


def with_reasons(
    image: UInt8Array,
    found: Sequence[Segmentation],
    ask: Ask,
    *,
    threshold: float,
    min_area_px: int,
    max_objects: int,
) -> list[Segmentation]:
    """Return the answers with those replaced of which the reasoner knows more.

    What it needs of the network is asked in one run for all expressions; where no expression
    says anything of place, rank or relation, nothing is asked.

    Args:
        image: RGB, (H, W, 3).
        found: The network's answers.
        ask: Returns the network's responses to texts about the same image.
        threshold: Least response counted as foreground.
        min_area_px: Smallest object kept.
        max_objects: Most objects kept.
    """
    started = perf_counter()
    parsed = [parse_expression(one.expression) for one in found]
    reasoned = [place for place, one in enumerate(parsed) if is_reasoned(one)]
    texts = [
        text
        for place in reasoned
        for phrase in asked_phrases(parsed[place]).values()
        for text in texts_of(phrase)
    ]
    if not reasoned:
        return list(found)
    unique = list(dict.fromkeys(texts))
    responses = dict(zip(unique, ask(unique), strict=True))
    results = list(found)
    for place in reasoned:
        pieces = find_objects(
            found[place].response_map,
            threshold=threshold,
            min_area_px=min_area_px,
            max_objects=max_objects,
        )
        answer = NetworkAnswer(
            found[place].response_map,
            pieces,
            found[place].score,
            found[place].status is not Status.NOT_FOUND,
            found[place].status is Status.AMBIGUOUS,
        )
        combined = _combined(image, parsed[place], answer, responses, min_area_px)
        if combined is not None:
            results[place] = _replaced(found[place], combined, min_area_px)
    spent = (perf_counter() - started) * 1e3
    return [
        one
        if place not in reasoned
        else replace(one, timings_ms={**one.timings_ms, "reasoner": spent})
        for place, one in enumerate(results)
    ]


def _combined(
    image: UInt8Array,
    parsed: Parsed,
    answer: NetworkAnswer,
    responses: dict[str, Float32Array],
    min_area_px: int,
) -> Combined | None:
    """Return what network and reasoner mean by one expression."""
    phrases = asked_phrases(parsed)
    proposer = NetworkInstances(lambda texts: [responses[text] for text in texts], min_area_px)
    proposed = dict(zip(phrases, proposer.propose(image, list(phrases.values())), strict=True))
    every, single, *_ = texts_of(phrases[phrase_key(parsed.target)])
    view = View(int(image.shape[0]), int(image.shape[1]))
    return combine(parsed, proposed, answer, view, (responses[every], responses[single]))


def _replaced(one: Segmentation, combined: Combined, min_area_px: int) -> Segmentation:
    """Return an answer that shows what is meant: one thing, perhaps in several pieces."""
    # The response within the mask is high enough to be found again; outside it is the network's.
    inside = np.maximum(one.response_map, np.float32(combined.score))
    response = np.where(combined.mask, inside, one.response_map).astype(np.float32)
    shown = np.where(combined.mask, response, np.float32(0.0)).astype(np.float32)
    objects = find_objects(shown, threshold=0.0, min_area_px=1, max_objects=1)
    return replace(
        one,
        mask=combined.mask,
        response=lambda: response,
        score=max(one.score, combined.score),
        objects=objects,
        status=Status.FOUND,
        explanation=combined.explanation,
    )
