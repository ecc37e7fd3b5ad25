import time
from pathlib import Path

import numpy as np
import pytest
from dds_peers import make_header, make_image, make_string

from textseg_ros.dds.idl import dds_topic_name, dds_type_name, ros_type_name
from textseg_ros.definitions import definition_folders
from textseg_ros.typestore import Distro, TypeStore

# The `type_hashes` that a ROS 2 Jazzy built from source installed in
# share/<package>/msg/<Type>.json; ours from a colcon build.
_JAZZY_HASHES = {
    "sensor_msgs/msg/Image": "d31d41a9a4c4bc8eae9be757b0beed306564f7526c88ea6a4588fb9582527d47",
    "sensor_msgs/msg/CompressedImage": (
        "15640771531571185e2efc8a100baf923961a4d15d5569652e6cb6691e8e371a"
    ),
    "std_msgs/msg/String": "df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18",
    "geometry_msgs/msg/PointStamped": (
        "4c0296af86e01e562e9e0405d138a01537247580076c58ea38d7923ac1045897"
    ),
    "diagnostic_msgs/msg/DiagnosticArray": (
        "5a8a36efb05fb25070fa0fb3810290c0e6cd4862b54a8fb975a1ee8dc55a333e"
    ),
    "vision_msgs/msg/Detection2DArray": (
        "214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968"
    ),
    "rmw_dds_common/msg/ParticipantEntitiesInfo": (
        "91a0593bacdcc50ea9bdcf849a938b128412cc1ea821245c663bcd26f83c295e"
    ),
    "textseg_ros/msg/Segmentation": (
        "e79d4d2c6e46e04a306ae07311963a3a3110e4a4dc889c302f4d65d6bf42829f"
    ),
    "textseg_ros/msg/SegmentedObject": (
        "b1618b0fb55fc2afcbc565214990748fa01a9f8fca95af8fef6a31e46c0ca095"
    ),
    "textseg_ros/msg/Latency": "bdaad72778ad51ccc99f6200a2c69aea19da5a6edc22daa01c68b679a578124b",
    "textseg_ros/msg/LatencyStamped": (
        "c8e073b7d21b9fb67659051d40cc89ec0b0ecbc2b14da2a8a2f9021564e53d4f"
    ),
    "vision_msgs/msg/LabelInfo": (
        "3d37df4015cdf660cc851c51897f2acd957e1ca6205ba0a99aebffb9406b0783"
    ),
    "textseg_ros/action/Find_FeedbackMessage": (
        "a142aec71ab4d0f0c5e271464d1db5076d96397f4e0aea0a63b404837d266358"
    ),
    "textseg_ros/action/Find_GetResult_Response": (
        "cef3f2ca0d17af16d0b50003b5fb8fab41d8d1eb8700de6af6eebde004885fd7"
    ),
    "textseg_ros/action/Find_SendGoal_Request": (
        "e5270cd25dde62e13c99df8e4d5d93acf68ccdc9ea2118af3bb1bf3577201c9d"
    ),
    "textseg_ros/msg/LocalisedObjects": (
        "f124aeadfd1012c78beb3a8f0b3c74fe36b66e17c0a47581e5c815cfce2023a7"
    ),
    "textseg_ros/msg/StandingQuery": (
        "9f61b2f05614ce6403441834a4a59de69d0bc5aa04221d0fc6c2e3f06b2def58"
    ),
    "textseg_ros/srv/Segment_Request": (
        "2e37c0e16f30be35be56c9f19bbb5c9879d55ad3ef4bc0add0aba79625f0fc62"
    ),
    "textseg_ros/srv/Segment_Response": (
        "2dd173eeabd5c46af0c1cebbffb5b5b73ab2f055f7bfc9be46354904827268ec"
    ),
}


@pytest.mark.parametrize(("type_name", "digits"), _JAZZY_HASHES.items())
def test_type_hashes_are_those_that_jazzy_installs(type_name: str, digits: str) -> None:
    assert TypeStore("jazzy").type_hash(type_name) == f"RIHS01_{digits}"


def test_a_string_is_serialised_as_cdr_with_header_length_text_and_padding() -> None:
    types = TypeStore()

    data = types.serialize(make_string(types, "cup"), "std_msgs/msg/String")

    # Little-endian CDR, no options; length with the closing zero; no padding needed.
    assert data == b"\x00\x01\x00\x00" + b"\x04\x00\x00\x00" + b"cup\x00"
    longer = types.serialize(make_string(types, "mugs"), "std_msgs/msg/String")
    assert longer == b"\x00\x01\x00\x00" + b"\x05\x00\x00\x00" + b"mugs\x00" + b"\x00\x00\x00"


