from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from textseg_core.command import parse_command
from textseg_core.dialogue.command_dialogue import CommandTurn
from textseg_core.dialogue.turn import Turn
from textseg_core.geometry import Axis
from textseg_core.segmentation import Segmentation, SegmentedObject, Status
from textseg_core.space.localise import Located, OrientedBox
from textseg_core.tracking import Phase, TrackedSegmentation
from textseg_ros import cloud
from textseg_ros.messages import MessageTypes, make_header
from textseg_ros.outputs_3d import messages_3d
from textseg_ros.placed import Output3d, PlacedObject, PlacedResult
from textseg_ros.query import Query
from textseg_ros.results import Answer

TURNED = (0.0, 0.0, 0.6, 0.8)
COVARIANCE = np.array([[4e-6, 1e-6, 0.0], [1e-6, 9e-6, 2e-6], [0.0, 2e-6, 25e-6]])


def placed_object(
    index: int = 0, x: float = 0.5, points: int = 2, sigma_m: float = 0.0
) -> PlacedObject:
    located = Located(
        centroid=np.array([x, -0.25, 1.0]),
        covariance=COVARIANCE + np.diag([sigma_m**2, 0.0, 0.0]),
        quaternion=np.array(TURNED),
        elongation=0.5,
        box=OrientedBox(
            centre=np.array([x, -0.25, 1.03]),
            size=np.array([0.2, 0.1, 0.0]),
            quaternion=np.array([0.0, 0.0, 0.0, 1.0]),
        ),
        width_m=0.1,
        top_point=np.array([x, -0.3, 1.0]),
        points=np.arange(3 * points, dtype=np.float32).reshape(points, 3) / 4,
        pixels=np.array([[0, 0], [1, 2]], np.int32)[np.arange(points) % 2],
        at_border=True,
        valid_share=0.75,
    )
    return PlacedObject(index, located, 1.0)


def output(
    types: MessageTypes,
    *,
    objects: tuple[PlacedObject, ...] = (placed_object(),),
    found: int = 1,
    status: Status = Status.FOUND,
    stale: bool = False,
    track_ids: tuple[int, ...] = (),
) -> Output3d:
    mask = np.ones((2, 3), bool)
    segmented = SegmentedObject(
        mask=mask,
        box=(0, 0, 3, 2),
        area=6,
        centroid=(1.0, 0.5),
        axis=Axis(angle_rad=0.0, major_px=3.0, minor_px=2.0),
        score=0.875,
    )
    segmentation = Segmentation(
        mask=mask,
        response=lambda: np.ones((2, 3), np.float32),
        score=0.9,
        objects=(segmented,) * found,
        status=status,
        expression="the red mug",
        command=parse_command("the red mug"),
    )
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 0] = (255, 128, 1)
    image[1, 2] = (0, 2, 3)
    header = make_header(types, 5_000_000_007, "camera")
    tracked = TrackedSegmentation(
        segmentation=segmentation,
        track_ids=track_ids,
        target_id=sum(track_ids[:1]),
        phase=Phase.FOUND,
        observed=segmentation,
        observed_ids=track_ids,
    )
    turn = CommandTurn(
        target=Turn(tracked=tracked, candidates=(), text=""), destination=None, text=""
    )
    query = Query(7, "the red mug", key="cups")
    answer = Answer(header, query, segmentation, stale, {}, turn, tracked=bool(track_ids))
    placed = PlacedResult(frame_id="base", objects=objects, refused={})
    return Output3d(answer, placed, image)


def position(pose: Any) -> tuple[float, float, float]:
    return (pose.position.x, pose.position.y, pose.position.z)


def turn(pose: Any) -> tuple[float, ...]:
    turned = pose.orientation
    return (turned.x, turned.y, turned.z, turned.w)


def test_all_have_the_stamp_of_the_image_and_the_published_frame(types: MessageTypes) -> None:
    messages = messages_3d(types, output(types))

    assert list(messages) == ["objects_3d", "target_pose", "detections_3d", "cloud", "markers"]
    headers = [messages[key].header for key in list(messages)[:4]]
    headers += [marker.header for marker in messages["markers"].markers]
    for header in headers:
        assert (header.stamp.sec, header.stamp.nanosec, header.frame_id) == (5, 7, "base")


def test_the_target_pose_is_the_centroid_along_the_main_axis(types: MessageTypes) -> None:
    pose = messages_3d(types, output(types))["target_pose"].pose

    assert position(pose) == (0.5, -0.25, 1.0)
    assert turn(pose) == TURNED


