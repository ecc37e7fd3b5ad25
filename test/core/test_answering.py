"""Questions put to the network of conftest, which knows coloured blocks by name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from textseg_core.evaluation import answering
from textseg_core.evaluation.answering import answer_pictures, cluster_of
from textseg_core.scenes.scene import Query, Scene, SceneObject
from textseg_core.segmenter import Segmenter


def blocks(scene_id: str) -> Scene:
    """A red block of 32 x 32 and a blue one of 24 x 16 on black, along the network's cells."""
    image = np.zeros((96, 96, 3), np.uint8)
    image[8:40, 8:40, 0] = 255
    image[64:80, 48:72, 2] = 255
    objects = (
        SceneObject(("red",), image[..., 0] > 0),
        SceneObject(("blue",), image[..., 2] > 0),
    )
    return Scene(image, objects, frozenset(), scene_id=scene_id)


ASKED = [
    Query("the red block", (0,), "category"),
    Query("the blue block", (1,), "category"),
    Query("the green block", (), "absent"),
]


def test_each_picture_is_encoded_once_and_every_answer_judged(
    build_segmenter: Callable[..., Segmenter], colour_backend: Any
) -> None:
    backend = colour_backend()
    pictures = [(blocks("000003_0"), ASKED), (blocks("000003_1"), ASKED[:1])]

    records = answer_pictures(build_segmenter(backend), pictures, 2)

    assert backend.images == 2
    assert [record.target_px for record in records] == [1024, 384, 0, 1024]
    assert [record.right for record in records] == [True] * 4
    assert [record.scene for record in records] == ["000003_0"] * 3 + ["000003_1"]
    assert {record.cluster for record in records} == {"000003"}


def test_many_questions_are_answered_in_batches(
    build_segmenter: Callable[..., Segmenter], colour_backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "BATCH", 2)
    backend = colour_backend()

    records = answer_pictures(build_segmenter(backend), [(blocks("a"), ASKED)], 1)

    assert backend.batches == [2, 1]
    assert [record.expression for record in records] == [query.expression for query in ASKED]


@pytest.mark.parametrize(
    ("scene_id", "cluster"),
    [("000012_3", "000012"), ("581615", "581615"), ("table_3", "table_3"), ("", "")],
)
def test_views_of_one_arrangement_stand_together(scene_id: str, cluster: str) -> None:
    assert cluster_of(scene_id) == cluster