def test_a_point_is_aligned_to_eight_bytes_behind_the_header() -> None:
    types = TypeStore()
    point = types.get("geometry_msgs/msg/Point")(x=1.0, y=0.0, z=-2.0)
    stamped = types.get("geometry_msgs/msg/PointStamped")(header=make_header(types), point=point)

    data = types.serialize(stamped, "geometry_msgs/msg/PointStamped")

    assert data == (
        b"\x00\x01\x00\x00"
        b"\x07\x00\x00\x00\x09\x00\x00\x00"  # stamp
        b"\x07\x00\x00\x00camera\x00"  # frame_id, ends at 19
        b"\x00\x00\x00\x00\x00"  # up to 24
        b"\x00\x00\x00\x00\x00\x00\xf0\x3f"
        b"\x00\x00\x00\x00\x00\x00\x00\x00"
        b"\x00\x00\x00\x00\x00\x00\x00\xc0"
    )


def test_our_message_keeps_its_constants_and_survives_both_ways() -> None:
    types = TypeStore()
    names = ["wait", "decode", "preprocess", "encoder", "text", "head", "postprocess", "convert"]
    latency = types.get("textseg_ros/msg/Latency")(**dict.fromkeys(names, 1.5), total=12.0)
    kind = types.get("textseg_ros/msg/Segmentation")
    message = kind(
        header=make_header(types),
        query_id=3,
        query_key="cups",
        query="杯子",
        action="",
        expression="the cup",
        destination="",
        unknown_words=["the"],
        status=kind.AMBIGUOUS,
        stale=True,
        score=0.5,
        question="two cups: left or right?",
        explanation="cup 1: at the left, 1.00",
        objects=[],
        destination_status=kind.NOT_ASKED,
        destination_objects=[],
        latency=latency,
    )

    data = types.serialize(message, "textseg_ros/msg/Segmentation")

    assert (kind.FOUND, kind.NOT_FOUND, kind.AMBIGUOUS, kind.NOT_ASKED) == (0, 1, 2, 3)
    assert types.deserialize(data, "textseg_ros/msg/Segmentation") == message


@pytest.mark.parametrize("type_name", ["sensor_msgs/msg/CompressedImage", "std_msgs/msg/String"])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5])
def test_bytes_at_the_end_of_a_message_are_as_rosbags_writes_them(
    type_name: str, length: int
) -> None:
    types = TypeStore()
    values = np.arange(1, 2 * length + 1, dtype=np.uint8)
    for data in (values[:length], values[::2]):
        message = types.default(type_name)
        message.data = data if "Compressed" in type_name else "a" * length

        written = types.serialize(message, type_name)

        expected = bytes(types.rosbags.serialize_cdr(message, type_name))
        assert written == expected + bytes(-len(expected) % 4)
        assert type(written) is bytes


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_pixels_that_are_no_bytes_are_refused(dtype: type[np.generic]) -> None:
    types = TypeStore()
    image = make_image(types, np.zeros((2, 3, 3), np.uint8))
    image.data = np.zeros(18, dtype)

    with pytest.raises(ValueError, match="does not fit sensor_msgs/msg/Image"):
        types.serialize(image, "sensor_msgs/msg/Image")


def test_an_image_is_packed_and_unpacked_in_less_than_a_millisecond() -> None:
    types = TypeStore()
    image = make_image(types, np.zeros((480, 640, 3), np.uint8))
    seconds = []

    for _ in range(20):
        start = time.perf_counter()
        data = types.serialize(image, "sensor_msgs/msg/Image")
        types.deserialize(data, "sensor_msgs/msg/Image")
        seconds.append(time.perf_counter() - start)

    assert min(seconds) < 1e-3


@pytest.mark.parametrize("kept", [0, 3, 4, 20, 60, 920_000])
def test_a_truncated_image_is_refused_naming_type_and_length(kept: int) -> None:
    types = TypeStore()
    image = make_image(types, np.zeros((480, 640, 3), np.uint8))
    data = types.serialize(image, "sensor_msgs/msg/Image")[:kept]

    with pytest.raises(ValueError, match=f"^{kept} bytes received are no sensor_msgs/msg/Image"):
        types.deserialize(data, "sensor_msgs/msg/Image")


