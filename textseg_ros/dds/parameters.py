"""The services by which `ros2 param` reads and changes the settings of the DDS node.

Source:
    ROS 2 Jazzy: rclpy/parameter_service.py.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from textseg_ros.dds.participant import Participant
from textseg_ros.messages import MessageTypes, time_message
from textseg_ros.parameter_messages import (
    NOT_SET,
    parameter_descriptor,
    parameter_type,
    parameter_value,
    plain_value,
)
from textseg_ros.parameters import PARAMETERS
from textseg_ros.rpc import RpcTransport
from textseg_ros.settings import LiveSettings, values_of

_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


class ParameterServices:
    """Offers a node's parameters; changes are told on /parameter_events.

    Args:
        rpc: What offers the services.
        participant: The node.
        settings: What is read and changed.
        now_ns: The node's time, nanoseconds.
    """

    def __init__(
        self,
        rpc: RpcTransport,
        participant: Participant,
        settings: LiveSettings,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._now_ns = now_ns
        self._types: MessageTypes = participant.types
        self._settings, self._node_name = settings, participant.name
        self._events = participant.publisher(
            "/parameter_events", "rcl_interfaces/msg/ParameterEvent", depth=1000
        )
        for name, kind, handler in (
            ("list_parameters", "ListParameters", self.list_parameters),
            ("get_parameters", "GetParameters", self.get_parameters),
            ("get_parameter_types", "GetParameterTypes", self.get_types),
            ("describe_parameters", "DescribeParameters", self.describe),
            ("set_parameters", "SetParameters", self.set_parameters),
            ("set_parameters_atomically", "SetParametersAtomically", self.set_atomically),
        ):
            rpc.add_service(f"~/{name}", f"rcl_interfaces/srv/{kind}", handler)

    def list_parameters(self, request: Any) -> Any:
        """Name the parameters; none of ours has a prefix."""
        response = self._types.default("rcl_interfaces/srv/ListParameters_Response")
        response.result.names = [
            name for name in _BY_NAME if not request.prefixes or name in request.prefixes
        ]
        return response

    def get_parameters(self, request: Any) -> Any:
        """Give values; of an unknown name one that is not set."""
        values = values_of(self._settings.now)
        return self._types.get("rcl_interfaces/srv/GetParameters_Response")(
            values=[parameter_value(self._types, values.get(name)) for name in request.names]
        )

    def get_types(self, request: Any) -> Any:
        """Give types; of an unknown name that of a value that is not set."""
        types = [
            parameter_type(_BY_NAME[name].default) if name in _BY_NAME else NOT_SET
            for name in request.names
        ]
        return self._types.get("rcl_interfaces/srv/GetParameterTypes_Response")(
            types=np.array(types, np.uint8)
        )

    def describe(self, request: Any) -> Any:
        """Give types, ranges and texts."""
        return self._types.get("rcl_interfaces/srv/DescribeParameters_Response")(
            descriptors=[
                self._undescribed(name)
                if name not in _BY_NAME
                else parameter_descriptor(self._types, _BY_NAME[name])
                for name in request.names
            ]
        )

    def set_parameters(self, request: Any) -> Any:
        """Change one after the other; each is refused or accepted by itself."""
        return self._types.get("rcl_interfaces/srv/SetParameters_Response")(
            results=[self._set([parameter]) for parameter in request.parameters]
        )

    def set_atomically(self, request: Any) -> Any:
        """Change all of them or none."""
        return self._types.get("rcl_interfaces/srv/SetParametersAtomically_Response")(
            result=self._set(request.parameters)
        )

    def _set(self, parameters: Sequence[Any]) -> Any:
        result = self._types.get("rcl_interfaces/msg/SetParametersResult")
        try:
            changes = {parameter.name: plain_value(parameter.value) for parameter in parameters}
            self._settings.change(changes)
        except ValueError as error:
            return result(successful=False, reason=str(error))
        self._tell(changes)
        return result(successful=True, reason="")

    def _tell(self, changes: Mapping[str, object]) -> None:
        values = values_of(self._settings.now)
        parameter = self._types.get("rcl_interfaces/msg/Parameter")
        event = self._types.default("rcl_interfaces/msg/ParameterEvent")
        event.stamp = time_message(self._types, self._now_ns())
        event.node = self._node_name
        event.changed_parameters = [
            parameter(name=name, value=parameter_value(self._types, values[name]))
            for name in changes
        ]
        self._events.publish(event)

    def _undescribed(self, name: str) -> Any:
        descriptor = self._types.default("rcl_interfaces/msg/ParameterDescriptor")
        descriptor.name = name
        return descriptor
