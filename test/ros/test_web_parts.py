"""The page's parts alone: who is let in, what may be said, media, and answers put together."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from recording import RednessBackend, make_segmenter, until
from web_board import Kept, two_blocks

from textseg_ros.benchmark.web import moving_pictures, write_video
from textseg_ros.demo.frames import Frame
from textseg_ros.web.access import Access, is_loopback
from textseg_ros.web.assembling import PATIENCE_S, Assembler, answer_of
from textseg_ros.web.command import choose_link, main
from textseg_ros.web.encoding import LONGEST_PX, packed, picture_jpeg, response_png, unpacked
from textseg_ros.web.link import OnFault, OnMessage, Place, Sight
from textseg_ros.web.media import Folder, Video, Webcam, rgb_of
from textseg_ros.web.node_source import SILENCE_S, NodeSource
from textseg_ros.web.own_source import OwnSource
from textseg_ros.web.requests import Ask, Click, Pause, Shown, Step, Want, read_request


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten pictures at 50 a second, red in the left half, then in the right."""
    path = tmp_path_factory.mktemp("film") / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 50.0, (192, 96))
    for index in range(10):
        picture = two_blocks(32, 32) if index < 5 else two_blocks(128, 128)
        writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("[::1]", True),
        ("localhost", True), ("LOCALHOST", True), ("0.0.0.0", False), ("::", False),
        ("192.168.1.4", False), ("localhost.evil.example", False), ("", False),
    ],
)  # fmt: skip
def test_only_addresses_of_this_machine_are_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local
    assert bool(Access(host).token) is not local


def test_each_start_has_another_token() -> None:
    tokens = {Access("0.0.0.0").token for _ in range(20)}

    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 32


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ('{"type": "ask", "text": "the mug"}', Ask("the mug")),
        ('{"type": "click", "u": 1.5, "v": 2}', Click(1.5, 2.0)),
        ('{"type": "want", "parts": ["mask"]}', Want(frozenset({"mask"}))),
        ('{"type": "shown", "what": "picture"}', Shown("picture")),
        ('{"type": "step", "by": -1}', Step(-1)),
        ('{"type": "pause", "on": true}', Pause(True)),
    ],
)
def test_what_the_page_says_is_read(text: str, request_: object) -> None:
    assert read_request(text) == request_


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[1]", "an object"),
        ("{}", "type must be"),
        ('{"type": "ask"}', "text must be of type str"),
        ('{"type": "click", "u": NaN, "v": 1}', "u must be a finite number"),
        ('{"type": "click", "u": true, "v": 1}', "u must be a finite number"),
        ('{"type": "want", "parts": ["mask", {}]}', "parts must be among"),
        ('{"type": "shown", "what": "film"}', "what must be"),
        ('{"type": "step", "by": 7}', "by must be -1 or 1"),
        ('{"type": "pause", "on": 1}', "on must be of type bool"),
    ],
)
def test_what_the_page_never_says_is_refused_with_the_reason(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_request(text)


def test_a_message_of_parts_is_read_as_it_was_written() -> None:
    message = packed({"type": "answer"}, {"mask": b"\x00\x01", "response": b""})

    head, parts = unpacked(message)

    assert head == {"type": "answer", "parts": {"mask": 2, "response": 0}}
    assert parts == {"mask": b"\x00\x01", "response": b""}
    for cut in (b"", message[:3], message[:10], message[:-1], message + b"x"):
        with pytest.raises(ValueError, match="expected"):
            unpacked(cut)


def test_large_pictures_and_responses_are_made_smaller() -> None:
    jpeg = picture_jpeg(np.zeros((1000, 2560, 3), np.uint8))
    png = response_png(np.full((320, 640), 0.5, np.float32))

    decode = cv2.imdecode
    assert decode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (500, LONGEST_PX, 3)
    response = decode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert response.shape == (80, 160)
    assert set(np.unique(response)) == {128}


def message(stamp: int) -> Any:
    return SimpleNamespace(header=SimpleNamespace(stamp=SimpleNamespace(sec=stamp, nanosec=0)))


def test_an_answer_waits_for_its_mask_and_leaves_older_ones_behind() -> None:
    assembler = Assembler()
    assembler.want(frozenset({"mask_compressed"}))
    first, second, mask = message(1), message(2), message(2)

    assert assembler.take("objects", first, 0.0) is None
    assert assembler.take("objects", second, 0.1) is None
    assert assembler.take("mask_compressed", mask, 0.2) == {
        "objects": second,
        "mask_compressed": mask,
    }
    assert assembler.take("mask_compressed", message(1), 0.3) is None


def test_an_answer_whose_mask_is_lost_is_shown_without_it() -> None:
    assembler = Assembler()
    assembler.want(frozenset({"mask_compressed"}))
    first = message(1)

    assert assembler.take("objects", first, 0.0) is None
    assert assembler.take("objects", message(2), PATIENCE_S + 0.1) == {"objects": first}


def test_what_is_not_looked_at_is_not_waited_for() -> None:
    assembler = Assembler()
    answer = message(1)

    assert assembler.take("response", message(1), 0.0) is None
    assert assembler.take("objects", answer, 0.0) == {"objects": answer}


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_a_mask_that_is_no_png_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="the mask is no PNG"):
        answer_of({"objects": message(1), "mask_compressed": SimpleNamespace(data=data)})


