import math

import pytest
import torch

from textseg_core.training.mask_loss import mask_loss

ONE = torch.ones(1)


def test_undecided_logits_by_hand() -> None:
    target = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])

    loss = mask_loss(torch.zeros(1, 1, 2, 2), target, ONE)

    # Dice: shared 0.5, squares 4 / 4 + 1 = 2, so 1 - (2 x 0.5 + 1) / (2 + 1) = 1 / 3
    assert loss.item() == pytest.approx(2 * math.log(2) + 1 / 3)


def test_without_a_meaning_there_is_no_dice() -> None:
    loss = mask_loss(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), torch.zeros(1))

    assert loss.item() == pytest.approx(2 * math.log(2))


def test_expressions_are_averaged() -> None:
    target = torch.zeros(2, 1, 2, 2)
    target[0, 0, 0, 0] = 1

    loss = mask_loss(torch.zeros(2, 1, 2, 2), target, torch.tensor([1.0, 0.0]))

    assert loss.item() == pytest.approx(2 * math.log(2) + 1 / 6)


def test_a_partly_covered_cell_by_hand() -> None:
    # response 3 / 4, target 1 / 4
    loss = mask_loss(torch.full((1, 1, 1, 1), math.log(3)), torch.full((1, 1, 1, 1), 0.25), ONE)

    logistic = -(math.log(0.75) / 4 + 3 * math.log(0.25) / 4)
    dice = 1 - (2 * 3 / 16 + 1) / (9 / 16 + 1 / 16 + 1)
    assert loss.item() == pytest.approx(2 * logistic + dice)


def test_a_right_answer_costs_nothing_and_a_wrong_one_its_logits() -> None:
    target = torch.tensor([[[[1.0, 0.0]]]])
    logits = torch.tensor([[[[50.0, -50.0]]]])

    assert mask_loss(logits, target, ONE).item() == pytest.approx(0.0, abs=1e-6)
    # logistic 50 in each cell; Dice 1 - (0 + 1) / (1 + 1 + 1)
    assert mask_loss(-logits, target, ONE).item() == pytest.approx(100 + 2 / 3)


def test_a_small_object_weighs_in_dice_as_a_large_one() -> None:
    small, large = torch.zeros(1, 1, 20, 20), torch.zeros(1, 1, 20, 20)
    small[..., :2, :2], large[..., :10, :10] = 1, 1
    missed = torch.full((1, 1, 20, 20), -20.0)

    losses = [
        mask_loss(missed, target, ONE).item() - 2 * 20 * target.mean().item()
        for target in (small, large)
    ]

    assert losses == pytest.approx([1 - 1 / 5, 1 - 1 / 101], abs=1e-4)
