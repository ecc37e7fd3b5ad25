from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn import flat_sprite, polygon, scene, thing, write_photos
from torch.utils.data import DataLoader

from textseg_core.datasets.photos import load_photos
from textseg_core.scenes.scene import Query
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.compose import SceneSources
from textseg_core.training.dataset import Sample, SceneDataset, encode_sample
from textseg_core.training.vocabulary import build_vocabulary

TOKENIZER = Tokenizer(build_vocabulary(["cup", "dog", "mug"]), 6, "right", "words")


def test_a_sample_has_the_promised_tensors() -> None:
    drawn = scene(thing("cup", (0, 0, 8, 8)), thing("cup", (100, 100, 140, 140)))
    queries = [
        Query("the cup", (0, 1), "category", several=True),
        Query("the small cup", (0,), "size"),
        Query("the dog", (), "absent"),
    ]

    sample = encode_sample(drawn, queries, TOKENIZER, stride=4)

    assert {name: (tuple(t.shape), t.dtype) for name, t in sample.items()} == {
        "image": ((200, 200, 3), torch.uint8),
        "token_ids": ((3, 6), torch.int64),
        "target": ((3, 1, 50, 50), torch.float16),
        "presence": ((3,), torch.float32),
        "several": ((3,), torch.float32),
    }
    assert sample["presence"].tolist() == [1, 1, 0]
    assert sample["several"].tolist() == [1, 0, 0]
    assert (
        sample["token_ids"][1].tolist() == TOKENIZER.encode("the small cup").token_ids[0].tolist()
    )


def test_a_target_is_the_share_of_each_cell_that_is_foreground() -> None:
    drawn = scene(thing("cup", (0, 0, 6, 5)))

    target = encode_sample(drawn, [Query("the cup", (0,), "category")], TOKENIZER, stride=4)[
        "target"
    ]

    # 6 x 5 pixels: whole, half a column, a quarter of the next row, an eighth at the corner
    assert target[0, 0, :3, :3].tolist() == [[1, 0.5, 0], [0.25, 0.125, 0], [0, 0, 0]]
    assert target.sum() * 16 == 30


@pytest.fixture
def sources(tmp_path: Path) -> SceneSources:
    image = np.full((60, 60, 3), 90, np.uint8)
    image[10:40, 10:40] = (200, 0, 0)
    photos = load_photos(
        write_photos(
            tmp_path / "photos", ["dog"], (1, image, [("dog", polygon((10, 10, 40, 40)), False)])
        )
    )
    mugs = [
        flat_sprite("mug", (0, 200, 0), elevation_deg=float(angle), pixels_per_metre=400.0)
        for angle in (20, 35, 50, 65)
    ]
    return SceneSources(
        photos=photos,
        cut_outs=mugs[:1],
        sprites=mugs,
        surfaces=[np.full((40, 40, 3), 128, np.uint8)],
        photo_names=frozenset({"dog", "cup"}),
    )


def dataset(sources: SceneSources, seed: int) -> SceneDataset:
    return SceneDataset(sources, TOKENIZER, input_px=96, stride=4, queries=4, seed=seed)


def equal(first: Sample, second: Sample) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


def test_the_same_seed_draws_the_same_samples(sources: SceneSources) -> None:
    first, second, other = (list(islice(dataset(sources, seed), 4)) for seed in (1, 1, 2))

    assert all(equal(a, b) for a, b in zip(first, second, strict=True))
    assert not any(equal(a, b) for a, b in zip(first, other, strict=True))
    assert not equal(first[0], first[1])


def test_samples_stack_into_batches(sources: SceneSources) -> None:
    batch = next(iter(DataLoader(dataset(sources, 0), batch_size=3)))

    assert batch["image"].shape == (3, 96, 96, 3)
    assert batch["token_ids"].shape == (3, 4, 6)
    assert batch["target"].shape == (3, 4, 1, 24, 24)


def test_what_is_present_has_a_target_and_nothing_else_has(sources: SceneSources) -> None:
    for sample in islice(dataset(sources, 0), 12):
        covered = sample["target"].flatten(1).sum(dim=1) > 0
        assert covered.tolist() == (sample["presence"] > 0).tolist()