# Answers that an arm must not move on.
NOT_TO_MOVE_ON: tuple[dict[str, Any], ...] = (
    {"status": Status.NOT_FOUND, "found": 0, "objects": ()},
    {"status": Status.AMBIGUOUS, "found": 2},
    {"stale": True},
    # Twenty-one millimetres to one side.
    {"objects": (placed_object(sigma_m=0.021),)},
    # The best object has no depth: another one must not be taken for it.
    {"found": 2, "objects": (placed_object(1),)},
    {"objects": ()},
)


@pytest.mark.parametrize("fields", NOT_TO_MOVE_ON)
def test_no_target_pose_is_made_that_an_arm_must_not_move_on(
    types: MessageTypes, fields: dict[str, Any]
) -> None:
    messages = messages_3d(types, output(types, **fields))

    assert list(messages) == ["objects_3d", "detections_3d", "cloud", "markers"]


def with_destination(target: Output3d, place: Output3d) -> Output3d:
    """Return the target's output, as if the place's were where it is to go."""
    assert target.answer.turn is not None
    assert place.answer.turn is not None
    turn = replace(target.answer.turn, destination=place.answer.turn.target)
    answer = replace(target.answer, turn=turn, stale=place.answer.stale)
    assert answer.destination is not None
    there = replace(place, answer=answer.destination)
    return replace(target, answer=answer, destination=there)


def test_the_destination_is_placed_beside_the_target(types: MessageTypes) -> None:
    place = output(types, objects=(placed_object(x=0.75),), track_ids=(9,))
    target = output(types, track_ids=(3,))
    messages = messages_3d(types, with_destination(target, place))

    assert position(messages["target_pose"].pose) == (0.5, -0.25, 1.0)
    pose = messages["destination_pose"]
    assert (position(pose.pose), turn(pose.pose)) == ((0.75, -0.25, 1.0), TURNED)
    assert (pose.header.stamp.sec, pose.header.frame_id) == (5, "base")
    said = messages["objects_3d"]
    assert [one.track_id for one in said.objects] == [3]
    (found,) = said.destination_objects
    assert (said.destination_status, found.track_id, found.score) == (0, 9, 0.875)
    assert (found.top_point.x, found.top_point.y, found.top_point.z) == (0.75, -0.3, 1.0)
    names = {(marker.ns, marker.id) for marker in messages["markers"].markers}
    assert names == {
        (f"{of}/cups", part) for of in ("textseg", "destination") for part in range(3)
    }


@pytest.mark.parametrize("fields", NOT_TO_MOVE_ON)
def test_no_destination_pose_is_made_that_an_arm_must_not_move_on(
    types: MessageTypes, fields: dict[str, Any]
) -> None:
    messages = messages_3d(types, with_destination(output(types), output(types, **fields)))

    assert "destination_pose" not in messages
    assert ("target_pose" in messages) == ("stale" not in fields)


def test_the_objects_say_all_but_the_points(types: MessageTypes) -> None:
    objects = (placed_object(1, x=0.25),)
    said = messages_3d(types, output(types, objects=objects, found=2, track_ids=(11, 12)))
    message = said["objects_3d"]

    assert (message.query_id, message.query_key, message.status) == (7, "cups", 0)
    (found,) = message.objects
    assert (found.track_id, found.score, found.valid_share, found.at_border) == (
        12, 0.875, 0.75, True
    )  # fmt: skip
    assert position(found.pose.pose) == (0.25, -0.25, 1.0)
    assert turn(found.pose.pose) == TURNED
    assert position(found.box_pose) == (0.25, -0.25, 1.03)
    assert (found.box_size.x, found.box_size.y, found.box_size.z) == (0.2, 0.1, 0.0)
    assert found.width == pytest.approx(0.1)
    assert (found.top_point.x, found.top_point.y, found.top_point.z) == (0.25, -0.3, 1.0)


@pytest.mark.parametrize(
    ("status", "number"), [(Status.FOUND, 0), (Status.NOT_FOUND, 1), (Status.AMBIGUOUS, 2)]
)
def test_the_status_is_that_of_the_answer(
    types: MessageTypes, status: Status, number: int
) -> None:
    assert messages_3d(types, output(types, status=status))["objects_3d"].status == number


