"""How RMI is trained: rate, penalty, loss and backbone by hand, and one run to its answer."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from configured import assert_answers, run_of
from safetensors.torch import save_file
from torch import Tensor, nn, optim
from torchvision.models import resnet18  # type: ignore[import-untyped,unused-ignore]

from textseg_core.training.rmi_recipe import RmiRecipe, load_features, polynomial_share
from textseg_core.training.settings import Stage, TrainSettings

WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "mug"]
MODEL = {
    "backbone": "resnet18",
    "cell_stride": 16,
    "tokens": 4,
    "visual_channels": 6,
    "embedding_channels": 6,
    "expression_channels": 7,
    "hidden_channels": 8,
}


def recipe(backbones: Path | None = None, **changes: Any) -> RmiRecipe:
    settings: dict[str, Any] = {
        "network": "rmi",
        "steps": 10,
        "rate": 2.5e-4,
        "weight_decay": 5e-4,
        "backbone_share": 0.5,
        "stages": (Stage(input_px=32),),
        "model": MODEL,
        **changes,
    }
    return RmiRecipe(TrainSettings(**settings), WORDS, backbones)


def batch() -> dict[str, Tensor]:
    target = torch.zeros(2, 3, 1, 32, 32)
    target[..., :8] = 1
    return {
        "image": torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8),
        "token_ids": torch.tensor([[[0, 0, 4, 5], [0, 0, 0, 5], [0, 0, 0, 4]]] * 2),
        "target": target,
    }


def test_the_rate_falls_from_the_top_to_its_end_as_a_power_of_what_is_left() -> None:
    shares = [polynomial_share(done, top=2.5e-4) for done in (0.0, 0.5, 1.0)]

    assert shares[0] == 1.0
    assert shares[1] * 2.5e-4 == pytest.approx(1e-5 + 2.4e-4 * 0.5**0.9)
    assert shares[2] * 2.5e-4 == pytest.approx(1e-5)


def test_adam_penalises_weights_and_not_biases_and_the_backbone_has_its_share() -> None:
    made = recipe()
    network = made.build(0)

    optimiser = made.optimiser(network)

    assert type(optimiser) is optim.Adam
    found = {}
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            found[parameter] = (group["top"], group["weight_decay"])
    assert set(found) == set(network.parameters())
    assert found[network.query_head.from_image.weight] == (2.5e-4, 5e-4)
    assert found[network.query_head.from_image.bias] == (2.5e-4, 0.0)
    assert found[network.image_encoder.features.conv1.weight] == (1.25e-4, 5e-4)


def test_the_loss_is_that_of_every_pixel_alike() -> None:
    made = recipe()
    network = made.build(0)
    nn.init.zeros_(network.query_head.score.weight)
    nn.init.constant_(network.query_head.score.bias, 2.0)

    (loss,) = made.losses(network, batch()).values()

    expected = 0.25 * math.log1p(math.exp(-2)) + 0.75 * math.log1p(math.exp(2))
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_a_stage_that_freezes_leaves_the_backbone_alone_and_the_next_wakes_it() -> None:
    frozen = Stage(share=0.5, input_px=32, frozen_layers=1)
    made = recipe(stages=(frozen, Stage(share=0.5, input_px=32)))
    network = made.build(0).train()
    encoder = network.image_encoder

    assert not any(p.requires_grad for p in encoder.features.parameters())
    assert not encoder.features.training
    assert encoder.describe.weight.requires_grad

    later = made.enter(network, 1).train()

    assert later is network
    assert all(p.requires_grad for p in encoder.features.parameters())
    assert encoder.features.training


def test_stages_of_several_sizes_and_weak_labels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"keeps its size through all stages, got \[32, 64\]"):
        recipe(stages=(Stage(share=0.5, input_px=32), Stage(share=0.5, input_px=64)))
    with pytest.raises(ValueError, match="no loss for weak labels"):
        recipe(stages=(Stage(mixture={"weak": 1}),))


@pytest.mark.parametrize("prefix", ["", "backbone."])
def test_a_backbone_s_weights_are_torchvision_s_or_deeplab_s(prefix: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    state = resnet18(weights=None).state_dict()
    named = {f"{prefix}{name}": value for name, value in state.items()}
    save_file({**named, "classifier.0.weight": torch.ones(1)}, tmp_path / "resnet18.safetensors")

    network = recipe(tmp_path).build(0)

    for name, value in network.image_encoder.features.state_dict().items():
        assert torch.equal(value, state[name]), name


def test_a_missing_or_foreign_backbone_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"resnet18\.safetensors: expected .* --more resnet18, or"
    ):
        recipe(tmp_path).build(0)
    save_file({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "resnet18.safetensors")
    features = recipe().build(0).image_encoder.features
    with pytest.raises(ValueError, match=r"not of the backbone 'resnet18': 119 of its 120 .* bn1"):
        load_features(features, tmp_path, "resnet18")


def test_a_run_by_the_configuration_becomes_a_model_that_answers(tmp_path: Path) -> None:
    channels = ("visual", "embedding", "expression", "hidden")

    run = run_of("train_rmi2017.yaml", tmp_path, {f"{name}_channels": 6 for name in channels})

    assert_answers(run / "best.safetensors", tmp_path / "model")
