import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from drawn import box_mask, flat_sprite, polygon, write_photos
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torchvision.models import mobilenet_v2  # type: ignore[import-untyped]

from textseg_core.datasets.photos import is_held_out
from textseg_core.models.checkpoint import load_checkpoint
from textseg_core.models.compact import CompactNetwork
from textseg_core.training import train
from textseg_core.training.train import (
    learning_rate_share,
    load_backbone,
    parameter_groups,
    update_average,
)


def test_the_learning_rate_rises_and_falls() -> None:
    shares = [learning_rate_share(step, 100, 20) for step in range(101)]

    assert shares[0] == pytest.approx(1 / 20)
    assert shares[19] == shares[20] == 1.0
    assert shares[60] == pytest.approx(0.01 + 0.99 / 2)  # half of the way down
    assert shares[100] == pytest.approx(0.01)
    assert all(a > b for a, b in pairwise(shares[20:]))
    assert learning_rate_share(500, 100, 20) == pytest.approx(0.01)


def test_a_schedule_without_warm_up_begins_at_the_top() -> None:
    assert learning_rate_share(0, 10, 0) == 1.0


class Tiny(nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.norm = nn.BatchNorm1d(1)
        nn.init.constant_(self.layer.weight, value)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0, 0.1 * 10 + 0.9 * 20),  # keeps (0 + 1) / (0 + 10)
        (8, 0.5 * 10 + 0.5 * 20),  # keeps 9 / 18
        (1000, 0.9 * 10 + 0.1 * 20),  # keeps no more than the decay
    ],
)
def test_the_average_forgets_its_beginning_faster(step: int, expected: float) -> None:
    average, network = Tiny(10.0), Tiny(20.0)
    network.norm.running_mean = torch.tensor([4.0])
    network.norm.num_batches_tracked = torch.tensor(7)

    update_average(average, network, step, decay=0.9)

    assert average.layer.weight.item() == pytest.approx(expected)
    assert network.layer.weight.item() == 20
    assert average.norm.running_mean is not None
    assert average.norm.running_mean.item() == pytest.approx(4 * (expected - 10) / 10)
    assert average.norm.num_batches_tracked is not None
    assert average.norm.num_batches_tracked.item() == 7  # counts are copied


def small(words: int = 8) -> CompactNetwork:
    torch.manual_seed(0)
    return CompactNetwork(vocabulary_size=words, tokens=4, input_px=64, width=32, lexical_width=8)


def test_every_trainable_parameter_is_in_one_group() -> None:
    network = small()
    network.image_encoder.freeze(4)
    network.expression_encoder.lexicon.weight.requires_grad_(False)

    groups: Any = parameter_groups(network, 1e-3, 0.1, 0.05)

    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in network.parameters() if p.requires_grad)


def test_the_backbone_learns_slower_and_norms_biases_and_words_do_not_decay() -> None:
    network = small()

    groups: Any = parameter_groups(network, 1e-3, 0.1, 0.05)

    def settings(parameter: Tensor) -> list[float]:
        (group,) = (g for g in groups if any(p is parameter for p in g["params"]))
        return [group["lr"], group["top"], group["weight_decay"]]

    encoder, head = network.image_encoder, network.query_head
    assert settings(next(encoder.features[17].parameters())) == pytest.approx([1e-4, 1e-4, 0.05])
    assert settings(encoder.to_lexical.weight) == pytest.approx([1e-4, 1e-4, 0.05])
    assert settings(encoder.top.weight) == pytest.approx([1e-3, 1e-3, 0.05])
    assert encoder.top.bias is not None
    assert settings(encoder.top.bias) == pytest.approx([1e-3, 1e-3, 0.0])
    assert settings(head.lexical_scale) == pytest.approx([1e-3, 1e-3, 0.0])
    assert settings(network.expression_encoder.norm.weight) == pytest.approx([1e-3, 1e-3, 0.0])
    assert settings(network.expression_encoder.embedding.weight) == pytest.approx(
        [1e-3, 1e-3, 0.0]
    )


LABELS = {504: "coffee mug", 673: "mouse, computer mouse", 981: "ballplayer", 954: "banana"}


def letters(index: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in f"{index:03d}")


@pytest.fixture
def backbones(tmp_path: Path) -> Path:
    """A random MobileNetV2 whose classifier has rank 8, and 1000 labels."""
    folder = tmp_path / "data" / "backbones"
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    state = mobilenet_v2(weights=None).state_dict()
    state["classifier.1.weight"] = torch.randn(1000, 8) @ torch.randn(8, 1280) + 0.5
    save_file(state, folder / "mobilenet_v2.safetensors")
    labels = [LABELS.get(index, letters(index)) for index in range(1000)]
    (folder / "imagenet_labels.txt").write_text("\n".join(labels), encoding="utf-8")
    return folder