def test_detections_carry_the_covariance_and_say_that_the_turn_is_not_known(
    types: MessageTypes,
) -> None:
    (detection,) = messages_3d(types, output(types, track_ids=(4,)))["detections_3d"].detections

    assert detection.id == "4"
    (result,) = detection.results
    assert (result.hypothesis.class_id, result.hypothesis.score) == ("the red mug", 0.875)
    covariance = np.reshape(result.pose.covariance, (6, 6))
    np.testing.assert_array_equal(covariance[:3, :3], COVARIANCE)
    np.testing.assert_allclose(covariance[3:, 3:], np.eye(3) * 3.28986813)
    assert not covariance[:3, 3:].any()
    assert position(detection.bbox.center) == (0.5, -0.25, 1.03)
    assert detection.bbox.size.y == 0.1


def test_an_object_that_is_not_tracked_has_no_id(types: MessageTypes) -> None:
    messages = messages_3d(types, output(types))

    assert messages["detections_3d"].detections[0].id == ""
    assert messages["objects_3d"].objects[0].track_id == 0


def test_the_cloud_holds_points_and_their_colours(types: MessageTypes) -> None:
    message = messages_3d(types, output(types))["cloud"]

    assert (message.height, message.width, message.point_step, message.row_step) == (1, 2, 16, 32)
    fields = [(field.name, field.offset, field.datatype, field.count) for field in message.fields]
    assert fields == [("x", 0, 7, 1), ("y", 4, 7, 1), ("z", 8, 7, 1), ("rgb", 12, 7, 1)]
    data = np.frombuffer(bytes(message.data), np.uint8).reshape(2, 16)
    np.testing.assert_array_equal(
        data[:, :12].copy().view("<f4"), [[0.0, 0.25, 0.5], [0.75, 1.0, 1.25]]
    )
    assert data[:, 12:].tolist() == [[1, 128, 255, 0], [3, 2, 0, 0]]


def test_a_large_cloud_is_thinned_evenly(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "CLOUD_POINTS", 3)
    message = messages_3d(types, output(types, objects=(placed_object(points=7),)))["cloud"]

    x = np.frombuffer(bytes(message.data), "<f4").reshape(-1, 4)[:, 0]
    assert x.tolist() == [0.0, 2.25, 4.5]  # points 0, 3 and 6


def test_nothing_placed_empties_cloud_and_detections(types: MessageTypes) -> None:
    messages = messages_3d(types, output(types, objects=()))

    assert (messages["cloud"].width, len(messages["cloud"].data)) == (0, 0)
    assert len(messages["detections_3d"].detections) == 0
    assert len(messages["markers"].markers) == 0


def test_markers_show_box_centroid_and_caption_and_vanish(types: MessageTypes) -> None:
    objects = (placed_object(0), placed_object(1))
    markers = messages_3d(types, output(types, objects=objects, found=2), 0.5)["markers"].markers

    assert [marker.id for marker in markers] == [0, 1, 2, 3, 4, 5]
    assert {(marker.ns, marker.action) for marker in markers} == {("textseg/cups", 0)}
    assert {(marker.lifetime.sec, marker.lifetime.nanosec) for marker in markers} == {
        (0, 500_000_000)
    }
    box, centroid, caption = markers[:3]
    assert (box.type, centroid.type, caption.type) == (1, 2, 9)
    assert position(box.pose) == (0.5, -0.25, 1.03)
    assert (box.scale.x, box.scale.y, box.scale.z) == (0.2, 0.1, 0.001)
    assert position(centroid.pose) == (0.5, -0.25, 1.0)
    assert (caption.text, position(caption.pose)) == ("the red mug 0.88", (0.5, -0.3, 1.0))
    assert box.color.g > box.color.r  # green: the arm may move there
    assert markers[3].color.r > markers[3].color.g


def test_every_message_fits_its_type(rosbags_types: MessageTypes) -> None:
    names = {
        "objects_3d": "textseg_ros/msg/LocalisedObjects",
        "target_pose": "geometry_msgs/msg/PoseStamped",
        "detections_3d": "vision_msgs/msg/Detection3DArray",
        "cloud": "sensor_msgs/msg/PointCloud2",
        "markers": "visualization_msgs/msg/MarkerArray",
    }
    types: Any = rosbags_types
    for key, message in messages_3d(types, output(types)).items():
        data = types.serialize(message, names[key])
        assert types.serialize(types.deserialize(data, names[key]), names[key]) == data


def test_points_are_read_back_by_sensor_msgs_py(types: MessageTypes) -> None:
    point_cloud2 = pytest.importorskip(
        "sensor_msgs_py.point_cloud2", reason="sensor_msgs_py is part of a ROS 2 installation"
    )
    message = messages_3d(types, output(types))["cloud"]

    read = point_cloud2.read_points(message, field_names=("x", "y", "z"))

    assert [tuple(map(float, point)) for point in read] == [(0.0, 0.25, 0.5), (0.75, 1.0, 1.25)]
