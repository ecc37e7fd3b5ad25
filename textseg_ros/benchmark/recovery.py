"""How soon the node answers again after a fault: `python -m textseg_ros.benchmark.recovery`.

The camera is killed and started again; its clock, and that of the whole machine, jumps by an
hour; between two network namespaces every tenth packet is lost, and for a while all are. Exit
status 1 if a fault keeps fresh answers away for 2 s or more after it is over, or, where packets
are lost all along, at any time. Without root or iproute2 the network's part is left out, with the
reason.
"""

import argparse
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from textseg_ros.benchmark.command import run_trial, trial_parser
from textseg_ros.signals import stop_on_signals, wait_until

LIMIT_S = 2.0
RATE = 10.0
LOSS = 0.1
JUMP_S = 3600
DOMAIN_ID = 7
"""In the namespaces, where nobody else is."""
SIZE = (320, 240)
QUERIES = ("the blue can", "the red mug", "the bottle", "the green box", "the plate", "the cup")
_STEADY_ANSWERS = 5
_BETWEEN_S = 0.5
_TIMEOUT_S = 30.0
_SMALL_PACKETS = (
    "<CycloneDDS><Domain><General><MaxMessageSize>1400B</MaxMessageSize>"
    "<FragmentSize>1300B</FragmentSize></General></Domain></CycloneDDS>"
)
"""One fragment a packet: a lost one is sent again, not ten that travelled with it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault and how long it kept answers away."""

    fault: str
    away_s: float

    @property
    def passed(self) -> bool:
        """Whether it was within the limit."""
        return self.away_s < LIMIT_S

    def line(self) -> str:
        """Return it as a line of a table."""
        return f"| {self.fault} | {self.away_s:.2f} |"


def longest_gap_s(times_ns: Sequence[int], start_ns: int, end_ns: int) -> float:
    """Return the longest time without an event between start and end, seconds."""
    inside = [at for at in times_ns if start_ns <= at <= end_ns]
    moments = [start_ns, *inside, end_ns]
    return max(after - before for before, after in itertools.pairwise(moments)) / 1e9


class Bench:
    """A listener and a user beside a running node.

    Args:
        peer: The participant that they use.
        stop: Ends every wait.
    """

    def __init__(self, peer: Any, stop: threading.Event) -> None:
        from textseg_ros.benchmark.trial import Listener
        from textseg_ros.messages import stamp_ns

        self._peer = peer
        self._stop = stop
        self._stamp_ns = stamp_ns
        self._objects = Listener()
        self._words = peer.publisher("/textseg/query", "std_msgs/msg/String", depth=10)
        self._end = peer.subscription(
            "/textseg/objects", "textseg_ros/msg/Segmentation", self._objects.take
        )

    def settle(self) -> None:
        """Wait until the node answers steadily.

        Raises:
            RuntimeError: If it does not.
        """
        self._expect(lambda: bool(self._words.matched and self._end.matched), "a match")
        self.ask(QUERIES[0])
        before = len(self._objects.heard)
        self._expect(
            lambda: len(self._objects.heard) >= before + _STEADY_ANSWERS, "steady answers"
        )

    def ask(self, text: str) -> int:
        """Send a query; return when."""
        now_ns = time.time_ns()
        self._words.publish(self._peer.types.get("std_msgs/msg/String")(data=text))
        return now_ns

    def away_s(self, since_ns: int, fits: Callable[[Any, int], bool]) -> float:
        """Return how long after a time the first message came that fits.

        Args:
            since_ns: System time.
            fits: Takes a message and the stamp of its image.

        Raises:
            RuntimeError: If none comes.
        """
        found: list[int] = []

        def came() -> bool:
            found[:] = [
                one.at_ns
                for one in tuple(self._objects.heard)
                if one.at_ns >= since_ns and fits(one.message, self._stamp_ns(one.message.header))
            ]
            return bool(found)

        self._expect(came, "an answer after the fault")
        return (found[0] - since_ns) / 1e9

    def gap_s(self, start_ns: int) -> float:
        """Return the longest time without an answer since a time, until now."""
        times_ns = [one.at_ns for one in tuple(self._objects.heard)]
        return longest_gap_s(times_ns, start_ns, time.time_ns())

    def rate(self, start_ns: int) -> float:
        """Return the answers a second since a time."""
        since = [one for one in tuple(self._objects.heard) if one.at_ns >= start_ns]
        return len(since) / ((time.time_ns() - start_ns) / 1e9)

    def _expect(self, condition: Callable[[], bool], what: str) -> None:
        if not wait_until(condition, self._stop, _TIMEOUT_S):
            raise RuntimeError(f"{what} did not come within {_TIMEOUT_S:.0f} s")


