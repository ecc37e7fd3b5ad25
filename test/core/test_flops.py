"""Costs of networks that can be counted by hand."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textseg_core.evaluation.flops import costs_table, main, measure
from textseg_core.models.base import SegmentationNetwork


class _Eye(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 4, stride=4, bias=False)

    def forward(self, image: Tensor) -> tuple[Tensor]:
        return (self.conv(image.permute(0, 3, 1, 2).float()),)


class _Ear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.lstm = nn.LSTM(4, 5, batch_first=True)

    def forward(self, token_ids: Tensor) -> tuple[Tensor]:
        states, _ = self.lstm(self.embedding(token_ids))
        return (states[:, -1],)


class _Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(5, 5, 1)

    def forward(self, cells: Tensor, words: Tensor) -> tuple[Tensor]:
        logits = torch.einsum("chw,qc->qhw", self.mix(cells)[0], words)[:, None]
        return (F.interpolate(logits, scale_factor=2.0, mode="bilinear"),)


class Tiny(SegmentationNetwork):
    """8 x 8 cells of 4 px; answers at stride 2."""

    name, input_px, stride, tokens = "tiny", 32, 2, 6
    image_outputs, expression_outputs, head_outputs = ("cells",), ("words",), ("logits",)

    def __init__(self) -> None:
        super().__init__()
        self.image_encoder, self.expression_encoder, self.query_head = _Eye(), _Ear(), _Head()


def test_each_part_s_cost_by_hand() -> None:
    cost = measure("tiny", Tiny())

    assert cost.encoder_gmac * 1e9 == pytest.approx(8 * 8 * 5 * 3 * 4 * 4)
    # Four gates read the word and the state, in each of six steps.
    assert cost.expression_gmac * 1e9 == pytest.approx(6 * 4 * 5 * (4 + 5))
    assert cost.head_shared_gmac * 1e9 == pytest.approx(8 * 8 * 5 * 5)
    # One product a channel in each cell, then four for each of 16 x 16 values.
    assert cost.head_gmac * 1e9 == pytest.approx(8 * 8 * 5 + 4 * 16 * 16)
    assert cost.parameters == (240, 10 * 4 + 4 * 5 * (4 + 5 + 2), 30)


def test_a_frame_has_one_expression_that_is_known_already() -> None:
    cost = measure("tiny", Tiny())

    assert cost.frame_gmac * 1e9 == pytest.approx(15360 + 1600 + 1344)
    (row,) = costs_table([cost]).rows
    assert row[0] == "tiny"
    assert row[6] == "1.0"


def test_ours_keeps_its_budget_and_costs_a_tenth_of_hu_s_at_most(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--write", str(tmp_path / "cost.md")])

    page = capsys.readouterr().out
    lines = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")][1:]
    ours, hu = lines[0], lines[1]
    assert ours[0] == "| compact, 320 px"
    assert float(ours[1]) <= 1.5
    assert float(ours[2]) + float(ours[3]) <= 0.1
    # The convolutions of VGG-16 at 512 px are 80 GMAC, fc6 and fc7 on 16 x 16 cells 31 more.
    assert float(hu[1]) == pytest.approx(111.8, abs=0.5)
    assert float(hu[6]) >= 10.0
    assert page.strip() == (tmp_path / "cost.md").read_text(encoding="utf-8").strip()
