from typing import Any

import numpy as np
import pytest
from rgbd import HEIGHT, LOOKING_AHEAD, WIDTH, Rig

from textseg_core.arrays import BoolArray
from textseg_core.command import parse_command
from textseg_core.geometry import Axis, mask_box, mask_centroid
from textseg_core.segmentation import Segmentation, SegmentedObject, Status
from textseg_ros.depth_pipeline import DepthPipeline
from textseg_ros.depth_view import DepthRefused
from textseg_ros.messages import MessageTypes
from textseg_ros.outputs_3d import messages_3d
from textseg_ros.placed import Output3d
from textseg_ros.query import Query
from textseg_ros.results import Answer

#: Rows and columns of a box's front, 0.8 m away, before a wall at 1.2 m.
BOX = np.s_[14:30, 20:40]
#: Middle of columns 20 to 39 and rows 14 to 29, seen by 100 px from the centre (31.5, 23.5).
BOX_AT = np.array([-0.016, -0.016, 0.8])


def mask_of(*part: Any) -> BoolArray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[part or BOX] = True
    return mask


def segmentation(*masks: BoolArray) -> Segmentation:
    objects = []
    for mask in masks:
        box, centroid = mask_box(mask), mask_centroid(mask)
        assert box is not None
        assert centroid is not None
        objects.append(
            SegmentedObject(
                mask=mask,
                box=box,
                area=int(mask.sum()),
                centroid=centroid,
                axis=Axis(angle_rad=0.0, major_px=1.0, minor_px=1.0),
                score=0.75,
            )
        )
    return Segmentation(
        mask=np.any([mask_of(slice(0, 0)), *masks], axis=0),
        response=lambda: np.zeros((HEIGHT, WIDTH), np.float32),
        score=0.75,
        objects=tuple(objects),
        status=Status.FOUND if objects else Status.NOT_FOUND,
        expression="the box",
        command=parse_command("the box"),
    )


def scene() -> Any:
    depth_m = np.full((HEIGHT, WIDTH), 1.2)
    depth_m[BOX] = 0.8
    return depth_m


def make_rig(types: MessageTypes, **settings: Any) -> Rig:
    rig = Rig(types, **settings)
    rig.pairing.on_info(rig.info())
    return rig


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_an_object_is_placed_before_the_camera(types: MessageTypes, encoding: str) -> None:
    rig = make_rig(types)
    rig.pairing.on_depth(rig.depth(scene(), encoding=encoding))

    (result,) = DepthPipeline(rig.viewer).locate(rig.colour(), [segmentation(mask_of())])

    assert (result.frame_id, result.refused) == ("camera", {})
    assert result.target is not None
    located = result.target.located
    np.testing.assert_allclose(located.centroid, BOX_AT, atol=0.001)
    # 20 and 16 pixels of 8 mm.
    np.testing.assert_allclose(sorted(located.box.size), [0.0, 0.128, 0.16], atol=0.009)
    assert not located.at_border


def test_an_object_is_placed_in_the_target_frame_of_a_moving_camera(types: MessageTypes) -> None:
    rig = make_rig(types, target_frame="base")
    for stamp_s, x in ((0.5, 1.0), (1.5, 3.0)):
        rig.place("base", "camera", (x, 2.0, 0.5), LOOKING_AHEAD, stamp_s=stamp_s)
    rig.pairing.on_depth(rig.depth(scene()))

    (result,) = DepthPipeline(rig.viewer).locate(rig.colour(), [segmentation(mask_of())])

    assert result.frame_id == "base"
    assert result.target is not None
    located = result.target.located
    # The camera at (2, 2, 0.5): 0.8 m ahead, 16 mm to the left and 16 mm up.
    np.testing.assert_allclose(located.centroid, [2.8, 2.016, 0.516], atol=0.001)
    # The upper edge, 9.5 pixels of 8 mm above the camera.
    assert located.top_point[2] == pytest.approx(0.576, abs=0.012)
    np.testing.assert_allclose(located.points[:, 0], 2.8, atol=0.001)


@pytest.mark.parametrize("frame", ["camera", "depth"])
def test_motion_between_the_two_images_is_made_up_for(types: MessageTypes, frame: str) -> None:
    """The camera goes 16 mm to the right and 10 mm ahead before the depth image is taken."""
    rig = make_rig(types, target_frame="base")
    # Right of the camera is -y of base, ahead is x.
    rig.place("base", "camera", (0.0, 0.0, 0.0), LOOKING_AHEAD, stamp_s=1.0)
    rig.place("base", "camera", (0.01, -0.016, 0.0), LOOKING_AHEAD, stamp_s=1.02)
    rig.place("camera", "depth", (0.0, 0.0, 0.0))
    rig.pairing.on_depth_info(rig.info(frame))
    depth_m = np.full((HEIGHT, WIDTH), 1.19)
    depth_m[14:30, 18:38] = 0.79  # 2 columns further left: 16 mm at 0.79 m
    rig.pairing.on_depth(rig.depth(depth_m, 1.02, frame_id=frame, encoding="32FC1"))

    (result,) = DepthPipeline(rig.viewer).locate(rig.colour(), [segmentation(mask_of())])

    assert result.target is not None
    # As without motion: 0.8 m ahead, 16 mm to the left and 16 mm up.
    np.testing.assert_allclose(result.target.located.centroid, [0.8, 0.016, 0.016], atol=0.002)


