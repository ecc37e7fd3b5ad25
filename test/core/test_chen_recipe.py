"""How Chen et al. 2019 is trained: rate, groups, alpha by hand, and one run to its answer."""

from pathlib import Path
from typing import Any

import pytest
import torch
from configured import assert_answers, run_of
from torch import Tensor, optim

from textseg_core.training.chen_recipe import Chen2019Recipe, halved_share
from textseg_core.training.settings import Stage, TrainSettings

WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "mug"]
MODEL = {
    "backbone": "mobilenet_v2",
    "tokens": 4,
    "proposals": 2,
    "box_cells": 3,
    "embedding_channels": 4,
    "word_channels": 4,
    "expression_channels": 6,
    "caption_channels": 4,
}


def recipe(**changes: Any) -> Chen2019Recipe:
    settings: dict[str, Any] = {
        "network": "chen2019",
        "steps": 10,
        "rate": 4e-4,
        "backbone_share": 0.5,
        "stages": (Stage(input_px=32),),
        "model": MODEL,
        **changes,
    }
    return Chen2019Recipe(TrainSettings(**settings), WORDS, None)


def batch() -> dict[str, Tensor]:
    target = torch.zeros(2, 3, 1, 8, 8)
    target[:, 0, :, 2:6, 1:7] = 1
    generator = torch.Generator().manual_seed(0)
    return {
        "image": torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8, generator=generator),
        "token_ids": torch.tensor([[[4, 5, 0, 0], [5, 0, 0, 0], [4, 0, 0, 0]]] * 2),
        "target": target,
    }


def test_the_rate_halves_after_every_sixth_or_so_of_the_run() -> None:
    shares = [halved_share(done) for done in (0.0, 0.159, 0.16, 0.32, 1.0)]

    assert shares == [1.0, 1.0, 0.5, 0.25, 0.5**6]


def test_alpha_weighs_the_captions_and_the_parts_are_the_paper_s() -> None:
    parts = []
    for alpha in (1.0, 3.0):
        made = recipe(losses={"caption": alpha})
        torch.manual_seed(0)
        parts.append(made.losses(made.build(0), batch()))

    assert set(parts[0]) == {"roi", "response", "caption"}
    assert parts[1]["caption"].item() == pytest.approx(3 * parts[0]["caption"].item(), rel=1e-5)
    assert parts[1]["response"].item() == pytest.approx(parts[0]["response"].item(), rel=1e-5)


def test_the_backbone_has_its_share_and_its_last_stage_too() -> None:
    made = recipe()
    network = made.build(0)

    optimiser = made.optimiser(network)

    assert type(optimiser) is optim.Adam
    found = {p: group["top"] for group in optimiser.param_groups for p in group["params"]}
    assert set(found) == set(network.parameters())
    assert found[network.image_encoder.features[0][0].weight] == 2e-4
    assert {found[p] for p in network.query_head.tail.parameters()} == {2e-4}
    assert found[network.query_head.score.weight] == 4e-4


def test_a_stage_that_freezes_leaves_the_image_encoder_alone() -> None:
    network = recipe(stages=(Stage(input_px=32, frozen_layers=1),)).build(0).train()

    assert not any(p.requires_grad for p in network.image_encoder.parameters())
    assert not network.image_encoder.features.training
    assert all(p.requires_grad for p in network.query_head.parameters())


def test_a_run_by_the_configuration_becomes_a_model_that_answers(tmp_path: Path) -> None:
    model = {name: value for name, value in MODEL.items() if name != "tokens"}

    run = run_of("train_chen2019.yaml", tmp_path, model, batch=1)

    assert_answers(run / "best.safetensors", tmp_path / "model")
