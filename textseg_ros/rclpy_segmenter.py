"""The node of rclpy: its life, its parameters, and what it offers to others."""

import sys
from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter

from textseg_ros.behaviour import SegmentationBehaviour
from textseg_ros.engine import Load
from textseg_ros.image_packing import choose_packer
from textseg_ros.lifecycle import Transition
from textseg_ros.messages import InstalledMessages, MessageTypes
from textseg_ros.offers import Offers
from textseg_ros.parameter_messages import parameter_descriptor
from textseg_ros.rclpy_parameters import parameter_files, ros_value
from textseg_ros.rclpy_rpc import RclpyRpc
from textseg_ros.rclpy_tf import RclpyTransformSource
from textseg_ros.rclpy_transport import RclpyTransport, of_camera
from textseg_ros.settings import PARAMETERS, NodeSettings, settings_from_values
from textseg_ros.topics import NAMESPACE, NODE_NAME, camera_key

_LOOK_S = 0.1
_OF_RCLPY = ("qos_overrides.", "start_type_description_service")


class SegmenterNode(LifecycleNode):  # type: ignore[misc]  # rclpy has no types
    """The node's life, parameters and services: what it does is in behaviour.py.

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
        self._transport = RclpyTransport(self, self.messages, settings)
        self._queries: list[Any] = []
        self.behaviour = SegmentationBehaviour(
            self._transport,
            load,
            settings,
            node_name=self.get_fully_qualified_name(),
            topic_names=self._transport.topic_names,
            pack_image=choose_packer(self.messages, self._transport.log),
            make_transforms=lambda tell: RclpyTransformSource(self, tell, self._transport.later),
        )
        self._transport.on_images = {
            "image": self.behaviour.on_image,
            "compressed": self.behaviour.on_compressed,
        }
        space = self.behaviour.space
        self._transport.on_depth = {
            "depth": space.on_depth,
            "camera_info": space.on_camera_info,
            "depth_info": space.on_depth_info,
        }
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
            self._transport.log(
                "info", "unconfigured; `ros2 lifecycle set` configures and activates it"
            )

    @property
    def settings(self) -> NodeSettings:
        """The settings in force."""
        return self.behaviour.settings.now

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the network."""
        return self._do("configure")

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Receive queries, and images once they are wanted."""
        done = self._do("activate")
        if done == TransitionCallbackReturn.SUCCESS:
            callbacks: dict[str, Callable[[Any], None]] = {
                "query": self.behaviour.on_query,
                "standing_query": self.behaviour.on_standing_query,
            }
            for camera in self.settings.cameras:
                callbacks[camera_key(camera, "click")] = of_camera(self.behaviour.on_click, camera)
            self._queries = [
                self._transport.subscribe(key, take) for key, take in callbacks.items()
            ]
            self.behaviour.tell_ready()
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
        self._transport.end_subscriptions()
        self._rpc.close()

    def _outlive_wrong_transitions(self) -> None:
        """Refuse a transition that does not lead on; rclpy would let it end the executor."""
        service = self._service_change_state
        change = service.callback

        def change_or_refuse(request: Any, response: Any) -> Any:
            try:
                return change(request, response)
            except Exception as error:  # rcl's own kind
                self._transport.log(
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
            self._transport.log(
                "error", f"{transition} refused, the node stays {lifecycle.state}: "
                f"{lifecycle.fault}",
            )  # fmt: skip
        return {
            "done": TransitionCallbackReturn.SUCCESS,
            "refused": TransitionCallbackReturn.FAILURE,
            "failed": TransitionCallbackReturn.ERROR,
        }[outcome]

    def _end_queries(self) -> None:
        for subscription in self._queries:
            self._transport.end(subscription)
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
        """Subscribe to what is wanted; end the subscriptions that are not."""
        self.behaviour.look()
        self._transport.end_subscriptions()

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
        publishers = {
            key: self.count_publishers(name) for key, name in self._transport.topic_names.items()
        }
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
            descriptor = parameter_descriptor(self.messages, parameter)
            if parameter.name in given:
                self.set_descriptor(parameter.name, descriptor)
            else:
                self.declare_parameter(parameter.name, ros_value(parameter.default), descriptor)
        return settings
