import math
from typing import Any

import numpy as np
import pytest
from rgbd import FOCAL_PX, HEIGHT, LOOKING_AHEAD, WIDTH, Rig

from textseg_core.transforms import transform_points
from textseg_ros.depth_view import DepthRefused, DepthView
from textseg_ros.messages import MessageTypes


def view(rig: Rig, colour: Any = None) -> DepthView:
    return rig.viewer.view(colour or rig.colour(), WIDTH, HEIGHT)


def refusal(rig: Rig, colour: Any = None) -> tuple[str, str]:
    with pytest.raises(DepthRefused) as caught:
        view(rig, colour)
    return caught.value.kind, str(caught.value)


@pytest.fixture
def rig(types: MessageTypes) -> Rig:
    rig = Rig(types)
    rig.pairing.on_info(rig.info())
    return rig


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_registered_depth_comes_in_metres(rig: Rig, encoding: str) -> None:
    depth_m = np.linspace(0.5, 1.5, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    depth_m[3, 4] = 0.0
    rig.pairing.on_depth(rig.depth(depth_m, encoding=encoding))

    seen = view(rig)

    np.testing.assert_allclose(seen.depth_m, depth_m, atol=0.0006)
    assert seen.depth_m[3, 4] == 0.0
    assert (seen.frame_id, seen.up, seen.gap_s) == ("camera", None, 0.0)
    np.testing.assert_array_equal(seen.frame_from_camera, np.eye(4))
    assert seen.camera.k[0, 0] == FOCAL_PX


def test_depth_of_half_the_size_is_brought_to_that_of_the_image(rig: Rig) -> None:
    rig.pairing.on_depth(rig.depth(np.full((HEIGHT // 2, WIDTH // 2), 0.8)))

    np.testing.assert_allclose(view(rig).depth_m, np.full((HEIGHT, WIDTH), 0.8), atol=1e-6)


def test_depth_of_another_camera_is_registered_by_its_transform(rig: Rig) -> None:
    # The depth camera stands 50 mm to the right: what it sees at column u, the colour camera
    # sees 50 mm * 100 px / 1 m = 5 columns further right, so its 5 leftmost stay unknown.
    rig.place("camera", "depth", (0.05, 0.0, 0.0))
    rig.pairing.on_depth_info(rig.info("depth"))
    rig.pairing.on_depth(rig.plane(frame_id="depth"))

    depth_m = view(rig).depth_m

    assert not depth_m[:, :5].any()
    np.testing.assert_allclose(depth_m[:, 5:], 1.0, atol=1e-6)


def test_results_are_in_the_target_frame_at_the_time_of_the_image(types: MessageTypes) -> None:
    rig = Rig(types, target_frame="/base")
    rig.pairing.on_info(rig.info())
    rig.place("base", "camera", (1.0, 2.0, 0.5), LOOKING_AHEAD, stamp_s=0.5)
    rig.place("base", "camera", (3.0, 2.0, 0.5), LOOKING_AHEAD, stamp_s=1.5)
    rig.pairing.on_depth(rig.plane(1.01))

    seen = view(rig)

    assert seen.frame_id == "base"
    assert seen.gap_s == pytest.approx(0.01)
    # 1 m ahead, 0.25 m to the right and 0.1 m down of the camera at (2, 2, 0.5).
    point = transform_points(seen.frame_from_camera, np.array([0.25, 0.1, 1.0]))
    np.testing.assert_allclose(point, [3.0, 1.75, 0.4], atol=1e-12)
    assert seen.up is not None
    np.testing.assert_allclose(seen.up, [0.0, -1.0, 0.0], atol=1e-12)


def test_the_camera_s_own_frame_as_target_knows_no_up(types: MessageTypes) -> None:
    """Its z axis points ahead: the highest plane along it would be the one farthest away."""
    rig = Rig(types, target_frame="/camera")
    rig.pairing.on_info(rig.info())
    rig.pairing.on_depth(rig.plane())

    seen = view(rig)

    assert (seen.frame_id, seen.up) == ("camera", None)


def test_a_late_transform_gives_no_depth_and_is_counted(types: MessageTypes) -> None:
    rig = Rig(types, target_frame="base", transform_timeout_s=0.02)
    rig.pairing.on_info(rig.info())
    rig.place("base", "camera", (0.0, 0.0, 0.0), stamp_s=0.9)
    rig.pairing.on_depth(rig.plane())

    kind, text = refusal(rig)

    assert kind == "late transform"
    assert "100.0 ms later" in text
    assert "waited 0.02 s" in text
    assert rig.viewer.refusals == {"late transform": 1}


def test_depth_later_than_the_last_transform_is_not_taken_for_that_of_the_image(
    types: MessageTypes,
) -> None:
    rig = Rig(types, target_frame="base")
    rig.pairing.on_info(rig.info())
    for stamp_s in (0.9, 1.005):
        rig.place("base", "camera", (stamp_s, 0.0, 0.0), stamp_s=stamp_s)
    rig.pairing.on_depth(rig.plane(1.01))

    assert refusal(rig)[0] == "late transform"


@pytest.mark.parametrize(
    ("target", "reason"),
    [("moon", "nobody has published frame moon"), ("island", "nothing joins")],
)
def test_a_frame_that_leads_nowhere_is_named(
    types: MessageTypes, target: str, reason: str
) -> None:
    rig = Rig(types, target_frame=target)
    rig.pairing.on_info(rig.info())
    rig.place("base", "camera", (0.0, 0.0, 0.0))
    rig.place("ocean", "island", (0.0, 0.0, 0.0))
    rig.pairing.on_depth(rig.plane())

    kind, text = refusal(rig)

    assert kind == "no transform"
    assert reason in text


def test_without_a_depth_image_of_its_time_there_is_none(rig: Rig) -> None:
    assert refusal(rig)[0] == "no depth"
    rig.pairing.on_depth(rig.plane(0.9))
    kind, text = refusal(rig)

    assert kind == "no depth"
    assert "100.0 ms before" in text
    assert rig.viewer.refusals == {"no depth": 2}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"k": np.zeros(9)}, "colour camera refused: the camera matrix K is zero"),
        ({"frame_id": "other"}, "CameraInfo for the colour image is of frame 'other'"),
        ({"size": (64, 64)}, "colour camera refused: the image is 64 x 48"),
    ],
)
def test_a_camera_that_does_not_fit_is_refused(
    rig: Rig, fields: dict[str, Any], reason: str
) -> None:
    rig.pairing.on_info(rig.info(**fields))
    rig.pairing.on_depth(rig.plane())

    kind, text = refusal(rig)

    assert kind == "camera"
    assert reason in text


def test_a_depth_camera_of_another_frame_needs_its_info(rig: Rig) -> None:
    rig.pairing.on_depth(rig.plane(frame_id="depth"))
    kind, text = refusal(rig)
    assert kind == "camera"
    assert "no CameraInfo of the depth camera came" in text

    rig.pairing.on_depth_info(rig.info("elsewhere"))
    assert "CameraInfo for the depth image is of frame 'elsewhere'" in refusal(rig)[1]

    rig.pairing.on_depth_info(rig.info("depth"))
    assert refusal(rig)[0] == "no transform"


def test_the_raw_depth_camera_info_is_not_taken_for_registered_images(rig: Rig) -> None:
    rig.pairing.on_depth_info(rig.info("depth"))
    rig.pairing.on_depth(rig.plane())  # in the colour camera's frame

    assert refusal(rig)[0] == "camera"


@pytest.mark.parametrize(
    ("depth_m", "encoding", "reason"),
    [
        (np.zeros((HEIGHT, WIDTH)), "16UC1", "holds a depth"),
        (np.full((HEIGHT, WIDTH), np.nan), "32FC1", "holds a depth"),
        (np.full((HEIGHT, WIDTH), 900.0), "32FC1", "look like millimetres"),
    ],
)
def test_depth_that_means_nothing_is_refused(
    rig: Rig, depth_m: Any, encoding: str, reason: str
) -> None:
    rig.pairing.on_depth(rig.depth(depth_m, encoding=encoding))

    kind, text = refusal(rig)

    assert kind == "depth image"
    assert reason in text


def test_an_image_that_is_no_depth_is_refused(rig: Rig) -> None:
    rig.pairing.on_depth(rig.colour())

    kind, text = refusal(rig)

    assert kind == "depth image"
    assert "'rgb8' holds no depth" in text


def test_an_image_without_a_frame_has_no_place(rig: Rig) -> None:
    rig.pairing.on_info(rig.info(""))
    rig.pairing.on_depth(rig.plane(frame_id=""))

    kind, text = refusal(rig, rig.colour(frame_id=""))

    assert kind == "no transform"
    assert "no frame_id" in text


def turn_about_z(angle_rad: float) -> tuple[float, float, float, float]:
    return (0.0, 0.0, math.sin(angle_rad / 2), math.cos(angle_rad / 2))


@pytest.mark.parametrize("late_s", [0.0, 0.1])
def test_a_moving_camera_sees_a_standing_point_at_its_place_or_nowhere(
    types: MessageTypes, late_s: float
) -> None:
    """The camera circles at 1 m and 0.5 m/s; transforms come at 50 Hz, on time or late."""
    rig = Rig(types, target_frame="map")
    rig.pairing.on_info(rig.info())
    rig.place("arm", "camera", (0.1, 0.0, 0.0), LOOKING_AHEAD)
    mark = np.array([2.0, 0.5, 0.3])
    placed, sent = 0, 0
    late: list[str] = []
    for tick in range(60):
        now_s = 1.0 + tick / 30.0  # images at 30 Hz, each looked at as it comes
        while 1.0 + sent * 0.02 <= now_s - late_s:
            stamp_s = 1.0 + sent * 0.02
            angle = 0.5 * stamp_s
            at = (math.cos(angle), math.sin(angle), 0.2)
            rig.place("map", "arm", at, turn_about_z(angle), stamp_s=stamp_s)
            sent += 1
        # Both of one moment, up to 20 ms before now, when the last transform may have come.
        stamp_s = now_s - 0.02
        angle = 0.5 * stamp_s
        turn = np.array(
            [
                [math.cos(angle), -math.sin(angle), 0],
                [math.sin(angle), math.cos(angle), 0],
                [0, 0, 1],
            ]
        )
        in_arm = turn.T @ (mark - np.array([math.cos(angle), math.sin(angle), 0.2]))
        ahead, left, high = in_arm - np.array([0.1, 0.0, 0.0])
        rig.pairing.on_depth(rig.plane(stamp_s))
        try:
            seen = view(rig, rig.colour(stamp_s))
        except DepthRefused as refused:
            late.append(refused.kind)
            continue
        point = transform_points(seen.frame_from_camera, np.array([-left, -high, ahead]))
        assert np.linalg.norm(point - mark) < 0.001
        placed += 1
    assert set(late) <= {"late transform", "no transform"}
    assert (placed > 50, len(late) > 50) == (late_s == 0.0, late_s > 0.0)
