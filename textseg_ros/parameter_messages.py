"""The node's parameters as the messages of rcl_interfaces, for both transports.

Source:
    ROS 2 Jazzy: rcl_interfaces/msg/ParameterType.msg.
"""

import sys
from typing import Any

import numpy as np

from textseg_ros.messages import MessageTypes
from textseg_ros.parameters import Parameter, Value

NOT_SET = 0
"""Type of a value that is not set."""
_TYPES: dict[type, int] = {bool: 1, int: 2, float: 3, str: 4, tuple: 9}
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


def parameter_type(value: Value) -> int:
    """Return the number of a value's type, as ParameterType.msg gives it."""
    return _TYPES[type(value)]


def parameter_value(types: MessageTypes, value: Value | None) -> Any:
    """Return rcl_interfaces/ParameterValue; of None one that is not set."""
    message = types.default("rcl_interfaces/msg/ParameterValue")
    if value is not None:
        message.type = parameter_type(value)
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
    message.type = parameter_type(parameter.default)
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
