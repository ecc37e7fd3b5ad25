"""What segment.launch.py makes of its arguments, without launch."""

from pathlib import Path

import pytest

from textseg_ros.launching import first_camera, node_remaps, rviz_remaps

NOTHING = dict.fromkeys(
    ("camera", "camera_compressed", "depth", "camera_info", "depth_info", "remaps"), ""
)


def test_a_camera_without_a_name_has_the_topics_of_drivers() -> None:
    assert node_remaps(NOTHING, "", "/textseg") == [
        ("image", "/camera/image_raw"),
        ("image/compressed", "/camera/image_raw/compressed"),
        ("camera_info", "/camera/camera_info"),
        ("depth", "/camera/depth/image_raw"),
        ("depth/camera_info", "/camera/depth/camera_info"),
    ]


def test_named_cameras_keep_their_names_and_the_first_takes_the_arguments() -> None:
    assert node_remaps(NOTHING, "left", "/textseg") == []

    given = NOTHING | {"camera": "eye/image", "camera_info": "/eye/info"}
    assert dict(node_remaps(given, "left", "/textseg")) == {
        "left/image": "eye/image",
        "left/image/compressed": "eye/image/compressed",
        "left/camera_info": "/eye/info",
    }


def test_further_remaps_come_first() -> None:
    given = NOTHING | {"remaps": "right/image:=/r/image /tf:=/robot/tf left/depth:=/d"}
    given |= {"depth": "/ir/image"}

    assert dict(node_remaps(given, "left", "/textseg")) == {
        "right/image": "/r/image",
        "/tf": "/robot/tf",
        "left/depth": "/d",
        "left/depth/camera_info": "/ir/camera_info",
    }
    with pytest.raises(ValueError, match=r"remaps must be NAME:=TOPIC, .* got '/tf'"):
        node_remaps(NOTHING | {"remaps": "a:=b /tf"}, "", "/textseg")


def test_the_first_camera_is_that_of_the_nodes_section(tmp_path: Path) -> None:
    file = tmp_path / "node.yaml"
    file.write_text(
        "/**:\n  ros__parameters:\n    cameras: [left, right]\n"
        "/arm/eye:\n  ros__parameters:\n    cameras: ['', wrist]\n"
    )

    assert first_camera(str(file), "/textseg/segmenter") == "left"
    assert first_camera(str(file), "/arm/eye") == ""
    file.write_text("/arm/eye:\n  ros__parameters:\n    cameras: 7\n")
    assert first_camera(str(file), "/arm/eye") == ""
    assert first_camera(str(file), "/textseg/segmenter") == ""
    assert first_camera(str(tmp_path / "none.yaml"), "/textseg/segmenter") == ""


def test_rviz_shows_the_first_camera() -> None:
    remaps = [("left/image", "eye/image"), ("/arm/left/mask", "/m")]
    shown = dict(rviz_remaps(remaps, "left", "/arm"))

    assert shown["/textseg/image"] == "/arm/eye/image"
    assert shown["/textseg/mask"] == "/m"
    assert shown["/textseg/overlay"] == "/arm/left/overlay"
    assert shown["/diagnostics"] == "/diagnostics"
    assert "/textseg/depth" not in shown
