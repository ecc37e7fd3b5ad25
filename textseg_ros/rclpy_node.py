"""The node over rclpy: parameters, topics and signals; what it does is in behaviour.py."""

import importlib
import itertools
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import rclpy
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions

from textseg_core.arrays import AnyArray
from textseg_core.segmenter import Segmenter
from textseg_ros.allocator import keep_image_buffers
from textseg_ros.behaviour import SegmentationBehaviour
from textseg_ros.conversions import ImagePacker, OwnImagePacker
from textseg_ros.messages import InstalledMessages, MessageTypes
from textseg_ros.report import Level
from textseg_ros.settings import PARAMETERS, NodeSettings, Parameter, settings_from_values
from textseg_ros.topics import NAMESPACE, NODE_NAME, TOPICS, Topic

EXIT_BAD_SETTINGS = 2
_OF_RCLPY = ("qos_overrides.", "start_type_description_service")
_LARGEST_INTEGER = 2**63 - 1


class SegmenterNode(Node):  # type: ignore[misc]  # rclpy has no types
    """The Transport that rclpy offers.

    Attributes:
        messages: Classes of the ROS 2 installation.
        settings: From the node's parameters.

    Raises:
        ValueError: If a parameter is unknown or wrong.
        RuntimeError: If a message package or the weights are missing.
    """

    def __init__(self, load: Callable[[NodeSettings], Segmenter], **node_options: Any) -> None:
        # Declaring what was given shows unknown names too, which rclpy otherwise passes over.
        super().__init__(
            NODE_NAME,
            namespace=NAMESPACE,
            automatically_declare_parameters_from_overrides=True,
            **node_options,
        )
        self.messages: MessageTypes = InstalledMessages()
        self.settings = self._read_settings()
        qos = {topic.key: topic_qos(topic) for topic in TOPICS}
        self._outputs = {
            topic.key: self.create_publisher(
                self.messages.get(topic.type_name), topic.name, qos[topic.key]
            )
            for topic in TOPICS
            if topic.direction == "out"
        }
        self._topic_names = {topic.key: self.resolve_topic_name(topic.name) for topic in TOPICS}
        segmenter = load(self.settings)
        self.behaviour = SegmentationBehaviour(
            self,
            segmenter,
            self.settings,
            node_name=self.get_fully_qualified_name(),
            topic_names=self._topic_names,
            pack_image=choose_packer(self.messages, self.log),
        )
        callbacks = {
            "image": self.behaviour.on_image,
            "compressed": self.behaviour.on_compressed,
            "query": self.behaviour.on_query,
        }
        for topic in TOPICS:
            if topic.direction == "in":
                message_class = self.messages.get(topic.type_name)
                self.create_subscription(
                    message_class, topic.name, callbacks[topic.key], qos[topic.key]
                )
        # Not the ROS clock: diagnostics must come while simulated time stands still.
        self.create_timer(1.0, self._on_second, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.behaviour.start()
        self.log("info", f"waiting for {self._topic_names['image']} and queries")
        self.log("info", segmenter.report().line())

    def publish(self, key: str, message: object) -> None:
        """Publish on the topic of this key."""
        self._outputs[key].publish(message)

    def now_ns(self) -> int:
        """Return the ROS time, nanoseconds."""
        return int(self.get_clock().now().nanoseconds)

    def log(self, level: Level, text: str) -> None:
        """Tell the operator."""
        # One call each: rclpy binds a severity to the place of the call.
        if level == "error":
            self.get_logger().error(text)
        elif level == "warning":
            self.get_logger().warning(text)
        else:
            self.get_logger().info(text)

    def _on_second(self) -> None:
        self.behaviour.on_tick(self._look_around)

    def _look_around(self) -> None:
        own = self.get_fully_qualified_name()
        nodes = [
            f"{namespace.rstrip('/')}/{name}"
            for name, namespace in self.get_node_names_and_namespaces()
        ]
        if own in nodes:
            nodes.remove(own)  # once: a second of that name stays
        publishers = {key: self.count_publishers(name) for key, name in self._topic_names.items()}
        self.behaviour.on_peers(nodes, publishers)

    def _read_settings(self) -> NodeSettings:
        """Check what was given, then declare everything with type, text and range."""
        given = {
            name: parameter.value
            for name, parameter in self.get_parameters_by_prefix("").items()
            if not name.startswith(_OF_RCLPY)
        }
        files = parameter_files(sys.argv)
        source = f"parameters of {self.get_fully_qualified_name()}"
        settings = settings_from_values(
            given, f"{source} (from {', '.join(files)})" if files else source
        )
        for parameter in PARAMETERS:
            if parameter.name == "use_sim_time":
                continue  # rclpy's own, and it may be changed while the node runs
            if parameter.name in given:
                self.set_descriptor(parameter.name, descriptor(parameter))
            else:
                self.declare_parameter(parameter.name, parameter.default, descriptor(parameter))
        return settings


def topic_qos(topic: Topic) -> QoSProfile:
    """Return the QoS of a topic."""
    reliability = ReliabilityPolicy.RELIABLE if topic.reliable else ReliabilityPolicy.BEST_EFFORT
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=topic.depth,
        reliability=reliability,
        durability=DurabilityPolicy.VOLATILE,
    )


