import math

import pytest
import torch

from textseg_core.training.hu2016 import (
    HIGH_RESOLUTION,
    LOW_RESOLUTION,
    build_optimiser,
)
from textseg_core.training.loss import cell_target, weighted_logistic_loss


def test_undecided_logits_cost_log_2_times_the_weight_of_their_class() -> None:
    target = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])

    loss = weighted_logistic_loss(torch.zeros(1, 1, 2, 2), target)

    assert loss.item() == pytest.approx((3 + 1 + 1 + 1) / 4 * math.log(2))


def test_loss_of_two_pixels_by_hand() -> None:
    logits = torch.tensor([2.0, -1.0])
    target = torch.tensor([True, False])

    loss = weighted_logistic_loss(logits, target)

    by_hand = (3 * math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1))) / 2
    assert loss.item() == pytest.approx(by_hand)


def test_release_weights_give_a_third_of_the_paper_s_loss() -> None:
    logits = torch.tensor([0.3, -1.2, 2.0])
    target = torch.tensor([1.0, 0.0, 0.0])

    release = weighted_logistic_loss(
        logits, target, foreground_weight=1.0, background_weight=1 / 3
    )

    assert release.item() == pytest.approx(weighted_logistic_loss(logits, target).item() / 3)


def test_large_wrong_logits_cost_their_size_and_do_not_overflow() -> None:
    logits = torch.tensor([-1000.0, 1000.0], requires_grad=True)

    loss = weighted_logistic_loss(logits, torch.tensor([1.0, 0.0]))
    loss.backward()

    assert loss.item() == pytest.approx((3 * 1000 + 1000) / 2)
    assert logits.grad is not None
    assert logits.grad.tolist() == pytest.approx([-1.5, 0.5])


def test_loss_refuses_to_broadcast() -> None:
    with pytest.raises(ValueError, match=r"\(1, 1, 2, 2\), got \(1, 2, 2\)"):
        weighted_logistic_loss(torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2))


def test_one_foreground_pixel_makes_its_cell_positive() -> None:
    mask = torch.zeros(1, 1, 64, 96, dtype=torch.bool)
    mask[0, 0, 31, 63] = True  # the last pixel of the cell in row 0, column 1
    mask[0, 0, 32, 64] = True  # the first pixel of the cell in row 1, column 2

    cells = cell_target(mask, 32)

    assert cells.dtype == torch.bool
    assert cells[0, 0].tolist() == [[False, True, False], [False, False, True]]


def test_cell_target_refuses_other_masks() -> None:
    with pytest.raises(ValueError, match=r"bool \(Q, 1, S, S\), got torch\.float32"):
        cell_target(torch.zeros(1, 1, 64, 64), 32)
    with pytest.raises(ValueError, match=r"got torch\.bool"):
        cell_target(torch.zeros(64, 64, dtype=torch.bool), 32)
    with pytest.raises(ValueError, match="multiples of the stride 32"):
        cell_target(torch.zeros(1, 1, 64, 65, dtype=torch.bool), 32)


def test_foreground_weighs_thrice_at_high_resolution_only() -> None:
    assert (LOW_RESOLUTION.foreground_weight, LOW_RESOLUTION.background_weight) == (1, 1)
    assert (HIGH_RESOLUTION.foreground_weight, HIGH_RESOLUTION.background_weight) == (3, 1)


def test_only_weights_are_pulled_towards_zero() -> None:
    layer = torch.nn.Linear(2, 3)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.bias.fill_(1.0)
    optimiser = build_optimiser(layer, 0.1)
    layer.weight.grad, layer.bias.grad = torch.zeros(3, 2), torch.zeros(3)

    optimiser.step()

    assert layer.weight.flatten().tolist() == pytest.approx([1 - 0.1 * 5e-4] * 6)
    assert layer.bias.tolist() == [1.0] * 3


def test_momentum_adds_nine_tenths_of_the_last_step() -> None:
    layer = torch.nn.Linear(1, 1)
    with torch.no_grad():
        layer.bias.fill_(0.0)
    optimiser = build_optimiser(layer, 0.1)
    for _ in range(2):
        layer.bias.grad = torch.ones(1)
        optimiser.step()

    assert layer.bias.item() == pytest.approx(-0.1 - 0.19)


def test_frozen_parameters_are_left_out() -> None:
    layer = torch.nn.Linear(2, 3)
    layer.weight.requires_grad_(False)

    groups = build_optimiser(layer, 0.1).param_groups

    assert [group["params"] for group in groups] == [[layer.bias]]
    with pytest.raises(ValueError, match="frozen"):
        build_optimiser(layer.requires_grad_(False), 0.1)
