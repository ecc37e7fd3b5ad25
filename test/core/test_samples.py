from typing import Any

import numpy as np
import torch
from drawn import box_mask, scene, thing

from textseg_core.preprocess import Letterbox
from textseg_core.scenes.scene import Query, Scene, SceneObject
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.samples import Sample, collate, encode_sample, soft_mask
from textseg_core.training.vocabulary import build_vocabulary

TOKENIZER = Tokenizer(build_vocabulary(["cup", "dog", "mug"]), 6, "right", "words")
CUPS = scene(
    thing("cup", (0, 0, 8, 8)), thing("dog", (50, 0, 60, 9)), thing("cup", (100, 100, 140, 140))
)
QUERIES = [
    Query("the cups", (0, 2), "plural"),
    Query("the small cup", (0,), "size", several=True),
    Query("the mug", (), "absent"),
]


def encoded(drawn: Scene = CUPS, **more: Any) -> Sample:
    return encode_sample(drawn, QUERIES, TOKENIZER, size_px=200, stride=4, **more)


def test_a_sample_has_the_promised_tensors() -> None:
    sample = encoded()

    assert {name: (tuple(t.shape), t.dtype) for name, t in sample.items()} == {
        "image": ((200, 200, 3), torch.uint8),
        "masks": ((2, 50, 50), torch.uint8),
        "members": ((3, 2), torch.float32),
        "token_ids": ((3, 6), torch.int64),
        "presence": ((3,), torch.float32),
        "several": ((3,), torch.float32),
        "placed": ((3,), torch.float32),
        "mirror": ((), torch.bool),
    }
    assert sample["members"].tolist() == [[1, 1], [1, 0], [0, 0]]  # the dog is not asked for
    assert sample["presence"].tolist() == [1, 1, 0]
    assert sample["several"].tolist() == [0, 1, 0]
    assert sample["placed"].tolist() == [1, 1, 1]
    assert (
        sample["token_ids"][1].tolist() == TOKENIZER.encode("the small cup").token_ids[0].tolist()
    )
    assert not sample["mirror"]


def test_a_mask_is_the_share_of_each_cell_that_is_foreground() -> None:
    mask = soft_mask(box_mask((0, 0, 6, 5)), Letterbox.fit(200, 200, 200), 4)

    # 6 x 5 pixels: whole, half a column, a quarter of the next row, an eighth at the corner
    assert np.rint(mask[:3, :3] / 255 * 8).tolist() == [[8, 4, 0], [2, 1, 0], [0, 0, 0]]


def test_shrinking_averages_over_areas_and_pads_as_inference_does() -> None:
    mask = np.zeros((100, 200), np.bool_)
    mask[:, ::2] = True  # stripes of one pixel, which alias under any other method

    shrunk = soft_mask(mask, Letterbox.fit(100, 200, 50), 1)

    assert shrunk.shape == (50, 50)
    assert not shrunk[:12].any()
    assert not shrunk[38:].any()
    assert np.abs(shrunk[13:37].astype(int) - 127).max() <= 1


def test_image_and_masks_lie_alike_in_the_square() -> None:
    image = np.zeros((60, 90, 3), np.uint8)
    mask = box_mask((30, 12, 60, 42), 60, 90)
    image[mask] = 255
    drawn = Scene(image, (SceneObject(("cup",), mask),), frozenset())

    sample = encode_sample(
        drawn, [Query("the cup", (0,), "category")], TOKENIZER, size_px=60, stride=1
    )

    shown = sample["image"][..., 0].float()
    assert (shown - sample["masks"][0].float()).abs().max() <= 1
    # scale 2 / 3; 40 rows of content begin at row 10
    assert (shown > 127).nonzero().amin(dim=0).tolist() == [18, 20]


def test_weak_labels_say_what_is_there_but_not_where() -> None:
    sample = encoded(weak=True)

    assert sample["masks"].shape == (0, 50, 50)
    assert sample["members"].shape == (3, 0)
    assert sample["presence"].tolist() == [1, 1, 0]
    assert sample["placed"].tolist() == [0, 0, 1]  # the mask of what is absent is known: empty


def test_samples_of_different_many_objects_stack() -> None:
    batch = collate([encoded(weak=True), encoded(mirror=True)])

    assert batch["masks"].shape == (2, 2, 50, 50)
    assert batch["members"].shape == (2, 3, 2)
    assert batch["members"][0].sum() == 0
    assert batch["mirror"].tolist() == [False, True]
    assert torch.equal(batch["masks"][1], encoded()["masks"])


def test_a_batch_without_any_object_still_has_a_mask_to_multiply() -> None:
    batch = collate([encoded(weak=True)])

    assert batch["masks"].shape == (1, 1, 50, 50)
    assert batch["members"].shape == (1, 3, 1)
