"""Which topics of a bag are camera, depth and queries, by name and by convention."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from recording import NOW_NS, RednessBackend, make_segmenter, red_block

pytest.importorskip("rosbags", reason="needs rosbags: pip install 'textseg-ros[bag]'")

from recorded import FRAME, Recording, read

from textseg_ros.bag.choose import Inputs, choose_inputs
from textseg_ros.bag.run import Job, run
from textseg_ros.messages import byte_sequence, make_header
from textseg_ros.typestore import TypeStore

RAW, JPEG = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
INFO, TEXT = "sensor_msgs/msg/CameraInfo", "std_msgs/msg/String"
COLOUR = {"/cam/color/image_raw": RAW, "/cam/color/camera_info": INFO}
DEPTH = {"/cam/depth/image_raw": RAW, "/cam/depth/camera_info": INFO}


def choose(there: dict[str, str], **more: Any) -> Inputs:
    options: dict[str, Any] = {
        "namespace": "/textseg", "camera": None, "cameras": ("",), "remaps": (),
    }  # fmt: skip
    return choose_inputs(there, **(options | more))


def test_a_bag_of_the_node_itself_needs_no_names() -> None:
    there = {"/textseg/image": RAW, "/textseg/query": TEXT, "/other/image": RAW, "/imu": "x/msg/Y"}

    chosen = choose(there)

    assert chosen.keys == {"/textseg/image": "image", "/textseg/query": "query"}
    assert (chosen.depth_cameras, chosen.notes) == ((), ())


def test_the_only_colour_camera_and_the_only_depth_are_found_with_their_descriptions() -> None:
    chosen = choose({**COLOUR, **DEPTH, "/words": TEXT}, remaps=["query:=/words"])

    assert chosen.keys == {
        "/cam/color/image_raw": "image",
        "/cam/color/camera_info": "camera_info",
        "/cam/depth/image_raw": "depth",
        "/cam/depth/camera_info": "depth_info",
        "/words": "query",
    }
    assert chosen.depth_cameras == ("",)
    assert chosen.notes == ("camera: /cam/color/image_raw", "depth: /cam/depth/image_raw")


def test_transforms_may_have_other_names() -> None:
    chosen = choose(COLOUR, remaps=["/tf:=/robot/tf", "find:=/seek"])

    assert chosen.transforms == {"/robot/tf": False, "/tf_static": True}


def test_one_description_is_the_colour_cameras() -> None:
    there = {"/cam/image": RAW, "/cam/depth_image": RAW, "/cam/camera_info": INFO}

    chosen = choose(there)

    assert chosen.keys["/cam/camera_info"] == "camera_info"
    assert "depth_info" not in chosen.keys.values()


def test_compressed_images_serve_where_there_are_no_raw_ones() -> None:
    compressed = {"/cam/image_raw/compressed": JPEG}

    assert choose(compressed).keys == {"/cam/image_raw/compressed": "compressed"}
    assert choose({**compressed, "/cam/image_raw": RAW}).keys == {"/cam/image_raw": "image"}


def test_of_several_depths_none_is_guessed() -> None:
    there = {**COLOUR, "/a/depth": RAW, "/b/depth": RAW}

    chosen = choose(there)

    assert chosen.depth_cameras == ()
    assert "/a/depth or /b/depth" in chosen.notes[-1]
    assert choose(there, remaps=["depth:=/b/depth"]).keys["/b/depth"] == "depth"


def test_several_cameras_have_topics_of_their_own() -> None:
    there = {"/l": RAW, "/textseg/right/image": RAW}

    chosen = choose(there, cameras=("left", "right"), remaps=["left/image:=/l"])

    assert chosen.keys == {"/l": "left/image", "/textseg/right/image": "right/image"}


@pytest.mark.parametrize(
    ("there", "options", "said"),
    [
        ({}, {}, "colour images none"),
        ({"/a": RAW, "/b": RAW}, {}, "several: /a, /b"),
        ({"/a": RAW}, {"camera": "/b"}, "neither /b nor /b/compressed"),
        ({"/a": TEXT}, {"camera": "/a"}, "/a is of type std_msgs/msg/String"),
        ({"/a": RAW}, {"remaps": ["eye:=/a"]}, "NAME:=TOPIC with a NAME among"),
    ],
)
def test_what_cannot_be_chosen_is_explained(
    there: dict[str, str], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        choose(there, **options)


def test_a_recording_of_compressed_images_is_answered(tmp_path: Path) -> None:
    types = TypeStore("jazzy")
    recording = Recording(types)
    file = io.BytesIO()
    Image.fromarray(red_block()).save(file, "png")
    image_class = types.get(JPEG)
    image = image_class(
        header=make_header(types, NOW_NS, FRAME),
        format="rgb8; png compressed bgr8",
        data=byte_sequence(image_class, np.frombuffer(file.getvalue(), np.uint8)),
    )
    recording.add("/cam/image_raw/compressed", JPEG, NOW_NS, image)
    recording.write(tmp_path / "in")
    job = Job(
        recording=tmp_path / "in",
        out=tmp_path / "out",
        query="the red block",
        outputs=("mask", "overlay_compressed"),
    )

    outcome = run(job, lambda _: make_segmenter(RednessBackend()))

    assert (outcome.images, outcome.faults) == (1, ())
    ((_, mask),) = read(tmp_path / "out", types)["/textseg/mask"]
    assert mask.header == image.header
    assert np.count_nonzero(mask.data) == pytest.approx(64 * 32, rel=0.1)
    assert len(read(tmp_path / "out", types)["/textseg/overlay/compressed"]) == 1
