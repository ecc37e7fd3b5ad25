"""What the trials of a running node share: the node as a process, cameras, and who listens."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import cv2

from textseg_core.arrays import UInt8Array
from textseg_ros.benchmark.carrier import Carrier, Peer, Receiver, Sender
from textseg_ros.benchmark.command import complain
from textseg_ros.benchmark.peer import PICTURE
from textseg_ros.demo.frames import Frame, image_message, read_picture
from textseg_ros.rmw_environment import free_domain_id, loopback_environment
from textseg_ros.signals import wait_until

START_TIMEOUT_S = 60.0
MATCH_TIMEOUT_S = 30.0
END_TIMEOUT_S = 20.0
_READY = "waiting for "
_OTHER_SIDE_S = 0.5
"""How much later than this side the other one may know of a match; nothing shows when it does."""
_ASK_EVERY_S = 1.0
SMALL = (320, 240)
"""Width and height; sixty large pictures a second are more than a busy core carries over UDP."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message and when it came, system time in nanoseconds."""

    at_ns: int
    message: Any


class Listener:
    """Keeps what it hears; its methods `take` are callbacks of subscriptions."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    def take(self, message: Any) -> None:
        """Keep a message."""
        self.heard.append(Heard(time.time_ns(), message))


class Camera:
    """Publishes one picture at a rate, in a thread of its own.

    Attributes:
        stamps_ns: Of the frames sent.
        shift_ns: How far the camera's clock is ahead of the system time.

    Args:
        publisher: Of sensor_msgs/Image.
        make: Returns the message of a stamp.
        rate: Frames a second.
    """

    def __init__(self, publisher: Sender, make: Callable[[int], Any], rate: float) -> None:
        self.stamps_ns: list[int] = []
        self.shift_ns = 0
        self._publisher = publisher
        self._make = make
        self._period_s = 1.0 / rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def __enter__(self) -> "Camera":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._stop.is_set():
            stamp_ns = time.time_ns() + self.shift_ns
            self.stamps_ns.append(stamp_ns)
            self._publisher.publish(self._make(stamp_ns))
            # A camera does not catch up on what it has missed.
            due_s = max(due_s + self._period_s, time.monotonic() - self._period_s)
            self._stop.wait(max(0.0, due_s - time.monotonic()))


def small_frame() -> Frame:
    """Return what a camera shows where pictures must not be lost on the way: `PICTURE`, small."""
    whole = read_picture(PICTURE)
    small = cv2.resize(whole.pixels, SMALL, interpolation=cv2.INTER_AREA)
    return Frame(cast(UInt8Array, small), whole.encoding)


def open_camera(
    peer: Peer, topic: str, frame: Frame, rate: float, *, reliable: bool = False
) -> Camera:
    """Return a camera on a topic; it runs while it is entered."""
    publisher = peer.publisher(topic, "sensor_msgs/msg/Image", reliable=reliable, depth=1)
    types = peer.types
    return Camera(publisher, lambda stamp_ns: image_message(types, frame, stamp_ns, topic), rate)


@contextmanager
def running_node(
    environment: Mapping[str, str], command: Sequence[str], stop: threading.Event
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the node as a process of its own, ready when this is entered; Ctrl-C ends it.

    What it wrote to stderr is a complaint, see `complain`.

    Args:
        environment: Added to the process's own.
        command: Of the node.
        stop: Ends the wait for its start.

    Raises:
        RuntimeError: If it does not start, has ended by itself, or does not end with status 0;
            with what it said.
    """
    with tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as errors:
        node = subprocess.Popen(
            command,
            env=os.environ | dict(environment) | {"PYTHONUNBUFFERED": "1"},
            stdout=log,
            stderr=errors,
        )
        try:
            wait_until(
                lambda: _READY in _text(log) or node.poll() is not None, stop, START_TIMEOUT_S
            )
            if _READY not in _text(log):
                raise RuntimeError(f"the node did not start:\n{_told(log, errors)}")
            yield node
            if node.poll() is not None:
                raise RuntimeError(
                    f"the node ended, status {node.returncode}:\n{_told(log, errors)}"
                )
        except BaseException:
            _end(node)
            raise
        if not _end(node):
            raise RuntimeError(
                f"the node runs on {END_TIMEOUT_S:.0f} s after Ctrl-C:\n{_told(log, errors)}"
            )
        if node.returncode:
            raise RuntimeError(
                f"Ctrl-C ended the node with status {node.returncode}, not with 0:\n"
                f"{_told(log, errors)}"
            )
        if told := _text(errors).strip():
            complain(f"the node, which should be quiet, wrote to stderr:\n{told}")


