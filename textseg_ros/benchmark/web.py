"""Measures what reaches a browser: `python -m textseg_ros.benchmark.web --mode alone`.

A moving camera of 640 x 480 at 30 pictures a second, a query in force, mask and boxes on show, and
a real Chromium without a window that opens the page, all on this machine. `alone` is the page with
the shipped network on a video; `node` is the page, the node and a camera as three processes
over DDS on the loopback interface. Exit status 1 if fewer than 10 pictures a second are painted,
unless other processes used more than a tenth of the cores.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2

from textseg_core.arrays import UInt8Array
from textseg_core.benchmark.machine import QUIET, Usage, Watch
from textseg_ros.benchmark.browser import BROWSERS, find_browser, open_browser
from textseg_ros.benchmark.machine import describe_machine
from textseg_ros.benchmark.peer import PICTURE
from textseg_ros.demo.crew import Crew
from textseg_ros.demo.frames import IMAGE_TYPE, Frame, image_message, read_picture
from textseg_ros.signals import stop_on_signals, wait_until

LEAST_FPS = 10.0
CAMERA_FPS = 30.0
WIDTH, HEIGHT = 640, 480
QUERY = "the blue can"
CAMERA_TOPIC = "/camera/image_raw"
_PAN_PX, _PICTURES = 60, 60
_START_TIMEOUT_S = 90.0
_WARM_UP_S = 3.0
_LOOK_S = 0.25
_COUNTS = "() => { const {shown, answers, total} = document.getElementById('stage').dataset;" \
    " return [shown, answers, total].map(Number); }"  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """What a browser painted.

    Attributes:
        pictures_per_s: Pictures.
        answers_per_s: Answers with their masks.
        latency_ms: What the answers took, as they say themselves, one of each look.
        usage: How busy the cores were meanwhile.
    """

    pictures_per_s: float
    answers_per_s: float
    latency_ms: tuple[float, ...]
    usage: Usage


def moving_pictures() -> list[UInt8Array]:
    """Return a short film, RGB (480, 640, 3), of a camera that swings over a drawn table."""
    picture = read_picture(PICTURE).pixels
    whole = cast(UInt8Array, cv2.resize(picture, (WIDTH + _PAN_PX, HEIGHT)))
    half = _PICTURES // 2
    offsets = [_PAN_PX * min(i, _PICTURES - i) // half for i in range(_PICTURES)]
    return [whole[:, x : x + WIDTH].copy() for x in offsets]


def write_video(path: Path) -> None:
    """Write the film as a video file.

    Raises:
        RuntimeError: If OpenCV cannot.
    """
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), code, CAMERA_FPS, (WIDTH, HEIGHT))
    if not writer.isOpened():
        raise RuntimeError(f"OpenCV cannot write {path}; its build must hold Motion JPEG")
    for picture in moving_pictures():
        writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    writer.release()


@contextmanager
def filming() -> Iterator[None]:
    """Publish the film over and over on `CAMERA_TOPIC`, in the environment's domain."""
    from textseg_ros.dds.participant import Participant
    from textseg_ros.rmw_environment import read_environment

    over = threading.Event()
    film = [Frame(picture, "rgb8") for picture in moving_pictures()]

    def shoot() -> None:
        due_s, count = time.monotonic(), 0
        while not over.is_set():
            frame = film[count % len(film)]
            camera.publish(image_message(eye.types, frame, time.time_ns(), "camera"))
            count += 1
            due_s = max(due_s + 1.0 / CAMERA_FPS, time.monotonic())
            over.wait(due_s - time.monotonic())

    with Participant("camera", "/", read_environment(os.environ, os.getpid())) as eye:
        camera = eye.publisher(CAMERA_TOPIC, IMAGE_TYPE, reliable=False, depth=1)
        thread = threading.Thread(target=shoot, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def measure(url: str, executable: str, seconds: float, stop: threading.Event) -> Figures:
    """Open the page, ask, and count for some seconds what is painted.

    Raises:
        RuntimeError: If no answer comes, or a stop does.
    """
    with open_browser(executable) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        page.wait_for_selector("#source[data-link=live]", timeout=_START_TIMEOUT_S * 1e3)
        page.fill("#text", QUERY)
        page.keyboard.press("Enter")

        def count() -> tuple[float, float, float]:
            shown, answers, total = page.evaluate(_COUNTS)
            return shown, answers, total

        _wait(lambda: count()[1] > 0, stop)
        stop.wait(_WARM_UP_S)
        shown, answers, _ = count()
        watch = Watch()
        started_s = time.perf_counter()
        latency_ms = []
        while (passed_s := time.perf_counter() - started_s) < seconds and not stop.wait(_LOOK_S):
            latency_ms.append(count()[2])
        shown_now, answers_now, _ = count()
        usage = watch.usage()  # while the browser's processes live
    if stop.is_set():
        raise RuntimeError("stopped")
    return Figures(
        (shown_now - shown) / passed_s,
        (answers_now - answers) / passed_s,
        tuple(latency_ms),
        usage,
    )


def _wait(condition: Callable[[], bool], stop: threading.Event) -> None:
    if not wait_until(condition, stop, _START_TIMEOUT_S):
        raise RuntimeError(f"no answer came within {_START_TIMEOUT_S:.0f} s")


def run(mode: str, executable: str, seconds: float, stop: threading.Event) -> Figures:
    """Start the page and what it looks at, measure, and end all.

    Raises:
        RuntimeError: If a process ends, or no answer comes.
    """
    environment: dict[str, Any] = dict(os.environ)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "web.log"
        if mode == "alone":
            write_video(folder / "film.avi")
            return _with_page(
                ["--video", str(folder / "film.avi")], environment, log, executable, seconds, stop
            )
        from textseg_ros.rmw_environment import free_domain_id, loopback_environment

        environment |= loopback_environment(free_domain_id())
        os.environ.update(environment)
        crew = Crew(environment)
        try:
            node = ["--camera", CAMERA_TOPIC]
            crew.start("node", "textseg_ros.dds_node", node, folder / "node.log")
            with filming():
                page = ["--camera", CAMERA_TOPIC, "--transport", "dds"]
                return _with_page(page, environment, log, executable, seconds, stop)
        finally:
            crew.stop()


def _with_page(
    arguments: list[str],
    environment: dict[str, Any],
    log: Path,
    executable: str,
    seconds: float,
    stop: threading.Event,
) -> Figures:
    crew = Crew(environment | {"PYTHONUNBUFFERED": "1"})
    try:
        crew.start("page", "textseg_ros.web.command", [*arguments, "--port", "0"], log)
        wait_until(lambda: "http://" in _text(log) or bool(crew.failed()), stop, _START_TIMEOUT_S)
        words = _text(log).split()
        url = next((word for word in words if word.startswith("http://")), None)
        if url is None:
            raise RuntimeError(f"the page did not start: {_text(log)}")
        return measure(url, executable, seconds, stop)
    finally:
        crew.stop()


def _text(file: Path) -> str:
    return file.read_text(errors="replace") if file.exists() else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit status."""
    stop = stop_on_signals()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mode", choices=("alone", "node"), default="alone")
    parser.add_argument("--seconds", type=float, default=20.0)
    parsed = parser.parse_args(arguments)
    executable = find_browser()
    if executable is None:
        print(
            f"web: none of {', '.join(BROWSERS)} is installed: apt install chromium",
            file=sys.stderr,
        )
        return 1
    try:
        found = run(parsed.mode, executable, parsed.seconds, stop)
    except (RuntimeError, OSError) as error:
        print(f"web: {error}", file=sys.stderr)
        return 0 if stop.is_set() else 1
    print(describe_machine("textseg_ros.benchmark.web"))
    print(f"- cores: {len(os.sched_getaffinity(0))}, for camera, node, page and browser together")
    print(f"- painted in the browser: {found.pictures_per_s:.1f} pictures a second")
    print(f"- and {found.answers_per_s:.1f} answers with their masks a second")
    if found.latency_ms:
        print(f"- an answer took {statistics.median(found.latency_ms):.0f} ms (median)")
    print(f"- {found.usage}")
    if not found.usage.quiet:
        print(f"- not judged: others may use {QUIET:.0%}")
    elif found.pictures_per_s < LEAST_FPS:
        print(f"web: {LEAST_FPS:.0f} pictures a second are asked for", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