class SilentNode:
    """A link to a node that is in the graph; what it sends, the test sends."""

    def __call__(self, place: Place, on_message: OnMessage, _: OnFault) -> "SilentNode":
        self.place, self.send = place, on_message
        return self

    def look(self) -> Sight:
        return Sight(nodes=(self.place.full_name,))

    def receive(self, keys: frozenset[str]) -> None: ...

    def ask(self, text: str) -> None: ...

    def click(self, u: float, v: float) -> None: ...

    def close(self) -> None: ...

    def send_vitals(self) -> None:
        """Say that all is well."""
        status = SimpleNamespace(
            name=f"{self.place.full_name.strip('/')}: segmentation",
            level=0,
            message="",
            values=(),
        )
        self.send("diagnostics", SimpleNamespace(status=(status,)))

    def send_answer(self, stamp: int) -> None:
        """Say that nothing was found in the picture of that second."""
        stages = ("wait", "decode", "preprocess", "encoder", "text", "head", "postprocess")
        answer = message(stamp)
        answer.__dict__.update(
            query="the mug", expression="the mug", destination="", question="", query_key="",
            explanation="", status=1, destination_status=3, score=0.0, stale=False,
            objects=(), destination_objects=(), unknown_words=(),
            latency=SimpleNamespace(**dict.fromkeys((*stages, "convert", "total"), 0.0)),
        )  # fmt: skip
        self.send("objects", answer)


def test_an_answer_that_comes_when_the_node_is_lost_is_not_shown() -> None:
    kept, node, now_s = Kept(), SilentNode(), [0.0]
    source = NodeSource(Place(), node, lambda: now_s[0])
    source.start(kept)
    node.send_vitals()
    node.send_answer(1)
    assert kept.states[-1].link == "live"
    assert [answer and answer.status for answer in kept.answers] == ["not_found"]

    now_s[0] = SILENCE_S + 0.1
    until(lambda: kept.states[-1].link == "lost")
    node.send_answer(2)
    source.close()

    assert [answer and answer.status for answer in kept.answers] == ["not_found", None]


