"""Two cameras and eight standing queries: `python -m textseg_ros.benchmark.crowd`.

Each camera sends 30 frames a second, far more than the network can answer for eight queries. Exit
status 1 unless both cameras and all queries get their share, each frame is the newest when work
on it begins, and the age of results is bounded.
"""

import argparse
import sys
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from textseg_ros.benchmark.carrier import Carrier, carrier_of
from textseg_ros.benchmark.command import run_trial, trial_parser
from textseg_ros.signals import stop_on_signals

CAMERAS = ("left", "right")
CAMERA_RATE = 30.0
QUERIES = (
    "the blue can",
    "the red can",
    "the can on the left",
    "the can on the right",
    "the middle can",
    "the green bottle",
    "the mug",
    "the largest can",
)
LEAST_SHARE = 0.9
"""Fewest answers of a camera or a query, of the most that another got."""
MOST_CUT_OFF = 1
"""By how many answers shares may differ besides: a run begins and ends in the middle of a turn."""
MOST_OVERTAKEN_MS = 100.0
"""How long after the next frame was sent work may begin at the latest: what the next frame's way
through the network takes on a busy machine."""
PERIODS_OF_AGE = 2.0
_WARM_UP = 3
_LAST_RESULTS_S = 1.0
_FIRST_RESULTS_S = 30.0


@dataclass(frozen=True, slots=True)
class Got:
    """What of a result is judged.

    Attributes:
        at_ns: When it came.
        stamp_ns: Of its image.
        key: Of its query.
        wait_ms: From the image's arrival at the node to the start of work on it.
    """

    at_ns: int
    stamp_ns: int
    key: str
    wait_ms: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed.

    Attributes:
        sent: Frames sent, by camera.
        frames: Frames answered, by camera.
        answers: Results, by camera and query.
        overtaken_ms: Of each answered frame, how long its successor was on its way when work
            began; below zero if none was.
        ages_ms: Of each result, from its image's stamp to its arrival.
        period_ms: Longest time between two answered frames of a camera.
        back: Frames answered after a newer one of their camera.
    """

    sent: Mapping[str, int]
    frames: Mapping[str, int]
    answers: Mapping[tuple[str, str], int]
    overtaken_ms: tuple[float, ...]
    ages_ms: tuple[float, ...]
    period_ms: float
    back: int

    @property
    def camera_share(self) -> float:
        """Frames of the camera that got fewest, of those of the one that got most."""
        return min(self.frames.values()) / max(self.frames.values())

    @property
    def query_share(self) -> float:
        """Results of a camera's query that got fewest, of those of the one that got most."""
        return min(least / most for least, most in self._by_query())

    def _by_query(self) -> list[tuple[int, int]]:
        """Return fewest and most results of a query, for each camera."""
        counts = [
            [count for (of, _), count in self.answers.items() if of == camera]
            for camera in self.frames
        ]
        return [(min(own), max(own)) for own in counts]

    @property
    def most_age_ms(self) -> float:
        """Oldest that a result may be: one period of waiting and work, and half of both again."""
        return PERIODS_OF_AGE * self.period_ms + 1e3 / CAMERA_RATE

    def faults(self) -> list[str]:
        """Return what is wrong, one line each."""
        wrong = []
        if not _fair(min(self.frames.values()), max(self.frames.values())):
            wrong.append(f"the cameras did not get equal shares: {dict(self.frames)}")
        if not all(_fair(least, most) for least, most in self._by_query()):
            wrong.append(f"the queries did not get equal shares: {dict(self.answers)}")
        if max(self.overtaken_ms) > MOST_OVERTAKEN_MS or self.back:
            wrong.append("work began on a frame although a newer one had come")
        if max(self.ages_ms) > self.most_age_ms:
            wrong.append("a result was too old")
        return wrong


def _fair(least: int, most: int) -> bool:
    """Return whether shares are equal, up to what the ends of a run cut off."""
    return most - least <= MOST_CUT_OFF or least >= LEAST_SHARE * most


def judge(stamps_ns: Mapping[str, Sequence[int]], results: Mapping[str, Sequence[Got]]) -> Outcome:
    """Return what a run showed.

    Args:
        stamps_ns: Of the frames sent, by camera.
        results: In the order of coming, by camera; at least two frames of each.
    """
    answers = Counter(
        {(camera, key): 0 for camera in results for key in map(str, range(len(QUERIES)))}
    )
    frames: dict[str, int] = {}
    overtaken_ms: list[float] = []
    ages_ms: list[float] = []
    gaps_ms: list[float] = []
    back = 0
    for camera, gots in results.items():
        answers.update((camera, got.key) for got in gots)
        ages_ms += [(got.at_ns - got.stamp_ns) / 1e6 for got in gots]
        first = {got.stamp_ns: got for got in reversed(gots)}  # of each frame, its first result
        ordered = sorted(first.values(), key=lambda got: got.at_ns)
        frames[camera] = len(ordered)
        gaps_ms += np.diff([got.at_ns / 1e6 for got in ordered]).tolist()
        back += int(np.count_nonzero(np.diff([got.stamp_ns for got in ordered]) < 0))
        sent = list(stamps_ns[camera])
        for got in ordered:
            following = bisect_right(sent, got.stamp_ns)
            if following < len(sent):
                overtaken_ms.append(got.wait_ms - (sent[following] - got.stamp_ns) / 1e6)
    return Outcome(
        {camera: len(stamps) for camera, stamps in stamps_ns.items()},
        frames,
        dict(answers),
        tuple(overtaken_ms),
        tuple(ages_ms),
        max(gaps_ms),
        back,
    )


