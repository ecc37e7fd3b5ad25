"""The services by which `ros2 param` reads and changes the settings of the DDS node.

Source:
    ROS 2 Jazzy: rclpy/parameter_service.py and rcl_interfaces/msg/ParameterType.msg.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textseg_ros.dds.participant import Participant
from textseg_ros.messages import MessageTypes, time_message
from textseg_ros.parameters import PARAMETERS, Parameter, Value
from textseg_ros.rpc import RpcTransport
from textseg_ros.settings import LiveSettings, values_of

_NOT_SET, _BOOL, _INTEGER, _DOUBLE, _STRING = 0, 1, 2, 3, 4
_STRING_ARRAY = 9
_TYPES: dict[type, int] = {
    bool: _BOOL,
    int: _INTEGER,
    float: _DOUBLE,
    str: _STRING,
    tuple: _STRING_ARRAY,
}
_FIELDS = {
    1: "bool_value",
    2: "integer_value",
    3: "double_value",
    4: "string_value",
    5: "byte_array_value",
    6: "bool_array_value",
    7: "integer_array_value",
    8: "double_array_value",
    9: "string_array_value",
}
_LARGEST_INTEGER = 2**63 - 1
_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


class ParameterServices:
    """Offers a node's parameters; changes are told on /parameter_events.

    Args:
        rpc: What offers the services.
        participant: The node.
        settings: What is read and changed.
    """

    def __init__(
        self, rpc: RpcTransport, participant: Participant, settings: LiveSettings
    ) -> None:
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
            _TYPES[type(_BY_NAME[name].default)] if name in _BY_NAME else _NOT_SET
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
        event.stamp = time_message(self._types, time.time_ns())
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


def parameter_value(types: MessageTypes, value: Value | None) -> Any:
    """Return rcl_interfaces/ParameterValue; of None one that is not set."""
    message = types.default("rcl_interfaces/msg/ParameterValue")
    if value is not None:
        message.type = _TYPES[type(value)]
        field = _FIELDS[message.type]
        setattr(message, field, list(value) if isinstance(value, tuple) else value)
    return message


def plain_value(message: Any) -> object:
    """Return what a rcl_interfaces/ParameterValue holds; None if it is not set."""
    field = _FIELDS.get(int(message.type))
    if field is None:
        return None
    value = getattr(message, field)
    if field.endswith("array_value"):
        return tuple(value.tolist() if isinstance(value, np.ndarray) else value)
    value_as_it_is: object = value
    return value_as_it_is


def parameter_descriptor(types: MessageTypes, parameter: Parameter) -> Any:
    """Return the rcl_interfaces/ParameterDescriptor of a parameter."""
    message = types.default("rcl_interfaces/msg/ParameterDescriptor")
    message.name = parameter.name
    message.type = _TYPES[type(parameter.default)]
    message.description = parameter.description
    message.additional_constraints = ", ".join(parameter.choices)
    message.read_only = parameter.read_only
    least, most = parameter.least, parameter.most
    if least is None and most is None:
        return message
    if type(parameter.default) is int:
        message.integer_range = [
            types.get("rcl_interfaces/msg/IntegerRange")(
                from_value=-_LARGEST_INTEGER if least is None else int(least),
                to_value=_LARGEST_INTEGER if most is None else int(most),
                step=0,
            )
        ]
    else:
        largest = sys.float_info.max
        message.floating_point_range = [
            types.get("rcl_interfaces/msg/FloatingPointRange")(
                from_value=-largest if least is None else float(least),
                to_value=largest if most is None else float(most),
                step=0.0,
            )
        ]
    return message
