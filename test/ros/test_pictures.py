"""Instance ids, their names, compressed pictures and numbers, from two blocks drawn by hand."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from recording import NOW_NS, Bench

from textseg_core.arrays import AnyArray
from textseg_core.command import parse_command
from textseg_core.dialogue.candidates import Candidate
from textseg_core.dialogue.command_dialogue import CommandTurn
from textseg_core.dialogue.turn import Turn
from textseg_core.postprocess import find_objects, union_of
from textseg_core.segmentation import Segmentation, Status
from textseg_core.tracking import Phase, TrackedSegmentation
from textseg_ros import compression, pictures
from textseg_ros.compressed import compressed_to_rgb
from textseg_ros.conversions import OwnImagePacker
from textseg_ros.messages import MessageTypes
from textseg_ros.outputs_labels import label_ids, label_info_message, label_pixels
from textseg_ros.pictures import numbered, picture_messages


def turn_of(
    *boxes: tuple[int, int, int, int],
    track_ids: Sequence[int] | None = None,
    labels: Sequence[str] = (),
) -> Turn:
    """Return what is told of blocks in 6 x 8 pixels, given by column, row, width and height."""
    response = np.zeros((6, 8), np.float32)
    for rank, (x, y, width, height) in enumerate(boxes):
        response[y : y + height, x : x + width] = 0.9 - 0.1 * rank
    objects = find_objects(response, threshold=0.4, min_area_px=1, max_objects=9)
    ids = tuple(range(1, len(objects) + 1)) if track_ids is None else tuple(track_ids)
    found = Segmentation(
        mask=union_of(objects, response.shape),
        response=lambda: response,
        score=0.9,
        objects=objects,
        status=Status.AMBIGUOUS if labels else Status.FOUND,
        expression="the mug",
        command=parse_command("the mug"),
    )
    tracked = TrackedSegmentation(
        segmentation=found,
        track_ids=ids,
        target_id=0,
        phase=Phase.SEARCHING,
        observed=found,
        observed_ids=ids,
    )
    candidates = tuple(
        Candidate(track_id=one, found=thing, label=label)
        for one, thing, label in zip(ids, objects, labels, strict=False)
    )
    return Turn(tracked=tracked, candidates=candidates, text="")


TWO = (1, 1, 2, 3), (5, 2, 3, 2)
"""The better one: columns 1 and 2, rows 1 to 3. The other: columns 5 to 7, rows 2 and 3."""


def test_labels_are_track_ids_while_objects_are_tracked_and_else_ranks() -> None:
    turn = turn_of(*TWO, track_ids=(7, 3))
    found = turn.tracked.segmentation

    assert label_ids(found, turn, tracked=True) == [7, 3]
    assert label_ids(found, turn, tracked=False) == [1, 2]


@pytest.mark.parametrize(("track_id", "label"), [(65534, 65534), (65535, 1), (131069, 1)])
def test_track_ids_beyond_16_bits_begin_again_and_never_say_unlabelled(
    track_id: int, label: int
) -> None:
    turn = turn_of(TWO[0], track_ids=(track_id,))
    assert label_ids(turn.tracked.segmentation, turn, tracked=True) == [label]


def test_each_pixel_has_the_id_of_its_object() -> None:
    labels = label_pixels(turn_of(*TWO).tracked.segmentation, [7, 300])

    assert labels.dtype == np.uint16
    assert labels.tolist() == [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 7, 7, 0, 0, 0, 0, 0],
        [0, 7, 7, 0, 0, 300, 300, 300],
        [0, 7, 7, 0, 0, 300, 300, 300],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ]  # fmt: skip


def test_where_objects_overlap_the_better_one_is_shown() -> None:
    """The first covers columns 1 and 2, the second columns 2 and 3."""
    first = turn_of((1, 1, 2, 1)).tracked.segmentation
    second = turn_of((2, 1, 2, 1)).tracked.segmentation
    both = replace(first, objects=(*first.objects, *second.objects))

    assert label_pixels(both, [1, 2])[1].tolist() == [0, 1, 1, 2, 0, 0, 0, 0]


def test_nothing_found_is_background_everywhere() -> None:
    assert not label_pixels(turn_of().tracked.segmentation, []).any()


def test_ids_are_named_by_expression_and_by_what_tells_them_apart(types: MessageTypes) -> None:
    turn = turn_of(*TWO, labels=("left", "right"))
    header = types.default("std_msgs/msg/Header")
    info = label_info_message(types, header, turn.tracked.segmentation, turn, [7, 300], 0.25)

    assert [(entry.class_id, entry.class_name) for entry in info.class_map] == [
        (0, "background"),
        (7, "the mug (left)"),
        (300, "the mug (right)"),
    ]
    assert info.threshold == 0.25


def test_a_mask_as_png_keeps_every_value_and_is_named_as_image_transport_names_it(
    types: MessageTypes,
) -> None:
    pixels = np.array([[0, 255, 0], [255, 255, 0]], np.uint8)
    header = types.default("std_msgs/msg/Header")
    message = compression.png_message(types, pixels, header)

    assert message.format == "mono8; png compressed "
    data = bytes(message.data)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.mode == "L"
        assert np.asarray(picture).tolist() == pixels.tolist()


def test_a_picture_as_jpeg_keeps_red_red_and_our_own_decoder_reads_it(
    types: MessageTypes,
) -> None:
    red = np.zeros((16, 24, 3), np.uint8)
    red[..., 0] = 250
    message = compression.jpeg_message(types, red, types.default("std_msgs/msg/Header"))

    assert message.format == "rgb8; jpeg compressed bgr8"
    back = compressed_to_rgb(message).astype(int)
    assert back.shape == (16, 24, 3)
    assert abs(back - red).max() <= 6


def test_one_drawing_serves_the_overlay_and_its_compressed_copy(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def draw(image: AnyArray, *_: object) -> AnyArray:
        drawn.append(1)
        return image

    monkeypatch.setattr(pictures, "draw_overlay", draw)
    made = draw_all(types, {"overlay", "overlay_compressed"})

    assert (list(made), len(drawn)) == (["overlay", "overlay_compressed"], 1)


@pytest.mark.parametrize(
    "key", ["mask", "mask_compressed", "labels", "response", "overlay", "overlay_compressed"]
)
def test_only_what_somebody_receives_is_made(types: MessageTypes, key: str) -> None:
    assert list(draw_all(types, {key})) == [key]


def test_switched_off_overlays_are_not_drawn_for_anybody(types: MessageTypes) -> None:
    everything = {"overlay", "overlay_compressed", "mask"}
    assert list(draw_all(types, everything, overlay=False)) == ["mask"]


def draw_all(types: MessageTypes, wanted: set[str], *, overlay: bool = True) -> dict[str, Any]:
    target = turn_of(*TWO)
    return picture_messages(
        types,
        OwnImagePacker(types),
        types.default("std_msgs/msg/Header"),
        np.zeros((6, 8, 3), np.uint8),
        CommandTurn(target=target, destination=None, text=""),
        [1, 2],
        overlay=overlay,
        wanted=wanted.__contains__,
    )


def test_candidates_called_by_number_are_numbered_in_the_picture() -> None:
    target = turn_of(*TWO, labels=("number 1", "number 2"))
    turn = CommandTurn(target=target, destination=None, text="")

    objects = target.tracked.segmentation.objects
    assert numbered(turn) == [(objects[0], "1"), (objects[1], "2")]


def test_candidates_called_by_place_are_not_numbered() -> None:
    target = turn_of(*TWO, labels=("left", "right"))
    assert numbered(CommandTurn(target=target, destination=None, text="")) == []


def test_places_to_put_it_are_numbered_once_the_thing_is_clear() -> None:
    numbers = ("number 1", "number 2")
    place = turn_of(*TWO, labels=numbers)
    things = place.tracked.segmentation.objects
    clear = CommandTurn(target=turn_of(TWO[0]), destination=place, text="")
    assert numbered(clear) == [(things[0], "1"), (things[1], "2")]

    unclear = CommandTurn(
        target=turn_of(*TWO, labels=("left", "right")), destination=place, text=""
    )
    assert numbered(unclear) == []


def test_the_node_publishes_ids_that_its_label_info_and_objects_name(
    types: MessageTypes,
) -> None:
    """Red blocks at columns 16 to 47 and 128 to 159, rows 32 to 63."""
    picture = np.zeros((96, 192, 3), np.uint8)
    picture[32:64, 16:48] = picture[32:64, 128:160] = (255, 0, 0)
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(bench.image(picture))

    (message,), (info,) = bench.transport.of("labels"), bench.transport.of("label_info")
    (objects,) = bench.transport.of("objects")
    labels = np.frombuffer(message.data, "<u2").reshape(96, 192)
    names = {entry.class_id: entry.class_name for entry in info.class_map}
    assert (message.encoding, message.step, message.is_bigendian) == ("mono16", 384, 0)
    assert message.header == info.header == bench.header()
    assert names[labels[48, 32]] == "the red block (left)"
    assert names[labels[48, 144]] == "the red block (right)"
    assert (labels[5, 5], names[0]) == (0, "background")
    ids = {found.track_id: found.label for found in objects.objects}
    assert ids == {labels[48, 32]: "left", labels[48, 144]: "right"}
    assert info.threshold == 0.5  # of the network of these tests
    mask = np.frombuffer(bench.transport.of("mask")[0].data, np.uint8).reshape(96, 192)
    assert ((labels > 0) == (mask > 0)).all()


def test_latency_tells_of_each_image_once_with_its_age_and_all_queries(
    types: MessageTypes,
) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        standing = types.get("textseg_ros/msg/StandingQuery")
        bench.behaviour.on_standing_query(
            standing(key="tool", text="the block", priority=0, lifetime_s=0.0)
        )
        bench.show(bench.image(stamp_ns=NOW_NS - 250_000_000))

    (message,) = bench.transport.of("latency")
    assert message.header == bench.header(NOW_NS - 250_000_000)
    assert message.queries == 2
    assert message.age == pytest.approx(0.25)
    assert message.latency == bench.transport.of("objects")[1].latency


def test_a_latency_that_cannot_be_sent_costs_no_answer(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Bench(types) as bench:
        publish = bench.transport.publish

        def fail(key: str, message: object) -> None:
            if key == "latency":
                raise RuntimeError("out of resources")
            publish(key, message)

        monkeypatch.setattr(bench.transport, "publish", fail)
        bench.ask("the red block")
        bench.show(bench.image())

    assert len(bench.transport.of("objects")) == 1
    assert bench.count("answered") == 1
    assert bench.transport.troubles() == ["latency not sent: RuntimeError: out of resources"]
