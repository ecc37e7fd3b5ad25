"""Dynamic filters, gate and captions of Chen et al. 2019 by hand, and what the network learns."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawn_squares import squares
from torch import Tensor
from torch.nn import functional as F

from textseg_core.models import registry
from textseg_core.models.captioner import AttentionCaptioner, caption_loss
from textseg_core.models.chen2019 import REGIONS, Chen2019Network, anchor_boxes, region_masks
from textseg_core.runtime.export import export
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.training.chen_loss import chen_losses, response_loss, shaken, target_boxes

NARROW = {
    "vocabulary_size": 12,
    "input_px": 64,
    "tokens": 5,
    "backbone": "mobilenet_v2",
    "proposals": 2,
    "box_cells": 3,
    "embedding_channels": 6,
    "word_channels": 6,
    "expression_channels": 8,
    "caption_channels": 7,
}
IDS = torch.tensor([[7, 9, 4, 0, 0], [5, 0, 0, 0, 0], [11, 10, 9, 8, 7]])


def narrow(**changes: Any) -> Chen2019Network:
    torch.manual_seed(0)
    return Chen2019Network(**{**NARROW, **changes})


def noise_image(count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, 64, 64, 3), dtype=torch.uint8, generator=generator)


def test_settings_left_alone_are_those_of_the_paper() -> None:
    with torch.device("meta"):
        network = registry.build("chen2019", vocabulary_size=2000).eval()
        shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
        answer = network(
            torch.zeros(1, 320, 320, 3, dtype=torch.uint8), torch.zeros(2, 20, dtype=torch.int64)
        )

    assert shapes["expression_encoder.lstm.forwards.from_state.weight"] == (4 * 512, 512)
    assert shapes["expression_encoder.to_filters.weight"] == (7 * 1024, 1024)
    assert shapes["expression_encoder.to_fusion.weight"] == (7, 1024)
    assert shapes["query_head.mask.conv5_mask.weight"] == (2048, 256, 2, 2)
    assert shapes["captioner.from_seen.weight"] == (4 * 512, 2 * 2048)
    assert answer["logits"].shape == (2, 1, 80, 80)
    assert answer["presence"].shape == (2,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"filters": "eight"}, "filters must be spatial or whole, got 'eight'"),
        ({"answer": "box"}, "answer must be mask or response, got 'box'"),
        ({"input_px": 80}, "positive multiple of 32, got 80"),
        ({"expression_channels": 7}, "must be even, got 7"),
        ({"proposals": 0}, "proposals must lie in 1..240, got 0"),
        ({"box_cells": 0}, "box_cells must be at least 1, got 0"),
        ({"backbone": "vgg16"}, "backbone must be one of resnet101, resnet50"),
    ],
)
def test_wrong_setting_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        narrow(**change)


def test_regions_are_halves_and_middle_halves() -> None:
    drawn = {
        name: ["".join(str(int(cell)) for cell in row) for row in mask]
        for name, mask in zip(REGIONS, region_masks(4), strict=True)
    }

    assert drawn == {
        "whole": ["1111"] * 4,
        "up": ["1111", "1111", "0000", "0000"],
        "down": ["0000", "0000", "1111", "1111"],
        "left": ["1100"] * 4,
        "right": ["0011"] * 4,
        "horizontal middle": ["0000", "1111", "1111", "0000"],
        "vertical middle": ["0110"] * 4,
    }


def test_anchors_stand_about_the_centres_of_cells() -> None:
    anchors = anchor_boxes(2)

    assert anchors.shape == (2 * 2 * 15, 4)
    # Second cell of the first row, the smallest size, as high as wide.
    assert anchors[15 + 1].tolist() == [24 - 16, 8 - 16, 24 + 16, 8 + 16]
    # The next aspect is twice as high as wide, with the same area.
    x0, y0, x1, y1 = anchors[15 + 2].tolist()
    assert ((x1 - x0) * (y1 - y0), (y1 - y0) / (x1 - x0)) == pytest.approx((1024, 2))


def test_the_response_is_that_of_seven_convolutions_each_over_its_region() -> None:
    head = narrow(caption_channels=0).query_head
    torch.manual_seed(2)
    features, filters, fusion = torch.randn(2, 96, 4, 4), torch.randn(2, 7, 96), torch.randn(2, 7)

    response = head.respond(features, filters, fusion)

    for row in range(2):
        one = features[row : row + 1]
        kept = [one * mask for mask in region_masks(4)]
        responses = [
            F.conv2d(kept[region], filters[row, region].view(1, -1, 1, 1)) for region in range(7)
        ]
        expected = F.conv2d(torch.cat(responses, dim=1), fusion[row].view(1, 7, 1, 1))
        assert torch.allclose(response[row], expected[0], atol=1e-4)


def test_filters_are_the_tanh_of_a_layer_on_the_sentence() -> None:
    read = narrow().expression_encoder

    with torch.inference_mode():
        filters, fusion = read(IDS)
        present = (IDS != 0).float()
        _, said = read.lstm(read.word(read.embedding(IDS)), present)
        by_hand = torch.tanh(read.to_filters(said)).view(3, 7, 96)

    assert said.shape == (3, 8)
    assert torch.equal(filters, by_hand)
    assert fusion.shape == (3, 7)
    assert filters.std() > 0


def test_the_gate_lets_through_what_the_response_says() -> None:
    head = narrow(caption_channels=0).query_head
    features = torch.full((1, 96, 4, 4), 8.0)
    response = torch.zeros(1, 1, 4, 4)
    response[0, 0, 1, 2] = math.log(3)

    gated = head.gate(features, response)

    assert gated[0, 5, 1, 2].item() == pytest.approx(6.0)
    assert gated[0, 5, 0, 0].item() == pytest.approx(4.0)


def test_one_filter_is_the_paper_s_baseline() -> None:
    network = narrow(filters="whole").eval()

    filters, fusion = network.expression_encoder(IDS)

    assert (filters.shape, fusion.shape) == ((3, 1, 96), (3, 1))


def test_the_caption_s_loss_by_hand() -> None:
    # Three words; the sentence is "2", so two words are asked for: 2, then the end.
    logits = torch.log(torch.tensor([[[0.5, 0.25, 0.25], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]]))
    ids = torch.tensor([[2, 0]])

    assert caption_loss(logits, ids).item() == pytest.approx(-math.log(0.25 * 0.8) / 2)
    # A sentence about nothing counts nothing.
    both = caption_loss(torch.cat([logits, -logits]), ids.repeat(2, 1), torch.tensor([1.0, 0.0]))
    assert both.item() == pytest.approx(-math.log(0.25 * 0.8) / 2)


def test_the_captioner_weighs_places_by_their_likeness_to_its_state() -> None:
    captioner = AttentionCaptioner(5, 1, 3, 1, 1)
    with torch.no_grad():
        captioner.state_to_attention.weight.fill_(1.0)
        captioner.attention.weight.fill_(2.0)
    features, keys = torch.tensor([[[10.0], [30.0]]]), torch.tensor([[[0.5], [-0.25]]])
    scores = [2 * math.tanh(0.5 - 0.25), 2 * math.tanh(-0.25 - 0.25)]
    first = math.exp(scores[0]) / (math.exp(scores[0]) + math.exp(scores[1]))

    seen = captioner.look(features, keys, torch.tensor([[-0.25]]))

    assert seen.item() == pytest.approx(10 * first + 30 * (1 - first), rel=1e-5)


def test_a_word_s_probability_depends_on_the_words_before_it_alone() -> None:
    torch.manual_seed(0)
    captioner = AttentionCaptioner(9, 4, 3, 5, 3)
    features = torch.randn(1, 6, 4)

    one = captioner(features, torch.tensor([[3, 4, 5]]))
    other = captioner(features, torch.tensor([[3, 7, 8]]))

    assert one.shape == (1, 4, 9)
    assert torch.equal(one[:, :2], other[:, :2])
    assert not torch.allclose(one[:, 2], other[:, 2])


def test_the_box_of_a_mask_by_hand() -> None:
    target = torch.zeros(3, 1, 8, 8)
    target[0, 0, 2:5, 1:3] = 1
    target[1, 0, 6, 7] = 0.2  # smaller than a cell

    boxes, there = target_boxes(target, 4.0)

    assert boxes.tolist() == [[4, 8, 12, 20], [28, 24, 32, 28], [0, 0, 0, 0]]
    assert there.tolist() == [1, 1, 0]
    assert shaken(boxes, 32.0)[0, 0].tolist() == [4, 8, 12, 20]


def test_the_response_s_loss_is_the_logistic_loss_of_each_cell() -> None:
    response = torch.tensor([[[[2.0, 0.0], [0.0, -1.0]]]])
    target = torch.zeros(1, 1, 4, 4)
    target[0, 0, :2, :2] = 1
    target[0, 0, 2, :2] = 1  # half of the cell below

    expected = [
        math.log1p(math.exp(-2)),
        math.log(2),
        math.log(2),
        math.log1p(math.exp(-1)),
    ]
    assert response_loss(response, target).item() == pytest.approx(sum(expected) / 4)


def test_padding_changes_nothing_and_images_are_answered_as_alone() -> None:
    network = narrow().eval()
    images, ids = noise_image(2), torch.cat([IDS, IDS.flip(0)])
    broken = torch.tensor([[0, 7, 0, 9, 4]])

    with torch.inference_mode():
        (features,) = network.image_encoder(images)
        together = network.query_head(features, *network.expression_encoder(ids))
        alone = [network(images[[row // 3]], ids[[row]])["logits"] for row in (0, 4)]
        padded = network(images[:1], broken)["logits"]

    assert torch.allclose(together[0][[0, 4]], torch.cat(alone), atol=1e-4)
    assert torch.allclose(padded, together[0][:1], atol=1e-4)


def test_onnx_equals_torch(tmp_path: Path) -> None:
    network = narrow().eval()
    words = ["<pad>", "<go>", "<eos>", "<unk>", *(f"w{i}" for i in range(8))]

    report = export(network, words, tmp_path / "model")
    backend = OnnxBackend(tmp_path / "model")
    read = [backend.encode_expression(one[None].numpy()) for one in IDS]
    answer = backend.respond(backend.encode_image(noise_image()[0].numpy()), read)

    assert report.difference < 1e-4
    with torch.inference_mode():
        expected = network(noise_image(), IDS)
    for name in ("logits", "presence"):
        assert np.abs(answer[name] - expected[name].numpy()).max() < 1e-3, name


def losses(network: Chen2019Network, images: Tensor, ids: Tensor, masks: Tensor) -> Tensor:
    (features,) = network.image_encoder(images)
    read = network.expression_encoder(ids)
    parts = chen_losses(network, features, read, ids, masks)
    return torch.stack(list(parts.values())).sum()


def test_the_loss_reaches_every_parameter() -> None:
    network = narrow().train()
    images, ids, masks = squares()

    losses(network, images, ids, F.avg_pool2d(masks, 4)).backward()

    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_expressions_that_mean_nothing_teach_background_alone() -> None:
    network = narrow(caption_channels=0)
    images, ids, masks = squares()
    (features,) = network.image_encoder(images)

    parts = chen_losses(
        network,
        features,
        network.expression_encoder(ids),
        ids,
        torch.zeros_like(F.avg_pool2d(masks, 4)),
    )

    assert all(torch.isfinite(value) for value in parts.values())
    assert set(parts) == {"roi", "response"}


def test_eight_samples_are_learnt_by_heart() -> None:
    network = narrow(
        embedding_channels=16, word_channels=16, expression_channels=32, caption_channels=16
    ).train()
    images, ids, masks = squares()
    shares = F.avg_pool2d(masks, 4)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    ious = torch.zeros(8)
    for step in range(150):
        optimiser.zero_grad()
        losses(network, images, ids, shares).backward()
        optimiser.step()
        if step % 10 < 9:
            continue
        with torch.no_grad():
            (features,) = network.image_encoder(images)
            logits, presence = network.query_head(features, *network.expression_encoder(ids))
        found, meant = logits > 0, shares > 0.5
        ious = (found & meant).sum((1, 2, 3)) / (found | meant).sum((1, 2, 3))
        if ious.mean() >= 0.92 and (presence > 0).all():
            break

    assert ious.shape == (8,)
    assert ious.mean() >= 0.9