def _end(node: "subprocess.Popen[bytes]") -> bool:
    """Ask a node to end, as Ctrl-C does, and kill it if it does not; return whether it did."""
    try:
        node.send_signal(signal.SIGINT)
        node.wait(END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return False
    finally:
        node.kill()
        node.wait()
    return True


@dataclass(frozen=True, slots=True)
class Trial:
    """A node on trial, and who tries it.

    Attributes:
        node: The node's process.
        peer: Asks it and hears its answers.
        environment: Of both, for further processes.
        carrier: Of their messages.
    """

    node: "subprocess.Popen[bytes]"
    peer: Peer
    environment: Mapping[str, str]
    carrier: Carrier

    def join(self, name: str) -> AbstractContextManager[Peer]:
        """Let one more into the graph, until left."""
        return self.carrier.join(name, self.environment)


@contextmanager
def node_on_trial(
    carrier: Carrier,
    params_file: Path | None,
    settings: Mapping[str, str],
    stop: threading.Event,
    starter: Sequence[str] = (),
) -> Iterator[Trial]:
    """Run the node and somebody beside it in a free domain, ready when this is entered.

    Args:
        carrier: Of their messages.
        params_file: Of the node.
        settings: Single ones after the file.
        stop: Ends the trial before its time.
        starter: What starts the node in place of the carrier's own.

    Raises:
        RuntimeError: If the node does not start, has ended by itself or does not end at Ctrl-C
            with status 0, or a stop has come.
        ValueError: If the environment is wrong.
    """
    environment = loopback_environment(free_domain_id())
    command = carrier.node_command(params_file, settings, starter)
    with (
        carrier.join("trial", environment) as peer,
        running_node(environment, command, stop) as node,
    ):
        yield Trial(node, peer, environment, carrier)
    if stop.is_set():
        raise RuntimeError("stopped before the end")


def find_node(ends: Sequence[Sender | Receiver], stop: threading.Event) -> None:
    """Wait until the node is matched with these endpoints.

    Raises:
        RuntimeError: If it is not in time.
    """
    if not wait_until(lambda: all(end.matched for end in ends), stop, MATCH_TIMEOUT_S):
        raise RuntimeError("the node was not found")
    stop.wait(_OTHER_SIDE_S)


def ask_until(
    ask: Callable[[], object],
    answered: Callable[[], bool],
    stop: threading.Event,
    timeout_s: float = MATCH_TIMEOUT_S,
) -> bool:
    """Ask each second until there is an answer; return whether there is one.

    What is sent before the other side knows of the match is lost.

    Args:
        ask: Sends.
        answered: Whether it was heard.
        stop: Ends the wait.
        timeout_s: When to give up.
    """
    until_s = time.monotonic() + timeout_s
    while not stop.is_set() and (left_s := until_s - time.monotonic()) > 0.0:
        ask()
        if wait_until(answered, stop, min(_ASK_EVERY_S, left_s)):
            return True
    return answered()


def _told(*files: IO[bytes]) -> str:
    return "".join(_text(file) for file in files).strip()


def _text(log: IO[bytes]) -> str:
    """Return what was written so far, without moving where the node writes on."""
    size = os.fstat(log.fileno()).st_size
    return os.pread(log.fileno(), size, 0).decode(errors="replace")
