"""The segmenter as a contestant: its stages, its words, its settings."""

import tracemalloc
from collections import deque
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from textseg_core.benchmark.frames import (
    draw_picture,
    expressions,
    jpeg_camera,
    raw_camera,
    read_picture,
)
from textseg_core.benchmark.ours import (
    Case,
    contestant,
    known_expressions,
    new_expressions,
    parse_variant,
    stages_of,
)
from textseg_core.segmenter import Segmenter

IMAGE = np.zeros((4, 6, 3), np.uint8)


class Recorder:
    """Answers at once and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def segment_many(self, image: Any, texts: list[str]) -> list[Any]:
        self.asked.append(texts)
        shared = {"preprocess": 1e-6, "encoder": 2e-6, "head": 3e-6}
        return [
            SimpleNamespace(timings_ms={**shared, "text": 1e-7, "postprocess": 2e-7})
            for _ in texts
        ]

    def segment(self, image: Any, text: str) -> Any:
        return self.segment_many(image, [text])[0]


def _frames(case: Case, count: int, publish: Any = None) -> tuple[list[Any], list[Any]]:
    recorder = Recorder()
    made = contestant(case, cast(Segmenter, recorder), lambda: IMAGE, new_expressions(), publish)
    return [made.run() for _ in range(count)], recorder.asked


def test_queries_share_the_encoder_and_add_up_their_words_and_masks() -> None:
    (ms,), asked = _frames(Case(variant="v", source="s", queries=3), 1)

    assert len(asked) == 1
    assert ms["encoder"] == pytest.approx(2e-6)
    assert ms["text"] == pytest.approx(3e-7)
    assert ms["postprocess"] == pytest.approx(6e-7)
    assert ms["total"] > ms["decode"] >= 0.0
    assert "publish" not in ms


def test_a_frame_begins_with_the_bytes_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    clock_s = [10.0]
    monkeypatch.setattr("textseg_core.benchmark.ours.time.perf_counter", lambda: clock_s[0])

    def decode() -> Any:
        clock_s[0] += 0.5
        return IMAGE

    case = Case(variant="v", source="s")
    ms = contestant(case, cast(Segmenter, Recorder()), decode, new_expressions()).run()

    assert (ms["decode"], ms["total"]) == (500.0, 500.0)


def test_encoding_for_each_query_pays_the_encoder_every_time() -> None:
    (ms,), asked = _frames(Case(variant="v", source="s", queries=3, encode_once=False), 1)

    assert [len(texts) for texts in asked] == [1, 1, 1]
    assert ms["encoder"] == pytest.approx(6e-6)


def test_every_result_is_published() -> None:
    published: list[Any] = []

    (ms,), _ = _frames(Case(variant="v", source="s", queries=3), 1, published.append)

    assert len(published) == 3
    assert 0.0 < ms["publish"] < ms["total"]


def test_known_words_stay_and_new_words_never_come_again() -> None:
    _, known = _frames(Case(variant="v", source="s", queries=2), 3)
    _, new = _frames(Case(variant="v", source="s", queries=2, new_words=True), 3)

    assert known == [known_expressions(2)] * 3
    flat = [text for texts in new for text in texts]
    assert len(set(flat)) == 6
    assert not set(flat) & set(known_expressions(64))


def test_forty_thousand_expressions_differ() -> None:
    assert len(set(islice(expressions(), 40_000))) == 40_000


def test_expressions_begin_anew_after_the_last_and_none_is_kept() -> None:
    words = expressions()
    first = next(words)
    tracemalloc.start()
    try:
        last = deque(islice(words, 40_000), maxlen=1).pop()
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert last == first
    assert kept_bytes < 20_000  # kept, they would be some 4 MB


def test_a_stage_that_is_not_known_is_an_error_rather_than_lost() -> None:
    result: Any = SimpleNamespace(timings_ms={"preprocess": 1.0, "resize": 2.0})

    with pytest.raises(RuntimeError, match="measures preprocess, resize; the benchmark knows"):
        stages_of([result])


def test_settings_are_read_and_everything_counts_as_found() -> None:
    name, config = parse_variant("fast: threads=2, weights=/somewhere")

    assert name == "fast"
    assert (config.threads, config.weights, config.presence_threshold) == (2, "/somewhere", 0.0)


def test_engines_are_waited_for_so_that_nothing_is_measured_in_their_name() -> None:
    assert parse_variant("ours")[1].wait_for_engines
    assert not parse_variant("meanwhile: wait_for_engines=false")[1].wait_for_engines


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (":threads=1", "must be NAME or NAME:key=value"),
        ("a:speed=1", "expected key=value with a key of .*weights.*, got 'speed=1'"),
        ("a:threads", "expected key=value"),
        ("a:threads=-1", "--ours a: threads must be"),
        ("a:weights=[", r"--ours a: weights has a value that is no YAML: '\['"),
    ],
)
def test_wrong_settings_are_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_variant(text)


def test_more_queries_than_known_expressions_are_refused() -> None:
    with pytest.raises(ValueError, match="queries must be 1 to 64, got 65"):
        Case(variant="v", source="s", queries=65)


def test_a_raw_camera_gives_back_the_picture() -> None:
    picture = draw_picture(32, 24)

    np.testing.assert_array_equal(raw_camera(picture)(), picture)


def test_a_jpeg_camera_gives_back_nearly_the_picture() -> None:
    picture = draw_picture(64, 48)
    picture[:] = (200, 40, 90)

    unpacked = jpeg_camera(picture)()

    assert unpacked.shape == (48, 64, 3)
    assert np.abs(unpacked.astype(int) - picture).max() <= 8


def test_a_file_that_is_no_picture_is_named(tmp_path: Any) -> None:
    path = tmp_path / "words.jpg"
    path.write_text("no picture")

    with pytest.raises(ValueError, match=r"words\.jpg: expected a JPEG or PNG picture"):
        read_picture(path, 8, 8)
    with pytest.raises(ValueError, match=r"absent\.jpg: expected a picture file"):
        read_picture(tmp_path / "absent.jpg", 8, 8)
