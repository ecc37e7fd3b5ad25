"""A ROS graph for the tests: nodes of rclpy in a context of their own; our node as a process."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from recording import TIMEOUT_S, RednessBackend, make_segmenter, red_block, until

from textseg_ros import rclpy_node
from textseg_ros.messages import InstalledMessages, byte_sequence
from textseg_ros.topics import BY_KEY, resolve

ROOT = Path(__file__).parents[2]
DOMAIN = 1 + os.getpid() % 100
ASK_AGAIN_S = 1.0
_START = f"""
import runpy, sys, time
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
from recording import RednessBackend, SlowBackend, make_segmenter
from textseg_ros import image_packing, rclpy_node
rclpy_node.load_segmenter = lambda settings: make_segmenter(%s)
runpy.run_path({str(ROOT / "textseg_ros" / "executables" / "segmenter")!r}, run_name="__main__")
"""


class Graph:
    """A ROS context of its own whose nodes are served by one thread."""

    def __init__(self, domain: int = DOMAIN) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._nodes: list[Node] = []
        self.thread = threading.Thread(target=self._executor.spin, daemon=True)
        self.thread.start()

    def segmenter(
        self,
        *arguments: str,
        load: Callable[[Any], Any] = lambda _: make_segmenter(RednessBackend()),
        **parameters: Any,
    ) -> rclpy_node.SegmenterNode:
        node = rclpy_node.SegmenterNode(
            load,
            context=self.context,
            cli_args=["--ros-args", *arguments] if arguments else None,
            parameter_overrides=[
                Parameter(name, value=value) for name, value in parameters.items()
            ],
        )
        self.add(node)
        return node

    def add(self, node: Any) -> Any:
        self._nodes.append(node)
        self._executor.add_node(node)
        return node

    def peer(self, name: str) -> Any:
        """Return a node of another's."""
        return self.add(Node(name, context=self.context))

    def forget(self, node: Any) -> None:
        """End a node before the others."""
        self._executor.remove_node(node)
        self._nodes.remove(node)
        if isinstance(node, rclpy_node.SegmenterNode):
            node.close()
        node.destroy_node()

    def close(self) -> None:
        self._executor.shutdown()
        self.thread.join(TIMEOUT_S)
        for node in self._nodes:
            if isinstance(node, rclpy_node.SegmenterNode):
                node.close()
        for node in self._nodes:
            node.destroy_node()
        self.context.try_shutdown()


def red_image() -> Any:
    image_class = InstalledMessages().get("sensor_msgs/msg/Image")
    image = image_class(height=96, width=192, encoding="rgb8", step=576)
    image.data = byte_sequence(image_class, red_block())
    return image


def query(text: str) -> Any:
    return InstalledMessages().get("std_msgs/msg/String")(data=text)


def listen(graph: Graph, key: str) -> list[Any]:
    """Return where the messages of an output will be."""
    received: list[Any] = []
    topic = BY_KEY[key]
    message_class = InstalledMessages().get(topic.type_name)
    graph.peer("listener").create_subscription(
        message_class, resolve(topic.name), received.append, 10
    )
    return received


def leader(peer: Any, node: str = "/textseg/segmenter") -> Callable[[str], bool]:
    """Return what asks a managed node for a transition and says whether it was done."""
    client = peer.create_client(ChangeState, f"{node}/change_state")
    state = peer.create_client(GetState, f"{node}/get_state")
    assert client.wait_for_service(TIMEOUT_S)
    assert state.wait_for_service(TIMEOUT_S)
    # A request may go to a node of the same name that was killed a moment ago, or its reply be
    # dropped since the node has not found the client yet (both on Fast DDS). Ends are found in
    # order: a node that answers the second client knows the first.
    answers: list[Any] = []

    def is_known() -> bool:
        if not answers or time.monotonic() - answers[-1][0] > ASK_AGAIN_S:
            answers.append((time.monotonic(), state.call_async(GetState.Request())))
        return any(future.done() for _, future in answers)

    until(is_known)

    def lead(transition: str) -> bool:
        request = ChangeState.Request()
        request.transition.id = getattr(Transition, f"TRANSITION_{transition.upper()}")
        future = client.call_async(request)
        until(future.done)
        return bool(future.result().success)

    return lead


def start(*arguments: str, backend: str = "RednessBackend()") -> "subprocess.Popen[str]":
    """Start the node as `ros2 run` does, with a network of a few lines."""
    environment = {
        **os.environ,
        "ROS_DOMAIN_ID": str(DOMAIN),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-c", _START % backend, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def read_until(process: "subprocess.Popen[str]", text: str) -> None:
    """Read what a process tells until a line has this text."""
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    while text not in lines[-1]:
        assert lines[-1], lines
        lines.append(process.stdout.readline())