def descriptor(parameter: Parameter) -> ParameterDescriptor:
    """Return what `ros2 param describe` shows; parameters are read at start only."""
    described = ParameterDescriptor(
        name=parameter.name,
        type=RosParameter.Type.from_parameter_value(parameter.default).value,
        description=parameter.description,
        read_only=True,
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


class CvBridgePacker:
    """Packs arrays into sensor_msgs/Image with cv_bridge.

    Raises:
        ImportError: If cv_bridge is not installed.
    """

    def __init__(self) -> None:
        self._bridge = importlib.import_module("cv_bridge").CvBridge()

    def __call__(self, pixels: AnyArray, encoding: str, header: Any) -> Any:
        """Return the message; see `ImagePacker`."""
        return self._bridge.cv2_to_imgmsg(pixels, encoding, header)


def choose_packer(types: MessageTypes, log: Callable[[Level, str], None]) -> ImagePacker:
    """Return cv_bridge's packer where it works, else our own; say which.

    cv_bridge loads its compiled part at the first call, and that part may be built for another
    NumPy than the one installed, so a trial image decides.
    """
    own = OwnImagePacker(types)
    header = types.get("std_msgs/msg/Header")()
    try:
        packer = CvBridgePacker()
        for pixels, encoding in (
            (np.full((2, 3), 255, np.uint8), "mono8"),
            (np.full((2, 3, 3), 7, np.uint8), "rgb8"),
            (np.full((2, 3), 0.5, np.float32), "32FC1"),
        ):
            if packer(pixels, encoding, header) != own(pixels, encoding, header):
                raise RuntimeError(f"a trial image {encoding} came out differently")
    except Exception as error:
        log("warning", f"images are packed without cv_bridge: {type(error).__name__}: {error}")
        return own
    log("info", "images are packed by cv_bridge")
    return packer


def load_segmenter(settings: NodeSettings) -> Segmenter:
    """Return the segmenter that the settings describe."""
    return Segmenter.load(config=settings.segmenter)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status.

    0 after a signal; 2 with one line on stderr if the settings, the weights or the ROS
    installation do not allow a start.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    keep_image_buffers()
    try:
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except Exception as error:  # rclpy's own kinds, for arguments that rcl does not take
        return _refuse(error)
    try:
        node = SegmenterNode(load_segmenter)
    except Exception as error:  # ours, and rclpy's for parameter files that it cannot read
        rclpy.try_shutdown()
        return _refuse(error)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    failures: list[BaseException] = []
    spinning = threading.Thread(target=_spin, args=(executor, stop, failures), daemon=True)
    spinning.start()
    stop.wait()  # a Python signal handler runs here at once; inside rcl's wait it would not
    node.behaviour.close()
    executor.shutdown()
    spinning.join()
    node.destroy_node()
    rclpy.try_shutdown()
    if failures:
        raise failures[0]
    return 0


def _spin(
    executor: SingleThreadedExecutor, stop: threading.Event, failures: list[BaseException]
) -> None:
    try:
        executor.spin()
    except ExternalShutdownException:
        pass
    except BaseException as error:
        failures.append(error)
    finally:
        stop.set()


def _refuse(error: Exception) -> int:
    text = " ".join(str(error).split())
    print(f"segmenter cannot start: {text or type(error).__name__}", file=sys.stderr)
    return EXIT_BAD_SETTINGS
