"""The node over rclpy: parameters, topics and signals; what it does is in behaviour.py."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import rclpy
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter
from rclpy.signals import SignalHandlerOptions

from textseg_core.segmenter import Segmenter
from textseg_ros.allocator import keep_image_buffers
from textseg_ros.behaviour import SegmentationBehaviour
from textseg_ros.engine import Load
from textseg_ros.image_packing import choose_packer
from textseg_ros.lifecycle import Transition
from textseg_ros.messages import InstalledMessages, MessageTypes
from textseg_ros.offers import Offers
from textseg_ros.rclpy_parameters import descriptor, parameter_files, ros_value, topic_qos
from textseg_ros.rclpy_rpc import RclpyRpc
from textseg_ros.rclpy_tf import RclpyTransformSource
from textseg_ros.report import Level
from textseg_ros.settings import PARAMETERS, NodeSettings, settings_from_values
from textseg_ros.topics import NAMESPACE, NODE_NAME, camera_key, topics_of

EXIT_BAD_SETTINGS = 2
_LOOK_S = 0.1
_OF_RCLPY = ("qos_overrides.", "start_type_description_service")


class SegmenterNode(LifecycleNode):  # type: ignore[misc]  # rclpy has no types
    """The Transport that rclpy offers, and the node's life: what it does is in behaviour.py.

    It publishes diagnostics in every state. Unless `autostart` is false, it is active once made.

    Attributes:
        messages: Classes of the ROS 2 installation.
        behaviour: What it does.

    Raises:
        ValueError: If a parameter is unknown or wrong.
        RuntimeError: If a message package or the weights are missing.
    """

    def __init__(self, load: Load, **node_options: Any) -> None:
        # Declaring what was given shows unknown names too, which rclpy otherwise passes over.
        super().__init__(
            NODE_NAME,
            namespace=NAMESPACE,
            automatically_declare_parameters_from_overrides=True,
            **node_options,
        )
        self._outlive_wrong_transitions()
        self.messages: MessageTypes = InstalledMessages()
        settings = self._read_settings()
        topics = topics_of(settings.cameras)
        self._outputs = {
            topic.key: self.create_publisher(
                self.messages.get(topic.type_name), topic.name, topic_qos(topic, settings)
            )
            for topic in topics
            if topic.direction == "out"
        }
        self._topics = {topic.key: topic for topic in topics}
        self._topic_names = {topic.key: self.resolve_topic_name(topic.name) for topic in topics}
        self._watched: dict[str, Any] = {}
        self._queries: list[Any] = []
        self._ended: deque[Any] = deque()
        self.behaviour = SegmentationBehaviour(
            self,
            load,
            settings,
            node_name=self.get_fully_qualified_name(),
            topic_names=self._topic_names,
            pack_image=choose_packer(self.messages, self.log),
            make_transforms=lambda tell: RclpyTransformSource(self, tell),
        )
        self.add_on_set_parameters_callback(self._on_parameters)
        self._rpc = RclpyRpc(self, self.messages, self.behaviour.on_call_error)
        Offers(self.behaviour, self.messages).open(self._rpc)
        # Not the ROS clock: diagnostics must come while simulated time stands still.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0, self._on_second, clock=steady)
        self.create_timer(_LOOK_S, self._on_look, clock=steady)
        if settings.autostart:
            for trigger in (self.trigger_configure, self.trigger_activate):
                if trigger() != TransitionCallbackReturn.SUCCESS:
                    raise self.behaviour.lifecycle.fault or RuntimeError("the node did not start")
        else:
            self.log("info", "unconfigured; `ros2 lifecycle set` configures and activates it")

    @property
    def settings(self) -> NodeSettings:
        """The settings in force."""
        return self.behaviour.settings.now

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the network."""
        done = self._do("configure")
        if self.behaviour.engine.loaded:
            self.log("info", self.behaviour.engine.line())
        return done

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Receive queries, and images once they are wanted."""
        done = self._do("activate")
        if done == TransitionCallbackReturn.SUCCESS:
            callbacks: dict[str, Callable[[Any], None]] = {
                "query": self.behaviour.on_query,
                "standing_query": self.behaviour.on_standing_query,
            }
            for camera in self.settings.cameras:
                callbacks[camera_key(camera, "click")] = self._of_camera(
                    self.behaviour.on_click, camera
                )
            self._queries = [self._subscribe(key, take) for key, take in callbacks.items()]
            images = [self._topic_names[camera_key(c, "image")] for c in self.settings.cameras]
            self.log("info", f"waiting for {', '.join(images)} and queries")
        return done

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop answering and give back the device's memory."""
        self._end_queries()
        return self._do("deactivate")

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Forget the queries and the network."""
        return self._do("cleanup")

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End for good; the process stays until a signal ends it."""
        self._end_queries()
        return self._do("shutdown")

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Say whether what an error left behind was cleaned up."""
        self._end_queries()
        recovered = self.behaviour.lifecycle.state == "unconfigured"
        return TransitionCallbackReturn.SUCCESS if recovered else TransitionCallbackReturn.FAILURE

    def close(self) -> None:
        """Stop answering; the executor must have ended."""
        self.behaviour.close()
        self._rpc.close()

    def publish(self, key: str, message: object) -> None:
        """Publish on the topic of this key."""
        self._outputs[key].publish(message)

    def listeners(self, key: str) -> int:
        """Return how many subscriptions receive the topic of this key."""
        return int(self._outputs[key].get_subscription_count())

    def watch(self, camera: str, on: bool) -> None:
        """Subscribe to a camera's images, or end that."""
        callbacks = {
            "image": self.behaviour.on_image,
            "compressed": self.behaviour.on_compressed,
        }
        self._watch(camera, callbacks, on)

    def watch_depth(self, camera: str, on: bool) -> None:
        """Subscribe to a camera's depth images and camera descriptions, or end that."""
        space = self.behaviour.space
        callbacks = {
            "depth": space.on_depth,
            "camera_info": space.on_camera_info,
            "depth_info": space.on_depth_info,
        }
        self._watch(camera, callbacks, on)

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

    def _outlive_wrong_transitions(self) -> None:
        """Refuse a transition that does not lead on; rclpy would let it end the executor."""
        service = self._service_change_state
        change = service.callback

        def change_or_refuse(request: Any, response: Any) -> Any:
            try:
                return change(request, response)
            except Exception as error:  # rcl's own kind
                self.log(
                    "warning", f"transition {request.transition.id} refused, the node is "
                    f"{self.behaviour.lifecycle.state}: {error}",
                )  # fmt: skip
                response.success = False
                return response

        service.callback = change_or_refuse

    def _do(self, transition: Transition) -> TransitionCallbackReturn:
        """Do a transition; tell why it was refused."""
        lifecycle = self.behaviour.lifecycle
        outcome = lifecycle.do(transition)
        if outcome == "refused" and not self.settings.autostart:
            self.log(
                "error", f"{transition} refused, the node stays {lifecycle.state}: "
                f"{lifecycle.fault}",
            )  # fmt: skip
        return {
            "done": TransitionCallbackReturn.SUCCESS,
            "refused": TransitionCallbackReturn.FAILURE,
            "failed": TransitionCallbackReturn.ERROR,
        }[outcome]

    def _subscribe(self, key: str, callback: Callable[[Any], None]) -> Any:
        topic = self._topics[key]
        return self.create_subscription(
            self.messages.get(topic.type_name),
            topic.name,
            callback,
            topic_qos(topic, self.settings),
        )

    def _watch(
        self, camera: str, callbacks: Mapping[str, Callable[[Any, str], None]], on: bool
    ) -> None:
        """Subscribe to topics of a camera, or end that."""
        for key, take in callbacks.items():
            own = camera_key(camera, key)
            if on:
                self._watched[own] = self._subscribe(own, self._of_camera(take, camera))
            elif own in self._watched:
                self._ended.append(self._watched.pop(own))

    @staticmethod
    def _of_camera(take: Callable[[Any, str], None], camera: str) -> Callable[[Any], None]:
        def callback(message: Any) -> None:
            take(message, camera)

        return callback

    def _end_queries(self) -> None:
        self._ended.extend(self._queries)
        self._queries = []

    def _on_parameters(self, parameters: list[RosParameter]) -> SetParametersResult:
        """Change the settings, or say why not."""
        changes = {
            parameter.name: parameter.value
            for parameter in parameters
            if not parameter.name.startswith((*_OF_RCLPY, "use_sim_time"))
        }
        try:
            self.behaviour.change(changes)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _on_look(self) -> None:
        """Subscribe to what is wanted; end the subscriptions that are not, here alone.

        A subscription that another thread destroys while the executor gathers what to wait for
        ends the executor.
        """
        self.behaviour.look()
        while self._ended:
            self.destroy_subscription(self._ended.popleft())

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
                value = ros_value(parameter.default)
                self.declare_parameter(parameter.name, value, descriptor(parameter))
        return settings


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
    # What the node does goes to stdout, line by line; stderr is for what ends it.
    os.environ.setdefault("RCUTILS_LOGGING_USE_STDOUT", "1")
    os.environ.setdefault("RCUTILS_LOGGING_BUFFERED_STREAM", "1")
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
    executor.shutdown()
    spinning.join()
    node.close()
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
