"""What the DDS node is made of: participant, transport, behaviour and settings."""

import argparse
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from textseg_core import Segmenter
from textseg_ros.behaviour import SegmentationBehaviour
from textseg_ros.dds.clock import SimulatedClock
from textseg_ros.dds.endpoint import Subscription
from textseg_ros.dds.graph import full_name
from textseg_ros.dds.parameters import ParameterServices
from textseg_ros.dds.participant import Participant
from textseg_ros.dds.rosout import Rosout
from textseg_ros.dds.rpc import DdsRpc
from textseg_ros.dds.transforms import listen_to_transforms
from textseg_ros.engine import Load
from textseg_ros.messages import MessageTypes
from textseg_ros.naming import other_names, topic_names
from textseg_ros.offers import Offers
from textseg_ros.report import Level
from textseg_ros.rmw_environment import read_environment
from textseg_ros.settings import NodeSettings, read_settings
from textseg_ros.topics import CLOCK_TOPIC, camera_key, check_topic, topic_of, topics_of

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
        cameras: Names of the cameras.
        now_ns: The ROS time, nanoseconds.
    """

    def __init__(
        self,
        participant: Participant,
        names: dict[str, str],
        cameras: Sequence[str] = ("",),
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.messages: MessageTypes = participant.types
        self._now_ns = now_ns
        self._rosout = Rosout(participant)
        self._logger = logging.getLogger(self._rosout.name)
        self._outputs = {
            topic.key: participant.publisher(
                names[topic.key],
                topic.type_name,
                reliable=topic.reliable,
                depth=topic.depth,
                transient_local=topic.latched,
            )
            for topic in topics_of(cameras)
            if topic.direction == "out"
        }
        self.on_watch: Callable[[str, bool], None] = lambda camera, on: None
        self.on_watch_depth: Callable[[str, bool], None] = lambda camera, on: None

    def publish(self, key: str, message: object) -> None:
        """Publish on the topic of this key."""
        self._outputs[key].publish(message)

    def listeners(self, key: str) -> int:
        """Return how many subscriptions receive the topic of this key."""
        return self._outputs[key].matched

    def watch(self, camera: str, on: bool) -> None:
        """Subscribe to a camera's images, or end that."""
        self.on_watch(camera, on)

    def watch_depth(self, camera: str, on: bool) -> None:
        """Subscribe to a camera's depth images and camera descriptions, or end that."""
        self.on_watch_depth(camera, on)

    def now_ns(self) -> int:
        """Return the ROS time: the system's, or that of /clock in simulation; nanoseconds."""
        return self._now_ns()

    def log(self, level: Level, text: str) -> None:
        """Tell the operator, on stdout and on /rosout."""
        self._logger.log(_LEVELS[level], text)
        if self._logger.isEnabledFor(_LEVELS[level]):
            # Like rclpy's, a line names the place of the call to the logger.
            self._rosout.send(_LEVELS[level], text, DdsTransport.log.__code__)


