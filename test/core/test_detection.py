"""Proposals of fixed number: boxes by hand, torchvision's suppression, losses, ONNX."""

import copy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torchvision.ops import nms, roi_align  # type: ignore[import-untyped]

from textseg_core.models.detection.boxes import (
    OUTSIDE,
    kept_of,
    moved,
    overlaps,
    paste,
    pool,
    pool_levels,
)
from textseg_core.models.detection.proposals import ANYTHING, ProposalEncoder
from textseg_core.training.detection import detection_losses, mask_targets
from textseg_core.training.samples import NOTHING
from textseg_core.training.things import Things

PX = 64


def encoder(**changes: object) -> ProposalEncoder:
    torch.manual_seed(3)
    settings = {
        "categories": (ANYTHING, "mug"),
        "input_px": PX,
        "backbone": "mobilenet_v2",
        "proposals": 4,
        "regions": 12,
        "candidates": 24,
        "pyramid_channels": 16,
        "box_channels": 24,
        "mask_layers": 1,
        **changes,
    }
    return ProposalEncoder(**settings)  # type: ignore[arg-type]


def two_blocks() -> tuple[Tensor, Things]:
    """A red and a green block on grey, twice, the second time without the green one."""
    image = torch.full((2, PX, PX, 3), 90, dtype=torch.uint8)
    boxes = torch.tensor([[8.0, 8, 32, 40], [36, 20, 60, 44]]).repeat(2, 1, 1)
    masks = torch.zeros(2, 2, PX // 2, PX // 2)
    for place, (x0, y0, x1, y1) in enumerate(boxes[0].int().tolist()):
        masks[:, place, y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] = 1
        image[: 2 - place, y0:y1, x0:x1] = torch.tensor([200 - 180 * place, 20 + 180 * place, 0])
    labels = torch.tensor([[1, 0], [1, NOTHING]])
    none = torch.zeros(2, 2, 0)
    return image, Things(boxes, labels, none, torch.zeros(2, 2), masks, torch.zeros(2, 1, 2))


def random_boxes(count: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(count, 2, generator=generator) * 40
    return torch.cat([corners, corners + 2 + torch.rand(count, 2, generator=generator) * 30], 1)


def test_overlap_is_shared_area_over_united_area() -> None:
    first = torch.tensor([[[0.0, 0, 2, 2], [5, 5, 6, 6]]])
    second = torch.tensor([[[1.0, 1, 3, 3]]])

    torch.testing.assert_close(overlaps(first, second), torch.tensor([[[1 / 7], [0.0]]]))


@pytest.mark.parametrize("seed", range(4))
def test_suppression_at_once_keeps_what_torchvision_keeps_one_by_one(seed: int) -> None:
    boxes = random_boxes(60, seed)
    scores = torch.linspace(1, 0.1, 60)

    kept = kept_of(boxes[None], 0.4)[0]

    assert torch.where(kept > 0.5)[0].tolist() == nms(boxes, scores, 0.4).tolist()
    assert 5 < kept.sum() < 55


def test_what_a_suppressed_box_overlaps_stays() -> None:
    chain = torch.tensor([[[0.0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]]])

    assert kept_of(chain, 0.3).tolist() == [[1, 0, 1]]


def test_boxes_move_by_shares_of_their_sides_and_stay_in_the_picture() -> None:
    boxes = torch.tensor([[10.0, 20, 30, 60]])
    deltas = torch.tensor([[1.0, -0.5, 5 * np.log(2.0), 0.0]])

    (box,) = moved(boxes, deltas, (10, 10, 5, 5), 50).tolist()

    # Centre (20, 40) to (22, 38); width 20 to 40, height stays 40; clipped at 50.
    assert box == pytest.approx([2, 18, 42, 50])


def test_pooling_is_torchvision_s_and_knows_its_picture() -> None:
    values = torch.rand(2, 3, 8, 8)
    boxes = torch.stack([random_boxes(5, 0), random_boxes(5, 1)])

    found = pool(values, boxes, 8, 4)

    for number in range(2):
        own = roi_align(values[number, None], [boxes[number]], 4, 1 / 8, sampling_ratio=2)
        torch.testing.assert_close(found[number], own)


def test_a_box_is_looked_at_on_the_level_of_its_size() -> None:
    maps = [torch.full((1, 1, 64 // stride, 64 // stride), float(stride)) for stride in (8, 16)]
    boxes = torch.tensor([[[0.0, 0, 20, 20], [0, 0, 40, 40], [0, 0, 32, 31]]])

    found = pool_levels(maps, boxes, (8, 16), 2, canonical_px=32)

    assert found.mean(dim=(2, 3, 4)).tolist() == [[8, 16, 8]]


def test_a_mask_is_pasted_into_its_box_and_nothing_is_outside() -> None:
    mask = torch.tensor([[[4.0, -4.0], [4.0, -4.0]]])
    boxes = torch.tensor([[8.0, 0, 24, 16]])

    logits = paste(mask, boxes, cells=8, stride=4)

    row = logits[0, 0, 1].tolist()
    # Centres of cells at 10, 14, 18, 22 are at 0.25, 0.75, 1.25 and 1.75 of two columns.
    assert row == pytest.approx([-OUTSIDE] * 2 + [4, 2, -2, -4] + [-OUTSIDE] * 2, abs=1e-5)
    assert logits[0, 0, 4:].max() == -OUTSIDE


def test_a_full_mask_fills_its_box() -> None:
    boxes = torch.tensor([[5.0, 9, 41, 60]])

    found = paste(torch.full((1, 28, 28), 20.0), boxes, cells=64, stride=1)[0, 0] > 0

    rows, columns = torch.where(found)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (5, 9, 41, 60)
    assert found.sum() == 36 * 51


def test_shapes_are_fixed_and_what_is_not_valid_scores_nothing() -> None:
    network = encoder().eval()
    image = torch.randint(0, 256, (2, PX, PX, 3), dtype=torch.uint8)

    features = network.features(image)
    found = network.propose(features)

    assert features.c3.shape == (2, network.c3_channels, 4, 4)
    assert features.c4.shape == (2, network.c4_channels, 2, 2)
    assert [tuple(values.shape) for values in found] == [
        (2, 4, 4),
        (2, 4),
        (2, 4, 3),
        (2, 4),
        (2, 4, 28, 28),
        (2, 4, 24),
    ]
    assert found.boxes.min() >= 0
    assert found.boxes.max() <= PX
    assert found.labels.shape == (2, 4)
    assert torch.equal(found.scores > 0, found.valid > 0)


def test_an_image_in_a_batch_is_answered_as_alone() -> None:
    network = encoder().eval()
    image = torch.randint(0, 256, (2, PX, PX, 3), dtype=torch.uint8)

    with torch.no_grad():
        both = network.propose(network.features(image))
        alone = network.propose(network.features(image[1:]))

    for name in ("boxes", "class_logits", "masks"):
        torch.testing.assert_close(getattr(both, name)[1:], getattr(alone, name))


def test_known_boxes_are_described_as_proposed_ones_are() -> None:
    network = encoder().eval()
    features = network.features(torch.randint(0, 256, (1, PX, PX, 3), dtype=torch.uint8))
    boxes = torch.tensor([[[3.0, 4, 40, 30], [0, 0, 0, 0]]])

    found = network.describe(features, boxes, torch.tensor([[1.0, 0]]))

    assert found.masks.shape == (1, 2, 28, 28)
    assert found.scores[0, 1] == 0
    assert found.scores[0, 0].item() == pytest.approx(
        1 - torch.softmax(found.class_logits[0, 0], 0)[0].item(), abs=1e-6
    )


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenet_v3_large"])
def test_other_backbones_give_their_own_channels(backbone: str) -> None:
    network = encoder(backbone=backbone).eval()

    features = network.features(torch.zeros(1, PX, PX, 3, dtype=torch.uint8))

    assert features.c3.shape == (1, network.c3_channels, 4, 4)
    assert features.c4.shape == (1, network.c4_channels, 2, 2)
    assert network.propose(features).boxes.shape == (1, 4, 4)


def test_onnx_runtime_proposes_what_torch_proposes(tmp_path: Path) -> None:
    network = encoder().eval()

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = network

        def forward(self, image: Tensor) -> tuple[Tensor, ...]:
            return tuple(self.encoder.propose(self.encoder.features(image)))

    image = torch.randint(0, 256, (1, PX, PX, 3), dtype=torch.uint8)
    with torch.inference_mode():
        expected = Whole()(image)
        torch.onnx.export(
            Whole(), (image,), str(tmp_path / "p.onnx"), opset_version=17, dynamo=False
        )
    session = onnxruntime.InferenceSession(tmp_path / "p.onnx", providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: image.numpy()})

    for ours, theirs in zip(expected, found, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-3)


def test_targets_of_masks_are_what_the_box_shows_of_them() -> None:
    mask = torch.zeros(2, 8, 8)
    mask[1, :, 4:] = 1

    found = mask_targets(mask, torch.tensor([1]), torch.tensor([[4.0, 0, 12, 16]]), 4)

    assert found[0].mean(dim=0).tolist() == pytest.approx([0, 0.25, 0.75, 1], abs=0.26)
    assert mask_targets(mask, torch.tensor([0]), torch.tensor([[0.0, 0, 16, 16]]), 4).max() == 0


def test_every_parameter_learns_from_the_losses() -> None:
    network = encoder().train()
    image, things = two_blocks()

    parts = detection_losses(network, network.features(image), things)
    torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]

    assert sorted(parts) == ["boxes", "categories", "masks", "region_boxes", "regions"]
    assert all(torch.isfinite(part) for part in parts.values())
    silent = [name for name, p in network.named_parameters() if p.grad is None]
    assert silent == []


def test_pictures_without_things_teach_that_there_are_none() -> None:
    network = encoder().train()
    image, things = two_blocks()
    bare = things._replace(labels=torch.full((2, 2), NOTHING))

    parts = detection_losses(network, network.features(image), bare)

    assert parts["masks"] == parts["boxes"] == 0
    assert torch.isfinite(parts["categories"])


def test_things_that_are_learnt_are_proposed_with_category_box_and_mask() -> None:
    network = encoder(pyramid_channels=32, box_channels=64, regions=24).train()
    image, things = two_blocks()
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for step in range(80):
        torch.manual_seed(step)
        parts = detection_losses(network, network.features(image), things)
        optimiser.zero_grad()
        torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    with torch.no_grad():  # running means of so few steps are far behind
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum, layer.num_batches_tracked = None, torch.tensor(0)
        for _ in range(20):
            network.features(image)
        found = copy.deepcopy(network).eval()
        proposals = found.propose(found.features(image))

    assert proposals.scores[0, :2].min() > 0.5
    assert proposals.scores[1, 0] > 0.5 > proposals.scores[1, 1]
    best = overlaps(things.boxes, proposals.boxes[:, :2])
    assert best[0].amax(dim=1).min() > 0.7
    assert proposals.labels[1, 0] == 1


def test_a_frozen_detector_neither_learns_nor_counts() -> None:
    network = encoder()
    network.freeze()
    network.train()

    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())

    network.freeze(False)
    network.train()
    network.keep_statistics()

    assert network.training
    assert not network.backbone.body.training
    assert all(p.requires_grad for p in network.parameters())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"categories": ("mug",)}, "'thing' first"),
        ({"categories": ("thing", "mug", "mug")}, "different names"),
        ({"input_px": 50}, "multiple of 32"),
        ({"proposals": 20}, "between 1 and regions"),
        ({"backbone": "vgg16"}, "backbone must be one of"),
        ({"regions": 200, "candidates": 20}, "do not make 200 regions"),
    ],
)
def test_settings_that_make_no_detector_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        encoder(**change)
