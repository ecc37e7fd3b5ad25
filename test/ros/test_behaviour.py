import io
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image
from recording import (
    NOW_NS,
    RED_BLOCK,
    TIMEOUT_S,
    Bench,
    FaultyBackend,
    GatedBackend,
    RecordingTransport,
    RednessBackend,
    red_block,
    until,
)

from textseg_core.arrays import AnyArray, Float32Array
from textseg_core.config import SegmenterConfig
from textseg_core.geometry import Box
from textseg_core.response import Response
from textseg_core.runtime.base import Tensors
from textseg_ros import answering, behaviour
from textseg_ros.conversation import Conversations
from textseg_ros.messages import MessageTypes
from textseg_ros.query_book import QueryBook
from textseg_ros.web.view import answer_of_message

SECOND_NS = 1_000_000_000
OUTPUTS = [
    "objects",
    "centroid",
    "detections",
    "label_info",
    "mask",
    "mask_compressed",
    "labels",
    "response",
    "overlay",
    "overlay_compressed",
    "latency",
]
"""In the order of sending."""


def array_of(message: Any, dtype: str, channels: int = 1) -> AnyArray:
    shape = (message.height, message.width) + ((channels,) if channels > 1 else ())
    return np.frombuffer(message.data, dtype).reshape(shape)


def png(pixels: AnyArray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "png")
    return stream.getvalue()


