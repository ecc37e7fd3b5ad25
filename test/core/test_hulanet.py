"""HULANet's maps, attention, relations and combination by hand, and what its modules learn."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawn_squares import BLUE, RED, SQUARE, squares
from torch import Tensor
from torch.nn import functional as F

from textseg_core.language.word_roles import ROLES
from textseg_core.models.detection.proposals import Proposals
from textseg_core.models.hula_modules import (
    NameModule,
    RelationshipModule,
    combine,
    module_terms,
    project,
)
from textseg_core.models.hulanet import Attention, HulaNetwork, channels_of, expression_outputs
from textseg_core.runtime.export import export
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.training.hula_recipe import role_loss

NARROW: dict[str, Any] = {
    "vocabulary_size": 12,
    "input_px": 64,
    "tokens": 5,
    "categories": ("thing", "square", "ball"),
    "attributes": ("red", "blue"),
    "category_words": ((SQUARE, 1), (7, 2)),
    "attribute_words": ((RED, 0), (BLUE, 1)),
    "backbone": "mobilenet_v2",
    "map_stride": 4,
    "proposals": 4,
    "regions": 8,
    "candidates": 8,
    "pyramid_channels": 8,
    "box_channels": 12,
    "mask_layers": 1,
    "embedding_channels": 6,
    "language_channels": 12,
    "relation_channels": 4,
}
IDS = torch.tensor([[RED, SQUARE, 9, SQUARE, 0], [7, 0, 0, 0, 0], [0, BLUE, 0, SQUARE, 8]])
VARIANTS = pytest.mark.parametrize("modules", ["cat", "cat+att", "cat+rel", "cat+att+rel"])


def narrow(**changes: Any) -> HulaNetwork:
    torch.manual_seed(0)
    return HulaNetwork(**{**NARROW, **changes})


def noise_image(count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, 64, 64, 3), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modules": "att"}, r"modules must be one of cat, cat\+att, .*, got 'att'"),
        ({"map_stride": 2}, r"map_stride must be one of \(4, 8, 16\), got 2"),
        ({"attributes": ()}, "must name at least one word"),
        ({"category_words": ((99, 0),)}, r"ids below 12 and places below 3, got \[99, 0\]"),
    ],
)
def test_wrong_setting_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        narrow(**change)


def test_a_map_holds_the_greatest_product_of_score_and_mask() -> None:
    scores = torch.tensor([[[0.8, 0.1], [0.5, 0.9]]])
    masks = torch.tensor([[[[1.0, 0.5], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.2]]]])

    maps = project(scores, masks)

    assert maps.shape == (1, 2, 2, 2)
    assert maps[0, 0].flatten().tolist() == pytest.approx([0.8, 0.5, 0.0, 0.1])
    assert maps[0, 1].flatten().tolist() == pytest.approx([0.1, 0.9, 0.0, 0.18])


def test_detections_are_drawn_where_their_boxes_are() -> None:
    encoder = narrow().image_encoder
    sure = torch.tensor([[[-20.0, -20.0, 20.0, -20.0], [-20.0, -20.0, -20.0, 20.0]]])
    found = Proposals(
        boxes=torch.tensor([[[0.0, 0.0, 32.0, 16.0], [32.0, 32.0, 64.0, 64.0]]]),
        scores=torch.ones(1, 2),
        class_logits=sure,
        valid=torch.tensor([[1.0, 0.0]]),
        masks=torch.full((1, 2, 28, 28), 8.0),
        embedding=torch.zeros(1, 2, 12),
    )

    categories, attributes = encoder.maps(found)

    expected = torch.zeros(16, 16)
    expected[:4, :8] = 1
    assert categories.shape == (1, 3, 16, 16)
    assert torch.allclose(categories[0, 1], expected, atol=2e-3)
    # The other is not valid, so nothing is drawn of it.
    assert categories[0, 2].max() < 1e-3
    half = torch.sigmoid(encoder.attributes.bias)  # type: ignore[union-attr]
    assert torch.allclose(attributes[0, 0, 2, 2], half[0].detach(), atol=1e-3)


def test_a_name_s_response_is_its_attention_s_sum_over_the_maps() -> None:
    module = NameModule()
    maps = torch.tensor([[[[0.5]], [[1.0]]]])

    response = module(maps, torch.tensor([[0.25, 0.75], [1.0, 0.0]]))

    expected = [1 / (1 + math.exp(-(8 * share - 4))) for share in (0.875, 0.5)]
    assert response.flatten().tolist() == pytest.approx(expected)


def test_terms_are_the_modules_and_their_products() -> None:
    assert module_terms(("cat", "att", "rel")) == (
        *(("cat",), ("att",), ("rel",)),
        *(("cat", "att"), ("cat", "rel"), ("att", "rel")),
        ("cat", "att", "rel"),
    )


def test_the_combination_by_hand() -> None:
    maps = [torch.full((1, 1, 1, 1), value) for value in (0.8, 0.5)]
    weights = torch.tensor([[0.2, 0.3, 0.5]])

    logits = combine(maps, ("cat", "att"), weights)

    mean = 0.2 * 0.8 + 0.3 * 0.5 + 0.5 * 0.8 * 0.5
    assert torch.sigmoid(logits).item() == pytest.approx(mean)


def test_modules_without_words_count_for_nothing() -> None:
    encoder = narrow().expression_encoder
    groups = torch.randn(2, 4, 6)
    # Category and attribute have words; then category, predicate and support.
    active = torch.tensor([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 1.0]])

    weights = encoder.weights(groups, active)

    named = [dict(zip(module_terms(("cat", "att", "rel")), row, strict=True)) for row in weights]
    assert weights.sum(dim=1).tolist() == pytest.approx([1, 1])
    for row, gone in ((0, "rel"), (1, "att")):
        assert sum(value for term, value in named[row].items() if gone in term) < 0.01
        assert sum(value for term, value in named[row].items() if gone not in term) > 0.99


def test_without_leaning_on_frequent_names_a_word_has_its_own_channel_or_none() -> None:
    attention = Attention(6, 5, channels_of(((3, 1), (4, 0)), 9, 3), 3, rare_from_frequent=False)
    ids = torch.tensor([[3, 8, 0], [8, 3, 4]])
    share = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.25, 0.5]])

    found = attention(torch.zeros(2, 6), ids, share)

    assert found.tolist() == [[0, 1, 0], [0.5, 0.25, 0]]
    assert not list(attention.parameters())


def test_rare_names_lean_on_the_channels_of_frequent_ones() -> None:
    torch.manual_seed(0)
    attention = Attention(6, 5, channels_of(((3, 1),), 9, 3), 3, rare_from_frequent=True)
    with torch.no_grad():
        for parameter in attention.layers.parameters():  # type: ignore[union-attr]
            parameter.zero_()
        attention.layers[2].bias.copy_(torch.tensor([0.0, 0.0, math.log(3)]))  # type: ignore[index]

    found = attention(torch.zeros(2, 6), torch.tensor([[3], [8]]), torch.ones(2, 1))

    own = math.exp(4.0)
    assert found[0].tolist() == pytest.approx([1 / (4 + own), own / (4 + own), 3 / (4 + own)])
    assert found[1].tolist() == pytest.approx([0.2, 0.2, 0.6])


def test_a_relation_reaches_over_the_whole_picture() -> None:
    torch.manual_seed(0)
    module = RelationshipModule(3, 8)
    support = torch.zeros(1, 1, 20, 20, requires_grad=True)

    response = module(support, torch.ones(1, 3))
    response[0, 0, 0, 0].backward()

    assert response.shape == (1, 1, 20, 20)
    assert support.grad is not None
    reached = support.grad[0, 0] != 0
    assert reached[:, :18].any(dim=0).all()
    assert reached[:18].any(dim=1).all()


def test_a_relation_is_answered_on_maps_of_every_stride() -> None:
    module = RelationshipModule(3, 4)

    for side in (16, 20, 40, 80):
        response = module(torch.rand(2, 1, side, side), torch.rand(2, 3))
        assert response.shape == (2, 1, side, side)


def test_roles_are_learnt_of_words_and_not_of_padding() -> None:
    logits = torch.zeros(1, 3, len(ROLES))
    logits[0, 0, 1] = 2.0
    ids, roles = torch.tensor([[4, 5, 0]]), torch.tensor([[1, 2, 0]])

    loss = role_loss(logits, roles, ids)

    first = -math.log(math.exp(2) / (math.exp(2) + 4))
    assert loss.item() == pytest.approx((first + math.log(5)) / 2)
    assert role_loss(logits, roles, torch.zeros_like(ids)).item() == 0


@VARIANTS
def test_the_parts_fit_together(modules: str) -> None:
    network = narrow(modules=modules).eval()
    ids = torch.cat([IDS, IDS.flip(0)])

    with torch.inference_mode():
        seen = network.image_encoder(noise_image(2))
        read = network.expression_encoder(ids)
        (together,) = network.query_head(*seen, *read)
        (alone,) = network.query_head(*(maps[1:] for maps in seen), *(part[4:5] for part in read))

    assert len(seen) == len(network.image_outputs)
    assert len(read) == len(network.expression_outputs)
    assert network.expression_outputs == expression_outputs(modules.split("+"))
    assert together.shape == (6, 1, 16, 16)
    assert torch.allclose(together[4], alone[0], atol=1e-5)


def test_onnx_equals_torch(tmp_path: Path) -> None:
    network = narrow().eval()
    words = ["<pad>", "<go>", "<eos>", "<unk>", *(f"w{i}" for i in range(8))]

    report = export(network, words, tmp_path / "model")
    backend = OnnxBackend(tmp_path / "model")
    read = [backend.encode_expression(one[None].numpy()) for one in IDS]
    answer = backend.respond(backend.encode_image(noise_image()[0].numpy()), read)

    assert report.difference < 1e-4
    with torch.inference_mode():
        expected = network(noise_image(), IDS)["logits"]
    assert np.abs(answer["logits"] - expected.numpy()).max() < 1e-3


def true_detections(network: HulaNetwork) -> Proposals:
    """What a perfect detector says of `squares`: two of each picture, told apart by colour."""
    _, _, masks = squares()
    shown = masks.view(4, 2, 64, 64)
    boxes = torch.stack(
        [
            torch.tensor([32.0 * side, 0.0, 32.0 * side + 32.0, 32.0])
            + torch.tensor([0.0, 1.0, 0.0, 1.0]) * shown[image, side].amax(dim=1).argmax()
            for image in range(4)
            for side in range(2)
        ]
    ).view(4, 2, 4)
    sure = torch.zeros(4, 2, 4)
    sure[..., 2] = 8.0
    embedding = torch.zeros(4, 2, network.image_encoder.detector.box_channels)
    embedding[:, 0, 0], embedding[:, 1, 1] = 1.0, 1.0
    known = torch.ones(4, 2)
    return Proposals(boxes, known, sure, known, torch.full((4, 2, 28, 28), 8.0), embedding)


def answers(network: HulaNetwork, ids: Tensor) -> Tensor:
    maps = network.image_encoder.maps(true_detections(network))
    (logits,) = network.query_head(*maps, *network.expression_encoder(ids))
    return logits


ROLE_IDS = torch.tensor([[2, 1, 0, 0, 0]] * 8)


def module_loss(network: HulaNetwork) -> Tensor:
    _, ids, masks = squares()
    logits = answers(network, ids)
    _, roles = network.expression_encoder.groups.roles(ids)
    share = F.avg_pool2d(masks, 4)
    return F.binary_cross_entropy_with_logits(logits, share) + role_loss(roles, ROLE_IDS, ids)


@VARIANTS
def test_the_loss_reaches_every_parameter_of_the_modules(modules: str) -> None:
    network = narrow(modules=modules)

    module_loss(network).backward()

    for name, parameter in network.named_parameters():
        if not name.startswith("image_encoder.detector."):
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_the_modules_learn_eight_samples_by_heart() -> None:
    # Each phrase is "red square" or "blue square"; only the attributes tell the squares apart.
    network = narrow(embedding_channels=12, language_channels=12)
    learnt = [
        parameter
        for name, parameter in network.named_parameters()
        if not name.startswith("image_encoder.detector.")
    ]
    optimiser = torch.optim.Adam(learnt, lr=0.02)
    _, ids, masks = squares()
    meant = F.avg_pool2d(masks, 4) > 0.5
    ious = torch.zeros(8)
    for _ in range(150):
        optimiser.zero_grad()
        module_loss(network).backward()
        optimiser.step()
        found = answers(network, ids) > 0
        ious = (found & meant).sum((1, 2, 3)) / (found | meant).sum((1, 2, 3))
        if ious.mean() >= 0.92:
            break

    assert ious.shape == (8,)
    assert ious.mean() >= 0.9
