from dataclasses import replace

import numpy as np
import pytest
from drawn import SIDE, box_mask, scene, thing

from textseg_core.scenes.scene import Query
from textseg_core.training.framing import (
    Window,
    draw_window,
    frame_scene,
    shown_targets,
    visibility,
)


def test_a_window_lies_within_the_picture_and_is_enlarged_no_more_than_allowed() -> None:
    rng = np.random.default_rng(0)
    windows = [draw_window(300, 400, rng, whole=0.0, zoom=2.0) for _ in range(300)]

    for w in windows:
        assert w.left >= 0
        assert w.top >= 0
        assert w.left + w.width <= 400
        assert w.top + w.height <= 300
        assert 0.74 < w.width / w.height < 1.79
        # the largest window of this aspect has one full side
        assert max(w.width / 400, w.height / 300) > 0.49
    assert len(set(windows)) > 290


def test_a_share_of_the_windows_shows_everything() -> None:
    rng = np.random.default_rng(0)
    windows = [draw_window(30, 40, rng, whole=0.4, zoom=2.0) for _ in range(500)]

    share = sum(window == Window(0, 0, 40, 30) for window in windows) / 500

    assert share == pytest.approx(0.4, abs=0.06)


def test_things_move_with_the_picture() -> None:
    whole = scene(thing("cup", (60, 50, 90, 90)), closed=("cup", "dog"))
    whole.image[50:90, 60:90] = 200

    framed = frame_scene(whole, Window(40, 20, 100, 80))

    assert framed.image.shape == (80, 100, 3)
    (cup,) = framed.objects
    assert cup.box == (20, 30, 50, 70)
    assert (framed.image[cup.mask] == 200).all()
    assert framed.image.sum() == whole.image.sum()
    assert framed.closed_names == whole.closed_names


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((40, 70, 80, 90), "whole"),  # all of it
        ((60, 70, 160, 90), "whole"),  # 40 of 100 columns
        ((75, 70, 175, 90), "hidden"),  # 25 of 100 columns
        ((99, 90, 101, 91), "gone"),  # one pixel, 10 at the usual size
        ((99, 90, 101, 93), "hidden"),  # three pixels, 31 at the usual size
        ((120, 70, 140, 90), "gone"),
    ],
)
def test_what_is_cut_off_or_tiny_is_not_asked_for(
    box: tuple[int, int, int, int], expected: str
) -> None:
    window = Window(0, 0, 100, 100)
    mask = box_mask(box)

    seen = visibility(mask[:100, :100], int(mask.sum()), window)
    framed = frame_scene(scene(thing("cup", box, hypernyms=("dish",))), window)

    assert seen == expected
    assert len(framed.objects) == (expected != "gone")
    assert all(item.countable == (expected == "whole") for item in framed.objects)
    assert framed.hidden_names == (frozenset() if expected == "whole" else {"cup", "dish"})


def test_supports_follow_their_objects() -> None:
    gone = thing("box", (150, 150, 190, 190))
    bowl = thing("bowl", (20, 20, 80, 80))
    egg = replace(thing("egg", (40, 40, 60, 60)), support=1, inside=True)
    lid = replace(thing("lid", (60, 80, 100, 120)), support=0, inside=True)

    framed = frame_scene(scene(gone, bowl, egg, lid), Window(0, 0, 120, 120))

    assert [item.names[0] for item in framed.objects] == ["bowl", "egg", "lid"]
    assert [item.support for item in framed.objects] == [None, 0, None]
    assert [item.inside for item in framed.objects] == [False, True, False]


def test_the_camera_looks_at_the_same_point_of_the_window() -> None:
    camera = np.array([[300.0, 0, 100], [0, 300, 100], [0, 0, 1]])
    whole = replace(scene(), intrinsics=camera, depth=np.ones((SIDE, SIDE), np.float32))

    framed = frame_scene(whole, Window(30, 40, 50, 60))

    assert framed.intrinsics is not None
    assert framed.intrinsics.tolist() == [[300, 0, 70], [0, 300, 60], [0, 0, 1]]
    assert camera[0, 2] == 100  # the scene's own stays
    assert framed.depth is not None
    assert framed.depth.shape == (60, 50)


def test_targets_are_listed_once() -> None:
    queries = [
        Query("a", (2, 0), "plural"),
        Query("b", (2,), "category"),
        Query("c", (), "absent"),
    ]

    assert shown_targets(scene(), queries) == [0, 2]
