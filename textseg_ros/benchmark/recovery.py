"""How soon the node answers again after a fault: `python -m textseg_ros.benchmark.recovery`.

The camera is killed and started again; its clock, that of the whole machine and simulated time
jump by an hour; the daemon of `ros2` is stopped; between two network namespaces every tenth packet
is lost, and for a while all are. Exit status 1 if a fault keeps fresh answers away for 2 s or more
after it is over, or, where packets are lost all along or the daemon is stopped, at any time.
Without a `ros2` that works, or without root or iproute2, a part is left out, with the reason.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from textseg_ros.benchmark.carrier import Carrier, carrier_of
from textseg_ros.benchmark.command import run_trial, trial_parser
from textseg_ros.benchmark.recovery_bench import (
    JUMP_S,
    LIMIT_S,
    RATE,
    Bench,
    Finding,
    is_fresh,
)
from textseg_ros.benchmark.trial import Camera, Trial, node_on_trial, open_camera, small_frame
from textseg_ros.messages import time_message
from textseg_ros.signals import stop_on_signals

CLOCK_RATE = 50.0
_BETWEEN_S = 0.5
_DAEMON_TIMEOUT_S = 60.0
_DAEMON_FAULTS = (RuntimeError, OSError, subprocess.TimeoutExpired)
_MODULE = (sys.executable, "-m", "textseg_ros.benchmark.recovery")


def run_camera(carrier: Carrier, stop: threading.Event) -> None:
    """Be a camera until killed; print the system time of the first frame before it is sent."""
    frame = small_frame()
    with carrier.join("camera", os.environ) as peer:
        camera = open_camera(peer, "/textseg/image", frame, RATE)
        print(time.time_ns(), flush=True)
        with camera:
            stop.wait()


def run_node(carrier: Carrier, arguments: Sequence[str]) -> int:
    """Be the node, whose clock jumps by an hour on SIGUSR1 and back on SIGUSR2."""
    shift_ns = [0]

    def jump(number: int, _: object) -> None:
        shift_ns[0] += (1 if number == signal.SIGUSR1 else -1) * JUMP_S * 10**9

    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, jump)
    transport = carrier.transport()
    now_ns = transport.now_ns
    setattr(transport, "now_ns", lambda own: now_ns(own) + shift_ns[0])  # noqa: B010
    return carrier.run(arguments)


@contextmanager
def _camera_process(trial: Trial) -> Iterator[int]:
    """Run a camera as a process, killed at the end; give when it sent its first frame."""
    camera = subprocess.Popen(
        [*_MODULE, "--transport", trial.carrier.name, "--camera"],
        env=os.environ | dict(trial.environment),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        told = "" if camera.stdout is None else camera.stdout.readline()
        if not told:
            raise RuntimeError("the camera did not start; its message is above")
        yield int(told)
    finally:
        camera.kill()
        camera.communicate()


def measure_here(
    carrier: Carrier, params_file: Path | None, stop: threading.Event
) -> tuple[list[Finding], str]:
    """Return what restarts of the camera, jumps of clocks and a stop of the daemon do.

    Besides, why there was no daemon to stop; "" if there was one.

    Raises:
        RuntimeError: If the node or the camera did not start, or answers never came back.
    """
    findings: list[Finding] = []
    starter = [*_MODULE, "--node", carrier.name]
    with node_on_trial(carrier, params_file, {}, stop, starter) as trial:
        bench = Bench(trial.peer, stop)
        with _camera_process(trial):
            bench.settle()
        stop.wait(1.0)
        with _camera_process(trial) as first_ns:
            away_s = bench.away_s(first_ns, partial(is_fresh, first_ns))
            findings.append(Finding("camera killed, started again", away_s))
        with open_camera(trial.peer, "/textseg/image", small_frame(), RATE) as camera:
            bench.settle()
            findings += _jumps(bench, "the camera's clock", [camera], stop)
            signals = (signal.SIGUSR1, signal.SIGUSR2)
            findings += _jumps(bench, "the machine's clock", [camera], stop, trial, signals)
            missing = start_daemon(trial.environment)
            if not missing:
                findings.append(stop_daemon(trial.environment, bench, stop))
    return findings, missing


def measure_simulated(
    carrier: Carrier, params_file: Path | None, stop: threading.Event
) -> list[Finding]:
    """Return what jumps of simulated time do.

    Raises:
        RuntimeError: If the node did not start, or answers never came back.
    """
    settings = {"use_sim_time": "true"}
    with node_on_trial(carrier, params_file, settings, stop) as trial:
        bench = Bench(trial.peer, stop)
        types = trial.peer.types
        message = types.get("rosgraph_msgs/msg/Clock")
        clock = Camera(
            trial.peer.publisher("/clock", "rosgraph_msgs/msg/Clock", depth=1),
            lambda stamp_ns: message(clock=time_message(types, stamp_ns)),
            CLOCK_RATE,
        )
        with clock, open_camera(trial.peer, "/textseg/image", small_frame(), RATE) as camera:
            bench.settle()
            return _jumps(bench, "simulated time", [clock, camera], stop)


def _jumps(
    bench: Bench,
    whose: str,
    clocks: Sequence[Camera],
    stop: threading.Event,
    trial: Trial | None = None,
    signals: Sequence[signal.Signals | None] = (None, None),
) -> list[Finding]:
    """Return what a jump of these clocks forward, and then one back, do.

    Args:
        bench: Who watches.
        whose: Name of the clock.
        clocks: What stamps.
        stop: Ends every wait.
        trial: Whose node is told of the jumps, by `signals`.
        signals: One for each way.
    """
    findings = []
    for way, number in zip(("forward", "back"), signals, strict=True):
        now_ns = time.time_ns()
        if trial is not None and number is not None:
            trial.node.send_signal(number)
        shift_ns = JUMP_S * 10**9 if way == "forward" else 0
        for clock in clocks:
            clock.shift_ns = shift_ns
        away_s = bench.away_s(now_ns, partial(is_fresh, now_ns + shift_ns))
        findings.append(Finding(f"{whose} jumps an hour {way}", away_s))
        stop.wait(_BETWEEN_S)
    return findings


def start_daemon(environment: Mapping[str, str]) -> str:
    """Start the daemon of `ros2`; return why there is none now, "" if there is.

    Args:
        environment: Added to the process's own.
    """
    if not shutil.which("ros2"):
        return "`ros2` is not on the PATH"
    try:
        _ros2_daemon("start", environment)
    except _DAEMON_FAULTS as error:
        return " ".join(str(error).split())
    return ""


def stop_daemon(environment: Mapping[str, str], bench: Bench, stop: threading.Event) -> Finding:
    """Return how long answers stay away while the daemon stops, and soon after.

    Args:
        environment: Added to the process's own.
        bench: Who watches.
        stop: Ends every wait.

    Raises:
        RuntimeError: If answers do not come at all, or the daemon cannot be stopped.
        subprocess.TimeoutExpired: If it does not stop.
    """
    try:
        bench.settle()
    except BaseException:
        with suppress(*_DAEMON_FAULTS):
            _ros2_daemon("stop", environment)
        raise
    start_ns = time.time_ns()
    _ros2_daemon("stop", environment)
    stop.wait(LIMIT_S)
    return Finding("`ros2 daemon stop`: longest time without an answer", bench.gap_s(start_ns))


def _ros2_daemon(what: str, environment: Mapping[str, str]) -> None:
    run = subprocess.run(
        ["ros2", "daemon", what],
        env=os.environ | dict(environment),
        capture_output=True,
        text=True,
        timeout=_DAEMON_TIMEOUT_S,
    )
    if run.returncode:
        said = (run.stderr.strip() or run.stdout.strip()).splitlines()
        raise RuntimeError(f"`ros2 daemon {what}` failed: {said[-1] if said else 'no reason'}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the figures and judge them; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["--node"]:
        return run_node(carrier_of(given[1]), given[2:])
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
    from textseg_ros.benchmark.lossy import missing
    from textseg_ros.benchmark.machine import describe_machine
    from textseg_ros.benchmark.recovery_lossy import measure_lossy, run_user

    carrier = carrier_of(parsed.transport)
    if parsed.camera:
        run_camera(carrier, stop)
        return 0
    if parsed.user:
        run_user(carrier, parsed.seconds, stop)
        return 0
    findings: list[Finding] = []
    left_out: dict[str, str] = {}
    if parsed.only != "lossy":
        findings, left_out["`ros2 daemon stop`"] = measure_here(carrier, parsed.params_file, stop)
        findings += measure_simulated(carrier, parsed.params_file, stop)
    if parsed.only != "here":
        left_out["lost packets"] = missing()
        if not left_out["lost packets"]:
            findings += measure_lossy(
                carrier, [*_MODULE, "--user"], parsed.params_file, parsed.seconds, stop
            )
    print(f"### Time without fresh answers (limit {LIMIT_S:.0f} s)\n")
    print(describe_machine("textseg_ros.benchmark.recovery", carrier.says))
    for part, reason in left_out.items():
        if reason:
            print(f"- {part}: not measured: {reason}")
    print("\n| fault | s |\n|---|--:|")
    print("\n".join(finding.line() for finding in findings))
    return 0 if all(finding.passed for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
