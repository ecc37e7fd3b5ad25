from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torchvision.models import mobilenet_v2  # type: ignore[import-untyped]

from textseg_core.models.compact import CompactNetwork
from textseg_core.training.parameter_groups import penalised_groups
from textseg_core.training.settings import TrainSettings
from textseg_core.training.weights import (
    carry_over,
    load_backbone,
    parameter_groups,
    read_backbone,
    update_average,
)

LABELS = {504: "coffee mug", 673: "mouse, computer mouse", 981: "ballplayer", 954: "banana"}


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


def test_every_parameter_that_may_learn_is_in_one_group() -> None:
    network = small()
    network.image_encoder.freeze(4)  # a later stage may free it
    network.expression_encoder.lexicon.weight.requires_grad_(False)

    groups: Any = parameter_groups(network, 1e-3, 0.1, 0.05)

    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    lexicon = id(network.expression_encoder.lexicon.weight)
    assert sorted(grouped) == sorted(id(p) for p in network.parameters() if id(p) != lexicon)


def test_frozen_blocks_stay_as_they_are() -> None:
    network = small()
    network.image_encoder.freeze(4)
    optimiser = torch.optim.AdamW(parameter_groups(network, 0.1, 1.0, 0.5))
    before = {name: value.clone() for name, value in network.named_parameters()}

    image = torch.zeros((1, 64, 64, 3), dtype=torch.uint8)
    network.image_encoder(image)[2].sum().backward()
    optimiser.step()

    changed = {name for name, value in network.named_parameters() if (value != before[name]).any()}
    assert changed
    assert all(
        int(name.split(".")[2]) >= 4
        for name in changed
        if name.startswith("image_encoder.features")
    )


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


def letters(index: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in f"{index:03d}")


@pytest.fixture
def backbones(tmp_path: Path) -> Path:
    """A random MobileNetV2 whose classifier has rank 8, and 1000 labels."""
    torch.manual_seed(0)
    state = mobilenet_v2(weights=None).state_dict()
    state["classifier.1.weight"] = torch.randn(1000, 8) @ torch.randn(8, 1280) + 0.5
    save_file(state, tmp_path / "mobilenet_v2.safetensors")
    labels = [LABELS.get(index, letters(index)) for index in range(1000)]
    (tmp_path / "imagenet_labels.txt").write_text("\n".join(labels), encoding="utf-8")
    return tmp_path


def test_a_backbone_brings_features_and_the_looks_of_nouns(backbones: Path) -> None:
    # "people" is the plural of "somebody" too, whom no class shows.
    words = ["<pad>", "<go>", "<eos>", "<unk>", "mug", "mugs", "banana", "mouse", "mice"]
    words += ["person", "people", "somebody", "left"]
    network = small(len(words))
    stored = load_file(backbones / "mobilenet_v2.safetensors")
    whole = mobilenet_v2(weights=None)
    whole.load_state_dict({**stored, "classifier.1.weight": torch.zeros(1000, 1280)})

    load_backbone(network, backbones, words)

    lexicon = network.expression_encoder.lexicon.weight
    looks = dict(zip(words, lexicon, strict=True))
    assert {word for word, vector in looks.items() if not vector.any()} == {
        *("<pad>", "<go>", "<eos>", "<unk>"),
        *("somebody", "left"),
    }
    for plural, singular in (("mugs", "mug"), ("mice", "mouse"), ("people", "person")):
        torch.testing.assert_close(looks[plural], looks[singular])

    # Features that lie where the classifier has its class come out nearest to its noun.
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        seen = network.eval().image_encoder.features(image)
        torch.testing.assert_close(seen, whole.eval().features(image), atol=1e-4, rtol=1e-3)
        classifier = stored["classifier.1.weight"]
        features = (classifier - classifier.mean(dim=0))[[504, 954, 673, 981]]
        projected = network.image_encoder.to_lexical(features[:, :, None, None]).flatten(1)
    nouns = torch.stack([looks[noun] for noun in ("mug", "banana", "mouse", "person")])
    alike = nn.functional.normalize(projected, dim=1) @ nouns.T
    assert alike.argmax(dim=1).tolist() == [0, 1, 2, 3]
    assert alike.diagonal().min() > 0.9


@pytest.mark.parametrize("content", [None, b"no weights"])
def test_a_missing_or_damaged_backbone_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "mobilenet_v2.safetensors").write_bytes(content)

    with pytest.raises(ValueError, match=r"mobilenet_v2\.safetensors: expected torchvision's"):
        read_backbone(tmp_path)


def test_trained_weights_follow_their_words_into_a_larger_vocabulary() -> None:
    old_words = ["<pad>", "<go>", "<eos>", "<unk>", "mug", "red"]
    new_words = ["<pad>", "<go>", "<eos>", "<unk>", "red", "kettle", "mug"]
    old, new = small(len(old_words)), small(len(new_words))
    nn.init.normal_(new.query_head.own_tokens)
    kettle = new.expression_encoder.embedding.weight[5].clone()

    carry_over(new, old.state_dict(), new_words, old_words)

    before, after = (
        old.expression_encoder.embedding.weight,
        new.expression_encoder.embedding.weight,
    )
    assert torch.equal(after[[0, 1, 2, 3, 6, 4]], before)
    assert torch.equal(after[5], kettle)
    assert torch.equal(new.query_head.own_tokens, old.query_head.own_tokens)


class Speaker(nn.Module):
    """A captioner's word tables under their names, for so many words."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.captioner = nn.Module()
        self.captioner.spoken = nn.Embedding(words, 2)
        self.captioner.to_word = nn.Linear(3, words)


def test_what_a_captioner_says_follows_its_words_too() -> None:
    old, new = Speaker(2), Speaker(3)
    before = {name: value.clone() for name, value in new.state_dict().items()}

    carry_over(new, old.state_dict(), ["mug", "new", "cup"], ["cup", "mug"])

    for name, value in new.state_dict().items():
        assert torch.equal(value[[2, 0]], old.state_dict()[name]), name
        assert torch.equal(value[1], before[name][1]), name


def test_weights_of_another_network_are_refused() -> None:
    other = CompactNetwork(vocabulary_size=8, tokens=4, input_px=64, width=64, lexical_width=8)
    words = [str(number) for number in range(8)]

    with pytest.raises(ValueError, match="of another network"):
        carry_over(small(), other.state_dict(), words, words)


@pytest.mark.parametrize(("ablate", "slow"), [((), 0.001), (("backbone",), 0.01)])
def test_weights_are_penalised_and_the_backbone_has_its_share_of_the_rate(
    ablate: tuple[str, ...], slow: float
) -> None:
    settings = TrainSettings(
        steps=1, rate=0.01, backbone_share=0.1, weight_decay=0.5, ablate=ablate
    )
    network = nn.ModuleDict({"body": nn.Linear(2, 3), "head": nn.Linear(3, 1)})

    groups: Any = penalised_groups(network, settings, ("body.",))

    told = [
        (len(group["params"]), group["params"][0].numel(), group["top"], group["weight_decay"])
        for group in groups
    ]
    assert told == [
        (1, 6, pytest.approx(slow), 0.5),
        (1, 3, pytest.approx(slow), 0.0),
        (1, 3, 0.01, 0.5),
        (1, 1, 0.01, 0.0),
    ]
    assert [group["lr"] for group in groups] == [group["top"] for group in groups]
    alike: Any = penalised_groups(network, settings, ("body.",), biases=True)
    assert [(len(group["params"]), group["weight_decay"]) for group in alike] == [(2, 0.5)] * 2