def test_a_found_block_is_published_on_every_topic(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("pick up the red block")
        bench.show(bench.image())

    sent = dict(bench.transport.sent)
    assert list(sent) == OUTPUTS
    mask = array_of(sent["mask"], "u1")
    assert (sent["mask"].encoding, sent["mask"].step) == ("mono8", 192)
    assert set(np.unique(mask)) == {0, 255}
    inside = mask[RED_BLOCK] == 255
    assert inside.mean() > 0.9
    assert (mask == 255).sum() == inside.sum()
    response = array_of(sent["response"], "<f4")
    assert (sent["response"].encoding, sent["response"].step) == ("32FC1", 768)
    assert response[48, 96] > 0.99
    assert response[5, 5] < 0.01
    overlay = array_of(sent["overlay"], "u1", 3)
    assert (sent["overlay"].encoding, overlay.shape) == ("rgb8", (96, 192, 3))
    assert bench.transport.troubles() == []


def test_the_numbers_of_a_found_block_are_right(types: MessageTypes) -> None:
    """The block covers columns 64 to 127 and rows 32 to 63, so its centre is (95.5, 47.5)."""
    with Bench(types) as bench:
        bench.ask("pick up the red blorp")
        bench.show(bench.image())

    (result,) = bench.transport.of("objects")
    assert (result.query_id, result.query) == (1, "pick up the red blorp")
    assert (result.action, result.expression) == ("pick up", "the red blorp")
    assert (result.destination, list(result.unknown_words)) == ("", ["blorp"])
    assert (result.status, result.stale) == (type(result).FOUND, False)
    (found,) = result.objects
    assert (found.x, found.y, found.width, found.height) == (64, 32, 64, 32)
    assert (found.centroid_u, found.centroid_v) == pytest.approx((95.5, 47.5), abs=0.5)
    assert 0.9 * 2048 < found.area <= 2048
    assert found.orientation == pytest.approx(0.0, abs=0.01)
    (point,) = bench.transport.of("centroid")
    assert (point.point.x, point.point.y) == (found.centroid_u, found.centroid_v)
    assert point.point.z == 0.0
    (detections,) = bench.transport.of("detections")
    (detection,) = detections.detections
    centre = detection.bbox.center.position
    assert (centre.x, centre.y) == (95.5, 47.5)
    assert (detection.bbox.size_x, detection.bbox.size_y) == (64.0, 32.0)
    assert detection.results[0].hypothesis.class_id == "the red blorp"
    assert detection.results[0].hypothesis.score == pytest.approx(found.score)


def test_the_reasoner_s_explanation_goes_with_its_answer_as_far_as_the_page(
    types: MessageTypes,
) -> None:
    picture = red_block()
    picture[32:64, 8:40] = (255, 0, 0)  # beside the block that is there, whose left edge is at 64
    with Bench(types, segmenter=SegmenterConfig(reasoner=True)) as bench:
        for text in ("the right red block", "the red block"):
            bench.ask(text)
            bench.show(bench.image(picture))

    placed, bare = bench.transport.of("objects")
    assert [found.x for found in placed.objects] == [64]
    assert placed.explanation.startswith("block 2: ")
    assert "; at the right, " in placed.explanation
    assert answer_of_message(placed, (192, 96)).explanation == placed.explanation
    assert bare.explanation == ""


def test_headers_are_those_of_the_image(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(bench.image(stamp_ns=NOW_NS - 123_456_789))

    headers = [message.header for _, message in bench.transport.sent]
    headers.append(bench.transport.of("detections")[0].detections[0].header)
    assert len(headers) == len(OUTPUTS) + 1
    assert all(header == bench.header(NOW_NS - 123_456_789) for header in headers)


def test_every_stage_has_its_time(types: MessageTypes) -> None:
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image())
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        bench.clock.now_s += 0.25
        backend.go_on.release()
        bench.settle()

    latency = bench.transport.of("objects")[0].latency
    assert latency.total == pytest.approx(250.0)
    assert latency.wait + latency.decode + latency.convert == pytest.approx(0.0)
    assert min(latency.preprocess, latency.encoder, latency.head, latency.postprocess) > 0.0


class SureBackend(RednessBackend):
    """Says itself that what is asked for is in view, so that nobody else looks at the whole."""

    def respond(self, image: Tensors, expressions: Sequence[Tensors]) -> Tensors:
        return super().respond(image, expressions) | {
            "presence": np.full(len(expressions), 8.0, np.float32)
        }


@pytest.mark.parametrize(("received", "drawn_ms"), [(OUTPUTS, 500.0), (["objects", "mask"], 0.0)])
def test_a_response_map_is_postprocessing_and_drawn_only_where_it_is_received(
    types: MessageTypes,
    monkeypatch: pytest.MonkeyPatch,
    received: list[str],
    drawn_ms: float,
) -> None:
    within = Response.within
    with Bench(types, SureBackend()) as bench:

        def slowly(self: Response, box: Box) -> Float32Array:
            if box == (0, 0, 192, 96):  # all of the image, not where something is found
                bench.clock.now_s += 0.5
            return within(self, box)

        monkeypatch.setattr(Response, "within", slowly)
        monkeypatch.setattr(bench.transport, "listeners", lambda key: int(key in received))
        bench.ask("the red block")
        bench.show(bench.image())

    latency = bench.transport.of("objects")[0].latency
    assert latency.convert == 0.0
    assert latency.total == drawn_ms
    assert drawn_ms <= latency.postprocess < drawn_ms + 500.0


def test_nothing_found_is_published_without_a_centroid(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(bench.image(np.zeros((96, 192, 3), np.uint8)))

    assert [key for key, _ in bench.transport.sent] == [
        key for key in OUTPUTS if key != "centroid"
    ]
    assert not array_of(bench.transport.of("mask")[0], "u1").any()
    assert list(bench.transport.of("detections")[0].detections) == []
    result = bench.transport.of("objects")[0]
    assert (result.status, list(result.objects)) == (type(result).NOT_FOUND, [])


def test_several_that_fit_are_published_without_a_centroid(types: MessageTypes) -> None:
    picture = red_block()
    picture[32:64, 144:192] = (255, 0, 0)
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(bench.image(picture))

    result = bench.transport.of("objects")[0]
    assert (result.status, len(result.objects)) == (type(result).AMBIGUOUS, 2)
    assert len(bench.transport.of("detections")[0].detections) == 2
    assert bench.transport.of("centroid") == []


def test_the_overlay_can_be_switched_off(types: MessageTypes) -> None:
    with Bench(types, overlay=False) as bench:
        bench.ask("the red block")
        bench.show(bench.image())

    assert bench.transport.of("overlay") == []
    assert len(bench.transport.of("mask")) == 1


def test_a_slow_network_answers_the_newest_frame_only(types: MessageTypes) -> None:
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image(stamp_ns=NOW_NS + 1))
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        for turn in range(2, 6):
            bench.behaviour.on_image(bench.image(stamp_ns=NOW_NS + turn))
        backend.go_on.release(2)
        bench.settle()

    stamps = [result.header.stamp.nanosec for result in bench.transport.of("objects")]
    assert stamps == [1, 5]
    assert bench.count("replaced") == 3


def test_a_result_names_the_query_that_it_was_computed_for(types: MessageTypes) -> None:
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image())
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        bench.ask("pick up the block")
        bench.behaviour.on_image(bench.image())
        backend.go_on.release(2)
        bench.settle()

    results = bench.transport.of("objects")
    assert [(result.query_id, result.query) for result in results] == [
        (1, "the red block"),
        (2, "pick up the block"),
    ]
    assert [result.expression for result in results] == ["the red block", "the block"]


