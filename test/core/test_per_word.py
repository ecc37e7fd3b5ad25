"""The per-word baseline: combination and loss by hand, words, gradients, export, learning."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawn_data import write_data
from torch import Tensor

from textseg_core.models.checkpoint import load_checkpoint
from textseg_core.models.per_word import (
    NOTHING,
    CombinedWords,
    FrequentWords,
    PerWordNetwork,
    enlarge,
)
from textseg_core.runtime.export import export
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.segmenter import Segmenter
from textseg_core.training.per_word_recipe import (
    PerWordRecipe,
    frequent_ids,
    multi_label_loss,
)
from textseg_core.training.settings import Stage, TrainSettings
from textseg_core.training.train import main

CONFIG = Path(__file__).parents[2] / "config" / "train_per_word.yaml"
WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "mug", "the", ","]
NARROW = {
    "vocabulary_size": 8,
    "input_px": 64,
    "tokens": 5,
    "backbone": "mobilenet_v2",
    "classes": 3,
}


def narrow(**changes: Any) -> PerWordNetwork:
    torch.manual_seed(0)
    network = PerWordNetwork(**{**NARROW, **changes})
    network.name_classes([5, 4])
    return network


def noise(count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, 64, 64, 3), dtype=torch.uint8, generator=generator)


def combined(name: str, visual: Tensor, classes: list[int], present: list[float]) -> Tensor:
    head = CombinedWords(name, 1)
    (logits,) = head(visual, torch.tensor([classes]), torch.tensor([present]))
    return logits[0, 0]


@pytest.mark.parametrize(
    ("combination", "expected"),
    [
        # Scores of the two words: (3, -1, 2) and (-2, -3, 4); a third word is not in it.
        ("average", [0.5, -2.0, 3.0]),
        ("intersection", [-2.0, -3.0, 2.0]),
        ("union", [3.0, -1.0, 4.0]),
    ],
)
def test_two_words_of_three_are_combined_by_hand(combination: str, expected: list[float]) -> None:
    visual = torch.tensor([[3.0, -1.0, 2.0], [-2.0, -3.0, 4.0], [9.0, 9.0, -9.0]])[None, :, None]

    logits = combined(combination, visual, [0, 0, 1], [1.0, 0.0, 1.0])

    assert logits[0].tolist() == expected


@pytest.mark.parametrize("combination", ["average", "intersection", "union"])
def test_an_expression_without_a_frequent_word_finds_nothing(combination: str) -> None:
    logits = combined(combination, torch.full((1, 2, 1, 1), 5.0), [0, 0], [0.0, 0.0])

    assert logits.tolist() == [[NOTHING]]


def test_masks_are_combined_at_pixels_not_at_cells() -> None:
    # Of two neighbouring cells each word has one; half way between them both are at 0.
    visual = torch.tensor([[[4.0, -4.0]], [[-4.0, 4.0]]])[None]
    head = CombinedWords("union", 4)

    (logits,) = head(visual, torch.tensor([[0, 1]]), torch.ones(1, 2))

    first = enlarge(visual[:, :1], 4)
    assert torch.equal(logits, torch.maximum(first, -first))
    assert logits.min() < 1.1  # at the pixels beside the border; both cells have 4


def test_a_word_counts_once_and_only_with_a_class() -> None:
    words = FrequentWords(8)
    words.table[torch.tensor([4, 5])] = torch.tensor([1, 0])

    classes, present = words(torch.tensor([[0, 4, 6, 5, 4]]))

    assert classes.tolist() == [[0, 1, 0, 0, 1]]
    assert present.tolist() == [[0.0, 1.0, 0.0, 1.0, 0.0]]


def test_frequent_words_leave_out_stop_words_and_separators() -> None:
    counted = [[0, 6, 4, 5], [7, 5], [3, 5, 6, 6], [7, 7, 7]]

    assert frequent_ids(counted, WORDS) == [5, 4]


def test_words_beyond_the_classes_have_none() -> None:
    network = narrow(classes=1)

    assert network.expression_encoder.table.tolist() == [-1, -1, -1, -1, -1, 0, -1, -1]


def test_the_loss_by_hand() -> None:
    # Two cells, two words, two expressions: the first means the first cell and has word 0 alone,
    # the second means half of the second cell and has word 1 alone.
    scores = torch.tensor([[[[2.0, 0.5]], [[-1.0, 3.0]]]])
    share = torch.tensor([[[[1.0, 0.0]], [[0.0, 0.5]]]])
    words = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    plus = lambda value: math.log1p(math.exp(value))  # noqa: E731

    loss = multi_label_loss(scores, share, words)

    first = plus(-2.0) + plus(-1.0)  # word 0 is there, word 1 is not
    second = plus(0.5) + (plus(-3.0) + plus(3.0)) / 2
    assert loss.item() == pytest.approx((first + second) / 2)


def test_a_pixel_that_one_expression_calls_red_is_red_though_another_does_not() -> None:
    scores = torch.full((1, 1, 1, 1), 2.0)
    share = torch.tensor([[[[1.0]], [[0.0]]]])

    loss = multi_label_loss(scores, share, torch.ones(1, 2, 1))

    assert loss.item() == pytest.approx(math.log1p(math.exp(-2.0)))


@pytest.mark.parametrize(("stride", "side"), [(1, 64), (4, 16), (32, 2)])
def test_logits_have_the_stride_that_is_asked_for(stride: int, side: int) -> None:
    network = narrow(answer_stride=stride).eval()

    with torch.inference_mode():
        logits = network(noise(), torch.tensor([[0, 0, 0, 4, 5]] * 3))["logits"]

    assert (network.stride, logits.shape) == (stride, (3, 1, side, side))


def test_default_settings_are_those_of_the_paper() -> None:
    with torch.device("meta"):
        network = PerWordNetwork(vocabulary_size=8803)
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}

    assert (network.input_px, network.stride, network.classes) == (512, 1, 500)
    assert shapes["image_encoder.descriptors.classifier.3.weight"] == (4096, 4096, 1, 1)
    assert shapes["image_encoder.descriptors.classifier.6.weight"] == (500, 4096, 1, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"combination": "product"}, "average, intersection, union, got 'product'"),
        ({"input_px": 100}, "positive multiple of 32, got 100"),
        ({"answer_stride": 3}, "divisor of 32, got 3"),
        ({"classes": 0}, "at least 1, got 0"),
    ],
)
def test_wrong_setting_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PerWordNetwork(**{**NARROW, **change})


def test_images_with_their_expressions_get_the_answers_of_single_calls() -> None:
    network = narrow(combination="union").eval()
    images, ids = noise(2), torch.tensor([[0, 0, 0, 4, 5], [0, 0, 0, 0, 5]] * 2)

    with torch.inference_mode():
        together = network(images, ids)["logits"]
        alone = [network(images[[i]], ids[2 * i : 2 * i + 2])["logits"] for i in range(2)]

    assert torch.allclose(together, torch.cat(alone), atol=1e-4)


def recipe() -> PerWordRecipe:
    model = {key: NARROW[key] for key in ("backbone", "classes", "tokens")}
    settings = TrainSettings(
        network="per_word", steps=10, stages=(Stage(input_px=64),), model=model
    )
    return PerWordRecipe(settings, WORDS, None)


def halves() -> dict[str, Tensor]:
    """Four pictures, red in one half and mug-coloured in the other; an expression for each."""
    image = torch.zeros((4, 64, 64, 3), dtype=torch.uint8)
    target = torch.zeros(4, 2, 1, 64, 64)
    for row in range(4):
        red = torch.zeros(64, 64, dtype=torch.bool)
        red[:32] = True
        red = red if row < 2 else red.T
        red = red if row % 2 else ~red
        image[row][red] = torch.tensor([230, 30, 30], dtype=torch.uint8)
        image[row][~red] = torch.tensor([30, 60, 230], dtype=torch.uint8)
        target[row, :, 0] = torch.stack([red, ~red]).float()
    ids = torch.tensor([[[0, 0, 0, 6, 4], [0, 0, 0, 6, 5]]] * 4)
    return {"image": image, "target": target, "token_ids": ids}


def test_the_loss_reaches_every_parameter() -> None:
    made = recipe()
    network = made.build(0)
    network.name_classes([5, 4])

    (loss,) = made.losses(network, halves()).values()
    loss.backward()  # type: ignore[no-untyped-call]

    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_eight_samples_are_learnt_by_heart() -> None:
    torch.manual_seed(0)
    made = recipe()
    network = made.build(0)
    network.name_classes([5, 4])
    batch = halves()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    ious = torch.zeros(8)
    for _ in range(100):
        (loss,) = made.losses(network, batch).values()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        with torch.no_grad():
            logits = network(batch["image"], batch["token_ids"].flatten(0, 1))["logits"]
        found, meant = logits > 0, batch["target"].flatten(0, 1) > 0.5
        ious = (found & meant).sum((1, 2, 3)) / (found | meant).sum((1, 2, 3))
        if ious.mean() >= 0.92:
            break

    assert ious.shape == (8,)
    assert ious.mean() >= 0.9


@pytest.mark.parametrize("combination", ["average", "intersection", "union"])
def test_export_agrees_with_torch(combination: str, tmp_path: Path) -> None:
    network = narrow(combination=combination, answer_stride=4).eval()

    report = export(network, WORDS, tmp_path / "model")

    assert report.difference < 1e-4
    backend = OnnxBackend(tmp_path / "model", 1)
    ids = np.array([[0, 0, 6, 4, 5]])
    read = [backend.encode_expression(ids), backend.encode_expression(ids[:, [0, 0, 0, 1, 2]])]
    logits = backend.respond(backend.encode_image(noise()[0].numpy()), read)["logits"]
    with torch.inference_mode():
        expected = network(noise(), torch.from_numpy(ids))["logits"]
    assert np.abs(logits[:1] - expected.numpy()).max() < 1e-4
    assert (logits[1] == NOTHING).all()


def test_a_run_by_the_configuration_becomes_a_model_that_answers(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    tiny = {
        "model.classes": 12,
        "stages.0.input_px": 64,
        "stages.0.batch": 2,
        "stages.0.queries": 2,
        "workers": 0,
        "validation_scenes": 1,
        "minutes": "null",
        "steps": 2,
        "ablate": "[backbone]",
    }
    given = ["--config", str(CONFIG), "--data", str(data), "--scenes", str(data / "scenes")]
    given += ["--out", str(tmp_path / "run"), "--device", "cpu"]
    given += [part for key, value in tiny.items() for part in ("--set", f"{key}={value}")]

    main(given)
    checkpoint = load_checkpoint(tmp_path / "run" / "best.safetensors")
    table = checkpoint.state["expression_encoder.table"]
    export(checkpoint.network(), checkpoint.vocabulary, tmp_path / "model")

    named = {word for word, place in zip(checkpoint.vocabulary, table, strict=True) if place >= 0}
    assert len(named) == 12
    assert {"red", "left"} <= named
    assert "the" not in named
    answer = Segmenter.load(tmp_path / "model").segment(
        np.zeros((48, 64, 3), np.uint8), "the red one"
    )
    assert answer.response_map.shape == (48, 64)
