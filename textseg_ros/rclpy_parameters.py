"""What rclpy wants to know of parameters and topics: descriptors and QoS."""

import itertools
import sys
from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.parameter import Parameter as RosParameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from textseg_ros.parameters import Parameter, Value
from textseg_ros.settings import NodeSettings
from textseg_ros.topics import Topic

_LARGEST_INTEGER = 2**63 - 1


def topic_qos(topic: Topic, settings: NodeSettings) -> QoSProfile:
    """Return the QoS of a topic.

    Raises:
        ValueError: If the settings ask for what this distribution does not have.
    """
    qos = getattr(settings, topic.qos_parameter) if topic.qos_parameter else ""
    reliability = ReliabilityPolicy.RELIABLE if topic.reliable else ReliabilityPolicy.BEST_EFFORT
    if qos == "best_available":
        if not hasattr(ReliabilityPolicy, "BEST_AVAILABLE"):
            raise ValueError(
                f"{topic.qos_parameter} cannot be best_available in this distribution of ROS 2, "
                "which came with Iron; choose sensor_data or reliable"
            )
        reliability = ReliabilityPolicy.BEST_AVAILABLE
    elif qos:
        reliable = qos == "reliable"
        reliability = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
    latched = DurabilityPolicy.TRANSIENT_LOCAL
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=topic.depth,
        reliability=reliability,
        durability=latched if topic.latched else DurabilityPolicy.VOLATILE,
    )


def ros_value(value: Value) -> Any:
    """Return a value as rclpy takes it."""
    return list(value) if isinstance(value, tuple) else value


def descriptor(parameter: Parameter) -> ParameterDescriptor:
    """Return what `ros2 param describe` shows."""
    described = ParameterDescriptor(
        name=parameter.name,
        type=RosParameter.Type.from_parameter_value(ros_value(parameter.default)).value,
        description=parameter.description,
        read_only=parameter.read_only,
        additional_constraints=", ".join(parameter.choices),
    )
    bounded = parameter.least is not None or parameter.most is not None
    if bounded and type(parameter.default) is int:
        least = -_LARGEST_INTEGER if parameter.least is None else int(parameter.least)
        most = _LARGEST_INTEGER if parameter.most is None else int(parameter.most)
        described.integer_range = [IntegerRange(from_value=least, to_value=most, step=0)]
    elif bounded:
        lowest = -sys.float_info.max if parameter.least is None else float(parameter.least)
        highest = sys.float_info.max if parameter.most is None else float(parameter.most)
        described.floating_point_range = [
            FloatingPointRange(from_value=lowest, to_value=highest, step=0.0)
        ]
    return described


def parameter_files(arguments: Sequence[str]) -> list[str]:
    """Return the files that `--params-file` names."""
    pairs = itertools.pairwise(arguments)
    return [value for flag, value in pairs if flag == "--params-file"]
