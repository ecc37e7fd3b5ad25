import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from recording import RED_BLOCK, TIMEOUT_S, red_block, until

from textseg_ros.conversions import OwnImagePacker
from textseg_ros.messages import InstalledMessages, byte_sequence
from textseg_ros.parameters import PARAMETERS
from textseg_ros.rpc import RESULT_KEPT_S
from textseg_ros.topics import TOPICS, resolve

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")
pytest.importorskip(
    "textseg_ros.msg", reason="our generated messages exist only after colcon build"
)

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from ros_graph import Graph, leader, listen, query, red_image
from tf2_ros import StaticTransformBroadcaster

from textseg_ros import image_packing


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    opened = Graph()
    yield opened
    opened.close()


def test_topics_have_the_names_types_and_qos_of_the_table(graph: Graph) -> None:
    node = graph.segmenter()
    listen(graph, "mask")
    listen(graph, "cloud")
    node.behaviour.on_query(query("the red block"))

    assert node.get_fully_qualified_name() == "/textseg/segmenter"
    for topic in TOPICS:
        name = resolve(topic.name)
        find: Callable[[str], list[Any]] = (
            node.get_subscriptions_info_by_topic
            if topic.direction == "in"
            else node.get_publishers_info_by_topic
        )
        until(lambda find=find, name=name: len(find(name)) == 1)  # type: ignore[misc]
        (info,) = find(name)
        assert info.topic_type == topic.type_name
        reliable = info.qos_profile.reliability == ReliabilityPolicy.RELIABLE
        assert reliable == topic.reliable, name
        latched = info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
        assert latched == topic.latched, name


def test_an_image_and_a_query_give_a_mask_and_a_centroid(graph: Graph) -> None:
    types = InstalledMessages()
    graph.segmenter("-r", "image:=/camera/image_raw")
    peer = graph.add(Node("peer", context=graph.context))
    received: dict[str, list[Any]] = {"mask": [], "centroid": [], "objects": []}
    for topic in TOPICS:
        if topic.key in received:
            peer.create_subscription(
                types.get(topic.type_name), resolve(topic.name), received[topic.key].append, 1
            )
    images = peer.create_publisher(types.get("sensor_msgs/msg/Image"), "/camera/image_raw", 1)
    queries = peer.create_publisher(types.get("std_msgs/msg/String"), "/textseg/query", 1)
    until(lambda: queries.get_subscription_count() == 1)
    until(lambda: peer.count_publishers("/textseg/mask") == 1)
    queries.publish(types.get("std_msgs/msg/String")(data="the red block"))
    picture = red_block()
    image_class = types.get("sensor_msgs/msg/Image")
    image = image_class(
        height=96, width=192, encoding="rgb8", step=576, data=byte_sequence(image_class, picture)
    )

    def answered() -> bool:
        image.header.frame_id = "camera"
        image.header.stamp = peer.get_clock().now().to_msg()
        images.publish(image)  # best-effort, and perhaps before the query: send until answered
        threading.Event().wait(0.02)
        return all(received.values())

    until(answered)

    mask = received["mask"][0]
    assert mask.header.frame_id == "camera"
    pixels = np.frombuffer(mask.data, np.uint8).reshape(96, 192)
    assert (pixels[RED_BLOCK] == 255).mean() > 0.9
    assert received["centroid"][0].point.x == pytest.approx(95.5, abs=0.5)
    assert received["objects"][0].query == "the red block"


def test_another_node_on_an_output_is_told_of(graph: Graph) -> None:
    types = InstalledMessages()
    node = graph.segmenter()
    painter = graph.add(Node("painter", context=graph.context))
    painter.create_publisher(types.get("sensor_msgs/msg/Image"), "/textseg/mask", 1)

    until(lambda: "several publishers on outputs" in node.behaviour.report.events())

    event = node.behaviour.report.events()["several publishers on outputs"]
    assert "another node publishes on /textseg/mask too" in event.text