def test_a_camera_that_hardly_moves_needs_no_registration(types: MessageTypes) -> None:
    rig = make_rig(types, target_frame="base")
    for stamp_s, x in ((0.9, 0.0), (1.1, 0.01)):  # half a millimetre in 10 ms
        rig.place("base", "camera", (x, 0.0, 0.0), LOOKING_AHEAD, stamp_s=stamp_s)
    depth_m = np.linspace(0.5, 1.5, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    rig.pairing.on_depth(rig.depth(depth_m, 1.01, encoding="32FC1"))

    view = rig.viewer.view(rig.colour(), WIDTH, HEIGHT)

    np.testing.assert_array_equal(view.depth_m, depth_m)


def test_depth_of_another_camera_serves_too(types: MessageTypes) -> None:
    rig = make_rig(types)
    rig.place("camera", "depth", (0.024, 0.0, 0.0))  # 3 columns at 0.8 m
    rig.pairing.on_depth_info(rig.info("depth"))
    depth_m = np.full((HEIGHT, WIDTH), 1.2)
    depth_m[14:30, 17:37] = 0.8
    rig.pairing.on_depth(rig.depth(depth_m, frame_id="depth"))

    (result,) = DepthPipeline(rig.viewer).locate(rig.colour(), [segmentation(mask_of())])

    assert result.target is not None
    np.testing.assert_allclose(result.target.located.centroid, BOX_AT, atol=0.001)


def test_where_nothing_was_found_no_depth_is_needed(types: MessageTypes) -> None:
    rig = make_rig(types, target_frame="base", depth_timeout_s=3600.0)

    results = DepthPipeline(rig.viewer).locate(rig.colour(), [segmentation(), segmentation()])

    assert [(result.frame_id, result.objects) for result in results] == [("base", ())] * 2
    assert not rig.viewer.refusals


def test_an_object_without_depth_is_named_and_others_are_placed(types: MessageTypes) -> None:
    rig = make_rig(types)
    depth_m = scene()
    depth_m[34:46, 44:60] = 0.0
    rig.pairing.on_depth(rig.depth(depth_m))
    pipeline = DepthPipeline(rig.viewer)

    (result,) = pipeline.locate(
        rig.colour(), [segmentation(mask_of(slice(34, 46), slice(44, 60)), mask_of())]
    )

    assert [found.index for found in result.objects] == [1]
    assert result.target is None
    assert list(result.refused) == [0]
    assert result.refused[0]
    assert pipeline.unplaced == 1


def test_the_depth_is_taken_once_for_all_queries(types: MessageTypes) -> None:
    rig = make_rig(types)
    rig.pairing.on_depth(rig.depth(scene()))

    results = DepthPipeline(rig.viewer).locate(
        rig.colour(), [segmentation(mask_of()), segmentation(), segmentation(mask_of())]
    )

    assert [len(result.objects) for result in results] == [1, 0, 1]
    assert rig.pairing.counts().sets == 1


def test_an_object_at_the_border_is_flagged(types: MessageTypes) -> None:
    rig = make_rig(types)
    rig.pairing.on_depth(rig.plane())

    (result,) = DepthPipeline(rig.viewer).locate(
        rig.colour(), [segmentation(mask_of(slice(10, 30), slice(0, 20)))]
    )

    assert result.objects[0].located.at_border


@pytest.mark.parametrize("late_s", [0.0, 0.1])
def test_a_pose_is_published_at_the_true_place_or_not_at_all(
    types: MessageTypes, late_s: float
) -> None:
    """A camera moves at 0.5 m/s beside a standing box; transforms come at 50 Hz, late or not."""
    rig = make_rig(types, target_frame="base")
    pipeline = DepthPipeline(rig.viewer)
    poses: list[Any] = []
    sent = 0
    for tick in range(20):
        stamp_s = 1.0 + tick / 30.0
        while 0.9 + sent * 0.02 <= stamp_s + 0.03 - late_s:
            sent_s = 0.9 + sent * 0.02
            place = (0.5 * sent_s, 2.0, 0.5)
            rig.place("base", "camera", place, LOOKING_AHEAD, stamp_s=sent_s)
            sent += 1
        # The box stands at x = 1.8 of base; its front's size in pixels does not matter here.
        depth_m = np.full((HEIGHT, WIDTH), 3.0)
        depth_m[BOX] = 1.8 - 0.5 * stamp_s
        colour = rig.colour(stamp_s)
        rig.pairing.on_depth(rig.depth(depth_m, stamp_s, encoding="32FC1"))
        found = segmentation(mask_of())
        try:
            (placed,) = pipeline.locate(colour, [found])
        except DepthRefused:
            continue
        answer = Answer(colour.header, Query(1, "the box"), found, False, {})
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        messages = messages_3d(types, Output3d(answer, placed, image))
        poses.append(messages["target_pose"])

    assert (len(poses) == 20, len(poses) == 0) == (late_s == 0.0, late_s > 0.0)
    for pose in poses:
        assert pose.header.frame_id == "base"
        assert pose.pose.position.x == pytest.approx(1.8, abs=0.001)