def measure(carrier: Carrier, arguments: argparse.Namespace, stop: threading.Event) -> Outcome:
    """Run node and cameras; return what they showed.

    Raises:
        RuntimeError: If the node did not start, or too little came.
        ValueError: If the parameter file is wrong.
    """
    from textseg_ros.benchmark.trial import (
        Listener,
        ask_until,
        find_node,
        node_on_trial,
        open_camera,
        small_frame,
    )
    from textseg_ros.messages import stamp_ns

    cameras = {"cameras": f"[{','.join(CAMERAS)}]"}
    heard = {camera: Listener() for camera in CAMERAS}
    picture = small_frame()  # frames lost on the way would hide whether the newest is taken
    with node_on_trial(carrier, arguments.params_file, cameras, stop) as trial:
        peer = trial.peer
        words = peer.publisher(
            "/textseg/standing_query", "textseg_ros/msg/StandingQuery", depth=len(QUERIES)
        )
        ends = [
            peer.subscription(
                f"/textseg/{camera}/objects",
                "textseg_ros/msg/Segmentation",
                heard[camera].take,
                depth=len(QUERIES),
            )
            for camera in CAMERAS
        ]
        find_node([words, *ends], stop)
        standing = peer.types.get("textseg_ros/msg/StandingQuery")

        def unanswered() -> list[int]:
            """Return the queries of which a camera has no result yet."""
            keys = [
                {str(one.message.query_key) for one in tuple(heard[camera].heard)}
                for camera in CAMERAS
            ]
            return [i for i in range(len(QUERIES)) if not all(str(i) in own for own in keys)]

        def ask() -> None:
            for i in unanswered():
                words.publish(standing(key=str(i), text=QUERIES[i], priority=i, lifetime_s=0.0))

        left, right = (
            open_camera(peer, f"/textseg/{camera}/image", picture, CAMERA_RATE)
            for camera in CAMERAS
        )
        with left, right:
            ask_until(ask, lambda: not unanswered(), stop, _FIRST_RESULTS_S)
            stop.wait(arguments.seconds)
        stop.wait(_LAST_RESULTS_S)
    results = {
        camera: [
            Got(
                one.at_ns,
                stamp_ns(one.message.header),
                str(one.message.query_key),
                float(one.message.latency.wait),
            )
            for one in listener.heard[_WARM_UP * len(QUERIES) :]
        ]
        for camera, listener in heard.items()
    }
    if any(len({got.stamp_ns for got in gots}) < 2 for gots in results.values()):
        raise RuntimeError("too few results came to judge them; run for longer")
    sent = {"left": left.stamps_ns, "right": right.stamps_ns}
    return judge(sent, results)


def _line(name: str, values: Sequence[float], limit: str) -> str:
    median, p95 = np.percentile(values, [50, 95])
    return f"- {name}: median {median:.0f} ms, p95 {p95:.0f} ms, max {max(values):.0f} ms {limit}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the figures and judge them; return the exit status."""
    stop = stop_on_signals()
    parsed = trial_parser(__doc__, 60.0).parse_args(arguments)
    return run_trial("crowd", lambda: _run(parsed, stop), stop)


def _run(parsed: argparse.Namespace, stop: threading.Event) -> int:
    from textseg_ros.benchmark.machine import describe_machine

    carrier = carrier_of(parsed.transport)
    outcome = measure(carrier, parsed, stop)
    print(f"### {parsed.seconds:.0f} s, two cameras at 30 Hz each, {len(QUERIES)} queries\n")
    print(describe_machine("textseg_ros.benchmark.crowd", carrier.says))
    print(f"- frames sent: {dict(outcome.sent)}, answered: {dict(outcome.frames)}")
    print(
        f"- shares: of cameras {outcome.camera_share:.2f}, of queries {outcome.query_share:.2f} "
        f"(limit {LEAST_SHARE})"
    )
    print(
        f"- a newer frame was on its way when work began: {max(outcome.overtaken_ms):.0f} ms at "
        f"most (limit {MOST_OVERTAKEN_MS:.0f} ms), out of order: {outcome.back} (limit 0)"
    )
    print(_line("age of a result", outcome.ages_ms, f"(limit {outcome.most_age_ms:.0f} ms)"))
    print(f"- longest time between two answered frames of a camera: {outcome.period_ms:.0f} ms")
    wrong = outcome.faults()
    for line in wrong:
        print(f"- WRONG: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