def test_the_frame_that_waits_when_a_query_comes_is_answered_with_it(
    types: MessageTypes,
) -> None:
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image(stamp_ns=NOW_NS + 1))
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        bench.behaviour.on_image(bench.image(stamp_ns=NOW_NS + 2))
        bench.ask("the block")
        backend.go_on.release(2)
        bench.settle()

    results = bench.transport.of("objects")
    assert [(result.header.stamp.nanosec, result.query_id) for result in results] == [
        (1, 1),
        (2, 2),
    ]


@pytest.mark.parametrize(
    ("text", "centroids"), [("the block", 0), ("the red block", 1)], ids=["other", "same words"]
)
def test_a_result_of_a_replaced_query_has_no_centroid(
    types: MessageTypes, text: str, centroids: int
) -> None:
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image())
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        bench.ask(text)
        backend.go_on.release()
        bench.settle()

    sent = [key for key, _ in bench.transport.sent]
    assert [key for key in sent if key != "centroid"] == [
        key for key in OUTPUTS if key != "centroid"
    ]
    assert bench.transport.of("objects")[0].query_id == 1
    assert len(bench.transport.of("centroid")) == centroids


@pytest.mark.parametrize("text", ["the block", ""])
def test_a_query_that_comes_while_a_result_is_sent_keeps_its_centroid_back(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with Bench(types) as bench:
        publish = bench.transport.publish

        def publish_and_ask(key: str, message: object) -> None:
            publish(key, message)
            if key == "objects":
                bench.ask(text)

        monkeypatch.setattr(bench.transport, "publish", publish_and_ask)
        bench.ask("the red block")
        bench.show(bench.image())

    assert len(bench.transport.of("mask")) == 1
    assert bench.transport.of("centroid") == []


@pytest.mark.parametrize("text", ["", "  \t\n"])
def test_an_empty_query_clears_it_and_discards_the_result_in_work(
    types: MessageTypes, text: str
) -> None:
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image())
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        bench.behaviour.on_image(bench.image())
        bench.ask(text)
        backend.go_on.release()
        bench.behaviour.on_image(bench.image())
        bench.settle()

        assert bench.transport.sent == []
        assert bench.count("discarded") == 2
        assert bench.tick().message == "no query; send one on /textseg/query"


