"""The messages that services and actions are made of, from their definitions.

Source:
    rosidl_adapter of ROS 2 Jazzy (parser.py, ServiceSpecification and ActionSpecification) and
    rosidl_parser/definition.py, whose classes Service and Action name the members.
"""

import re
from typing import TYPE_CHECKING

from rosbags.typesys import get_types_from_msg

if TYPE_CHECKING:
    from rosbags.interfaces.typing import Typesdict

_SEPARATOR = re.compile(r"^---[ \t]*$", re.MULTILINE)
_GOAL_ID = "unique_identifier_msgs/UUID goal_id\n"

SERVICE_PARTS = ("Request", "Response")
ACTION_PARTS = ("Goal", "Result", "Feedback")


def message_definitions(name: str, text: str) -> dict[str, str]:
    """Return the message definitions, by type name, that a definition file stands for.

    A message stands for itself. A service `p/srv/S` becomes `p/srv/S_Request` and `_Response`.
    An action `p/action/A` becomes `_Goal`, `_Result`, `_Feedback` and what is sent around them.
    Types of the action itself are named in full there.

    Args:
        name: `package/kind/Type`.
        text: Content of the file.

    Raises:
        ValueError: If the file has another number of parts than its kind has.
    """
    kind = name.split("/")[1]
    if kind == "msg":
        return {name: text}
    expected = SERVICE_PARTS if kind == "srv" else ACTION_PARTS
    texts = _SEPARATOR.split(text)
    if len(texts) != len(expected):
        raise ValueError(
            f"{name}: expected {len(expected)} parts separated by lines of ---, got {len(texts)}"
        )
    parts = {f"{name}_{part}": content for part, content in zip(expected, texts, strict=True)}
    if kind == "action":
        parts |= {
            f"{name}_SendGoal_Request": f"{_GOAL_ID}{name}_Goal goal\n",
            f"{name}_SendGoal_Response": "bool accepted\nbuiltin_interfaces/Time stamp\n",
            f"{name}_GetResult_Request": _GOAL_ID,
            f"{name}_GetResult_Response": f"int8 status\n{name}_Result result\n",
            f"{name}_FeedbackMessage": f"{_GOAL_ID}{name}_Feedback feedback\n",
        }
    return parts


def parse_definition(type_name: str, text: str) -> "Typesdict":
    """Return what rosbags registers for one message definition.

    rosbags knows no folder `srv` and takes a type without a package for one of the same folder,
    so everything is read as a message and named afterwards.
    """
    package, _, name = type_name.split("/")
    (definition,) = get_types_from_msg(text, f"{package}/msg/{name}").values()
    return {type_name: definition}