def _is_fresh(since_ns: int, message: Any, stamp_ns: int) -> bool:
    """Return whether an answer counts as fresh, to an image of a time that began then."""
    return since_ns <= stamp_ns < since_ns + JUMP_S * 10**9 // 2 and not message.stale


def _answers(text: str, message: Any, _: int) -> bool:
    """Return whether a message is an answer to a query of this text."""
    return bool(message.query == text and not message.stale)


def _frame() -> Any:
    import cv2
    import numpy as np

    from textseg_ros.benchmark.latency import PICTURE
    from textseg_ros.demo.frames import Frame, read_picture

    whole = read_picture(PICTURE)
    small = cv2.resize(whole.pixels, SIZE, interpolation=cv2.INTER_AREA)
    return Frame(small.astype(np.uint8), whole.encoding)


def run_camera(stop: threading.Event) -> None:
    """Be a camera until killed; print the system time of the first frame before it is sent."""
    from textseg_ros.benchmark.trial import open_camera
    from textseg_ros.dds.participant import Participant
    from textseg_ros.rmw_environment import read_environment

    frame = _frame()
    with Participant("camera", "/", read_environment(os.environ, os.getpid())) as peer:
        camera = open_camera(peer, "/textseg/image", frame, RATE)
        print(time.time_ns(), flush=True)
        with camera:
            stop.wait()


def run_node(arguments: Sequence[str]) -> int:
    """Be the node, whose clock jumps by an hour on SIGUSR1 and back on SIGUSR2."""
    from textseg_ros.dds_node import main as run
    from textseg_ros.dds_transport import DdsTransport

    shift_ns = [0]

    def jump(number: int, _: object) -> None:
        shift_ns[0] += (1 if number == signal.SIGUSR1 else -1) * JUMP_S * 10**9

    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, jump)
    setattr(DdsTransport, "now_ns", lambda _: time.time_ns() + shift_ns[0])  # noqa: B010
    return run(arguments)


_MODULE = (sys.executable, "-m", "textseg_ros.benchmark.recovery")


