"""A network's instances and its own answer are weighed together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from textseg_core.arrays import BoolArray, Float32Array, UInt8Array
from textseg_core.postprocess import find_objects
from textseg_core.reasoner.combine import Combined, NetworkAnswer, combine, is_reasoned
from textseg_core.reasoner.geometry import View
from textseg_core.reasoner.network import NetworkInstances, many, pieces_beside, texts_of
from textseg_core.reasoner.parse import parse_expression
from textseg_core.reasoner.propose import Instance, NounPhrase
from textseg_core.segmentation import Status
from textseg_core.segmenter import Segmenter

IMAGE: UInt8Array = np.zeros((100, 100, 3), np.uint8)
RED = (255, 0, 0)
MUGS = ((10, 40), (70, 40))


def response(*squares: tuple[int, int, float]) -> Float32Array:
    """Squares of 20 pixels with a response, by their upper left corners."""
    drawn = np.zeros((100, 100), np.float32)
    for x, y, value in squares:
        drawn[y : y + 20, x : x + 20] = value
    return drawn


def square(x: int, y: int, score: float = 1.0) -> Instance:
    return Instance(response((x, y, 1.0)) > 0.5, score)


def answer(*squares: tuple[int, int, float], score: float = 0.95, found: bool = True,
           ambiguous: bool = False) -> NetworkAnswer:  # fmt: skip
    drawn = response(*squares)
    pieces = find_objects(drawn, threshold=0.4, min_area_px=1, max_objects=9)
    return NetworkAnswer(drawn, pieces, score, found, ambiguous)


def combined(
    text: str, given: NetworkAnswer, mugs: Sequence[Instance], **others: Sequence[Instance]
) -> Combined | None:
    nothing = response()
    proposed = {"mug": tuple(mugs), **others}
    view = View(100, 100)
    return combine(parse_expression(text), proposed, given, view, (nothing, nothing))


def left_edge(mask: BoolArray) -> int:
    return int(np.flatnonzero(mask.any(axis=0))[0])


def test_all_of_a_noun_and_one_of_it_and_each_attribute_are_asked() -> None:
    bowl = NounPhrase("bowl", ("wooden bowl", "bowl"), ("red", "wooden"))

    assert texts_of(bowl) == ["all wooden bowls", "wooden bowl", "red bowl", "wooden bowl"]
    assert texts_of(NounPhrase("")) == ["all objects", "object"]


@pytest.mark.parametrize(
    ("noun", "expected"),
    [("toy car", "toy cars"), ("bag of chips", "bags of chips"), ("knife", "knives"),
     ("scissors", "scissors"), ("potato", "potatoes"), ("box", "boxes")],
)  # fmt: skip
def test_plurals(noun: str, expected: str) -> None:
    assert many(noun) == expected


def test_instances_are_the_pieces_of_the_plural_judged_by_both_answers() -> None:
    asked: list[str] = []
    answers = {
        "all mugs": response((10, 40, 0.9), (70, 40, 0.8), (40, 5, 0.6)),
        "mug": response((10, 40, 0.9), (70, 40, 0.2)),
        "red mug": response((70, 40, 0.7)),
    }

    def ask(texts: Sequence[str]) -> list[Float32Array]:
        asked.extend(texts)
        return [answers[text] for text in texts]

    (found,) = NetworkInstances(ask).propose(IMAGE, [NounPhrase("mug", ("mug",), ("red",))])

    # The third has no response to "mug" at all and is dropped.
    assert [one.box[:2] for one in found] == [(10.0, 40.0), (70.0, 40.0)]
    assert [one.score for one in found] == pytest.approx([0.9, 0.4], abs=1e-5)
    assert [one.fits["red"] for one in found] == pytest.approx([0.0, 0.7], abs=1e-5)
    assert sorted(asked) == ["all mugs", "mug", "red mug"]


def test_a_piece_that_is_no_instance_yet_is_judged_by_the_noun() -> None:
    own = answer((10, 40, 0.9), (70, 40, 0.9)).pieces
    every, single = response((70, 40, 0.8)), response((70, 40, 0.2))

    (added,) = pieces_beside([square(12, 40)], own, (every, single))

    assert added.box[0] == 70.0
    assert added.score == pytest.approx(0.4, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the mug left of the bowl", True), ("second mug from the left", True),
        ("the left mug", True), ("the mug that is not red", True),
        ("mug nearest to the box", True), ("the mug", False), ("the red mug", False),
        ("both mugs left of the bowl", False), ("the largest mug", False),
        ("the wooden bowl on the tray", False), ("leftmost mug", False),
        ("top of the box", False), ("the mug and the bowl on the left", False),
    ],
)  # fmt: skip
def test_what_the_reasoner_knows_more_of(text: str, expected: bool) -> None:
    assert is_reasoned(parse_expression(text)) is expected


def test_the_place_decides_between_two_that_the_network_takes_for_equal() -> None:
    given = answer((10, 40, 0.8), (70, 40, 0.8), ambiguous=True)

    found = combined("the right mug", given, [square(*at) for at in MUGS])

    assert found is not None
    assert left_edge(found.mask) == 70
    assert found.explanation == "mug 2: at the right, 1.00; the network, 0.80"


def test_the_network_decides_between_two_that_the_rules_take_for_equal() -> None:
    bowls = [square(10, 5), square(70, 5)]
    given = answer((70, 40, 0.9))

    found = combined("mug next to a bowl", given, [square(*at) for at in MUGS], bowl=bowls)

    assert found is not None
    assert left_edge(found.mask) == 70


def test_the_network_s_drawing_is_kept_where_it_shows_the_same_thing() -> None:
    given = answer((72, 41, 0.9))

    found = combined("the right mug", given, [square(*at) for at in MUGS])

    assert found is not None
    assert left_edge(found.mask) == 72


@pytest.mark.parametrize(("score", "expected"), [(0.1, False), (0.5, True)])
def test_what_the_network_doubts_is_found_on_evidence_only(score: float, expected: bool) -> None:
    given = answer((70, 40, 0.3), score=score, found=False)

    sure = combined("the right mug", given, [square(*at) for at in MUGS])
    unsure = combined("mug left of the bowl", given, [square(*at) for at in MUGS])

    assert (sure is not None) is expected
    assert unsure is None


def test_two_that_neither_can_tell_apart_stay_ambiguous() -> None:
    given = answer((10, 40, 0.8), (70, 40, 0.8), ambiguous=True)
    bowls = [square(10, 5), square(70, 5)]

    found = combined("mug next to a bowl", given, [square(*at) for at in MUGS], bowl=bowls)

    assert found is None


def test_without_any_instance_the_network_s_answer_stays() -> None:
    assert combined("the left mug", answer(), []) is None


def test_the_segmenter_asks_the_reasoner_where_it_is_set(
    colour_backend: Callable[..., Any],
    build_segmenter: Callable[..., Segmenter],
    draw_blocks: Callable[..., UInt8Array],
) -> None:
    image = draw_blocks(96, 192, (16, 32, 32, 32, RED), (128, 32, 32, 32, RED))
    backend = colour_backend(several=8.0)
    segmenter = build_segmenter(backend)

    without = segmenter.segment(image, "the right red block")
    segmenter.retune(replace(segmenter.config, reasoner=True))
    reasoned, bare = segmenter.segment_many(image, ["the right red block", "the red block"])

    assert without.status is bare.status is Status.AMBIGUOUS
    assert len(without.objects) == len(bare.objects) == 2
    assert without.explanation == bare.explanation == ""
    assert reasoned.status is Status.FOUND
    assert [found.box[0] for found in reasoned.objects] == [128]
    assert reasoned.explanation.startswith("block 2: red, 0.70; at the right, 1.00")
    assert "reasoner" in reasoned.timings_ms
    assert "reasoner" not in bare.timings_ms
    # One image; and one run of the head more, for the noun and its colour.
    assert backend.images == 2
    assert backend.batches == [1, 2, 3]


def test_the_reasoner_costs_nothing_where_nothing_is_said_of_place(
    colour_backend: Callable[..., Any],
    build_segmenter: Callable[..., Segmenter],
    draw_blocks: Callable[..., UInt8Array],
) -> None:
    backend = colour_backend()
    segmenter = build_segmenter(backend, reasoner=True)

    segmenter.segment(draw_blocks(96, 192, (16, 32, 32, 32, RED)), "the red block")

    assert backend.batches == [1]
