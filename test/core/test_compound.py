from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from moving import answer

from textseg_core.command import parse_command
from textseg_core.compound import CompoundTexts, destination_expression
from textseg_core.segmenter import Segmenter


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("put the red mug on the plate", "the plate"),
        ("put the mug on the left on the plate on the right", "the plate on the right"),
        ("move the jar to the right of the box", "the box"),
        ("pick up the jar and put it in the box", "the box"),
        ("give the man the mug", "the man"),
        ("put the cup on the corner of the table", "the corner of the table"),
        ("put mug on place mat", "place mat"),
        ("put the cup in the hand on the left", "the hand on the left"),
        ("pick up the jar next to the apples", None),
        ("put it here", None),
        ("put the mug over there", None),
        ("move the mug to the left", None),
        ("move the mug to the left hand side", None),
        ("push the mug to the other side", None),
        ("place the apple into it", None),
        ("the mug on the plate", None),
        ("", None),
    ],
)
def test_a_destination_is_segmented_where_it_names_a_thing(text: str, place: str | None) -> None:
    assert destination_expression(parse_command(text)) == place
    if place is not None:
        assert parse_command(place).expression == place


def test_each_text_is_segmented_once_and_found_again_in_order() -> None:
    commands = [
        "put the mug on the tray",
        "the tray",
        "put the jar on the tray",
        "the jar",
        "the jar",
    ]
    compound = CompoundTexts(commands)
    assert compound.texts == (
        "put the mug on the tray",
        "the tray",
        "put the jar on the tray",
        "the jar",
    )

    found = [answer(expression=text) for text in compound.texts]
    joined = compound.join(found)

    assert [one.target for one in joined] == [found[0], found[1], found[2], found[3], found[3]]
    assert [one.destination for one in joined] == [found[1], None, found[1], None, None]


def test_no_commands_need_no_texts() -> None:
    assert CompoundTexts([]).texts == ()
    assert CompoundTexts([]).join([]) == []


def test_as_many_segmentations_are_expected_as_texts() -> None:
    with pytest.raises(ValueError, match="each of 2 texts, got 1"):
        CompoundTexts(["put the mug on the tray"]).join([answer()])


def test_both_places_of_a_command_are_found_with_one_encoding_of_the_image(
    build_segmenter: Callable[..., Segmenter], colour_backend: type[Any]
) -> None:
    image = np.zeros((96, 192, 3), np.uint8)
    image[32:64, 16:48] = (255, 0, 0)
    image[32:64, 128:176] = (0, 0, 255)
    backend = colour_backend()
    compound = CompoundTexts(["put the red block on the blue block", "the blue block"])

    put, blue = compound.join(build_segmenter(backend).segment_many(image, compound.texts))

    assert put.destination is not None
    assert put.target.command.action == "put"
    assert put.target.centroid == pytest.approx((31.5, 47.5), abs=0.5)
    assert put.destination.centroid == pytest.approx((151.5, 47.5), abs=0.5)
    assert put.destination is blue.target
    assert (backend.images, backend.batches) == (1, [2])