def test_a_backbone_brings_features_and_the_looks_of_nouns(backbones: Path) -> None:
    # "people" is the plural of "somebody" too, whom no class shows.
    words = ["<pad>", "<go>", "<eos>", "<unk>", "mug", "mugs", "banana", "mouse", "mice"]
    words += ["person", "people", "somebody", "left"]
    network = small(len(words))
    state = mobilenet_v2(weights=None).features.state_dict()

    load_backbone(network, backbones, words)

    lexicon = network.expression_encoder.lexicon.weight
    looks = dict(zip(words, lexicon, strict=True))
    assert not lexicon.requires_grad
    assert {word for word, vector in looks.items() if not vector.any()} == {
        *("<pad>", "<go>", "<eos>", "<unk>"),
        *("somebody", "left"),
    }
    for plural, singular in (("mugs", "mug"), ("mice", "mouse"), ("people", "person")):
        torch.testing.assert_close(looks[plural], looks[singular])

    # Features that lie where the classifier has its class come out nearest to its noun.
    stored = load_file(backbones / "mobilenet_v2.safetensors")
    loaded = network.image_encoder.features.state_dict()
    assert set(loaded) == set(state)
    assert all(torch.equal(loaded[name], stored[f"features.{name}"]) for name in loaded)
    classifier = stored["classifier.1.weight"]
    features = (classifier - classifier.mean(dim=0))[[504, 954, 673, 981]]
    with torch.no_grad():
        seen = network.image_encoder.to_lexical(features[:, :, None, None]).flatten(1)
    nouns = torch.stack([looks[noun] for noun in ("mug", "banana", "mouse", "person")])
    alike = nn.functional.normalize(seen, dim=1) @ nouns.T
    assert alike.argmax(dim=1).tolist() == [0, 1, 2, 3]
    assert alike.diagonal().min() > 0.9


@pytest.fixture
def data(backbones: Path) -> Path:
    """All that the command reads, as small as it may be."""
    folder = backbones.parent
    ids = [image_id for image_id in range(20) if not is_held_out(image_id)][:2]
    image = np.full((90, 90, 3), 90, np.uint8)
    image[box_mask((20, 20, 70, 80), 90, 90)] = (200, 0, 0)
    instances = [("dog", polygon((20, 20, 70, 80)), False)]
    write_photos(folder / "photos", ["dog", "cup"], *((i, image, instances) for i in ids))
    (folder / "surfaces").mkdir()
    cv2.imwrite(str(folder / "surfaces" / "grey.jpg"), np.full((64, 64, 3), 128, np.uint8))
    (folder / "objects").mkdir()
    manifest = folder / "objects" / "manifest.json"
    manifest.write_text(json.dumps([{"category": "mug"}]), encoding="utf-8")
    sprites = folder / "sprites"
    sprites.mkdir()
    rgba = flat_sprite("mug", (0, 200, 0)).rgba
    cv2.imwrite(str(sprites / "mug.png"), cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
    mug = {"file": "mug.png", "names": ["mug"], "hypernyms": [], "colors": ["green"]}
    records = [{**mug, "elevation_deg": a, "pixels_per_metre": 400} for a in (20, 35, 50, 65)]
    (sprites / "sprites.json").write_text(json.dumps(records), encoding="utf-8")
    return folder


def test_a_run_of_two_steps_saves_what_can_be_used_and_resumed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    settings = ["--data", data, "--sprites", data / "sprites", "--out", out]
    settings += ["--batch", 1, "--queries", 2, "--workers", 0, "--threads", 1, "--steps"]

    def run(*more: object) -> dict[str, Any]:
        monkeypatch.setattr("sys.argv", ["train", *map(str, (*settings, *more))])
        train.main()
        state: dict[str, Any] = torch.load(out / "compact.state.pt", weights_only=True)
        return state

    threads = torch.get_num_threads()
    try:
        first = run(2)
        second = run(3, "--resume", out / "compact.state.pt")
    finally:
        torch.set_num_threads(threads)

    assert (first["step"], second["step"]) == (2, 3)
    name = "query_head.own_tokens"
    assert not torch.equal(first["network"][name], second["network"][name])
    # Step 2 keeps (2 + 1) / (2 + 10) of the average that was resumed.
    torch.testing.assert_close(
        second["average"][name], 0.25 * first["average"][name] + 0.75 * second["network"][name]
    )
    assert {int(kept["step"]) for kept in second["optimiser"]["state"].values()} == {3}
    checkpoint = load_checkpoint(out / "compact.safetensors")
    assert checkpoint.extra == {"step": 3, "steps": 3, "photographs": 2}
    assert {"mug", "mugs", "dog", "banana", "left"} <= set(checkpoint.vocabulary)
    network = checkpoint.network()
    torch.testing.assert_close(network.state_dict()[name], second["average"][name])
    (line,) = (out / "log.jsonl").read_text(encoding="utf-8").splitlines()
    figures = json.loads(line)
    assert figures["step"] == 0
    assert all(math.isfinite(figures[part]) for part in ("mask", "coarse", "presence", "several"))
