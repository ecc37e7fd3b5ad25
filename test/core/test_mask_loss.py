import math

import pytest
import torch

from textseg_core.training.mask_loss import agreement_loss, mask_loss

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


def test_a_mask_that_is_not_known_teaches_nothing() -> None:
    logits = torch.zeros(2, 1, 2, 2, requires_grad=True)

    loss = mask_loss(logits, torch.zeros(2, 1, 2, 2), torch.zeros(2), torch.tensor([1.0, 0.0]))
    loss.backward()  # type: ignore[no-untyped-call]

    assert loss.item() == pytest.approx(math.log(2))  # half of 2 log 2
    assert logits.grad is not None
    assert logits.grad[0].all()
    assert not logits.grad[1].any()


def test_the_four_greatest_logits_answer_for_presence() -> None:
    logits = torch.full((2, 1, 4, 4), -9.0)
    logits[:, 0, 0] = torch.tensor([1.0, 3.0, -1.0, 5.0])  # mean 2

    loss = agreement_loss(logits, torch.tensor([1.0, 0.0]))

    assert loss.item() == pytest.approx((math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2)


def test_an_empty_mask_of_something_present_is_pushed_up_where_it_is_strongest() -> None:
    logits = torch.linspace(-8, -4, 16).view(1, 1, 4, 4).requires_grad_()

    agreement_loss(logits, ONE).backward()  # type: ignore[no-untyped-call]

    assert logits.grad is not None
    assert (logits.grad.flatten()[12:] < -0.2).all()
    assert not logits.grad.flatten()[:12].any()


def test_agreement_counts_only_what_is_weighted() -> None:
    weighted = agreement_loss(torch.zeros(2, 1, 1, 1), torch.zeros(2), torch.tensor([1.0, 0.0]))

    assert weighted.item() == pytest.approx(math.log(2) / 2)
