"""Pairs that one word tells apart, asked of a network that knows the words and of one that not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_scenes import BLOCKS, block_scene, write_scenes

from textseg_core.evaluation.word_pairs import (
    Pair,
    answer_pairs,
    draw_pairs,
    main,
    pairs_table,
)
from textseg_core.runtime.base import Tensors
from textseg_core.scenes.scene import Query, Scene
from textseg_core.scenes.split import is_held_out_composition
from textseg_core.segmenter import Segmenter

SCENES = [block_scene(f"{number:06d}_0", blocks) for number, blocks in enumerate(BLOCKS)]
PAIRS = [
    Pair(0, Query("the red block", (0,), "colour"), Query("the green block", (1,), "colour")),
    Pair(1, Query("the blue block", (0,), "colour"), Query("the red block", (1,), "colour")),
]


def test_a_network_that_reads_the_word_gets_both(
    build_segmenter: Callable[..., Segmenter], colour_backend: Any
) -> None:
    backend = colour_backend()

    found = list(answer_pairs(build_segmenter(backend), SCENES, PAIRS))

    assert [pair.both for pair in found] == [True, True]
    assert [pair.alike for pair in found] == [0.0, 0.0]
    assert backend.images == 2
    assert pairs_table(found).rows[0] == ("all", "2", "1.000 (1.000-1.000)", "1.000", "0.000")


def test_a_network_that_ignores_the_word_gets_one_at_most(
    build_segmenter: Callable[..., Segmenter], colour_backend: Any
) -> None:
    backend = colour_backend()

    def first_for_all(outputs: Tensors) -> Tensors:
        return {name: np.repeat(array[:1], len(array), axis=0) for name, array in outputs.items()}

    backend.override = first_for_all

    found = list(answer_pairs(build_segmenter(backend), SCENES, PAIRS))

    assert [pair.both for pair in found] == [False, False]
    assert [pair.first.right for pair in found] == [True, True]
    assert pairs_table(found).rows[0] == ("all", "2", "0.000 (0.000-0.000)", "1.000", "1.000")


def test_the_table_has_a_row_for_each_sort(
    build_segmenter: Callable[..., Segmenter], colour_backend: Any
) -> None:
    mixed = Pair(0, Query("the red", (0,), "place"), Query("the blue", (1,), "colour"))

    found = list(answer_pairs(build_segmenter(colour_backend()), SCENES, [mixed, *PAIRS]))

    rows = pairs_table(found).rows
    assert [row[:2] for row in rows] == [("all", "3"), ("colour", "2"), ("colour / place", "1")]
    # There is no blue in the first picture: one of the two is right.
    assert rows[2][2:] == ("0.000", "1.000", "0.000")


def test_pairs_are_the_same_in_every_run_and_mean_different_things() -> None:
    first, second = (draw_pairs(SCENES, per_sort=3) for _ in range(2))

    assert first == second
    assert len([pair for pair in first if pair.sort == "category"]) == 3
    assert all(pair.first.targets != pair.second.targets for pair in first)
    assert {pair.index for pair in draw_pairs(SCENES, per_sort=3, limit=1)} == {0}


def test_pairs_combine_words_as_training_never_did_unless_any_will_do() -> None:
    reds = block_scene("000000_0", [("red", (8, 40, 32, 64)), ("red", (64, 40, 88, 64))])
    held_out = {place: is_held_out_composition(place, "red") for place in ("left", "right")}
    assert held_out == {"left": False, "right": False}

    found = draw_pairs([reds], per_sort=30, compositions="all")

    places = [pair for pair in found if pair.sort == "place"]
    assert {frozenset((pair.first.targets, pair.second.targets)) for pair in places} == {
        frozenset(((0,), (1,)))
    }
    for pair in draw_pairs([reds, *SCENES], per_sort=30):
        pairs = (*pair.first.compositions, *pair.second.compositions)
        assert all(is_held_out_composition(*one) for one in pairs)


def test_pictures_without_a_pair_are_refused() -> None:
    empty = Scene(np.zeros((9, 9, 3), np.uint8), (), frozenset(), scene_id="000000_0")

    with pytest.raises(ValueError, match="no picture has two things that one word tells apart"):
        draw_pairs([empty], per_sort=3)


def test_the_command_prints_and_writes_the_table(
    tmp_path: Path, model_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_scenes(tmp_path / "scenes", "test", *BLOCKS)
    common = ["--scenes", str(folder), "--weights", str(model_directory)]

    main([*common, "--write", str(tmp_path / "pairs.md")])

    page = (tmp_path / "pairs.md").read_text(encoding="utf-8")
    assert page.strip() == capsys.readouterr().out.strip()
    assert "| category | 3 | 1.000 (1.000-1.000) | 1.000 | 0.000 |" in page
    with pytest.raises(SystemExit, match=r"holds scenes of split 'train', expected 'test'"):
        main(["--scenes", str(write_scenes(tmp_path / "seen", "train", *BLOCKS))])
