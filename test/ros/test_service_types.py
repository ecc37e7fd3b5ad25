import pytest

pytest.importorskip("rosbags", reason="needs rosbags: pip install 'textseg-ros[dds]'")
pytest.importorskip("cyclonedds", reason="needs cyclonedds: pip install 'textseg-ros[dds]'")

from textseg_ros.service_types import message_definitions
from textseg_ros.typestore import TypeStore


def test_a_message_stands_for_itself() -> None:
    assert message_definitions("p/msg/M", "uint8 a\n---\n") == {"p/msg/M": "uint8 a\n---\n"}


def test_a_service_is_split_into_request_and_response() -> None:
    parts = message_definitions("p/srv/S", "uint8 a  # --- no separator\n---\nstring b\n")

    assert parts == {
        "p/srv/S_Request": "uint8 a  # --- no separator\n",
        "p/srv/S_Response": "\nstring b\n",
    }


def test_an_action_is_split_into_its_parts_and_what_is_sent_around_them() -> None:
    parts = message_definitions("p/action/A", "uint8 goal\n---\n---\nuint8 feedback\n")

    assert list(parts) == [
        f"p/action/A_{part}"
        for part in (
            "Goal",
            "Result",
            "Feedback",
            "SendGoal_Request",
            "SendGoal_Response",
            "GetResult_Request",
            "GetResult_Response",
            "FeedbackMessage",
        )
    ]


@pytest.mark.parametrize(("name", "parts"), [("p/srv/S", 2), ("p/action/A", 3)])
def test_a_wrong_number_of_parts_is_refused_naming_the_file(name: str, parts: int) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected {parts} parts .* got 1"):
        message_definitions(name, "uint8 a\n")


def test_a_relative_type_in_a_service_is_one_of_the_packages_messages() -> None:
    annotations = TypeStore().get("textseg_ros/srv/Segment_Response").__annotations__

    assert annotations["result"] == "textseg_ros__msg__Segmentation"
    assert annotations["mask"] == "sensor_msgs__msg__Image"


def test_a_request_without_fields_is_one_byte_as_rosidl_has_it() -> None:
    types = TypeStore()
    trigger = types.get("std_srvs/srv/Trigger_Request")

    data = types.serialize(trigger(), "std_srvs/srv/Trigger_Request")

    assert data == b"\x00\x01\x00\x00" + b"\x00" + b"\x00\x00\x00"


def test_feedback_carries_the_goals_id_before_the_feedback() -> None:
    annotations = TypeStore().get("textseg_ros/action/Find_FeedbackMessage").__annotations__

    assert list(annotations)[:2] == ["goal_id", "feedback"]
    assert annotations["feedback"] == "textseg_ros__action__Find_Feedback"