def test_a_query_after_a_cleared_one_is_answered(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.ask("")
        bench.ask("the block")
        bench.show(bench.image())

    assert [result.query_id for result in bench.transport.of("objects")] == [3]


def test_a_query_before_the_first_image_waits_and_says_so(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        waiting = "query 1 'the red block' waits for the first image on /textseg/image or"
        assert bench.transport.lines[-1][1].startswith(waiting)
        assert bench.tick().message.startswith(waiting)
        bench.show(bench.image())

    assert len(bench.transport.of("objects")) == 1


def test_a_query_after_a_last_frame_is_answered_with_the_next(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.show(bench.image(stamp_ns=NOW_NS + 1))
        bench.ask("the red block")
        assert bench.transport.sent == []
        bench.show(bench.image(stamp_ns=NOW_NS + 2))

    stamps = [result.header.stamp.nanosec for result in bench.transport.of("objects")]
    assert stamps == [2]


def test_compressed_images_are_answered(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.behaviour.on_compressed(bench.compressed(png(red_block())))
        bench.settle()

    assert bench.transport.of("centroid")[0].point.x == pytest.approx(95.5, abs=0.5)


@pytest.mark.parametrize("raw_is_newer", [True, False])
def test_of_raw_and_compressed_the_newer_one_is_answered(
    types: MessageTypes, raw_is_newer: bool
) -> None:
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image())
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        raw = bench.image(stamp_ns=NOW_NS + 1)
        compressed = bench.compressed(png(red_block()), NOW_NS + 2)
        if raw_is_newer:
            bench.behaviour.on_compressed(compressed)
            bench.behaviour.on_image(raw)
        else:
            bench.behaviour.on_image(raw)
            bench.behaviour.on_compressed(compressed)
        backend.go_on.release(2)
        bench.settle()

    last = bench.transport.of("objects")[-1]
    assert last.header.stamp.nanosec == (1 if raw_is_newer else 2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"height": 97}, "truncated data"),
        ({"height": 95}, "oversized data"),
        ({"step": 100}, "step is 100 bytes"),
        ({"width": 0, "step": 0}, "0 x 96 pixels"),
        ({"height": 10**6, "width": 10**6}, "pixels; at most"),
        ({"encoding": "16UC1"}, "encoding '16UC1' is not accepted; .* rgb8, bgr8"),
    ],
)
def test_a_bad_image_is_refused_once_a_period_and_the_next_is_answered(
    types: MessageTypes, fields: dict[str, Any], message: str
) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(*[bench.image(**fields) for _ in range(4)], bench.image())

        (line,) = bench.transport.troubles()
        assert line.startswith("image on /textseg/image refused: ")
        assert re.search(message, line)
        assert len(bench.transport.of("objects")) == 1
        assert bench.diagnostic("error: image refused").startswith("4 x, last: ")
        assert bench.diagnostic("frames refused") == "4"
        bench.clock.now_s += 5.0
        bench.show(bench.image(**fields))
        assert bench.transport.troubles()[1].endswith("(3 more like this since the last message)")


@pytest.mark.parametrize(
    ("data", "format_text", "message"),
    [
        (png(red_block())[:60], "png", "broken or truncated"),
        (b"\xff\xd8\xff rubbish", "jpeg", "broken or truncated"),
        (b"", "jpeg", "no data"),
        (png(np.zeros((200, 200), np.uint8)), "png", "at most 20000 are accepted"),
        (png(red_block()), "compressedDepth", "holds depth"),
    ],
)
def test_a_bad_compressed_image_is_refused_once_and_the_next_is_answered(
    types: MessageTypes, data: bytes, format_text: str, message: str
) -> None:
    with Bench(types, max_image_px=20_000) as bench:
        bench.ask("the red block")
        for _ in range(3):
            bench.behaviour.on_compressed(bench.compressed(data, format_text=format_text))
            bench.settle()
        bench.behaviour.on_compressed(bench.compressed(png(red_block())))
        bench.settle()

        (line,) = bench.transport.troubles()
        assert line.startswith("image on /textseg/image/compressed refused: ")
        assert message in line
        assert len(bench.transport.of("objects")) == 1
        assert bench.diagnostic("error: compressed refused").startswith("3 x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mug " * 2_500_000, "at least 10000000 bytes long; at most 4096"),
        ("é" * 2049, "4098 bytes long; at most 4096"),
        ("the \x00 mug", "holds control character U+0000: 'the \\x00 mug'"),
        ("the \x1b[31m mug", "holds control character U+001B"),
        ("the \ufffd\ufffd mug", "not valid UTF-8"),
        ("the \udcff mug", "not valid UTF-8"),
        ("pick up", "names nothing to segment: 'pick up'"),
    ],
)
def test_a_bad_query_is_refused_once_and_the_old_one_stays(
    rosbags_types: MessageTypes, text: str, message: str
) -> None:
    with Bench(rosbags_types) as bench:
        bench.ask("the red block")
        for _ in range(3):
            bench.ask(text)
        bench.show(bench.image())

        (line,) = bench.transport.troubles()
        assert line.startswith("query refused: ")
        assert message in line
        assert line.endswith("; query 1 'the red block' stays")
        assert len(line) < 250
        assert bench.transport.of("objects")[0].query == "the red block"
        assert bench.diagnostic("warning: query refused").startswith("3 x")


