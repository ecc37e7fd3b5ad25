"""Networks over proposals: attention, likelihood, losses by hand; learning; export; answers."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from configured import assert_answers, run_of
from torch import Tensor, nn

from textseg_core.config import SegmenterConfig
from textseg_core.models import registry
from textseg_core.models.grounder import RegionClassifier
from textseg_core.models.proposal_network import ProposalHead, ProposalNetwork
from textseg_core.models.scrc import CaptionLikelihood, PrefixReader
from textseg_core.runtime import export, precision
from textseg_core.segmenter import Segmenter
from textseg_core.training.proposal_recipe import (
    ProposalRecipe,
    attention_loss,
    caption_loss,
    classification_loss,
    overlaps,
    true_boxes,
)
from textseg_core.training.settings import Stage, TrainSettings

NAMES = ("grounder", "scrc", "segment_proposals")
WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "mug", "the", "left"]
MODEL: dict[str, Any] = {
    "backbone": "mobilenet_v2",
    "tokens": 4,
    "proposals": 30,
    "visual_channels": 16,
    "embedding_channels": 8,
    "hidden_channels": 12,
}


def recipe(name: str, **changes: Any) -> ProposalRecipe:
    settings = TrainSettings(
        network=name, steps=10, stages=(Stage(input_px=96),), model={**MODEL, **changes}
    )
    return ProposalRecipe(settings, WORDS, None)


def narrow(name: str, **changes: Any) -> ProposalNetwork:
    torch.manual_seed(0)
    return recipe(name, **changes).build(0)


def awake(name: str, **changes: Any) -> ProposalNetwork:
    """A network whose norms have seen pictures, so that regions look different to it."""
    network = narrow(name, **changes)
    with torch.inference_mode():
        for _ in range(8):
            network.image_encoder.describe.cells(blocks()["image"])
    return network.eval()


def blocks() -> dict[str, Tensor]:
    """Four pictures of a red block and a mug-coloured one, with an expression for each."""
    image = torch.full((4, 96, 96, 3), 90, dtype=torch.uint8)
    target = torch.zeros(4, 2, 1, 96, 96)
    for row, (red_top, mug_top) in enumerate(((8, 48), (56, 8), (32, 32), (8, 16))):
        image[row, red_top : red_top + 32, 8:40] = torch.tensor([230, 30, 30], dtype=torch.uint8)
        image[row, mug_top : mug_top + 40, 56:88] = torch.tensor([30, 60, 230], dtype=torch.uint8)
        target[row, 0, 0, red_top : red_top + 32, 8:40] = 1
        target[row, 1, 0, mug_top : mug_top + 40, 56:88] = 1
    ids = torch.tensor([[[0, 0, 6, 4], [0, 0, 6, 5]]] * 4)
    return {"image": image, "target": target, "token_ids": ids}


def test_attention_by_hand() -> None:
    score = RegionClassifier(2, 1, 2)
    with torch.no_grad():
        score.from_region.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
        score.from_region.bias.copy_(torch.tensor([0.5, 0.0]))
        score.from_expression.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        score.answer.weight.copy_(torch.tensor([[2.0, 1.0]]))
        score.answer.bias.fill_(0.25)
    regions = torch.tensor([[[1.0, 1.0, 99.0], [-3.0, 2.0, 99.0]]])  # the last is not read

    (scores,) = score(regions, torch.tensor([[1.0], [3.0]]))

    # relu(1 + .5 + h), relu(2 - h); relu(-3 + .5 + h), relu(4 - h), for h = 1 and h = 3.
    expected = [[2 * 2.5 + 1 + 0.25, 0 + 3 + 0.25], [2 * 4.5 + 0 + 0.25, 2 * 0.5 + 1 + 0.25]]
    assert scores.tolist() == expected


def test_attention_loss_by_hand() -> None:
    scores = torch.tensor([[math.log(3), 0.0, 0.0], [0.0, 5.0, 0.0]])
    ious = torch.tensor([[0.2, 0.7, 0.1], [0.0, 0.0, 0.0]])  # the second means nothing

    assert attention_loss(scores, ious).item() == pytest.approx(math.log(5))


def test_classification_loss_by_hand() -> None:
    scores = torch.tensor([[1.0, -1.0, 0.0, 9.0]])
    ious = torch.tensor([[0.8, 0.76, 0.7, 0.0]])
    present = torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    plus = lambda value: math.log1p(math.exp(value))  # noqa: E731

    loss = classification_loss(scores, ious, present)

    # The best one and what is nearly as good; foreground weighs 3, as in the paper's own loss.
    assert loss.item() == pytest.approx((3 * plus(-1) + 3 * plus(1) + plus(0)) / 3)


def test_the_best_segment_is_meant_though_it_overlaps_little_and_none_if_nothing_is() -> None:
    scores, present = torch.zeros(2, 2), torch.ones(2, 2)
    ious = torch.tensor([[0.3, 0.1], [0.0, 0.0]])

    loss = classification_loss(scores, ious, present)

    assert loss.item() == pytest.approx((3 + 1 + 1 + 1) * math.log(2) / 4)


def test_what_stands_before_a_word_is_read_and_padding_is_not() -> None:
    torch.manual_seed(0)
    reader = PrefixReader(8, 3, 5)

    read, words, present = reader(torch.tensor([[0, 0, 6, 4], [6, 4, 5, 7]]))
    short, _, _ = reader(torch.tensor([[6, 4]]))
    other, _, _ = reader(torch.tensor([[6, 5]]))

    assert words.tolist() == [[0, 0, 6, 4], [6, 4, 5, 7]]
    assert present.tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]
    assert torch.allclose(read[0, 2:], short[0], atol=1e-6)
    assert torch.equal(short, other)  # the last word itself is what is to be foretold


def test_likelihood_without_pictures_and_words_is_that_of_chance() -> None:
    score = CaptionLikelihood(8, 2, 3)
    for parameter in score.parameters():
        nn.init.zeros_(parameter)
    with torch.no_grad():
        score.words_from_local.bias[4] = math.log(3)

    (likely,) = score(
        torch.zeros(1, 5, 12),
        torch.zeros(2, 3, 3),
        torch.tensor([[0, 6, 4], [4, 4, 4]]),
        torch.tensor([[0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]),
    )

    # Word 4 has 3 of 10 parts, every other one of the seven has one.
    assert likely.shape == (2, 5)
    assert likely[0].tolist() == pytest.approx([math.log(0.1) + math.log(0.3)] * 5)
    assert likely[1].tolist() == pytest.approx([3 * math.log(0.3)] * 5)


def test_likelihood_is_that_of_both_lstms_written_out_for_one_box() -> None:
    torch.manual_seed(0)
    score, reader = CaptionLikelihood(8, 2, 3), PrefixReader(8, 4, 3)
    regions, ids = torch.randn(1, 3, 12), torch.tensor([[0, 6, 4]])
    read, words, present = reader(ids)
    states = [(torch.zeros(3), torch.zeros(3))] * 2
    expected = torch.zeros(())
    for step in (1, 2):
        heard, seen = read[0, step], (regions[0, 1, :10], regions[0, 1, 10:])
        scores = score.words_from_local.bias
        for place, (lstm, to_words) in enumerate(
            ((score.local, score.words_from_local), (score.whole, score.words_from_whole))
        ):
            state, memory = states[place]
            gates = lstm.from_seen(seen[place]) + lstm.from_words(heard) + lstm.from_state(state)
            enter, forget, new, leave = gates.split(3)
            memory = forget.sigmoid() * memory + enter.sigmoid() * new.tanh()
            state = leave.sigmoid() * memory.tanh()
            states[place] = (state, memory)
            scores = scores + to_words.weight @ state
        expected = expected + scores.log_softmax(0)[ids[0, step]]
    # All boxes of a picture have the same picture behind them.
    regions[0, :, 10:] = regions[0, 1, 10:]

    (likely,) = score(regions, read, words, present)

    assert likely[0, 1].item() == pytest.approx(expected.item(), abs=1e-5)


def test_caption_loss_is_a_mean_over_words_of_what_is_there() -> None:
    loss = caption_loss(
        torch.tensor([-6.0, -2.0, -50.0]),
        torch.tensor([3.0, 1.0, 4.0]),
        torch.tensor([1.0, 1.0, 0.0]),
    )

    assert loss.item() == pytest.approx(2.0)


def test_a_row_without_a_proposal_is_never_the_best() -> None:
    class High(nn.Module):
        def forward(self, regions: Tensor, told: Tensor) -> tuple[Tensor]:
            return (torch.tensor([[-5.0, 9.0]]),)

    scores = ProposalHead(High(), "box").scores(
        torch.zeros(1, 2, 3), torch.tensor([[1.0, 0.0]]), torch.zeros(1, 1)
    )

    assert scores.argmax().item() == 0


@pytest.mark.parametrize("name", NAMES)
def test_default_settings_have_a_hundred_proposals_and_the_paper_s_widths(name: str) -> None:
    with torch.device("meta"):
        network = registry.build(name, vocabulary_size=8803)
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}

    assert isinstance(network, ProposalNetwork)
    assert (network.proposals, network.input_px, network.stride) == (100, 512, 1)
    assert shapes["expression_encoder.embedding.weight"] == (8803, 1000)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("scrc", {"answer": "segment"}, "answer must be box or grabcut, got 'segment'"),
        ("segment_proposals", {"answer": "box"}, "answer must be segment, got 'box'"),
        ("grounder", {"cell_stride": 4}, r"one of \(8, 16, 32\), got 4"),
        ("grounder", {"proposals": 0}, "at least 1, got 0"),
    ],
)
def test_wrong_setting_is_refused(name: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        narrow(name, **change)


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_reaches_every_parameter(name: str) -> None:
    made = recipe(name)
    network = made.build(0)

    (loss,) = made.losses(network, blocks()).values()
    loss.backward()  # type: ignore[no-untyped-call]

    for key, parameter in network.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("name", ["grounder", "segment_proposals"])
def test_eight_samples_are_learnt_by_heart_up_to_what_the_proposals_give(name: str) -> None:
    """A rectangle fits a block wholly, so boxes reach 0.9 here too; the bound is asserted."""
    network = narrow(name, expression_channels=24)
    batch = blocks()
    image = batch["image"]
    found = network.image_encoder.propose(image)
    # What a proposal's pixels have in common with the target; of boxes the blocks are boxes.
    ious = overlaps(found, batch["target"].squeeze(2).numpy() > 0.5, network)
    shares, places, present = network.image_encoder.told(image, found)
    with torch.no_grad():
        (regions,) = network.image_encoder.describe(image, shares, places)
    learning = [*network.expression_encoder.parameters(), *network.query_head.parameters()]
    optimiser = torch.optim.Adam(learning, lr=0.01)
    reached = torch.zeros(8)
    for _ in range(300):
        read = network.expression_encoder(batch["token_ids"].flatten(0, 1))
        scores = network.query_head.scores(regions, present, *read)
        reached = ious.gather(1, scores.argmax(dim=1)[:, None]).squeeze(1)
        if reached.mean() >= 0.92:
            break
        if name == "grounder":
            loss = attention_loss(scores, ious)
        else:
            loss = classification_loss(scores, ious, present.repeat_interleave(2, dim=0))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    assert ious.amax(dim=1).mean() >= 0.92  # the bound
    assert reached.mean() >= 0.9


def test_a_captioner_learns_eight_captions_and_finds_their_blocks_among_all_proposals() -> None:
    """It never sees a box that fits badly, so nothing tells it a tight box from a loose one.

    Of the proposals, which hold the very blocks (IoU 1), it takes boxes around the right ones.
    """
    torch.manual_seed(0)
    made = recipe("scrc")
    network = made.build(0)
    batch = blocks()
    targets = batch["target"].squeeze(2).numpy() > 0.5
    told = [
        torch.from_numpy(np.stack(part))
        for part in true_boxes(batch["image"], targets, network.cells)
    ]
    optimiser = torch.optim.Adam(network.parameters(), lr=0.005)
    right = torch.zeros(8)
    for _ in range(80):
        (loss,) = made.losses(network, batch).values()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        with torch.no_grad():
            (regions,) = network.image_encoder.describe(batch["image"], *told)
            read = network.expression_encoder(batch["token_ids"].flatten(0, 1))
            scores = network.query_head.scores(regions, torch.ones(4, 2), *read)
        right = scores.argmax(dim=1) == torch.tensor([0, 1] * 4)
        if right.all() and loss < 0.2:
            break

    assert right.all()
    found = network.image_encoder.propose(batch["image"])
    shares, places, present = network.image_encoder.told(batch["image"], found)
    with torch.no_grad():
        (regions,) = network.image_encoder.describe(batch["image"], shares, places)
        scores = network.query_head.scores(regions, present, *read)
    ious = overlaps(found, targets, network)
    reached = ious.gather(1, scores.argmax(dim=1)[:, None]).squeeze(1)
    assert ious.amax(dim=1).min() == 1.0
    assert reached.min() > 0.75


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_network_answers_as_torch_does(name: str, tmp_path: Path) -> None:
    network = awake(name)

    report = export.export(network, WORDS, tmp_path / "model")

    assert report.difference < 1e-4
    told = yaml.safe_load((tmp_path / "model" / "model.yaml").read_text())["proposals"]
    assert told == {"count": 30, "cells": 6, "answer": network.answer}
    segmenter = Segmenter.load(tmp_path / "model", SegmenterConfig(min_area_px=1))
    image = blocks()["image"][0].numpy()
    answer = segmenter.segment(image, "the red mug")
    with torch.inference_mode():
        ids = torch.tensor([[0, 6, 4, 5]])
        expected = network(blocks()["image"][:1], ids)["logits"][0, 0].numpy() > 0
    assert np.array_equal(answer.mask, expected)
    assert answer.mask.any()
    assert "regions are proposed on the host" in segmenter.report().reason


def test_the_answer_of_exported_weights_may_be_changed_in_model_yaml(tmp_path: Path) -> None:
    export.export(awake("grounder"), WORDS, tmp_path / "model")
    image = blocks()["image"][0].numpy()
    config = SegmenterConfig(min_area_px=1)
    box = Segmenter.load(tmp_path / "model", config).segment(image, "the red mug").mask
    page = tmp_path / "model" / "model.yaml"
    page.write_text(page.read_text().replace("answer: box", "answer: grabcut"))

    segmenter = Segmenter.load(tmp_path / "model", config)

    assert not (segmenter.segment(image, "the red mug").mask & ~box).any()
    assert segmenter.report().details["answers"] == "the best of 30 proposals, as grabcut"


def test_other_precisions_of_a_network_over_proposals_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export.export(awake("grounder"), WORDS, tmp_path / "model")

    status = precision.main(["--model", str(tmp_path / "model"), "--precision", "fp16"])

    assert status == 1
    assert "'grounder' chooses among regions that are proposed on the" in capsys.readouterr().err
    assert not (tmp_path / "model" / "fp16").exists()


@pytest.mark.parametrize("named", [{"backend": "tensorrt"}, {"precision": "fp16"}])
def test_what_cannot_run_proposals_is_refused_by_name(
    named: dict[str, Any], tmp_path: Path
) -> None:
    export.export(awake("grounder"), WORDS, tmp_path / "model")

    with pytest.raises(RuntimeError, match=r"'grounder' chooses among regions .* not with"):
        Segmenter.load(tmp_path / "model", SegmenterConfig(**named))


@pytest.mark.parametrize("name", NAMES)
def test_a_run_by_the_configuration_becomes_a_model_that_answers(
    name: str, tmp_path: Path
) -> None:
    model = {"visual_channels": 8, "embedding_channels": 6, "hidden_channels": 8}

    run = run_of(f"train_{name}.yaml", tmp_path, model)

    assert_answers(run / "best.safetensors", tmp_path / "model")