def test_a_string_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(ValueError, match="std_msgs/msg/String"):
        TypeStore().deserialize(
            b"\x00\x01\x00\x00\x03\x00\x00\x00\xff\xfe\x00", "std_msgs/msg/String"
        )


def test_a_value_that_does_not_fit_its_field_is_refused_naming_the_type() -> None:
    types = TypeStore()

    with pytest.raises(ValueError, match="does not fit std_msgs/msg/String"):
        types.serialize(types.get("std_msgs/msg/String")(data=5), "std_msgs/msg/String")


def test_an_unknown_type_or_distribution_is_refused_with_what_is_accepted() -> None:
    with pytest.raises(ValueError, match="vision_msgs or textseg_ros"):
        TypeStore().get("nav9_msgs/msg/Path")
    with pytest.raises(ValueError, match="humble or jazzy"):
        TypeStore("foxy")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "own",
    [
        ("site/textseg_ros/interfaces/textseg_ros",),
        ("site/msg", "site/srv", "site/action"),
        ("share/textseg_ros/msg", "share/textseg_ros/srv", "share/textseg_ros/action"),
    ],
)
def test_our_definitions_are_found_in_wheel_source_folder_and_ros_workspace(
    tmp_path: Path, own: tuple[str, ...]
) -> None:
    for index, name in enumerate(("Segmentation.msg", "Segment.srv", "Find.action")):
        folder = tmp_path / own[index % len(own)]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("uint8 status\n")

    folders = definition_folders(tmp_path / "site" / "textseg_ros")

    assert folders["textseg_ros"] == tuple(tmp_path / folder for folder in own)


def test_a_folder_with_messages_but_without_the_service_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "msg").mkdir()
    (tmp_path / "msg" / "Segmentation.msg").write_text("uint8 status\n")

    with pytest.raises(RuntimeError, match=r"Segment\.srv"):
        definition_folders(tmp_path / "textseg_ros")


def test_missing_definitions_are_an_error_that_names_the_places(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"Segmentation\.msg"):
        definition_folders(tmp_path / "textseg_ros")


def test_ros_names_become_dds_names() -> None:
    assert dds_topic_name("/textseg/mask") == "rt/textseg/mask"
    assert dds_type_name("std_msgs/msg/String") == "std_msgs::msg::dds_::String_"


@pytest.mark.parametrize("name", ["std_msgs/msg/String", "no_ros_type"])
def test_a_dds_type_is_told_by_its_ros_name(name: str) -> None:
    assert ros_type_name(name) == name
    assert ros_type_name("std_msgs::msg::dds_::String_") == "std_msgs/msg/String"


@pytest.mark.parametrize("topic", ["/a", "/a1/_b", "/a__b/C", "/" + 246 * "a"])
def test_a_topic_that_ros_allows_is_taken(topic: str) -> None:
    assert dds_topic_name(topic) == f"rt{topic}"


@pytest.mark.parametrize(
    "topic",
    [
        "mask",
        "/mask/",
        "/a//b",
        "",
        "/",
        "/a b",
        "/a/1b",
        "/a-b",
        "/é",
        "/a\n",
        "~/a",
        "/~/a",
        "/{node}/a",
    ],
)
def test_a_topic_that_ros_does_not_allow_is_refused_saying_what_is(topic: str) -> None:
    with pytest.raises(ValueError, match=r"absolute.* letters, digits and _"):
        dds_topic_name(topic)


def test_a_topic_longer_than_ros_allows_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 247 characters"):
        dds_topic_name("/" + 247 * "a")


@pytest.mark.parametrize("distro", ["humble", "jazzy"])
def test_the_default_of_every_type_can_be_sent(distro: Distro) -> None:
    types = TypeStore(distro)

    for name in (
        "sensor_msgs/msg/Image",
        "sensor_msgs/msg/CameraInfo",
        "visualization_msgs/msg/Marker",
        "vision_msgs/msg/Detection3DArray",
        "rcl_interfaces/msg/ParameterEvent",
        "textseg_ros/srv/Segment_Response",
        "textseg_ros/action/Find_FeedbackMessage",
    ):
        data = types.serialize(types.default(name), name)
        assert types.serialize(types.deserialize(data, name), name) == data
