from typing import cast

import numpy as np
import pytest
import torch
from drawn import scene, thing
from drawn_scenes import BLOCKS, block_scene
from torch import Tensor, nn

from textseg_core.models.base import SegmentationNetwork
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.pictures import draw_answer, sample_pictures
from textseg_core.training.samples import Sample
from textseg_core.training.validation import answers, sample_ious, validate, validation_samples
from textseg_core.training.vocabulary import build_vocabulary

WORDS = build_vocabulary(["red", "green", "blue"])
TOKENIZER = Tokenizer(WORDS, 12, "right", "words")
CPU = torch.device("cpu")


def cells(*rows: str) -> Tensor:
    """A map of 1 where the text has #."""
    return torch.tensor([[float(sign == "#") for sign in row] for row in rows])[None, None]


def test_iou_is_counted_by_cells() -> None:
    found = torch.cat([cells("##..", "##..") * 0.9, cells("....", "....") * 0.9])
    meant = torch.cat([cells(".##.", ".##."), cells("#...", "....")])

    assert sample_ious(found, meant).tolist() == pytest.approx([2 / 6, 0.0])


def test_nothing_found_where_nothing_is_meant_is_right() -> None:
    assert sample_ious(cells("...."), cells("....")).item() == 1.0


def test_a_finer_target_is_brought_to_the_cells_of_the_answer() -> None:
    meant = cells("##..", "##..", "##..", "....")  # its lower left quarter is half covered

    assert sample_ious(cells("#.", "#."), meant).item() == pytest.approx(1 / 2)
    assert sample_ious(cells("#.", ".."), meant).item() == 1.0


class Reds(nn.Module):
    """Answers every expression with what is red, and finds it there or not."""

    def __init__(self, presence: float) -> None:
        super().__init__()
        self.presence = presence

    def forward(self, image: Tensor, token_ids: Tensor) -> dict[str, Tensor]:
        red = (image[..., 0] > 128) & (image[..., 1] < 128)
        logits = torch.where(red, 9.0, -9.0)[:, None, ::4, ::4]
        count = len(token_ids)
        return {
            "logits": logits.expand(count, -1, -1, -1),
            "presence": torch.full((count,), self.presence),
        }


def reds(presence: float = 1.0) -> SegmentationNetwork:
    return cast("SegmentationNetwork", Reds(presence))


def kept(queries: int = 6) -> dict[str, list[Sample]]:
    scenes = {"scenes": [block_scene(f"{i:06d}_0", BLOCKS[i]) for i in range(3)]}
    return validation_samples(scenes, TOKENIZER, queries=queries, size_px=96, stride=4)


def test_the_same_scenes_and_expressions_are_asked_at_every_validation() -> None:
    first, second = kept()["scenes"], kept()["scenes"]

    assert len(first) == 3
    assert all(torch.equal(a["token_ids"], b["token_ids"]) for a, b in zip(first, second))  # noqa: B905
    assert not any(bool(sample["mirror"]) for sample in first)


def test_a_source_of_which_nothing_can_be_said_is_left_out() -> None:
    nothing = {"scenes": [scene(thing("cup", (0, 0, 50, 50), countable=False))]}

    assert validation_samples(nothing, TOKENIZER, queries=2, size_px=96, stride=4) == {}
    assert validate(reds(), {}, CPU) == {}


def test_a_thing_that_is_not_found_counts_as_no_answer() -> None:
    batch = {
        "image": torch.full((1, 8, 8, 3), 0, dtype=torch.uint8),
        "token_ids": torch.zeros((1, 2, 3), dtype=torch.int64),
        "target": torch.ones((1, 2, 1, 2, 2)),
    }
    batch["image"][..., 0] = 255

    assert (answers(reds(1.0), batch)[0] > 0.99).all()
    assert (answers(reds(-1.0), batch)[0] == 0).all()
    assert answers(reds(), batch)[1].shape == (2, 1, 2, 2)


def test_the_score_is_the_mean_of_the_sources() -> None:
    samples = kept()
    halves = {"scenes": samples["scenes"][:1], "photographs": samples["scenes"][1:]}

    scores = validate(reds(), halves, CPU)

    shares = [scores[name] for name in halves]
    assert scores["score"] == pytest.approx(sum(shares) / 2)
    assert shares[0] != shares[1]
    assert 0 < scores["score"] < 1
    # Whoever finds nothing is right only where nothing is meant.
    absent = [
        not bool(there) for sample in samples["scenes"] for there in sample["presence"].tolist()
    ]
    assert validate(reds(-1.0), samples, CPU)["scenes"] == pytest.approx(np.mean(absent))


def test_pictures_show_what_is_meant_in_green_and_what_is_answered_in_red() -> None:
    meant, found = np.zeros((2, 12, 12), np.bool_)
    meant[2:5, 2:5] = found[7:11, 7:11] = True
    image = np.full((48, 48, 3), 100, np.uint8)

    sheet = draw_answer(image, meant, found, "red")

    assert sheet.shape == (48 + 18, 48, 3)
    assert sheet[8, 8].tolist() == sheet[8, 19].tolist() == [0, 200, 0]
    assert sheet[28, 28].tolist() == sheet[43, 43].tolist() == [230, 0, 0]
    assert sheet[13, 13].tolist() == [100, 100, 100]
    assert (sheet[48:] < 128).any()  # the words
    assert (image == 100).all()


def test_a_sheet_has_a_row_for_each_scene() -> None:
    sheet = sample_pictures(reds(), kept(2)["scenes"], WORDS, CPU)

    assert sheet is not None
    assert sheet.shape == (3 * (96 + 18), 4 * 96, 3)
    assert sample_pictures(reds(), [], WORDS, CPU) is None