@contextmanager
def _camera_process(
    environment: Mapping[str, str],
) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run a camera as a process, killed at the end; and say when it sent its first frame."""
    camera = subprocess.Popen(
        [*_MODULE, "--camera"],
        env=os.environ | dict(environment),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        told = "" if camera.stdout is None else camera.stdout.readline()
        if not told:
            raise RuntimeError("the camera did not start; its message is above")
        yield camera, int(told)
    finally:
        camera.kill()
        camera.communicate()


def measure_here(params_file: Path | None, stop: threading.Event) -> list[Finding]:
    """Return what restarts of the camera and jumps of clocks do.

    Raises:
        RuntimeError: If the node or the camera did not start, or answers never came back.
    """
    from textseg_ros.benchmark.trial import node_on_trial, open_camera

    findings: list[Finding] = []
    with node_on_trial(params_file, {}, stop, [*_MODULE, "--node"]) as trial:
        bench = Bench(trial.peer, stop)
        with _camera_process(trial.environment):
            bench.settle()
        stop.wait(1.0)
        with _camera_process(trial.environment) as (_, first_ns):
            away_s = bench.away_s(first_ns, partial(_is_fresh, first_ns))
            findings.append(Finding("camera killed, started again", away_s))
        with open_camera(trial.peer, "/textseg/image", _frame(), RATE) as camera:
            bench.settle()
            for whose, signals in (
                ("the camera's", (None, None)),
                ("the machine's", (signal.SIGUSR1, signal.SIGUSR2)),
            ):
                for way, number in zip(("forward", "back"), signals, strict=True):
                    now_ns = time.time_ns()
                    if number is not None:
                        trial.node.send_signal(number)
                    camera.shift_ns = JUMP_S * 10**9 if way == "forward" else 0
                    shifted_ns = now_ns + camera.shift_ns
                    away_s = bench.away_s(now_ns, partial(_is_fresh, shifted_ns))
                    findings.append(Finding(f"{whose} clock jumps an hour {way}", away_s))
                    stop.wait(_BETWEEN_S)
    return findings


def measure_lossy(params_file: Path | None, seconds: float, stop: threading.Event) -> list[str]:
    """Return the lines of what lost packets do, from a process on the second of two hosts.

    Raises:
        RuntimeError: If namespaces, node or answers failed.
    """
    from textseg_ros.benchmark.lossy import lossy_link, on_host
    from textseg_ros.benchmark.trial import NODE_COMMAND, running_node, settings_arguments

    environment = {
        "ROS_DOMAIN_ID": str(DOMAIN_ID),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET",
        "ROS_STATIC_PEERS": "",
        "ROS_LOCALHOST_ONLY": "",
        "CYCLONEDDS_URI": _SMALL_PACKETS,
    }
    arguments = settings_arguments(params_file, {"image_qos": "reliable"})
    with (
        lossy_link() as link,
        running_node(environment, arguments, stop, on_host(link.hosts[0], NODE_COMMAND)),
    ):
        user = subprocess.Popen(
            on_host(link.hosts[1], [*_MODULE, "--user", "--seconds", str(seconds)]),
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        lines: list[str] = []
        threading.Thread(target=_end_on, args=(stop, user), daemon=True).start()
        try:
            if user.stdin is None or user.stdout is None:
                raise RuntimeError("no pipes to the user")
            for line in user.stdout:
                word, _, rest = line.strip().partition(" ")
                if word == "lose":
                    link.lose(float(rest))
                    user.stdin.write(f"{time.time_ns()}\n")
                    user.stdin.flush()
                else:
                    lines.append(line.strip())
        finally:
            if user.stdin is not None:
                user.stdin.close()
            user.wait()
    if user.returncode or stop.is_set():
        raise RuntimeError(f"the user ended with status {user.returncode}")
    return lines


def _end_on(stop: threading.Event, process: "subprocess.Popen[str]") -> None:
    """End a process when the stop comes."""
    stop.wait()
    process.terminate()


def run_user(seconds: float, stop: threading.Event) -> None:
    """Be camera and user on the other host; print findings, and ask for losses by `lose SHARE`."""
    from textseg_ros.benchmark.trial import Camera
    from textseg_ros.dds.participant import Participant
    from textseg_ros.demo.frames import image_message
    from textseg_ros.rmw_environment import read_environment

    def lose(share: float) -> int:
        print(f"lose {share}", flush=True)
        return int(sys.stdin.readline())

    frame = _frame()
    with Participant("user", "/", read_environment(os.environ, os.getpid())) as peer:
        bench = Bench(peer, stop)
        images = peer.publisher("/textseg/image", "sensor_msgs/msg/Image", depth=1)

        def make(stamp_ns: int) -> Any:
            return image_message(peer.types, frame, stamp_ns, "camera")

        with Camera(images, make, RATE):
            bench.settle()
            start_ns = lose(LOSS)
            stop.wait(seconds)
            gap_s, rate = bench.gap_s(start_ns), bench.rate(start_ns)
            name = f"{LOSS:.0%} of packets lost for {seconds:.0f} s, {rate:.1f} answers a second"
            print(f"{gap_s} {name}: longest time without one", flush=True)
            worst_s = 0.0
            for text in QUERIES[1:]:
                asked_ns = bench.ask(text)
                worst_s = max(worst_s, bench.away_s(asked_ns, partial(_answers, text)))
            name = f"meanwhile {len(QUERIES) - 1} new queries: longest until an answer"
            print(f"{worst_s} {name}", flush=True)
            lose(1.0)
            stop.wait(3.0)
            back_ns = lose(LOSS)
            away_s = bench.away_s(back_ns, partial(_is_fresh, back_ns))
            print(f"{away_s} all packets lost for 3 s, then {LOSS:.0%} again", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the figures and judge them; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["--node"]:
        return run_node(given[1:])
    stop = stop_on_signals()
    parser = trial_parser(__doc__, 20.0, "with lost packets")
    parser.add_argument(
        "--only", choices=("here", "lossy"), help="clocks and camera, or the network"
    )
    parser.add_argument("--camera", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--user", action="store_true", help=argparse.SUPPRESS)
    parsed = parser.parse_args(given)
    return run_trial("recovery", lambda: _run(parsed, stop), stop)


def _run(parsed: argparse.Namespace, stop: threading.Event) -> int:
    if parsed.camera:
        run_camera(stop)
        return 0
    if parsed.user:
        run_user(parsed.seconds, stop)
        return 0
    from textseg_ros.benchmark.lossy import missing
    from textseg_ros.benchmark.machine import describe_machine

    findings: list[Finding] = []
    if parsed.only != "lossy":
        findings += measure_here(parsed.params_file, stop)
    reason = "" if parsed.only == "here" else missing()
    if parsed.only != "here" and not reason:
        for line in measure_lossy(parsed.params_file, parsed.seconds, stop):
            away, _, name = line.partition(" ")
            findings.append(Finding(name, float(away)))
    print(f"### Time without fresh answers (limit {LIMIT_S:.0f} s)\n")
    print(describe_machine("textseg_ros.benchmark.recovery"))
    if reason:
        print(f"- lost packets: not measured: {reason}")
    print("\n| fault | s |\n|---|--:|")
    print("\n".join(finding.line() for finding in findings))
    return 0 if all(finding.passed for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
