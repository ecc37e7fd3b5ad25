"""What rclpy wants to know of parameters and topics: values, files and QoS."""

import itertools
from collections.abc import Sequence
from typing import Any

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from textseg_ros.parameters import Value
from textseg_ros.settings import NodeSettings
from textseg_ros.topics import Topic


def kept_last(depth: int, *, reliable: bool) -> QoSProfile:
    """Return the QoS that keeps as many of the last messages, and none for latecomers."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.VOLATILE,
    )


def topic_qos(topic: Topic, settings: NodeSettings) -> QoSProfile:
    """Return the QoS of a topic.

    Raises:
        ValueError: If the settings ask for what this distribution does not have.
    """
    qos = getattr(settings, topic.qos_parameter) if topic.qos_parameter else ""
    profile = kept_last(topic.depth, reliable=qos == "reliable" if qos else topic.reliable)
    if qos == "best_available":
        if not hasattr(ReliabilityPolicy, "BEST_AVAILABLE"):
            raise ValueError(
                f"{topic.qos_parameter} cannot be best_available in this distribution of ROS 2, "
                "which came with Iron; choose sensor_data or reliable"
            )
        profile.reliability = ReliabilityPolicy.BEST_AVAILABLE
    if topic.latched:
        profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
    return profile


def ros_value(value: Value) -> Any:
    """Return a value as rclpy takes it."""
    return list(value) if isinstance(value, tuple) else value


def parameter_files(arguments: Sequence[str]) -> list[str]:
    """Return the files that `--params-file` names."""
    pairs = itertools.pairwise(arguments)
    return [value for flag, value in pairs if flag == "--params-file"]
