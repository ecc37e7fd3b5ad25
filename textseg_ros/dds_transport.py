"""What the DDS node is made of: participant, transport, behaviour and settings."""

import argparse
import logging
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from textseg_core import Segmenter
from textseg_ros.behaviour import SegmentationBehaviour
from textseg_ros.dds.environment import read_environment
from textseg_ros.dds.graph import full_name
from textseg_ros.dds.participant import Participant
from textseg_ros.messages import MessageTypes
from textseg_ros.report import Level
from textseg_ros.settings import NodeSettings, read_parameters, settings_from_values
from textseg_ros.topics import BY_KEY, TOPICS, resolve

_LEVELS: dict[Level, int] = {
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class DdsTransport:
    """The Transport that a DDS participant offers.

    Attributes:
        messages: Message classes of the distribution.

    Args:
        participant: What carries the messages.
        names: Absolute topic name by topic key.
    """

    def __init__(self, participant: Participant, names: dict[str, str]) -> None:
        self.messages: MessageTypes = participant.types
        self._logger = logging.getLogger(participant.name.strip("/").replace("/", "."))
        self._outputs = {
            topic.key: participant.publisher(
                names[topic.key], topic.type_name, reliable=topic.reliable, depth=topic.depth
            )
            for topic in TOPICS
            if topic.direction == "out"
        }

    def publish(self, key: str, message: object) -> None:
        """Publish on the topic of this key."""
        self._outputs[key].publish(message)

    def now_ns(self) -> int:
        """Return the system time, which is the ROS time without simulation, nanoseconds."""
        return time.time_ns()

    def log(self, level: Level, text: str) -> None:
        """Tell the operator."""
        self._logger.log(_LEVELS[level], text)


class DdsNode:
    """Participant, transport and behaviour put together; `close` ends them."""

    def __init__(
        self,
        participant: Participant,
        segmenter: Segmenter,
        settings: NodeSettings,
        names: dict[str, str],
    ) -> None:
        self._participant = participant
        self._names = names
        self._misfits: dict[str, str] = {}
        self.transport = DdsTransport(participant, names)
        self.behaviour = SegmentationBehaviour(
            self.transport,
            segmenter,
            settings,
            node_name=participant.name,
            topic_names=names,
        )
        callbacks: dict[str, Callable[[Any], None]] = {
            "image": self.behaviour.on_image,
            "compressed": self.behaviour.on_compressed,
            "query": self.behaviour.on_query,
        }
        for key, callback in callbacks.items():
            topic = BY_KEY[key]
            participant.subscription(
                names[key],
                topic.type_name,
                callback,
                reliable=topic.reliable,
                depth=topic.depth,
                on_error=partial(self._on_input_error, key),
            )
        self.behaviour.start()
        self.transport.log("info", f"waiting for {names['image']} and queries on {names['query']}")
        self.transport.log("info", segmenter.report().line())

    def tick(self) -> None:
        """Do what is due once a second; never raises."""
        self.behaviour.on_tick(self._look_around)

    def _look_around(self) -> None:
        counts = {
            key: self._participant.publisher_count(name) for key, name in self._names.items()
        }
        self.behaviour.on_peers(self._participant.peers(), counts)
        misfits = self._participant.incompatible()
        for topic, policy in misfits.items():
            if self._misfits.get(topic) != policy:
                self.behaviour.report.tell(
                    f"QoS of {topic}",
                    "warning",
                    f"an endpoint on {topic} does not fit ours in its {policy} and exchanges "
                    f"nothing with it; `ros2 topic info -v {topic}` shows both",
                )
        self._misfits = misfits

    def close(self) -> None:
        """Finish the frame in work and leave the graph."""
        self.behaviour.close()
        self._participant.close()

    def _on_input_error(self, key: str, _: str, error: Exception) -> None:
        self.behaviour.on_input_error(key, str(error))


def topic_names(namespace: str, camera: str | None) -> dict[str, str]:
    """Return the absolute name of each topic by its key.

    Args:
        namespace: Of the node, absolute.
        camera: Replaces `image`, and with `/compressed` behind it `image/compressed`.
    """
    names = {topic.key: resolve(topic.name, namespace) for topic in TOPICS}
    if camera is not None:
        names["image"] = resolve(camera, namespace)
        names["compressed"] = f"{names['image']}/compressed"
    return names


def read_settings(file: Path | None, assignments: Sequence[str], node_name: str) -> NodeSettings:
    """Return the settings of a parameter file and of `NAME=VALUE` assignments after it.

    Raises:
        ValueError: If a file, a name or a value is wrong.
    """
    values: dict[str, object] = {} if file is None else read_parameters(file, node_name)
    sources = [] if file is None else [str(file)]
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name:
            raise ValueError(f"--set must be NAME=VALUE, got {assignment!r}")
        try:
            values[name] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"--set {name}: expected a YAML value, got {text!r}") from error
        sources.append(f"--set {assignment}")
    return settings_from_values(values, ", ".join(sources) or "defaults")


def open_node(arguments: argparse.Namespace) -> DdsNode:
    """Return the running node that the command line describes.

    Raises:
        ValueError: If an argument, a parameter or an environment variable is wrong.
        RuntimeError: If weights, network or packages do not allow a start.
    """
    node_name = full_name(arguments.namespace, arguments.node_name)
    settings = read_settings(arguments.params_file, arguments.set, node_name)
    if settings.use_sim_time:
        raise ValueError(
            "use_sim_time must be false for the DDS node, which does not read /clock, got true; "
            "use the rclpy node (ros2 launch textseg_ros segment.launch.py) for simulated time"
        )
    discovery = read_environment(os.environ, os.getpid(), arguments.domain)
    for warning in discovery.warnings:
        logging.getLogger("textseg_ros").warning(warning)
    segmenter = Segmenter.load(config=settings.segmenter)
    participant = Participant(
        arguments.node_name, arguments.namespace, discovery, distro=arguments.distro
    )
    try:
        names = topic_names(arguments.namespace, arguments.camera)
        return DdsNode(participant, segmenter, settings, names)
    except BaseException:
        participant.close()
        raise
