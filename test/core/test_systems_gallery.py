"""One picture with the answers of all systems: which is chosen, and which words are read."""

from pathlib import Path
from typing import Any

import pytest
import torch

from textseg_core.evaluation.records import Record
from textseg_core.models import registry
from textseg_core.models.checkpoint import save_checkpoint
from textseg_core.reproduce.attention import read_words
from textseg_core.reproduce.gallery import choose
from textseg_core.tokenizer import RESERVED

MATTNET: dict[str, Any] = {
    **{"categories": ["thing"], "attributes": ["red"], "proposals": 5},
    **{"pyramid_channels": 8, "box_channels": 8, "mask_layers": 1},
}
WORDS = [*RESERVED, "the", "red", "mug"]


def record(scene: str, expression: str, shared: int, kind: str = "category") -> Record:
    return Record(
        scene=scene,
        cluster=scene,
        expression=expression,
        kind=kind,
        several=False,
        targets=1,
        picture_px=10_000,
        target_px=100,
        answer_px=100,
        shared_px=shared,
        score=1.0,
        status="found",
    )


def test_the_picture_of_the_best_and_the_worst_is_chosen_whoever_was_right() -> None:
    shared = {"one": (0, 90, 5, 0, 50), "other": (80, 0, 0, 0, 50)}
    records = {
        name: [record("even", text, 60) for text in "abcd"]
        + [record("odd", text, px) for text, px in zip("abcde", odd, strict=True)]
        for name, odd in shared.items()
    }
    stuff = [record("odd", "the table", 100, "stuff")]

    chosen = choose({name: [*answers, *stuff] for name, answers in records.items()})

    assert chosen == ("odd", ["b", "a", "c", "d"])


def test_too_few_expressions_are_refused() -> None:
    with pytest.raises(ValueError, match="no picture was asked 4 expressions"):
        choose({"one": [record("a", text, 50) for text in "abc"]})


@pytest.mark.parametrize(
    ("name", "settings", "starts"),
    [
        ("compact", {"width": 32, "lexical_width": 8, "layers": 1}, ["noun: "]),
        (
            "mattnet",
            {
                "categories": ["thing"],
                "attributes": ["red"],
                "proposals": 5,
                "pyramid_channels": 8,
                "box_channels": 8,
                "mask_layers": 1,
            },
            ["subject 0.", "location 0.", "relationship 0."],
        ),
        ("rmi", {"cell_stride": 16, "visual_channels": 8, "expression_channels": 8}, []),
    ],
)
def test_words_that_are_read_are_told_where_there_is_attention(
    name: str, settings: dict[str, Any], starts: list[str], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    given = {"vocabulary_size": len(WORDS), "input_px": 64, "tokens": 5, **settings}
    if name != "compact":
        given |= {"backbone": "mobilenet_v2"}
    network = registry.build(name, **given)
    save_checkpoint(tmp_path / "x.safetensors", network, name, given, WORDS, {})

    (lines,) = read_words(tmp_path / "x.safetensors", ["the red mug"])

    assert [line.startswith(start) for line, start in zip(lines, starts, strict=True)] == [
        True
    ] * len(starts)
    for line in lines:
        told = dict(part.split() for part in line.partition(": ")[2].split(", "))
        assert set(told) == {"the", "red", "mug"}
        assert sum(float(share) for share in told.values()) == pytest.approx(1.0, abs=0.02)
