"""Every parameter refuses every kind of wrong value, at start and while the node runs."""

import math

import pytest

from textseg_ros.parameters import PARAMETERS, Parameter
from textseg_ros.settings import LiveSettings, NodeSettings, settings_from_values

OF_EVERY_TYPE: dict[type, object] = {
    str: "text",
    bool: True,
    int: 1,
    float: 1.0,
    tuple: ["a", "b"],
    dict: {"a": 1},
    type(None): None,
}
NAMES_OF_RUNTIMES = ("backend", "device", "precision")


def wrong_values(parameter: Parameter) -> list[object]:
    """Return what a parameter must refuse: other types, values out of range, unknown names."""
    own = type(parameter.default)
    wrong = [value for kind, value in OF_EVERY_TYPE.items() if kind is not own]
    if own is tuple:
        wrong += [[1], ["a", None], [], ["a", "a"], ["no name"]]
    if own is float:
        wrong += [math.nan, math.inf, -math.inf]
    if parameter.least is not None:
        wrong.append(own(parameter.least - 1))  # type: ignore[call-arg]
    if parameter.most is not None:
        wrong.append(own(parameter.most + 1))  # type: ignore[call-arg]
    if parameter.choices or parameter.name in NAMES_OF_RUNTIMES:
        wrong += ["", "of_no_such_name"]
    return wrong


TABLE = [(entry, value) for entry in PARAMETERS for value in wrong_values(entry)]


def _label(value: object) -> str:
    return value.name if isinstance(value, Parameter) else repr(value)


@pytest.mark.parametrize(("parameter", "value"), TABLE, ids=_label)
def test_a_wrong_value_is_refused_at_start_by_the_name_of_its_parameter(
    parameter: Parameter, value: object
) -> None:
    with pytest.raises(ValueError, match=f"^here: {parameter.name} must ") as refusal:
        settings_from_values({parameter.name: value}, "here")

    got = str(refusal.value).rpartition(", got ")[2]
    assert str(value) in got or repr(value) in got


@pytest.mark.parametrize(("parameter", "value"), TABLE, ids=_label)
def test_a_wrong_value_is_refused_live_with_all_that_came_with_it(
    parameter: Parameter, value: object
) -> None:
    applied: list[NodeSettings] = []
    live = LiveSettings(NodeSettings(), applied.append)
    other = "overlay" if parameter.name != "overlay" else "tracking"
    expected = "must " if parameter.live else "cannot change while the node runs; put it into"

    with pytest.raises(ValueError, match=f"^{parameter.name} {expected}"):
        live.change({other: False, parameter.name: value})

    assert (live.now, applied) == (NodeSettings(), [])


@pytest.mark.parametrize("parameter", PARAMETERS, ids=_label)
def test_the_default_and_both_ends_of_the_range_are_accepted(parameter: Parameter) -> None:
    own = type(parameter.default)
    ends = [own(end) for end in (parameter.least, parameter.most) if end is not None]  # type: ignore[call-arg]
    if parameter.name == "threshold":
        ends.remove(1.0)  # a share below 1, which the range of ROS cannot say

    for value in [parameter.default, *ends, *parameter.choices]:
        settings_from_values({parameter.name: value}, "here")
