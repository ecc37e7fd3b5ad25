from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn import scene, thing
from drawn_scenes import BLOCKS, write_scenes
from torch.utils.data import DataLoader

from textseg_core.expressions.mirror import mirror_words
from textseg_core.scenes.cache import RenderedScenes
from textseg_core.scenes.scene import Query, Scene
from textseg_core.scenes.split import is_held_out_composition
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.dataset import (
    SampleDrawer,
    StepIndices,
    endless,
    mirrored_queries,
    queries_for,
    sample_loader,
)
from textseg_core.training.samples import Sample, collate
from textseg_core.training.settings import Stage
from textseg_core.training.sources import Drawn, RenderedSource, SourceSet
from textseg_core.training.vocabulary import build_vocabulary

WORDS = build_vocabulary(["red", "green", "blue", "cup"])
TOKENIZER = Tokenizer(WORDS, 12, "right", "words")
STAGE = Stage(input_px=64, batch=3, queries=4)


@pytest.fixture
def sources(tmp_path: Path) -> SourceSet:
    folder = write_scenes(tmp_path / "scenes", "train", *BLOCKS)
    scenes = RenderedSource(RenderedScenes(folder, depth=False), (0, 1, 2))
    return SourceSet({"scenes": scenes}, ())


def drawer(sources: SourceSet, seed: int = 0, stage: Stage = STAGE) -> SampleDrawer:
    return SampleDrawer(sources, TOKENIZER, stage, stride=4, seed=seed)


def equal(first: Sample, second: Sample) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


def test_a_sample_follows_from_seed_and_number_alone(sources: SourceSet) -> None:
    forwards = [drawer(sources)[index] for index in range(5)]
    backwards = [drawer(sources)[index] for index in reversed(range(5))][::-1]
    others = [drawer(sources, seed=1)[index] for index in range(5)]

    assert all(equal(a, b) for a, b in zip(forwards, backwards, strict=True))
    assert not any(equal(a, b) for a, b in zip(forwards, others, strict=True))
    assert not equal(forwards[0], forwards[1])


def test_every_sample_has_as_many_expressions_as_the_stage_wants(sources: SourceSet) -> None:
    sample = drawer(sources)[0]

    assert sample["image"].shape == (64, 64, 3)
    assert sample["token_ids"].shape == (4, 12)
    assert sample["masks"].shape[1:] == (16, 16)


def test_workers_do_not_change_what_is_drawn(sources: SourceSet) -> None:
    loaders = [
        sample_loader(drawer(sources), StepIndices(6, 3), workers=workers, pin=False)
        for workers in (0, 2)
    ]

    alone, shared = (list(islice(loader, 2)) for loader in loaders)

    assert isinstance(loaders[0], DataLoader)
    assert all(equal(a, b) for a, b in zip(alone, shared, strict=True))
    assert equal(alone[0], collate([drawer(sources)[index] for index in (6, 7, 8)]))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_file_is_told_in_one_line_by_workers_too(workers: int) -> None:
    class Damaged:
        def draw(self, rng: np.random.Generator, size_px: int) -> Drawn:
            raise ValueError("mask/3.mat is missing: expected a matrix; get it anew")

    broken = drawer(SourceSet({"scenes": Damaged()}, ()))
    loader = sample_loader(broken, StepIndices(0, 1), workers=workers, pin=False)

    with pytest.raises(ValueError, match=r"^mask/3.mat is missing: .* get it anew$"):
        next(endless(loader))


def test_processes_share_the_samples_of_a_step() -> None:
    first, second = (islice(StepIndices(10, 2, rank, 2), 2) for rank in (0, 1))

    assert list(first) == [[10, 11], [14, 15]]
    assert list(second) == [[12, 13], [16, 17]]


def test_mirrored_scenes_are_asked_for_in_mirrored_words(sources: SourceSet) -> None:
    sides: dict[bool, list[bool]] = {False: [], True: []}
    for index in range(100):
        sample = drawer(sources)[index]
        turned = bool(sample["mirror"])
        for ids, members in zip(sample["token_ids"], sample["members"], strict=True):
            text = " ".join(WORDS[token] for token in ids if token)
            if "left" in text and "of" not in text and members.sum() == 1:
                mask = sample["masks"][int(members.argmax())].float().sum(dim=0)
                shown = mask.flip(0) if turned else mask
                sides[turned].append(bool(shown[:8].sum() > shown[8:].sum()))

    # "left" means the left of what the network sees, mirrored or not.
    assert len(sides[True]) > 2
    assert len(sides[False]) > 2
    assert all(sides[True])
    assert all(sides[False])


def test_mirroring_drops_what_would_say_a_held_out_pair() -> None:
    nouns = [f"cup{number}" for number in range(60)]
    kept_out = next(n for n in nouns if is_held_out_composition("right", n))
    usual = next(n for n in nouns if not is_held_out_composition("right", n))
    queries = [
        Query("the left cup", (0,), "place", compositions=(("left", noun),))
        for noun in (kept_out, usual)
    ]

    (turned,) = mirrored_queries(queries)

    assert turned == Query("the right cup", (0,), "place", compositions=(("right", usual),))
    assert turned.expression == mirror_words("the left cup")


CUPS = scene(thing("cup", (0, 60, 60, 130)), thing("cup", (130, 60, 190, 130)), closed=("dog",))


def test_expressions_that_belong_to_a_scene_are_used_and_none_are_written() -> None:
    given = [Query("left one", (0,), "referring"), Query("a dog", (), "referring")]

    assert queries_for(CUPS, given, 1, np.random.default_rng(0)) == given[:1]
    assert queries_for(CUPS, given, 5, np.random.default_rng(0), negatives=False) == given[:1]


def test_without_negatives_every_written_expression_means_something() -> None:
    counts = {}
    for negatives in (True, False):
        rng = np.random.default_rng(0)
        drawn = [queries_for(CUPS, (), 8, rng, negatives=negatives) for _ in range(10)]
        counts[negatives] = [len(query.targets) for queries in drawn for query in queries]

    assert 0 in counts[True]
    assert 0 not in counts[False]
    assert counts[False]


class Empty:
    """A source that has nothing to say."""

    def draw(self, rng: np.random.Generator, size_px: int) -> Drawn:
        return Drawn(Scene(np.zeros((8, 8, 3), np.uint8), (), frozenset()))


def test_a_source_without_anything_to_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no expression could be written in 100 scenes"):
        drawer(SourceSet({"scenes": Empty()}, ()))[0]


def test_a_mixture_without_any_source_left_is_refused(sources: SourceSet) -> None:
    with pytest.raises(ValueError, match="no source is left of the mixture"):
        drawer(sources, stage=Stage(mixture={"photographs": 1.0}))
