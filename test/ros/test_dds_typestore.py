import time
from pathlib import Path

import numpy as np
import pytest
from dds_peers import make_header, make_image, make_string

from textseg_ros.dds.definitions import definition_folders
from textseg_ros.dds.idl import dds_topic_name, dds_type_name, ros_type_name
from textseg_ros.dds.typestore import TypeStore

# The `type_hashes` that a ROS 2 Jazzy built from source installed in
# share/<package>/msg/<Type>.json; ours from a colcon build of msg/.
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
        "ba1a6e0987eed1b504716f2185074ee0b50a0766e48ff14818666f1ae54448b8"
    ),
    "textseg_ros/msg/SegmentedObject": (
        "10c1d65dc3e3d6034459171863e83ce3c7a7af56900b367153e71c9332d32993"
    ),
    "textseg_ros/msg/Latency": "bdaad72778ad51ccc99f6200a2c69aea19da5a6edc22daa01c68b679a578124b",
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
        query="杯子",
        action="",
        expression="the cup",
        destination="",
        unknown_words=["the"],
        status=kind.AMBIGUOUS,
        stale=True,
        score=0.5,
        objects=[],
        latency=latency,
    )

    data = types.serialize(message, "textseg_ros/msg/Segmentation")

    assert (kind.FOUND, kind.NOT_FOUND, kind.AMBIGUOUS) == (0, 1, 2)
    assert types.deserialize(data, "textseg_ros/msg/Segmentation") == message


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
    "own", ["site/textseg_ros/interfaces/textseg_ros", "site/msg", "share/textseg_ros/msg"]
)
def test_our_definitions_are_found_in_wheel_source_folder_and_ros_workspace(
    tmp_path: Path, own: str
) -> None:
    folder = tmp_path / own
    folder.mkdir(parents=True)
    (folder / "Segmentation.msg").write_text("uint8 status\n")

    folders = definition_folders(tmp_path / "site" / "textseg_ros")

    assert folders["textseg_ros"] == folder


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