def test_an_error_in_the_look_at_the_graph_does_not_end_the_node(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("rcl is busy")

    node = graph.segmenter()
    monkeypatch.setattr(node, "get_node_names_and_namespaces", fail)
    kind = "the look at the graph failed"

    # Twice: the timer goes on after the first.
    until(lambda: kind in node.behaviour.report.events())
    until(lambda: node.behaviour.report.events()[kind].count > 1)

    assert "RuntimeError: rcl is busy" in node.behaviour.report.events()[kind].text


def test_every_parameter_is_declared_with_type_text_and_range(graph: Graph) -> None:
    node = graph.segmenter(max_age_s=0.5)

    assert node.get_parameter("max_age_s").value == 0.5
    assert node.get_parameter("max_objects").value == 16
    for parameter in PARAMETERS:
        if parameter.name != "use_sim_time":  # rclpy's own
            described = node.describe_parameter(parameter.name)
            assert described.read_only == parameter.read_only, parameter.name
            assert described.description == parameter.description
    assert node.get_parameter("cameras").value == [""]
    assert node.describe_parameter("image_qos").additional_constraints == (
        "sensor_data, reliable, best_available"
    )
    assert node.describe_parameter("threads").integer_range[0].from_value == 0
    assert node.settings.max_age_s == 0.5


def test_live_parameters_change_together_or_not_at_all(graph: Graph) -> None:
    node = graph.segmenter()

    (result,) = [node.set_parameters_atomically([Parameter("max_age_s", value=0.5)])]
    assert result.successful
    assert node.settings.max_age_s == 0.5
    refused = node.set_parameters_atomically(
        [Parameter("overlay", value=False), Parameter("threshold", value=-0.5)]
    )
    assert not refused.successful
    assert "threshold must lie in (0, 1), got -0.5" in refused.reason
    assert (node.settings.overlay, node.get_parameter("overlay").value) == (True, True)
    for name, value in (("weights", "/other"), ("max_objects", 0), ("max_objects", "many")):
        (result,) = node.set_parameters([Parameter(name, value=value)])
        assert not result.successful, name
        assert result.reason, name
    assert node.settings.segmenter.max_objects == 16


@pytest.mark.parametrize(
    ("qos", "reliability"),
    [
        ("sensor_data", ReliabilityPolicy.BEST_EFFORT),
        ("reliable", ReliabilityPolicy.RELIABLE),
        ("best_available", ReliabilityPolicy.RELIABLE),
    ],
)
def test_images_are_received_with_the_qos_of_the_parameter(
    graph: Graph, qos: str, reliability: ReliabilityPolicy
) -> None:
    types = InstalledMessages()
    peer = graph.add(Node("peer", context=graph.context))
    peer.create_publisher(types.get("sensor_msgs/msg/Image"), "/textseg/image", 1)
    node = graph.segmenter(image_qos=qos)
    until(lambda: node.count_publishers("/textseg/image") == 1)
    listen(graph, "mask")
    node.behaviour.on_query(query("the red block"))

    until(lambda: len(node.get_subscriptions_info_by_topic("/textseg/image")) == 1)
    (info,) = node.get_subscriptions_info_by_topic("/textseg/image")
    assert info.qos_profile.reliability == reliability


def test_each_input_is_received_with_the_qos_of_its_parameter(graph: Graph) -> None:
    """Nobody publishes queries when the node subscribes, so best_available is reliable."""
    node = graph.segmenter(
        click_qos="sensor_data", info_qos="reliable", query_qos="best_available"
    )
    listen(graph, "mask")
    listen(graph, "cloud")
    node.behaviour.on_query(query("the red block"))
    inputs = {topic.key: topic.name for topic in TOPICS if topic.direction == "in"}

    def best_effort() -> dict[str, bool]:
        found = {
            key: node.get_subscriptions_info_by_topic(f"/textseg/{name}")
            for key, name in inputs.items()
        }
        return {
            key: info.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
            for key, infos in found.items()
            for info in infos
        }

    until(lambda: best_effort().keys() == inputs.keys())
    received = {key for key, is_so in best_effort().items() if is_so}
    assert received == {"image", "compressed", "depth", "click"}


def test_images_are_received_only_while_a_query_is_set_and_someone_listens(graph: Graph) -> None:
    node = graph.segmenter(cameras=["left", "right"])
    node.behaviour.on_query(query("the red block"))
    assert node.count_subscribers("/textseg/left/image") == 0
    peer = graph.add(Node("listener", context=graph.context))
    mask_class = InstalledMessages().get("sensor_msgs/msg/Image")
    peer.create_subscription(mask_class, "/textseg/left/mask", lambda _: None, 1)

    until(lambda: node.count_subscribers("/textseg/left/image") == 1)
    assert node.count_subscribers("/textseg/right/image") == 0
    node.behaviour.on_query(query(""))
    until(lambda: node.count_subscribers("/textseg/left/image") == 0)


def test_depth_camera_and_transform_give_a_pose_in_the_target_frame(graph: Graph) -> None:
    """The camera stands 1 m before the robot's base and looks as its axes do."""
    types = InstalledMessages()
    node = graph.segmenter(target_frame="base_link", max_age_s=100.0)
    poses, places = listen(graph, "target_pose"), listen(graph, "destination_pose")
    located = listen(graph, "objects_3d")
    peer = graph.add(Node("camera", context=graph.context))
    image_class = types.get("sensor_msgs/msg/Image")
    colours = peer.create_publisher(image_class, "/textseg/image", 1)
    depths = peer.create_publisher(image_class, "/textseg/depth", 1)
    info = types.default("sensor_msgs/msg/CameraInfo")
    infos = peer.create_publisher(type(info), "/textseg/camera_info", 1)
    transforms = StaticTransformBroadcaster(peer)
    transform = types.default("geometry_msgs/msg/TransformStamped")
    transform.header.frame_id, transform.child_frame_id = "base_link", "camera"
    transform.transform.translation.x = 1.0
    transform.transform.rotation.w = 1.0
    transforms.sendTransform(transform)
    image = red_image()
    depth = image_class(height=96, width=192, encoding="16UC1", step=384)
    depth.data = byte_sequence(image_class, np.full((96, 192), 500, np.uint16))
    info.width, info.height, info.distortion_model = 192, 96, "plumb_bob"
    info.k = [200.0, 0.0, 95.5, 0.0, 200.0, 47.5, 0.0, 0.0, 1.0]
    info.p = [200.0, 0.0, 95.5, 0.0, 0.0, 200.0, 47.5, 0.0, 0.0, 0.0, 1.0, 0.0]

    def placed() -> bool:
        stamp = peer.get_clock().now().to_msg()
        for message, publisher in ((info, infos), (depth, depths), (image, colours)):
            message.header.frame_id, message.header.stamp = "camera", stamp
            publisher.publish(message)
        threading.Event().wait(0.05)
        return bool(poses and places and located)

    for _ in range(2):  # a second query is placed too, by transforms that are heard anew
        node.behaviour.on_query(query("put the red block on the red tray"))
        until(placed)
        (place,) = located[-1].destination_objects  # all that is red is both
        assert places[-1].header.frame_id == "base_link"
        assert places[-1].pose == poses[-1].pose == place.pose.pose
        assert poses[-1].header.frame_id == "base_link"
        position = poses.pop().pose.position
        assert (position.x, position.y, position.z) == pytest.approx((1.0, 0.0, 0.5), abs=0.005)
        node.behaviour.on_query(query(""))
        until(lambda: not any(map(node.count_subscribers, ("/tf", "/tf_static"))))
        threading.Event().wait(0.2)
        for heard in (poses, places, located):
            heard.clear()


def test_subscriptions_that_come_and_go_in_other_threads_do_not_end_the_node(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = graph.segmenter()
    destroy, ended_in = node.destroy_subscription, set()

    def destroy_subscription(subscription: Any) -> bool:
        ended_in.add(threading.current_thread())
        return bool(destroy(subscription))

    monkeypatch.setattr(node, "destroy_subscription", destroy_subscription)
    listen(graph, "mask")
    listen(graph, "cloud")
    node.behaviour.on_query(query("the red block"))
    for _ in range(50):
        for enabled in (False, True):
            node.behaviour.set_enabled(enabled)
            threading.Event().wait(0.005)
    for topic in ("/textseg/image", "/textseg/depth", "/tf"):
        until(lambda topic=topic: node.count_subscribers(topic) == 1)  # type: ignore[misc]

    assert ended_in == {graph.thread}
    assert graph.thread.is_alive()


def test_the_node_is_led_through_its_states_from_outside(graph: Graph) -> None:
    node = graph.segmenter(autostart=False)
    lead = leader(graph.peer("manager"))

    assert node.behaviour.lifecycle.state == "unconfigured"
    assert not node.behaviour.engine.loaded
    assert lead("configure")
    assert (node.behaviour.lifecycle.state, node.behaviour.engine.loaded) == ("inactive", True)
    assert node.count_subscribers("/textseg/query") == 0
    assert lead("activate")
    assert node.behaviour.lifecycle.state == "active"
    until(lambda: node.count_subscribers("/textseg/query") == 1)
    assert not lead("configure")
    assert lead("deactivate")
    assert (node.behaviour.lifecycle.state, node.behaviour.engine.loaded) == ("inactive", False)
    until(lambda: node.count_subscribers("/textseg/query") == 0)
    assert lead("activate")
    assert node.behaviour.engine.loaded
    assert lead("deactivate")
    assert lead("cleanup")
    assert node.behaviour.lifecycle.state == "unconfigured"
    assert lead("unconfigured_shutdown")
    assert node.behaviour.lifecycle.state == "finalized"


def test_a_model_that_cannot_be_loaded_leaves_the_node_unconfigured(graph: Graph) -> None:
    def fail(_: object) -> Any:
        raise RuntimeError("no weights here")

    node = graph.segmenter(load=fail, autostart=False)

    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert node.behaviour.lifecycle.state == "unconfigured"


def test_an_error_in_a_transition_leaves_a_node_that_starts_again(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = graph.segmenter()
    release = node.behaviour.engine.release
    failures = iter([OSError("the device is busy")])

    def fail_once() -> None:
        for error in failures:
            raise error
        release()

    monkeypatch.setattr(node.behaviour.engine, "release", fail_once)
    node.trigger_deactivate()

    assert node.behaviour.lifecycle.state == "unconfigured"
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS


def test_the_service_enable_pauses_the_node(graph: Graph) -> None:
    node = graph.segmenter()
    peer = graph.add(Node("operator", context=graph.context))
    set_bool = InstalledMessages().get("std_srvs/srv/SetBool")
    client = peer.create_client(set_bool, "/textseg/enable")
    assert client.wait_for_service(TIMEOUT_S)
    for enabled, text in ((False, "answering is disabled"), (True, "answering is enabled")):
        future = client.call_async(set_bool.Request(data=enabled))
        until(future.done)
        assert (future.result().success, future.result().message) == (True, text)
    assert node.behaviour.is_open


def test_the_service_segment_answers_without_a_camera(graph: Graph) -> None:
    graph.segmenter()
    peer = graph.add(Node("planner", context=graph.context))
    segment = InstalledMessages().get("textseg_ros/srv/Segment")
    client = peer.create_client(segment, "/textseg/segment")
    assert client.wait_for_service(TIMEOUT_S)

    future = client.call_async(
        segment.Request(image=red_image(), phrase="the red block", pictures=True)
    )
    until(future.done)

    response = future.result()
    assert (response.success, response.message) == (True, "")
    assert response.result.objects[0].centroid_u == pytest.approx(95.5, abs=0.5)
    assert (np.asarray(response.mask.data) == 255).sum() == response.result.objects[0].area
    future = client.call_async(segment.Request(image=red_image(), phrase=""))
    until(future.done)
    assert "names nothing to segment" in future.result().message


def test_the_service_segment_takes_the_next_image_of_a_camera(graph: Graph) -> None:
    graph.segmenter()
    peer = graph.add(Node("planner", context=graph.context))
    segment = InstalledMessages().get("textseg_ros/srv/Segment")
    client = peer.create_client(segment, "/textseg/segment")
    assert client.wait_for_service(TIMEOUT_S)
    images = peer.create_publisher(type(red_image()), "/textseg/image", 1)
    future = client.call_async(segment.Request(phrase="the red block"))

    def answered() -> bool:
        image = red_image()
        image.header.stamp = peer.get_clock().now().to_msg()
        images.publish(image)
        threading.Event().wait(0.02)
        return bool(future.done())

    until(answered)
    assert (future.result().success, future.result().message) == (True, "")


def test_a_call_with_an_image_does_not_wait_behind_those_that_wait_for_a_camera(
    graph: Graph,
) -> None:
    """There is no camera. Nine calls may wait for one; the tenth is told so at once."""
    graph.segmenter(request_timeout_s=5.0)
    peer = graph.add(Node("planner", context=graph.context))
    segment = InstalledMessages().get("textseg_ros/srv/Segment")
    client = peer.create_client(segment, "/textseg/segment")
    assert client.wait_for_service(TIMEOUT_S)
    waiting = [client.call_async(segment.Request(phrase="the red block")) for _ in range(10)]
    until(lambda: any(future.done() for future in waiting))
    (refused,) = [future for future in waiting if future.done()]
    assert "too many requests wait" in refused.result().message

    future = client.call_async(segment.Request(image=red_image(), phrase="the red block"))
    until(future.done)
    assert future.result().success
    assert sum(each.done() for each in waiting) == 1

    until(lambda: all(each.done() for each in waiting))
    texts = {each.result().message for each in waiting if each is not refused}
    assert texts == {"no image on /textseg/image or /textseg/image/compressed within 5.0 s"}


def test_the_action_find_gives_feedback_and_is_canceled_or_reached(graph: Graph) -> None:
    graph.segmenter()
    peer = graph.add(Node("planner", context=graph.context))
    find = InstalledMessages().get("textseg_ros/action/Find")
    client = ActionClient(peer, find, "/textseg/find")
    assert client.wait_for_server(TIMEOUT_S)
    feedback: list[Any] = []

    def send(phrase: str, frames: int) -> Any:
        goal = find.Goal(phrase=phrase, stable_frames=frames)
        sent = client.send_goal_async(goal, feedback_callback=feedback.append)
        until(sent.done)
        assert sent.result().accepted
        return sent.result()

    handle = send("the red block", 3)
    canceling = handle.cancel_goal_async()
    until(canceling.done)
    ended = handle.get_result_async()
    until(ended.done)
    assert ended.result().status == GoalStatus.STATUS_CANCELED
    assert ended.result().result.message == "canceled"

    images = peer.create_publisher(type(red_image()), "/textseg/image", 1)
    ended = send("the red block", 3).get_result_async()

    def reached() -> bool:
        image = red_image()
        image.header.stamp = peer.get_clock().now().to_msg()
        images.publish(image)
        threading.Event().wait(0.02)
        return bool(ended.done())

    until(reached)
    assert ended.result().status == GoalStatus.STATUS_SUCCEEDED
    assert ended.result().result.success
    until(lambda: len(feedback) >= 3)
    assert [message.feedback.stable for message in feedback[:3]] == [1, 2, 3]


def test_the_result_of_a_goal_that_ended_long_ago_is_forgotten(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RESULT_KEPT_S == 60
    monkeypatch.setattr("textseg_ros.rclpy_rpc.RESULT_KEPT_S", 1)
    graph.segmenter()
    peer = graph.add(Node("planner", context=graph.context))
    find = InstalledMessages().get("textseg_ros/action/Find")
    client = ActionClient(peer, find, "/textseg/find")
    assert client.wait_for_server(TIMEOUT_S)
    sent = client.send_goal_async(find.Goal(phrase="the red block", timeout_s=0.1))
    until(sent.done)

    def status() -> int:
        asked = sent.result().get_result_async()
        until(asked.done)
        return int(asked.result().status)

    assert status() == GoalStatus.STATUS_ABORTED
    until(lambda: status() == GoalStatus.STATUS_UNKNOWN)


def test_one_goal_too_many_is_refused(graph: Graph) -> None:
    graph.segmenter()
    peer = graph.add(Node("planner", context=graph.context))
    find = InstalledMessages().get("textseg_ros/action/Find")
    client = ActionClient(peer, find, "/textseg/find")
    assert client.wait_for_server(TIMEOUT_S)
    accepted = []
    for _ in range(9):
        sent = client.send_goal_async(find.Goal(phrase="the red block"))
        until(sent.done)
        accepted.append(sent.result().accepted)

    assert accepted == [True] * 8 + [False]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_age": 1.0}, "/textseg/segmenter.*unknown parameter 'max_age'; accepted are"),
        ({"max_age_s": 1}, r"max_age_s must be a number such as 1\.0, got 1 \(int\); write 1\.0"),
        ({"threads": [1, 2]}, "threads must be a whole number"),
        ({"threads": -1}, "threads must lie in 0"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    graph: Graph, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        graph.segmenter(**parameters)


def test_images_are_packed_by_cv_bridge_where_it_works() -> None:
    pytest.importorskip("cv_bridge", reason="cv_bridge exists only inside a ROS 2 installation")
    lines: list[tuple[str, str]] = []

    packer = image_packing.choose_packer(
        InstalledMessages(), lambda level, text: lines.append((level, text))
    )

    assert isinstance(packer, image_packing.CvBridgePacker)
    assert lines == [("info", "images are packed by cv_bridge")]


def test_a_cv_bridge_that_fails_is_replaced_and_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ImportError("numpy.core.multiarray failed to import")

    monkeypatch.setattr(image_packing, "CvBridgePacker", fail)
    lines: list[tuple[str, str]] = []

    packer = image_packing.choose_packer(
        InstalledMessages(), lambda level, text: lines.append((level, text))
    )

    assert isinstance(packer, OwnImagePacker)
    assert lines[0][0] == "warning"
    assert "numpy.core.multiarray failed to import" in lines[0][1]
