import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dds_peers import loopback_settings, make_header, make_image, make_string, wait_until

from textseg_core import Axis, Segmentation, SegmentedObject, Status, parse_command
from textseg_core.arrays import UInt8Array
from textseg_core.runtime.base import BackendReport
from textseg_ros.dds.parameters import ParameterServices
from textseg_ros.dds.participant import Participant
from textseg_ros.dds.rpc import DdsRpc
from textseg_ros.dds_transport import DdsNode
from textseg_ros.messages import time_message
from textseg_ros.naming import topic_names
from textseg_ros.rmw_environment import free_domain_id, loopback_environment
from textseg_ros.settings import read_settings
from textseg_ros.topics import TOPICS

_TIMEOUT_S = 60.0
_STAGES = ("preprocess", "encoder", "text", "head", "postprocess")


class LeftHalf:
    """Stands in for a segmenter: whatever is asked for fills the left half."""

    threshold = 0.5

    def report(self) -> BackendReport:
        return BackendReport(name="left half", device="cpu", precision="fp32")

    def close(self) -> None:
        pass

    def segment_many(self, image: UInt8Array, texts: list[str]) -> list[Segmentation]:
        return [self._segment(image, text) for text in texts]

    def _segment(self, image: UInt8Array, text: str) -> Segmentation:
        height, width = image.shape[:2]
        mask = np.zeros((height, width), np.bool_)
        mask[:, : width // 2] = True
        command = parse_command(text)
        found = SegmentedObject(
            mask=mask,
            box=(0, 0, width // 2, height),
            area=int(mask.sum()),
            centroid=(width / 4 - 0.5, height / 2 - 0.5),
            axis=Axis(angle_rad=0.0, major_px=4.0, minor_px=2.0),
            score=0.75,
        )
        return Segmentation(
            mask=mask,
            response=lambda: mask.astype(np.float32),
            score=0.75,
            objects=(found,),
            status=Status.FOUND,
            expression=command.expression,
            command=command,
            timings_ms=dict.fromkeys(_STAGES, 1.0),
        )


def _node(
    participant: Participant, camera: str | None = None, assignments: Sequence[str] = ()
) -> DdsNode:
    segmenter: Any = LeftHalf()
    settings = read_settings(None, assignments, participant.name)
    names = topic_names("/textseg", camera)
    return DdsNode(participant, lambda _: segmenter, settings, names)


def test_an_image_and_a_query_give_a_mask_with_the_header_of_the_image() -> None:
    domain = loopback_settings()
    masks: list[Any] = []
    with Participant("planner", "/", domain) as peer:
        node = _node(Participant("segmenter", "/textseg", domain), "/camera/image_raw")
        try:
            camera = peer.publisher("/camera/image_raw", "sensor_msgs/msg/Image", reliable=False)
            words = peer.publisher("/textseg/query", "std_msgs/msg/String")
            mask = peer.subscription("/textseg/mask", "sensor_msgs/msg/Image", masks.append)
            assert all(end.wait_for_matches() for end in (words, mask))
            image = make_image(peer.types, np.zeros((6, 8, 3), np.uint8))
            words.publish(make_string(peer.types, "the red cup"))

            def is_answered() -> bool:
                node.look()
                camera.publish(image)
                return bool(masks)

            assert wait_until(is_answered)
        finally:
            node.close()
    assert masks[0].header == make_header(peer.types)
    assert masks[0].encoding == "mono8"
    assert masks[0].data.reshape(6, 8).tolist() == [[255] * 4 + [0] * 4] * 6


def test_simulated_time_says_how_old_an_image_is() -> None:
    """An image of 10 s is fresh at 10.5 s, too old at 11.5 s, fresh after a jump back."""
    domain = loopback_settings()
    answers: list[Any] = []
    with Participant("player", "/", domain) as peer:
        segmenter = Participant("segmenter", "/textseg", domain)
        node = _node(segmenter, assignments=["use_sim_time=true", "max_age_s=1.0"])
        try:
            clock = peer.publisher("/clock", "rosgraph_msgs/msg/Clock", depth=1)
            camera = peer.publisher("/textseg/image", "sensor_msgs/msg/Image", reliable=False)
            found = peer.subscription(
                "/textseg/objects", "textseg_ros/msg/Segmentation", answers.append
            )
            assert all(end.wait_for_matches() for end in (clock, found))
            node.behaviour.on_query(make_string(peer.types, "the red cup"))
            image = make_image(peer.types, np.zeros((6, 8, 3), np.uint8))
            image.header.stamp = time_message(peer.types, 10 * 10**9)

            def is_answered(stale: bool) -> bool:
                node.look()
                camera.publish(image)
                return bool(answers) and answers[-1].stale == stale

            def at(now_s: float) -> bool:
                now_ns = round(now_s * 1e9)
                clock.publish(
                    peer.types.get("rosgraph_msgs/msg/Clock")(
                        clock=time_message(peer.types, now_ns)
                    )
                )
                return wait_until(lambda: node.transport.now_ns() == now_ns)

            assert node.transport.now_ns() == 0
            for now_s, stale in ((10.5, False), (11.5, True), (10.5, False)):
                assert at(now_s)
                assert wait_until(partial(is_answered, stale))
        finally:
            node.close()


def test_who_comes_late_still_receives_what_the_labels_stand_for() -> None:
    """The listener that the node answered for has gone, and no image comes any more."""
    domain = loopback_settings()
    seen: list[Any] = []
    infos: list[Any] = []
    with Participant("planner", "/", domain) as peer:
        node = _node(Participant("segmenter", "/textseg", domain))
        try:
            camera = peer.publisher("/textseg/image", "sensor_msgs/msg/Image", reliable=False)
            labels = peer.subscription("/textseg/labels", "sensor_msgs/msg/Image", seen.append)
            assert labels.wait_for_matches()
            node.behaviour.on_query(make_string(peer.types, "the red cup"))
            image = make_image(peer.types, np.zeros((6, 8, 3), np.uint8))

            def is_answered() -> bool:
                node.look()
                camera.publish(image)
                return bool(seen)

            assert wait_until(is_answered)
            peer.remove(labels)
            peer.subscription(
                "/textseg/label_info",
                "vision_msgs/msg/LabelInfo",
                infos.append,
                transient_local=True,
            )
            assert wait_until(lambda: bool(infos))
        finally:
            node.close()
    assert seen[0].data.view("<u2").reshape(6, 8).tolist() == [[1] * 4 + [0] * 4] * 6
    names = {entry.class_id: entry.class_name for entry in infos[-1].class_map}
    assert names == {0: "background", 1: "the red cup"}
    assert infos[-1].threshold == 0.5


def test_every_topic_of_the_table_exists_with_its_type_and_qos() -> None:
    domain = loopback_settings()
    with Participant("planner", "/", domain) as peer:
        node = _node(Participant("segmenter", "/textseg", domain))
        try:
            ends = []
            for topic in TOPICS:
                name = topic_names("/textseg", None)[topic.key]
                if topic.direction == "out":
                    end: Any = peer.subscription(
                        name,
                        topic.type_name,
                        lambda _: None,
                        reliable=topic.reliable,
                        transient_local=topic.latched,
                    )
                else:
                    # A reliable reader would leave a best-effort writer out.
                    end = peer.publisher(name, topic.type_name, reliable=topic.reliable)
                ends.append(end)
            node.behaviour.on_query(make_string(peer.types, "the red cup"))

            def all_matched() -> bool:
                node.look()
                return all(end.matched for end in ends)

            assert wait_until(all_matched)
        finally:
            node.close()


def test_each_input_is_received_with_the_qos_of_its_parameter() -> None:
    """A best-effort publisher reaches the best-effort inputs alone.

    Nobody publishes queries when the node subscribes, so best_available is reliable.
    """
    domain = loopback_settings()
    chosen = ["click_qos=sensor_data", "info_qos=reliable", "query_qos=best_available"]
    inputs = [topic for topic in TOPICS if topic.direction == "in"]
    with Participant("planner", "/", domain) as peer:
        node = _node(Participant("segmenter", "/textseg", domain), assignments=chosen)
        try:
            for name, kind in (("mask", "Image"), ("cloud", "PointCloud2")):
                peer.subscription(f"/textseg/{name}", f"sensor_msgs/msg/{kind}", lambda _: None)
            ends = {
                reliable: {
                    topic.key: peer.publisher(
                        f"/textseg/{topic.name}", topic.type_name, reliable=reliable
                    )
                    for topic in inputs
                }
                for reliable in (True, False)
            }
            node.behaviour.on_query(make_string(peer.types, "the red cup"))

            def matched(reliable: bool) -> set[str]:
                node.look()
                return {key for key, end in ends[reliable].items() if end.matched}

            assert wait_until(lambda: matched(True) == {topic.key for topic in inputs})
            best_effort = {"image", "compressed", "depth", "click"}
            assert wait_until(lambda: matched(False) == best_effort), matched(False)
        finally:
            node.close()


def test_images_are_received_only_while_a_query_is_set_and_someone_listens() -> None:
    domain = loopback_settings()
    with Participant("planner", "/", domain) as peer:
        node = _node(Participant("segmenter", "/textseg", domain))
        try:
            camera = peer.publisher("/textseg/image", "sensor_msgs/msg/Image", reliable=False)
            words = peer.publisher("/textseg/query", "std_msgs/msg/String")
            assert words.wait_for_matches()
            node.look()
            assert camera.matched == 0
            words.publish(make_string(peer.types, "the red cup"))
            assert wait_until(lambda: "query" in node.behaviour.report.events())
            node.look()
            assert camera.matched == 0
            peer.subscription("/textseg/objects", "textseg_ros/msg/Segmentation", lambda _: None)

            def is_matched() -> bool:
                node.look()
                return camera.matched == 1

            assert wait_until(is_matched)
            words.publish(make_string(peer.types, ""))
            assert wait_until(lambda: camera.matched == 0)
        finally:
            node.close()


def test_depth_and_camera_give_a_pose_of_the_target_and_of_the_destination() -> None:
    domain = loopback_settings()
    poses: list[Any] = []
    places: list[Any] = []
    located: list[Any] = []
    with Participant("planner", "/", domain) as peer:
        node = _node(Participant("segmenter", "/textseg", domain))
        try:
            types = peer.types
            image = make_image(types, np.zeros((96, 192, 3), np.uint8))
            depth = types.get("sensor_msgs/msg/Image")(
                header=image.header,
                height=96,
                width=192,
                encoding="32FC1",
                is_bigendian=0,
                step=768,
                data=np.full((96, 192), 0.5, np.float32).reshape(-1).view(np.uint8),
            )
            info = types.default("sensor_msgs/msg/CameraInfo")
            info.header, info.width, info.height = image.header, 192, 96
            info.distortion_model = "plumb_bob"
            info.k = np.array([200.0, 0, 95.5, 0, 200, 47.5, 0, 0, 1])
            info.r = np.eye(3).reshape(-1)
            info.p = np.array([200.0, 0, 95.5, 0, 0, 200, 47.5, 0, 0, 0, 1, 0])
            kind = "sensor_msgs/msg/Image"
            colours = peer.publisher("/textseg/image", kind, reliable=False)
            depths = peer.publisher("/textseg/depth", kind, reliable=False)
            infos = peer.publisher(
                "/textseg/camera_info", "sensor_msgs/msg/CameraInfo", reliable=False
            )
            peer.subscription(
                "/textseg/target_pose", "geometry_msgs/msg/PoseStamped", poses.append
            )
            tf = peer.publisher("/tf", "tf2_msgs/msg/TFMessage", depth=100)
            peer.subscription(
                "/textseg/destination_pose", "geometry_msgs/msg/PoseStamped", places.append
            )
            peer.subscription(
                "/textseg/objects_3d", "textseg_ros/msg/LocalisedObjects", located.append
            )
            node.behaviour.change({"max_age_s": 1e12})  # the messages' stamp is of 1970
            node.behaviour.on_query(make_string(types, "put the red cup on the tray"))
            assert tf.wait_for_matches()

            def is_placed() -> bool:
                node.look()
                infos.publish(info)
                depths.publish(depth)
                colours.publish(image)
                return bool(poses and places and located)

            assert wait_until(is_placed)
            node.behaviour.on_query(make_string(types, ""))
            assert wait_until(lambda: tf.matched == 0)
        finally:
            node.close()
    (place,) = located[0].destination_objects  # it is all in the left half
    assert places[0].header == image.header
    assert places[0].pose == poses[0].pose == place.pose.pose
    assert poses[0].header == image.header
    assert poses[0].pose.position.z == pytest.approx(0.5, abs=0.005)
    # Columns 0 to 95 of the image: their middle is 48 px left of the axis, 0.12 m at 0.5 m.
    assert poses[0].pose.position.x == pytest.approx(-0.12, abs=0.01)


def test_services_action_and_parameters_work_between_two_participants() -> None:
    domain = loopback_settings()
    with Participant("planner", "/", domain) as peer:
        segmenter = Participant("segmenter", "/textseg", domain)
        node = _node(segmenter, assignments=[f"request_timeout_s={_TIMEOUT_S}"])
        rpc = DdsRpc(peer, "fastrtps", lambda name, error: None, lambda text: None)
        try:
            types = peer.types
            segment = rpc.client("/textseg/segment", "textseg_ros/srv/Segment")
            assert segment.wait_for_service(_TIMEOUT_S)
            request = types.default("textseg_ros/srv/Segment_Request")
            request.image = make_image(types, np.zeros((6, 8, 3), np.uint8))
            request.phrase = "the red cup"
            response = segment.call(request, _TIMEOUT_S)
            assert (response.success, response.result.objects[0].width) == (True, 4)

            setter = rpc.client(
                "/textseg/segmenter/set_parameters", "rcl_interfaces/srv/SetParameters"
            )
            assert setter.wait_for_service(_TIMEOUT_S)
            request = types.default("rcl_interfaces/srv/SetParameters_Request")
            parameter = types.default("rcl_interfaces/msg/Parameter")
            parameter.name, parameter.value.type, parameter.value.bool_value = "overlay", 1, False
            request.parameters = [parameter]
            assert setter.call(request, _TIMEOUT_S).results[0].successful
            assert node.behaviour.settings.now.overlay is False

            enable = rpc.client("/textseg/enable", "std_srvs/srv/SetBool")
            assert enable.wait_for_service(_TIMEOUT_S)
            off = types.get("std_srvs/srv/SetBool_Request")(data=False)
            assert enable.call(off, _TIMEOUT_S).message == "answering is disabled"
        finally:
            rpc.close()
            node.close()


def test_a_call_with_an_image_does_not_wait_behind_those_that_wait_for_a_camera() -> None:
    """There is no camera; closing the node in the middle of those calls answers them."""
    domain = loopback_settings()
    messages: list[str] = []
    with Participant("planner", "/", domain) as peer:
        segmenter = Participant("segmenter", "/textseg", domain)
        node = _node(segmenter, assignments=["request_timeout_s=60.0"])
        rpc = DdsRpc(peer, "fastrtps", lambda name, error: None, lambda text: None)
        try:
            images = peer.publisher("/textseg/image", "sensor_msgs/msg/Image", reliable=False)
            segment = rpc.client("/textseg/segment", "textseg_ros/srv/Segment")
            assert segment.wait_for_service()
            request = peer.types.default("textseg_ros/srv/Segment_Request")
            request.phrase = "the red cup"
            own = peer.types.default("textseg_ros/srv/Segment_Request")
            own.image = make_image(peer.types, np.zeros((6, 8, 3), np.uint8))
            own.phrase = "the red cup"

            def wait_for_the_camera() -> None:
                messages.append(segment.call(request, 60.0).message)

            threads = [threading.Thread(target=wait_for_the_camera) for _ in range(3)]
            for thread in threads:
                thread.start()
            assert wait_until(lambda: images.matched > 0)  # the first of them is in work
            assert segment.call(own, 10.0).success
            assert messages == []
            node.close()
            for thread in threads:
                thread.join(20.0)
        finally:
            rpc.close()
            node.close()
    assert len(messages) == 3
    assert all("the node" in message for message in messages), messages


def test_a_start_that_fails_half_way_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_port(*_: object) -> None:
        raise RuntimeError("no port of the domain is free")

    monkeypatch.setattr(ParameterServices, "__init__", no_port)
    before = set(threading.enumerate())
    with Participant("segmenter", "/textseg", loopback_settings()) as participant:
        with pytest.raises(RuntimeError, match="no port"):
            _node(participant)
        left = {thread.name for thread in set(threading.enumerate()) - before}

    assert left == {"dds /textseg/segmenter"}


def test_an_unreadable_query_is_told_and_the_next_tick_reports_a_second_node(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    domain = loopback_settings()
    with Participant("segmenter", "/textseg", domain) as peer:
        node = _node(Participant("segmenter", "/textseg", domain))
        try:
            words = peer.publisher("/textseg/query", "std_msgs/msg/String")
            assert words.wait_for_matches()
            words.publish_cdr(b"\x00\x01\x00\x00" + b"\x03\x00\x00\x00" + b"\xff\xfe\x00\x00")
            assert wait_until(lambda: "/textseg/query refused" in caplog.text)

            def is_told() -> bool:
                node.tick()
                return "another node is named /textseg/segmenter" in caplog.text

            assert wait_until(is_told)
        finally:
            node.close()


def test_a_qos_that_does_not_fit_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    domain = loopback_settings()
    with Participant("camera", "/", domain) as peer:
        node = _node(Participant("segmenter", "/textseg", domain))
        try:
            peer.publisher("/textseg/query", "std_msgs/msg/String", reliable=False)

            def is_told() -> bool:
                node.tick()
                return "does not fit ours in its reliability" in caplog.text

            assert wait_until(is_told)
            node.tick()
            assert caplog.text.count("does not fit ours") == 1
            event = node.behaviour.report.events()["QoS of /textseg/query"]
            assert event.level == "warning"
        finally:
            node.close()


def test_another_node_on_an_output_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    domain = loopback_settings()
    with Participant("painter", "/", domain) as peer:
        node = _node(Participant("segmenter", "/textseg", domain))
        try:
            node.tick()
            assert "another node" not in caplog.text
            peer.publisher("/textseg/mask", "sensor_msgs/msg/Image")

            def is_told() -> bool:
                node.tick()
                return "another node publishes on /textseg/mask too" in caplog.text

            assert wait_until(is_told)
        finally:
            node.close()


def test_a_tick_that_meets_an_error_tells_it_and_the_next_one_is_done(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cyclonedds.core import DDSException  # dds_peers skips this module where it is missing

    def fail() -> None:
        raise DDSException(DDSException.DDS_RETCODE_OUT_OF_RESOURCES)

    node = _node(Participant("segmenter", "/textseg", loopback_settings()))
    try:
        with monkeypatch.context() as patch:
            patch.setattr(Participant, "peers", lambda _: fail())
            node.tick()
        assert "the look at the graph failed" in caplog.text
        monkeypatch.setattr(Participant, "peers", lambda _: ["/textseg/segmenter"])
        node.tick()
        assert "another node is named /textseg/segmenter" in caplog.text
    finally:
        node.close()


def test_assignments_override_the_parameter_file(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("/**:\n  ros__parameters:\n    max_age_s: 2.0\n    overlay: true\n")

    settings = read_settings(file, ["overlay=false"], "/textseg/segmenter")

    assert settings.max_age_s == 2.0
    assert settings.overlay is False


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--set", "colour=red"], "unknown parameter 'colour'"),
        (["--set", "overlay"], "NAME=VALUE"),
        (["--set", "threads=[1"], "expected a YAML value"),
        (["--set", "weights=/nowhere"], "/nowhere"),
        (["--params-file", "/nowhere.yaml"], "/nowhere.yaml"),
        (["--domain", "300"], "0 to 232"),
        (["--camera", "a//b"], "each after one /"),
        (["-r", "depth:=/1st"], "none beginning with a digit"),
        (["--set", "autostart=false"], "use the rclpy node"),
    ],
)
def test_a_wrong_start_ends_with_one_clear_line_and_status_2(
    arguments: list[str], text: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "textseg_ros.dds_node", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | loopback_environment(1),
    )

    assert run.returncode == 2
    assert text in run.stderr
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_node_with_status_0_and_an_empty_stderr(number: signal.Signals) -> None:
    code = (
        "import sys, types\n"
        "import textseg_ros.dds_transport as transport\n"
        "from textseg_ros.dds_node import main\n"
        "report = types.SimpleNamespace(line=lambda: 'backend none')\n"
        "segmenter = types.SimpleNamespace(report=lambda: report, close=lambda: None)\n"
        "transport.Segmenter = types.SimpleNamespace(load=lambda config: segmenter)\n"
        "sys.exit(main([]))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | loopback_environment(free_domain_id()) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as node:
        assert node.stdout is not None
        lines = iter(node.stdout.readline, "")
        assert any("waiting for /textseg/image" in line for line in lines)
        node.send_signal(number)
        _, errors = node.communicate(timeout=60)

    assert (node.returncode, errors) == (0, "")


def test_importing_the_starter_loads_no_network_runtime() -> None:
    """So that a signal in the first moments of a start meets a handler."""
    code = "import sys, textseg_ros.dds_node; print('onnxruntime' in sys.modules)"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)

    assert run.stdout == "False\n"
