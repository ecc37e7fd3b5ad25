"""The page's link over rclpy: it asks, clicks, receives what is looked at, and sees a node go."""

from collections.abc import Iterator
from typing import Any

import pytest
from recording import until

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")
pytest.importorskip(
    "textseg_ros.msg", reason="our generated messages exist only after colcon build"
)

from ros_graph import DOMAIN, Graph, red_image
from web_board import Kept

from textseg_ros.rclpy_web import RclpyLink
from textseg_ros.web.link import Place
from textseg_ros.web.node_source import NodeSource
from textseg_ros.web.view import Answer


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    opened = Graph()
    yield opened
    opened.close()


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def page(graph: Graph, kept: Kept) -> Iterator[NodeSource]:
    source = NodeSource(Place(domain_id=DOMAIN), RclpyLink)
    source.start(kept)
    yield source
    source.close()


def is_whole(answer: Answer | None) -> bool:
    """Return whether an answer came with its pictures, which may be late, and in time."""
    return bool(answer and answer.mask and answer.response and not answer.stale)


def test_a_node_of_rclpy_is_seen_asked_clicked_and_missed(
    graph: Graph, page: NodeSource, kept: Kept
) -> None:
    node = graph.segmenter()
    until(lambda: kept.states[-1].link == "live")
    page.want(frozenset({"picture", "mask", "response"}))
    page.ask("the red block")
    camera: Any = graph.peer("camera")
    images = camera.create_publisher(type(red_image()), "/textseg/image", 1)

    def is_answered() -> bool:
        image = red_image()
        image.header.stamp = camera.get_clock().now().to_msg()
        images.publish(image)
        return bool(kept.pictures) and any(is_whole(answer) for answer in kept.answers)

    until(is_answered)
    answer = next(answer for answer in kept.answers if is_whole(answer))
    assert answer is not None
    assert (answer.status, answer.size, answer.stale) == ("found", (192, 96), False)
    assert answer.mask.startswith(b"\x89PNG")
    assert answer.response.startswith(b"\x89PNG")
    assert kept.pictures[-1].shape == (96, 192, 3)
    page.click(5.0, 5.0)
    until(lambda: "answer" in node.behaviour.report.events())  # to the click
    page.want(frozenset())
    until(lambda: node.count_subscribers("/textseg/response") == 0)
    graph.forget(node)
    until(lambda: kept.states[-1].link == "lost")
    assert kept.answers[-1] is None