def test_a_folder_shows_its_pictures_by_name(tmp_path: Path) -> None:
    for name, shade in (("b.png", 2), ("a.PNG", 1)):
        Image.fromarray(np.full((4, 6), shade, np.uint8)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")

    folder = Folder(tmp_path)

    assert [file.name for file in folder.files] == ["a.PNG", "b.png"]
    assert folder.read()[0].tolist() == np.full((4, 6, 3), 1).tolist()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: Folder(path / "none"), "is not a folder"),
        (lambda path: Folder(path), "holds no picture"),
        (lambda path: Video(path / "none.mp4"), "must be a video file"),
        (lambda _: Webcam(97), "camera 97 cannot be opened"),
    ],
)
def test_media_that_cannot_be_shown_say_so(
    tmp_path: Path, make: Callable[[Path], object], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        make(tmp_path)


def test_a_video_goes_on_from_its_beginning_and_at_most_at_30_a_second(film: Path) -> None:
    video = Video(film)

    times = [video.read()[1] for _ in range(12)]

    assert video.period_s == pytest.approx(1 / 30)
    assert times == pytest.approx([index / 30 for index in (*range(10), 0, 1)])


def test_the_film_of_the_benchmark_moves_and_is_of_the_size_that_is_promised(
    tmp_path: Path,
) -> None:
    pictures = moving_pictures()
    write_video(tmp_path / "film.avi")
    first, _ = Video(tmp_path / "film.avi").read()

    assert {picture.shape for picture in pictures} == {(480, 640, 3)}
    # Half of the way to and fro it has swung by 60 pixels.
    assert np.array_equal(pictures[0][:, 60:], pictures[30][:, :-60])
    assert np.abs(first.astype(int) - pictures[0]).mean() < 8.0


def test_bgr_becomes_rgb() -> None:
    blue = np.array([[[255, 0, 0]]], np.uint8)

    assert rgb_of(Frame(blue, "bgr8")).tolist() == [[[0, 0, 255]]]
    assert rgb_of(Frame(blue, "rgb8")).tolist() == [[[255, 0, 0]]]


def test_a_video_is_read_while_somebody_looks_and_stands_still_when_paused(film: Path) -> None:
    kept = Kept()
    source = OwnSource(Video(film), lambda: make_segmenter(RednessBackend()))
    source.start(kept)
    try:
        time.sleep(0.1)
        assert kept.pictures == []
        source.want(frozenset({"picture", "mask"}))
        source.ask("the red block")
        until(lambda: len(kept.found("left")) > 0 and len(kept.found("right")) > 0)
        source.pause(True)
        until(lambda: kept.states[-1].paused)
        most = len(kept.pictures) + 1  # one may have been on its way
        time.sleep(0.25)
        assert len(kept.pictures) <= most
        source.pause(False)
        until(lambda: len(kept.pictures) > most)
    finally:
        source.close()


def test_a_picture_that_cannot_be_read_is_told_and_the_next_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    Image.fromarray(two_blocks(80, 80)).save(tmp_path / "b.png")
    kept = Kept()
    source = OwnSource(Folder(tmp_path), lambda: make_segmenter(RednessBackend()))
    source.start(kept)
    try:
        until(lambda: bool(kept.told))
        assert "a.png is no picture" in kept.told[0]
        assert kept.states[-1].level == "error"
        source.want(frozenset({"picture"}))
        source.ask("the red block")
        source.step(1)
        until(lambda: bool(kept.answers and kept.answers[-1]))
        assert (kept.states[-1].item, kept.states[-1].level) == ("b.png", "info")
    finally:
        source.close()


def test_a_place_names_the_topics_of_its_node_and_camera() -> None:
    plain, other = Place(), Place(namespace="/arm", camera_name="left", camera="/eye/image_raw")

    assert plain.topic("image") == "/textseg/image"
    assert plain.topic("diagnostics") == other.topic("diagnostics") == "/diagnostics"
    assert other.full_name == "/arm/segmenter"
    assert other.topic("query") == "/arm/query"
    assert other.topic("mask_compressed") == "/arm/left/mask/compressed"
    assert other.topic("compressed") == "/eye/image_raw/compressed"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--images", "nowhere"], "is not a folder"),
        (["--video", "nowhere.mp4"], "must be a video file"),
        (["--webcam", "97"], "camera 97"),
        (["--images", ".", "--config", "nowhere.yaml"], "nowhere.yaml"),
        (["--camera", "bad topic"], "got '/textseg/bad topic'"),
        (["--camera", "a//b"], "each after one /"),
        (["--camera-name", "1st"], "none beginning with a digit"),
    ],
)
def test_a_start_that_fails_is_one_line_and_status_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str], kept_signals: None
) -> None:
    assert main([*arguments, "--port", "0"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("textseg web: ")
    assert told in line


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--webcam", "-1"]])
def test_arguments_out_of_range_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2


def test_a_link_that_is_not_installed_names_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(RuntimeError, match=r"source ROS 2's setup\.bash"):
        choose_link("rclpy")
    with pytest.raises(RuntimeError, match=r"pip install 'textseg-ros\[dds,web\]'"):
        choose_link("auto")