def test_a_query_in_another_script_is_accepted(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("die rote Schüssel 赤い箱")
        bench.show(bench.image())

    assert bench.transport.of("objects")[0].query == "die rote Schüssel 赤い箱"


def test_words_that_the_network_does_not_read_are_told(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block the red block the red block")
        bench.show(bench.image(), bench.image())

    (line,) = bench.transport.troubles()
    assert line == "query 1 is longer than the network reads; left out: 'block'"


def test_a_message_that_cannot_be_read_is_told_once(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        for _ in range(3):
            bench.behaviour.on_input_error("query", "'utf-8' codec can't decode byte 0xff")
        bench.show(bench.image())

        assert bench.transport.troubles() == [
            "message on /textseg/query refused: 'utf-8' codec can't decode byte 0xff"
        ]
        assert len(bench.transport.of("objects")) == 1


def _spoil(value: float) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def spoil(answer: dict[str, Any]) -> dict[str, Any]:
        answer["logits"][0, 0, 3, 3] = value
        return answer

    return spoil


def _fail(answer: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError("engine lost")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (_spoil(np.nan), "NaN or infinity"),
        (_spoil(np.inf), "NaN or infinity"),
        (_fail, "RuntimeError: engine lost"),
    ],
)
def test_a_network_at_fault_is_never_published_and_the_next_frame_is_answered(
    types: MessageTypes, fault: Callable[[dict[str, Any]], dict[str, Any]], message: str
) -> None:
    backend = FaultyBackend(fault)
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.show(bench.image(), bench.image())
        assert bench.transport.sent == []
        backend.fault = None
        bench.show(bench.image())

        (line,) = bench.transport.troubles()
        assert line.startswith("frame not answered for query 1 'the red block': ")
        assert message in line
        assert len(bench.transport.of("objects")) == 1
        assert bench.diagnostic("error: frame not answered").startswith("2 x")
        assert bench.tick().level == type(bench.tick()).ERROR


def _no_memory(*_: object) -> Any:
    raise MemoryError("Unable to allocate 8 GiB")


def test_a_query_that_cannot_be_answered_does_not_cost_the_others_theirs(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    observe = Conversations.observe

    def observe_all_but_the_first(self: Conversations, *values: Any) -> Any:
        return _no_memory() if values[1].id == 1 else observe(self, *values)

    monkeypatch.setattr(Conversations, "observe", observe_all_but_the_first)
    with Bench(types) as bench:
        bench.ask("the block")
        message_class = types.get("textseg_ros/msg/StandingQuery")
        bench.behaviour.on_standing_query(
            message_class(key="tool", text="the red block", priority=0, lifetime_s=0.0)
        )
        bench.show(bench.image())

    assert [result.query_id for result in bench.transport.of("objects")] == [2]
    (line,) = bench.transport.troubles()
    assert line.startswith("frame not answered for query 1 'the block': MemoryError: ")
    assert bench.count("failed") == 1


def test_an_image_that_breaks_its_decoder_costs_the_frame_only(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        with monkeypatch.context() as patch:
            patch.setitem(answering._DECODERS, "image", _no_memory)
            bench.show(bench.image())
        bench.show(bench.image())

    (line,) = bench.transport.troubles()
    assert line.endswith("MemoryError: Unable to allocate 8 GiB")
    assert bench.count("failed") == 1
    assert len(bench.transport.of("objects")) == 1


def test_the_worker_outlives_a_fault_outside_a_frame(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        with monkeypatch.context() as patch:
            patch.setattr(answering.Answerer, "answer", _no_memory)
            bench.behaviour.on_image(bench.image())
            until(lambda: bool(bench.transport.troubles()))
        bench.behaviour.on_image(bench.image())
        until(lambda: bool(bench.transport.of("objects")))

    assert bench.transport.troubles() == ["frame lost: MemoryError: Unable to allocate 8 GiB"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_has_ended_is_an_error_in_the_diagnostics(types: MessageTypes) -> None:
    def end_the_thread(answer: dict[str, Any]) -> dict[str, Any]:
        raise SystemExit

    with Bench(types, FaultyBackend(end_the_thread)) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image())
        until(lambda: "the thread that answers has ended" in bench.tick().message)

        assert bench.tick().level == type(bench.tick()).ERROR


def test_a_log_that_fails_ends_nothing(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(RecordingTransport, "log", _no_memory)
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(bench.image(encoding="32FC1"), bench.image())

        assert len(bench.transport.of("objects")) == 1
        assert bench.tick().level == type(bench.tick()).ERROR
    assert "error: image on /textseg/image refused" in capsys.readouterr().err


def test_a_topic_that_fails_does_not_keep_back_the_others(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Bench(types) as bench:
        publish = bench.transport.publish

        def fail_on_two(key: str, message: object) -> None:
            if key in ("objects", "mask"):
                raise RuntimeError("out of resources")
            publish(key, message)

        monkeypatch.setattr(bench.transport, "publish", fail_on_two)
        bench.ask("the red block")
        bench.show(bench.image())

    sent = [key for key, _ in bench.transport.sent]
    assert sent == [key for key in OUTPUTS if key not in ("objects", "mask", "latency")]
    assert bench.transport.troubles() == [
        "result for query 1 'the red block' not sent on objects, mask: "
        "RuntimeError: out of resources"
    ]
    assert (bench.count("failed"), bench.count("answered")) == (1, 0)


def test_remarks_on_metadata_stay_off_stderr(
    types: MessageTypes, recwarn: pytest.WarningsRecorder
) -> None:
    """The EXIF promises five entries and ends within the first."""
    stream = io.BytesIO()
    damaged = b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12"
    Image.fromarray(red_block()).save(stream, "jpeg", exif=damaged)
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.behaviour.on_compressed(bench.compressed(stream.getvalue(), format_text="jpeg"))
        bench.settle()

    assert len(bench.transport.of("objects")) == 1
    assert [str(warning.message) for warning in recwarn] == []


def test_a_look_at_the_graph_that_fails_costs_neither_node_nor_diagnostics(
    types: MessageTypes,
) -> None:
    with Bench(types) as bench:
        bench.behaviour.on_tick(_no_memory)

        (line,) = bench.transport.troubles()
        assert line.startswith("the look at the graph failed, the next second tries again: ")
        assert bench.transport.of("diagnostics")[-1].status[0].message == line


def test_diagnostics_that_fail_are_told_and_come_with_the_next_tick(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Bench(types) as bench:
        with monkeypatch.context() as patch:
            patch.setattr(bench.transport, "publish", _no_memory)
            bench.behaviour.on_tick()
        (line,) = bench.transport.troubles()

        assert line.endswith("MemoryError: Unable to allocate 8 GiB")
        assert bench.tick().message == line


def test_a_transport_that_fails_costs_the_frame_only(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.transport.broken = True
        bench.show(bench.image())
        bench.transport.broken = False
        bench.show(bench.image())

    assert "the network is down" in bench.transport.troubles()[0]
    assert len(bench.transport.of("objects")) == 1


def test_no_camera_is_warned_of_once_a_period(types: MessageTypes) -> None:
    with Bench(types, camera_timeout_s=10.0) as bench:
        bench.ask("the red block")
        bench.clock.now_s += 9.5
        assert bench.tick().level == type(bench.tick()).OK
        bench.clock.now_s += 1.0
        status = bench.tick()
        bench.tick()

        (line,) = bench.transport.troubles()
        assert line.startswith(
            "no image on /textseg/image or /textseg/image/compressed for 10 s; check"
        )
        assert (status.level, status.message) == (type(status).WARN, line)


def test_a_camera_that_falls_silent_and_comes_back_is_answered(types: MessageTypes) -> None:
    with Bench(types, camera_timeout_s=10.0, log_period_s=5.0) as bench:
        bench.ask("the red block")
        bench.show(bench.image())
        bench.clock.now_s += 30.0
        assert "for 30 s" in bench.tick().message
        bench.show(bench.image())
        bench.clock.now_s += 5.0
        assert bench.tick().level == type(bench.tick()).OK

    assert len(bench.transport.of("objects")) == 2


@pytest.mark.parametrize(
    ("stamps_ns", "message"),
    [
        ([0, 0], "is zero"),
        ([NOW_NS, NOW_NS - 2 * SECOND_NS], "went back by 2.000 s"),
        ([NOW_NS + 3 * SECOND_NS, NOW_NS + 3 * SECOND_NS], "is 3.000 s in the future"),
    ],
)
def test_a_stamp_of_no_use_is_warned_of_once_and_age_counts_from_arrival(
    types: MessageTypes, stamps_ns: list[int], message: str
) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(*[bench.image(stamp_ns=stamp) for stamp in stamps_ns])

        (line,) = bench.transport.troubles()
        assert line.startswith(f"stamp of an image on /textseg/image {message};")
        assert [result.stale for result in bench.transport.of("objects")] == [False, False]
        assert len(bench.transport.of("centroid")) == 2
        assert "x, last: stamp of an image" in bench.diagnostic("warning: stamp of image")
        assert bench.diagnostic("age s") == "0.000"


def test_a_clock_slightly_ahead_is_no_fault(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(bench.image(stamp_ns=NOW_NS + SECOND_NS // 20))

    assert bench.transport.troubles() == []


def test_an_old_result_is_stale_and_gives_no_centroid(types: MessageTypes) -> None:
    with Bench(types, max_age_s=1.0) as bench:
        bench.ask("the red block")
        bench.show(
            bench.image(stamp_ns=NOW_NS - SECOND_NS * 3 // 2),
            bench.image(stamp_ns=NOW_NS - SECOND_NS),
        )

    assert [result.stale for result in bench.transport.of("objects")] == [True, False]
    assert [point.header.stamp.sec for point in bench.transport.of("centroid")] == [999]
    assert len(bench.transport.of("mask")) == 2
    (line,) = bench.transport.troubles()
    assert line.startswith("result is stale: its image is 1.50 s old, max_age_s is 1.0")


def test_without_a_useful_stamp_a_slow_result_is_stale_by_its_arrival(
    types: MessageTypes,
) -> None:
    backend = GatedBackend()
    with Bench(types, backend, max_age_s=1.0) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image(stamp_ns=0))
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        bench.clock.now_s += 1.5
        backend.go_on.release()
        bench.settle()

    assert bench.transport.of("objects")[0].stale is True
    assert bench.transport.of("centroid") == []


def test_a_clock_set_back_during_the_work_makes_no_old_image_fresh(types: MessageTypes) -> None:
    backend = GatedBackend()
    with Bench(types, backend, max_age_s=1.0) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image())
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        bench.clock.now_s += 1.5
        bench.transport.ros_time_ns -= 60 * SECOND_NS
        backend.go_on.release()
        bench.settle()

    assert bench.transport.of("objects")[0].stale is True
    assert bench.transport.of("centroid") == []


def test_one_stamp_in_the_future_does_not_lose_the_track(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(bench.image(), bench.image(stamp_ns=NOW_NS + SECOND_NS * 3 // 20))
        bench.transport.ros_time_ns += SECOND_NS // 5
        bench.show(bench.image(stamp_ns=NOW_NS + SECOND_NS // 5))

    results = bench.transport.of("objects")
    assert [result.objects[0].track_id for result in results] == [1, 1, 1]


def test_size_and_encoding_may_change_from_frame_to_frame(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        small = bench.image(np.zeros((60, 40, 1), np.uint8), encoding="mono8", step=40)
        bench.show(bench.image(), small, bench.image(red_block(200, 150)))

    masks = bench.transport.of("mask")
    assert [(mask.height, mask.width) for mask in masks] == [
        (96, 192),
        (60, 40),
        (200, 150),
    ]
    assert bench.transport.troubles() == []


def test_a_second_node_of_the_name_is_warned_of_once_a_period(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.behaviour.on_peers(["/camera", "/other/segmenter"], {"image": 1})
        assert bench.transport.troubles() == []
        for _ in range(3):
            bench.behaviour.on_peers(["/camera", "/textseg/segmenter"], {"image": 1})

        (line,) = bench.transport.troubles()
        assert line.startswith("another node is named /textseg/segmenter")
        assert bench.tick().message == line


def test_several_publishers_are_warned_of_once_a_period(types: MessageTypes) -> None:
    with Bench(types) as bench:
        for _ in range(3):
            bench.behaviour.on_peers([], {"image": 2, "query": 3, "compressed": 1})

    assert bench.transport.troubles() == [
        "2 publishers on /textseg/image, their frames mix; "
        "`ros2 topic info -v /textseg/image` names them",
        "3 publishers on /textseg/query, the newest query counts; "
        "`ros2 topic info -v /textseg/query` names them",
    ]


def test_another_node_on_the_outputs_is_warned_of_once_a_period(types: MessageTypes) -> None:
    with Bench(types) as bench:
        for _ in range(3):
            bench.behaviour.on_peers(
                ["/other"], {"mask": 2, "centroid": 3, "objects": 1, "diagnostics": 9}
            )

    assert bench.transport.troubles() == [
        "another node publishes on /textseg/mask, /textseg/centroid too, and readers cannot tell "
        "the results apart; stop it, or start it with another namespace; "
        "`ros2 topic info -v /textseg/mask` names it"
    ]


def test_diagnostics_tell_what_was_done(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.tick()
        bench.show(*[bench.image() for _ in range(8)])
        bench.clock.now_s += 2.0
        values = bench.diagnostics()
        status = bench.transport.of("diagnostics")[-1].status[0]
        bench.clock.now_s += 2.0
        assert bench.diagnostic("fps in") == "0.0"

    assert status.level == type(status).OK
    assert status.name == "textseg/segmenter: segmentation"
    assert status.message == "answering query 1 'the red block'"
    assert (values["fps in"], values["fps out"]) == ("4.0", "4.0")
    assert (values["frames received"], values["frames answered"]) == ("8", "8")
    assert (values["query id"], values["query"]) == ("1", "the red block")
    assert (values["backend"], values["age s"]) == ("backend redness on cpu in fp32", "0.000")
    assert float(values["head ms"]) >= 0.0
    header = bench.transport.of("diagnostics")[-1].header
    assert header.stamp.sec == NOW_NS // SECOND_NS


@pytest.mark.parametrize("log_period_s", [0.0, 0.5, 60.0])
def test_diagnostics_show_an_error_for_five_seconds_whatever_the_log_period(
    types: MessageTypes, log_period_s: float
) -> None:
    with Bench(types, log_period_s=log_period_s) as bench:
        bench.ask("the red block")
        bench.show(bench.image(encoding="32FC1"))
        bench.clock.now_s += 3.0
        assert bench.tick().level == type(bench.tick()).ERROR
        bench.clock.now_s += 2.0
        assert bench.tick().level == type(bench.tick()).OK
        assert bench.diagnostic("error: image refused").startswith("1 x")


def test_close_may_be_called_twice_and_ends_the_worker(types: MessageTypes) -> None:
    bench = Bench(types)
    bench.behaviour.close()
    with Bench(types) as bench:
        bench.behaviour.close()
        bench.behaviour.close()
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image())

    assert bench.transport.sent == []


def test_a_frame_in_work_when_the_node_closes_is_not_published(types: MessageTypes) -> None:
    backend = GatedBackend()
    with Bench(types, backend) as bench:
        bench.ask("the red block")
        bench.behaviour.on_image(bench.image())
        assert backend.begun.acquire(timeout=TIMEOUT_S)
        closing = threading.Thread(target=bench.behaviour.close)
        closing.start()
        until(lambda: not bench.behaviour.is_open)
        backend.go_on.release()
        closing.join(TIMEOUT_S)

    assert bench.transport.sent == []
    assert bench.count("discarded") == 1


def test_a_look_for_listeners_during_the_end_subscribes_to_nothing_after_it(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Bench(types) as bench:
        closing = threading.Thread(target=bench.behaviour.close)
        queries = QueryBook.queries

        def close_meanwhile(self: QueryBook) -> Any:
            if not closing.ident:
                closing.start()
                closing.join(0.3)
            return queries(self)

        monkeypatch.setattr(QueryBook, "queries", close_meanwhile)
        bench.ask("the red block")
        closing.join(TIMEOUT_S)

    assert bench.transport.watched in ([], [("", True), ("", False)])


def test_what_is_free_goes_back_to_the_system_every_20_seconds(
    types: MessageTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []
    with Bench(types) as bench:
        monkeypatch.setattr(
            behaviour, "give_unused_memory_back", lambda: given.append(bench.clock.now_s)
        )
        began_s = bench.clock.now_s
        for _ in range(45):
            bench.clock.now_s += 1.0
            bench.tick()

    assert given == [began_s + 20.0, began_s + 40.0]
