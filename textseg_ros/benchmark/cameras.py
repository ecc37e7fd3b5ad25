"""What more cameras cost in memory: `python -m textseg_ros.benchmark.cameras`.

The node is started with one camera, with two and with four. Each sends 10 frames a second; one
query is answered for all, and all masks and overlays are read. Exit status 1 if a further camera
costs more memory than `MOST_EACH_MB`: all share one network, so each adds its own images only.
"""

import argparse
import contextlib
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textseg_ros.benchmark.carrier import Carrier, carrier_of
from textseg_ros.benchmark.command import run_trial, trial_parser
from textseg_ros.signals import stop_on_signals

NAMES = ("left", "right", "front", "back")
COUNTS = (1, 2, 4)
CAMERA_RATE = 10.0
MOST_EACH_MB = 10.0
"""Each camera has a few images of 0.9 MB: the newest, the one at work, and what is read of it."""
QUERY = "the red can"
READ = ("mask", "overlay", "objects")
_LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Held:
    """What a node with some cameras held.

    Attributes:
        cameras: How many.
        memory_mb: Resident memory in the second half of the run, 10^6 bytes, median.
        threads: Number of threads.
        results: By camera.
    """

    cameras: int
    memory_mb: float
    threads: int
    results: tuple[int, ...]


def each_mb(rows: Sequence[Held]) -> float:
    """Return what a further camera costs, from the first row to the last."""
    return (rows[-1].memory_mb - rows[0].memory_mb) / (rows[-1].cameras - rows[0].cameras)


def faults(rows: Sequence[Held]) -> list[str]:
    """Return what is wrong, one line each."""
    wrong = [
        f"with {row.cameras} cameras one of them got no result: {row.results}"
        for row in rows
        if not all(row.results)
    ]
    if (each := each_mb(rows)) > MOST_EACH_MB:
        wrong.append(f"each further camera costs {each:.1f} MB, at most {MOST_EACH_MB:.0f} MB")
    return wrong


def measure(
    carrier: Carrier, cameras: Sequence[str], arguments: argparse.Namespace, stop: threading.Event
) -> Held:
    """Run a node with these cameras; return what it held.

    Raises:
        RuntimeError: If the node did not start or has ended, or too little came.
        ValueError: If the parameter file is wrong.
    """
    from textseg_ros.benchmark.endurance import Look, look_at
    from textseg_ros.benchmark.peer import PICTURE
    from textseg_ros.benchmark.trial import Listener, find_node, node_on_trial, open_camera
    from textseg_ros.demo.frames import read_picture
    from textseg_ros.settings import NodeSettings, load_settings
    from textseg_ros.topics import topic_of

    file = arguments.params_file
    settings = NodeSettings() if file is None else load_settings(file)
    picture = read_picture(PICTURE)
    heard = {camera: Listener() for camera in cameras}
    looks: list[Look] = []
    named = {"cameras": f"[{','.join(cameras)}]"}
    with node_on_trial(carrier, file, named, stop) as trial, contextlib.ExitStack() as running:
        peer, node = trial.peer, trial.node
        words = peer.publisher("/textseg/query", "std_msgs/msg/String", depth=10)
        readers = [
            peer.subscription(
                f"/textseg/{camera}/{key}",
                topic_of(key).type_name,
                heard[camera].take if key == "objects" else _drop,
            )
            for camera in cameras
            for key in READ
        ]
        find_node([words, *readers], stop)
        words.publish(peer.types.get("std_msgs/msg/String")(data=QUERY))
        for camera in cameras:
            running.enter_context(
                open_camera(
                    peer,
                    f"/textseg/{camera}/image",
                    picture,
                    CAMERA_RATE,
                    reliable=settings.image_qos == "reliable",
                )
            )
        started_s = time.monotonic()
        while (at_s := time.monotonic() - started_s) < arguments.seconds:
            if stop.wait(_LOOK_EVERY_S) or node.poll() is not None:
                break
            looks.append(look_at(node.pid, at_s))
    late = [look for look in looks if look.at_s >= arguments.seconds / 2.0]
    if not late:
        raise RuntimeError("too little came to judge it; run for longer")
    memory_mb = float(np.median([look.memory_mb for look in late]))
    threads = int(np.median([look.threads for look in late]))
    return Held(
        len(cameras), memory_mb, threads, tuple(len(heard[camera].heard) for camera in cameras)
    )


def _drop(_: object) -> None:
    """Read and forget."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the figures and judge them; return the exit status."""
    stop = stop_on_signals()
    parser = trial_parser(__doc__, 30.0, "for each number of cameras")
    parser.add_argument(
        "--most", type=int, choices=COUNTS[1:], default=COUNTS[-1], help="cameras at the end"
    )
    parsed = parser.parse_args(arguments)
    return run_trial("cameras", lambda: _run(parsed, stop), stop)


def _run(parsed: argparse.Namespace, stop: threading.Event) -> int:
    from textseg_ros.benchmark.machine import describe_machine

    carrier = carrier_of(parsed.transport)
    rows = [
        measure(carrier, NAMES[:count], parsed, stop) for count in COUNTS if count <= parsed.most
    ]
    print(f"### {parsed.seconds:.0f} s with each number of cameras, {CAMERA_RATE:.0f} Hz each\n")
    print(describe_machine("textseg_ros.benchmark.cameras", carrier.says))
    print("\n| cameras | memory MB | threads | results of each |\n|--:|--:|--:|---|")
    for row in rows:
        results = ", ".join(map(str, row.results))
        print(f"| {row.cameras} | {row.memory_mb:.1f} | {row.threads} | {results} |")
    print(f"\n- a further camera: {each_mb(rows):.1f} MB (limit {MOST_EACH_MB:.0f} MB)")
    wrong = faults(rows)
    for line in wrong:
        print(f"- WRONG: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