class DdsNode:
    """Participant, transport and behaviour put together; `close` ends them.

    Args:
        participant: What carries the messages; closed with the node.
        load: Makes what answers.
        settings: The node's settings at start.
        names: Absolute topic name by topic key.
        others: Other absolute names of services, action, /tf, /tf_static and /clock, by absolute
            name, where they are remapped.

    Raises:
        ValueError: If weights or settings do not fit.
        RuntimeError: If weights or runtime are missing or damaged.
    """

    def __init__(
        self,
        participant: Participant,
        load: Load,
        settings: NodeSettings,
        names: dict[str, str],
        others: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._participant = participant
        self._names, self._others = names, others
        self._misfits: dict[str, str] = {}
        self._watched: dict[str, Subscription] = {}
        now_ns: Callable[[], int] = time.time_ns
        if settings.use_sim_time:
            now_ns = SimulatedClock(participant, others.get(CLOCK_TOPIC, CLOCK_TOPIC)).now_ns
        self.transport = DdsTransport(participant, names, settings.cameras, now_ns)
        self.transport.on_watch = self._watch
        self.transport.on_watch_depth = self._watch_depth
        self.behaviour = SegmentationBehaviour(
            self.transport,
            load,
            settings,
            node_name=participant.name,
            topic_names=names,
            make_transforms=partial(
                listen_to_transforms, participant, now_ns=now_ns, names=others
            ),
        )
        self._rpc: DdsRpc | None = None
        try:
            self._start(settings)
        except BaseException:
            self._stop()
            raise

    def _start(self, settings: NodeSettings) -> None:
        self.behaviour.start()
        self._subscribe("query", self.behaviour.on_query)
        self._subscribe("standing_query", self.behaviour.on_standing_query)
        for camera in settings.cameras:
            take = partial(_pass_on, self.behaviour.on_click, camera)
            self._subscribe(camera_key(camera, "click"), take)
        self._rpc = DdsRpc(
            self._participant,
            settings.service_framing,
            self.behaviour.on_call_error,
            lambda text: self.behaviour.report.tell("service framing", "warning", text),
            self.transport.now_ns,
            self._others,
        )
        Offers(self.behaviour, self.transport.messages).open(self._rpc)
        ParameterServices(
            self._rpc, self._participant, self.behaviour.settings, self.transport.now_ns
        )
        self.behaviour.tell_ready()

    def look(self) -> None:
        """Subscribe to images as soon as they are wanted; cheap, for several times a second."""
        self.behaviour.look()

    def tick(self) -> None:
        """Do what is due once a second; never raises."""
        self.behaviour.on_tick(self._look_around)

    def _subscribe(self, key: str, callback: Callable[[Any], None]) -> Subscription:
        topic = topic_of(key)
        qos = "reliable" if topic.reliable else "sensor_data"
        if topic.qos_parameter:
            qos = getattr(self.behaviour.settings.now, topic.qos_parameter)
        name = self._names[key]
        return self._participant.subscription(
            name,
            topic.type_name,
            callback,
            reliable=qos == "reliable"
            or (qos == "best_available" and self._participant.all_reliable(name)),
            depth=topic.depth,
            on_error=partial(self._on_input_error, key),
        )

    def _watch(self, camera: str, on: bool) -> None:
        """Subscribe to a camera's images, or end that."""
        callbacks = {
            "image": self.behaviour.on_image,
            "compressed": self.behaviour.on_compressed,
        }
        self._watch_all(camera, callbacks, on)

    def _watch_depth(self, camera: str, on: bool) -> None:
        space = self.behaviour.space
        callbacks = {
            "depth": space.on_depth,
            "camera_info": space.on_camera_info,
            "depth_info": space.on_depth_info,
        }
        self._watch_all(camera, callbacks, on)

    def _watch_all(
        self, camera: str, callbacks: Mapping[str, Callable[[Any, str], None]], on: bool
    ) -> None:
        """Subscribe to topics of a camera, or end that."""
        for key, callback in callbacks.items():
            own = camera_key(camera, key)
            if on:
                self._watched[own] = self._subscribe(own, partial(_pass_on, callback, camera))
            elif own in self._watched:
                self._participant.remove(self._watched.pop(own))

    def _look_around(self) -> None:
        by_topic = self._participant.publisher_counts(self._names.values())
        counts = {key: by_topic[name] for key, name in self._names.items()}
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
        self._stop()
        self._participant.close()

    def _stop(self) -> None:
        self.behaviour.close()
        if self._rpc is not None:
            self._rpc.close()

    def _on_input_error(self, key: str, _: str, error: Exception) -> None:
        self.behaviour.on_input_error(key, str(error))


def _pass_on(callback: Callable[[Any, str], None], camera: str, message: Any) -> None:
    callback(message, camera)


def load_segmenter(settings: NodeSettings) -> Segmenter:
    """Return the segmenter that the settings describe."""
    return Segmenter.load(config=settings.segmenter)


def open_node(arguments: argparse.Namespace) -> DdsNode:
    """Return the running node that the command line describes.

    Raises:
        ValueError: If an argument, a parameter or an environment variable is wrong.
        RuntimeError: If weights, network or packages do not allow a start.
    """
    node_name = full_name(arguments.namespace, arguments.node_name)
    settings = read_settings(arguments.params_file, arguments.set, node_name)
    if not settings.autostart:
        raise ValueError(
            "autostart must be true for the DDS node, which has no lifecycle services, got "
            "false; use the rclpy node (ros2 launch textseg_ros segment.launch.py)"
        )
    names = topic_names(
        arguments.namespace,
        arguments.camera,
        settings.cameras,
        arguments.remap,
        arguments.depth,
    )
    others = other_names(arguments.namespace, arguments.remap, settings.cameras)
    for name in (*names.values(), *others.values()):
        check_topic(name)
    discovery = read_environment(os.environ, os.getpid(), arguments.domain)
    for warning in discovery.warnings:
        logging.getLogger("textseg_ros").warning(warning)
    participant = Participant(
        arguments.node_name, arguments.namespace, discovery, distro=arguments.distro
    )
    try:
        return DdsNode(participant, load_segmenter, settings, names, others)
    except BaseException:
        participant.close()
        raise
