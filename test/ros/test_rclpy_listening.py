"""`textseg doctor` hears a camera on rclpy where plain DDS is not installed."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from textseg_ros.doctor.finding import Surroundings
from textseg_ros.doctor.listening import Seen
from textseg_ros.rclpy_listening import listen
from textseg_ros.rmw_environment import free_domain_id
from textseg_ros.settings import NodeSettings

CAMERA = "/camera/image_raw"


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A domain with a best-effort camera that sends ten small images a second."""
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    domain_id = free_domain_id()
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain_id)
    node = rclpy.create_node("camera", namespace="/camera", context=context)
    publisher = node.create_publisher(Image, CAMERA, qos_profile_sensor_data)
    image = Image(height=2, width=2, encoding="mono8", step=2, data=[0, 0, 0, 0])
    node.create_timer(0.1, lambda: publisher.publish(image))
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield domain_id
    executor.shutdown()
    thread.join()
    node.destroy_node()
    rclpy.try_shutdown(context=context)


def see(domain_id: int, camera: str = CAMERA, **settings: Any) -> Seen:
    given = Surroundings(environment={}, camera=camera, domain=domain_id, wait_s=20.0)
    return listen(given, NodeSettings(**settings))


def test_a_camera_is_heard_counted_and_its_node_seen(domain: int) -> None:
    seen = see(domain)

    assert seen.heard["image"].messages > 0
    assert seen.heard["image"].last.encoding == "mono8"
    assert seen.counts[CAMERA] == 1
    assert "/camera/camera" in seen.nodes
    assert seen.misfits == {}


def test_a_best_effort_camera_does_not_fit_a_reliable_subscription(domain: int) -> None:
    seen = see(domain, image_qos="reliable")

    assert seen.misfits == {CAMERA: "reliability"}
    assert seen.heard["image"].messages == 0
