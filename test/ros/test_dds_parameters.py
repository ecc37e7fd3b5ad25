"""The parameter services of the DDS node."""

from collections.abc import Iterator
from typing import Any

import pytest
from dds_peers import loopback_settings, wait_until

from textseg_ros.dds.parameters import ParameterServices
from textseg_ros.dds.participant import Participant
from textseg_ros.dds.rpc import DdsRpc
from textseg_ros.parameter_messages import parameter_value, plain_value
from textseg_ros.parameters import PARAMETERS
from textseg_ros.settings import LiveSettings, NodeSettings
from textseg_ros.typestore import TypeStore

NODE = "/textseg/segmenter"
TIMEOUT_S = 30.0
NOW_NS = 7_000_000_009
INTEGER, DOUBLE, STRING = 2, 3, 4


class Parameters:
    """A node with parameters and a client of its services."""

    def __init__(self) -> None:
        settings = loopback_settings()
        self.live = LiveSettings(NodeSettings())
        self.node = Participant("segmenter", "/textseg", settings)
        self.other = Participant("asker", "/", settings)
        self.types = self.node.types
        self.errors: list[Exception] = []
        self.rpc = DdsRpc(self.node, "cyclonedds", lambda _, e: self.errors.append(e), print)
        self.asking = DdsRpc(self.other, "cyclonedds", lambda _, e: self.errors.append(e), print)
        ParameterServices(self.rpc, self.node, self.live, lambda: NOW_NS)

    def close(self) -> None:
        for each in (self.asking, self.rpc, self.other, self.node):
            each.close()

    def call(self, service: str, kind: str, **fields: Any) -> Any:
        client = self.asking.client(f"{NODE}/{service}", f"rcl_interfaces/srv/{kind}")
        assert client.wait_for_service(TIMEOUT_S)
        request = self.types.default(f"rcl_interfaces/srv/{kind}_Request")
        for name, value in fields.items():
            setattr(request, name, value)
        response = client.call(request, TIMEOUT_S)
        client.close()
        return response

    def set(self, *changes: tuple[str, Any], atomically: bool = False) -> Any:
        parameter = self.types.get("rcl_interfaces/msg/Parameter")
        messages = [
            parameter(name=name, value=parameter_value(self.types, value))
            for name, value in changes
        ]
        kind = "SetParametersAtomically" if atomically else "SetParameters"
        service = "set_parameters_atomically" if atomically else "set_parameters"
        return self.call(service, kind, parameters=messages)

    def get(self, *names: str) -> list[object]:
        response = self.call("get_parameters", "GetParameters", names=list(names))
        return [plain_value(value) for value in response.values]


@pytest.fixture
def parameters() -> Iterator[Parameters]:
    parameters = Parameters()
    yield parameters
    parameters.close()


def test_every_parameter_is_listed(parameters: Parameters) -> None:
    listed = parameters.call("list_parameters", "ListParameters").result.names

    assert listed == [parameter.name for parameter in PARAMETERS]


def test_listing_with_a_prefix_names_what_has_it(parameters: Parameters) -> None:
    response = parameters.call("list_parameters", "ListParameters", prefixes=["overlay", "x"])

    assert response.result.names == ["overlay"]


def test_values_and_types_are_those_of_the_settings(parameters: Parameters) -> None:
    assert parameters.get("max_age_s", "max_objects", "weights", "overlay", "cameras") == [
        1.0,
        16,
        "",
        True,
        ("",),
    ]
    types = parameters.call(
        "get_parameter_types", "GetParameterTypes", names=["max_age_s", "max_objects", "nothing"]
    ).types
    assert list(types) == [DOUBLE, INTEGER, 0]


def test_an_unknown_parameter_is_one_that_is_not_set(parameters: Parameters) -> None:
    assert parameters.get("nothing") == [None]


def test_a_change_is_in_force_and_told_on_parameter_events(parameters: Parameters) -> None:
    events: list[Any] = []
    subscription = parameters.other.subscription(
        "/parameter_events", "rcl_interfaces/msg/ParameterEvent", events.append
    )
    assert subscription.wait_for_matches()

    (result,) = parameters.set(("max_age_s", 2.5)).results

    assert result.successful
    assert parameters.live.now.max_age_s == 2.5
    assert wait_until(lambda: len(events) == 1)
    (changed,) = events[0].changed_parameters
    assert (events[0].node, changed.name, plain_value(changed.value)) == (NODE, "max_age_s", 2.5)
    assert (events[0].stamp.sec, events[0].stamp.nanosec) == (7, 9)  # NOW_NS


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("max_age_s", -1.0, "max_age_s must lie in 0.001 to inf, got -1.0"),
        ("max_age_s", "text", "max_age_s must be a number"),
        ("max_age_s", None, "max_age_s must be a number"),
        ("weights", "other", "weights cannot change while the node runs"),
        ("nothing", 1, "unknown parameter 'nothing'"),
    ],
)
def test_a_wrong_change_is_refused_with_the_reason_and_the_old_value_stays(
    parameters: Parameters, name: str, value: Any, reason: str
) -> None:
    before = parameters.live.now

    (result,) = parameters.set((name, value)).results

    assert not result.successful
    assert reason in result.reason
    assert parameters.live.now is before


def test_of_several_changes_each_is_accepted_or_refused_by_itself(parameters: Parameters) -> None:
    results = parameters.set(("max_age_s", 2.5), ("max_objects", 0)).results

    assert [result.successful for result in results] == [True, False]
    assert parameters.get("max_age_s", "max_objects") == [2.5, 16]


def test_of_several_changes_made_atomically_one_wrong_one_hinders_all(
    parameters: Parameters,
) -> None:
    refused = parameters.set(("max_age_s", 2.5), ("max_objects", 0), atomically=True).result
    assert not refused.successful
    assert parameters.get("max_age_s") == [1.0]

    assert parameters.set(
        ("max_age_s", 2.5), ("max_objects", 3), atomically=True
    ).result.successful
    assert parameters.get("max_age_s", "max_objects") == [2.5, 3]


def test_a_description_gives_text_range_and_whether_it_may_change(parameters: Parameters) -> None:
    names = ["max_objects", "max_age_s", "image_qos", "nothing"]

    objects, age, qos, nothing = parameters.call(
        "describe_parameters", "DescribeParameters", names=names
    ).descriptors

    assert (objects.type, objects.read_only) == (INTEGER, False)
    assert objects.description == "Most objects in one result"
    assert (objects.integer_range[0].from_value, len(objects.floating_point_range)) == (1, 0)
    assert age.floating_point_range[0].from_value == 1e-3
    assert (qos.type, qos.read_only) == (STRING, True)
    assert qos.additional_constraints == "sensor_data, reliable, best_available"
    assert (nothing.name, nothing.type) == ("nothing", 0)


@pytest.mark.parametrize("value", [True, 5, 2.5, "text", ("left", "right"), None])
def test_a_value_survives_both_ways(value: Any) -> None:
    types = TypeStore()
    kind = "rcl_interfaces/msg/ParameterValue"

    data = types.serialize(parameter_value(types, value), kind)

    assert plain_value(types.deserialize(data, kind)) == value


def test_arrays_that_no_parameter_of_ours_has_are_read_as_they_are() -> None:
    types = TypeStore()
    message = types.default("rcl_interfaces/msg/ParameterValue")
    message.type = 7
    message.integer_array_value = message.integer_array_value.copy()

    assert plain_value(message) == ()
