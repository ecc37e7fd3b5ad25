"""What topics, services and action are called: pure functions, without a graph."""

import pytest

from textseg_ros.naming import other_names, topic_names, with_action_parts


def test_the_camera_replaces_image_with_what_belongs_to_it() -> None:
    names = topic_names("/arm", "/camera/image_raw")

    assert names["image"] == "/camera/image_raw"
    assert names["compressed"] == "/camera/image_raw/compressed"
    assert names["camera_info"] == "/camera/camera_info"
    assert names["depth"] == "/arm/depth"
    assert names["depth_info"] == "/arm/depth/camera_info"
    assert names["mask"] == "/arm/mask"
    assert names["diagnostics"] == "/diagnostics"
    assert topic_names("/arm", None)["compressed"] == "/arm/image/compressed"
    assert topic_names("/arm", "eye")["camera_info"] == "/arm/camera_info"


def test_depth_brings_the_camera_info_beside_it() -> None:
    names = topic_names("/arm", "/rgb/image", depth="/ir/depth/image")

    assert (names["depth"], names["depth_info"]) == ("/ir/depth/image", "/ir/depth/camera_info")
    assert names["camera_info"] == "/rgb/camera_info"


def test_camera_and_depth_are_those_of_the_first_camera() -> None:
    names = topic_names("/arm", "/rgb/image", ("left", "right"), depth="/ir/image")

    assert [names[f"left/{key}"] for key in ("image", "camera_info", "depth", "depth_info")] == [
        "/rgb/image",
        "/rgb/camera_info",
        "/ir/image",
        "/ir/camera_info",
    ]
    assert names["right/image"] == "/arm/right/image"
    assert names["right/camera_info"] == "/arm/right/camera_info"


def test_every_topic_can_be_remapped() -> None:
    names = topic_names("/arm", None, ("", "rear"), ["depth:=/camera/depth", "rear/image:=eye"])

    assert names["depth"] == "/camera/depth"
    assert names["depth_info"] == "/arm/depth/camera_info"
    assert names["rear/image"] == "/arm/eye"
    assert names["rear/depth"] == "/arm/rear/depth"
    for wrong in ("depth", "depth:=", "colour:=/x", "tf:=/x"):
        with pytest.raises(
            ValueError, match=r"--remap must be NAME:=TOPIC with a NAME among /clock"
        ):
            topic_names("/arm", None, remaps=[wrong])
        with pytest.raises(ValueError, match=r"among .*/tf, /tf_static, .*segment.* got "):
            other_names("/arm", [wrong])


def test_a_remap_comes_before_the_camera_and_the_first_of_two_counts() -> None:
    remaps = ["/arm/camera_info:=/x", "camera_info:=/y", "image:=/arm/depth", "depth:=/z"]
    names = topic_names("/arm", "/rgb/image", remaps=remaps)

    assert names["camera_info"] == "/x"
    assert names["image"] == "/arm/depth"  # a new name is not remapped once more
    assert names["depth"] == "/z"
    assert names["compressed"] == "/rgb/image/compressed"


def test_transforms_clock_services_and_action_can_be_remapped() -> None:
    remaps = ["/tf:=/robot/tf", "/tf_static:=tf_static", "segment:=cut", "/arm/find:=/seek"]
    assert other_names("/arm", remaps) == {
        "/tf": "/robot/tf",
        "/tf_static": "/arm/tf_static",
        "/clock": "/clock",
        "/arm/segment": "/arm/cut",
        "/arm/enable": "/arm/enable",
        "/arm/find": "/seek",
    }
    assert topic_names("/arm", None, remaps=remaps) == topic_names("/arm", None)


def test_the_action_is_remapped_by_its_parts_too() -> None:
    assert with_action_parts("/arm", ["segment:=cut", "/arm/find:=seek"]) == [
        "segment:=cut",
        "/arm/find:=seek",
        "/arm/find/_action/send_goal:=seek/_action/send_goal",
        "/arm/find/_action/cancel_goal:=seek/_action/cancel_goal",
        "/arm/find/_action/get_result:=seek/_action/get_result",
        "/arm/find/_action/feedback:=seek/_action/feedback",
        "/arm/find/_action/status:=seek/_action/status",
    ]
