"""Changes the query all the time and checks each answer: `python -m textseg_ros.benchmark.churn`.

A camera sends 30 frames a second, the query changes 20 times a second, every one a text not sent
before. Each result must carry the number and the text of one query, and show what the network
itself finds for that text; each centroid must be that of the result with its stamp. Exit status
1 if one does not.
"""

import argparse
import itertools
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textseg_ros.benchmark.carrier import Carrier, carrier_of
from textseg_ros.benchmark.command import run_trial, trial_parser
from textseg_ros.signals import stop_on_signals

QUERY_RATE, CAMERA_RATE = 20.0, 30.0
_LAST_RESULTS_S = 1.0
_TOLERANCE = 1e-4
_VERBS = ("", "pick up ", "grab ", "take ", "find ", "lift ")
_COLOURS = ("red", "blue", "green", "white", "black", "brown", "yellow", "gray", "orange", "pink")
_NOUNS = ("can", "mug", "plate", "box", "bottle", "bowl", "cup", "fork", "knife", "spoon")
_PLACES = ("", " on the left", " on the right")

Shown = tuple[float, tuple[tuple[int, int, int, int], ...]]
"""What a result shows: its score, and the boxes of its objects."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query: its text, and when it was sent, system time in nanoseconds."""

    text: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Got:
    """What of a result is judged.

    Attributes:
        at_ns: When it came.
        stamp_ns: Of its image.
        query_id: Its query's number.
        text: Its query's text.
        expression: What it says was segmented.
        shown: What it shows.
        centroid: Of the best object; None if there is none.
    """

    at_ns: int
    stamp_ns: int
    query_id: int
    text: str
    expression: str
    shown: Shown
    centroid: tuple[float, float] | None = None


def texts() -> list[str]:
    """Return 1800 commands; neighbours name different things, so that none answers a question."""
    return [
        f"{verb}the {colour} {noun}{place}"
        for place, verb, colour, noun in itertools.product(_PLACES, _VERBS, _COLOURS, _NOUNS)
    ]


def faults(
    asked: Sequence[Asked],
    results: Sequence[Got],
    expected: Mapping[str, Shown],
    points: Sequence[tuple[int, tuple[float, float]]] = (),
) -> tuple[list[str], int]:
    """Return what is wrong with results, and how many queries never reached the node.

    Args:
        asked: All queries in the order of sending, no text twice.
        results: In the order of coming.
        expected: What an expression shows; empty not to compare.
        points: Stamp and place of each centroid that came.
    """
    from textseg_core.command import parse_command

    numbers = {query.text: number for number, query in enumerate(asked, 1)}
    wrong: list[str] = []
    lost = last_id = 0
    for got in results:
        what = f"result with id {got.query_id} and text {got.text!r}"
        number = numbers.get(got.text)
        if number is None:
            wrong.append(f"{what}: this was never asked")
            continue
        # The node counts the queries that it gets: fewer than were sent if some were lost.
        if not lost <= number - got.query_id <= number - 1:
            wrong.append(f"{what}: it was the query {number}, of which {lost} were lost before")
        else:
            lost = number - got.query_id
        if got.query_id < last_id:
            wrong.append(f"{what}: came after a result with id {last_id}")
        last_id = max(last_id, got.query_id)
        if got.at_ns < asked[number - 1].at_ns:
            wrong.append(f"{what}: came before it was asked")
        if got.expression != parse_command(got.text).expression:
            wrong.append(f"{what}: says that it looked for {got.expression!r}")
        if expected and not _alike(got.shown, expected[got.expression]):
            wrong.append(f"{what}: shows {got.shown}, not {expected[got.expression]}")
    by_stamp = {got.stamp_ns: got.centroid for got in results}
    wrong += [
        f"centroid {point} at {stamp_ns} ns is not of the result with its stamp"
        for stamp_ns, point in points
        if by_stamp.get(stamp_ns) != point
    ]
    return wrong, lost


def _alike(one: Shown, other: Shown) -> bool:
    return abs(one[0] - other[0]) < _TOLERANCE and one[1] == other[1]


def read_result(at_ns: int, message: Any) -> Got:
    """Return what is judged of a textseg_ros/Segmentation."""
    from textseg_ros.messages import stamp_ns

    boxes = tuple((int(o.x), int(o.y), int(o.width), int(o.height)) for o in message.objects)
    first = message.objects[0] if message.objects else None
    return Got(
        at_ns,
        stamp_ns(message.header),
        int(message.query_id),
        message.query,
        message.expression,
        (float(message.score), boxes),
        None if first is None else (float(first.centroid_u), float(first.centroid_v)),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed.

    Attributes:
        asked: Queries sent.
        results: Results that came.
        answered: Different queries among them.
        points: Centroids that came.
        lost: Queries that the node did not get.
        wrong: What was wrong, one line each.
    """

    asked: int
    results: int
    answered: int
    points: int
    lost: int
    wrong: tuple[str, ...]


def measure(carrier: Carrier, arguments: argparse.Namespace, stop: threading.Event) -> Outcome:
    """Run node, camera and asker; return what they showed.

    Raises:
        RuntimeError: If the node did not start or nothing came.
        ValueError: If the parameter file is wrong.
    """
    from textseg_core import Segmenter
    from textseg_ros.benchmark.peer import PICTURE
    from textseg_ros.benchmark.trial import Listener, find_node, node_on_trial, open_camera
    from textseg_ros.demo.frames import read_picture
    from textseg_ros.messages import stamp_ns
    from textseg_ros.settings import NodeSettings, load_settings

    settings = NodeSettings() if (file := arguments.params_file) is None else load_settings(file)
    # Each image alone, as the network itself is asked below.
    tracking = {"tracking": "true" if arguments.tracking else "false"}
    objects, centroids = Listener(), Listener()
    asked: list[Asked] = []
    picture = read_picture(PICTURE)
    with node_on_trial(carrier, file, tracking, stop) as trial:
        peer = trial.peer
        words = peer.publisher("/textseg/query", "std_msgs/msg/String", depth=10)
        ends = [
            peer.subscription("/textseg/objects", "textseg_ros/msg/Segmentation", objects.take),
            peer.subscription(
                "/textseg/centroid", "geometry_msgs/msg/PointStamped", centroids.take
            ),
        ]
        find_node([words, *ends], stop)
        string = peer.types.get("std_msgs/msg/String")
        with open_camera(peer, "/textseg/image", picture, CAMERA_RATE):
            due_s = time.monotonic()
            queries = iter(texts())
            for _ in range(round(arguments.seconds * QUERY_RATE)):
                if stop.is_set():
                    break
                asked.append(Asked(next(queries), time.time_ns()))
                words.publish(string(data=asked[-1].text))
                due_s += 1.0 / QUERY_RATE
                stop.wait(max(0.0, due_s - time.monotonic()))
            stop.wait(_LAST_RESULTS_S)
    results = [read_result(heard.at_ns, heard.message) for heard in objects.heard]
    points = [
        (stamp_ns(heard.message.header), (heard.message.point.x, heard.message.point.y))
        for heard in centroids.heard
    ]
    if not results:
        raise RuntimeError("no result came")
    expected: dict[str, Shown] = {}
    if not arguments.tracking:
        segmenter = Segmenter.load(config=settings.segmenter)
        expressions = sorted({got.expression for got in results})
        found = segmenter.segment_many(picture.pixels, expressions)
        for expression, one in zip(expressions, found, strict=True):
            boxes = tuple(tuple(map(int, thing.box)) for thing in one.objects)
            expected[expression] = (float(one.score), boxes)  # type: ignore[assignment]
        segmenter.close()
    wrong, lost = faults(asked, results, expected, points)
    answered = len({got.query_id for got in results})
    return Outcome(len(asked), len(results), answered, len(points), lost, tuple(wrong))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the figures and judge them; return the exit status."""
    stop = stop_on_signals()
    parser = trial_parser(__doc__, 60.0, "90 at most")
    parser.add_argument(
        "--tracking", action="store_true", help="with tracking; what is shown is not compared"
    )
    parsed = parser.parse_args(arguments)
    if not 0.0 < parsed.seconds * QUERY_RATE <= len(texts()):
        parser.error(f"--seconds must be more than 0 and at most 90, got {parsed.seconds}")
    return run_trial("churn", lambda: _run(parsed, stop), stop)


def _run(parsed: argparse.Namespace, stop: threading.Event) -> int:
    from textseg_ros.benchmark.machine import describe_machine

    carrier = carrier_of(parsed.transport)
    outcome = measure(carrier, parsed, stop)
    print(f"### {parsed.seconds:.0f} s, the query changed {QUERY_RATE:.0f} times a second\n")
    print(describe_machine("textseg_ros.benchmark.churn", carrier.says))
    print(f"- queries sent: {outcome.asked}, not received by the node: {outcome.lost}")
    print(f"- results: {outcome.results}, of {outcome.answered} queries")
    print(f"- centroids: {outcome.points}")
    print(f"- with a wrong id, text, content or centroid: {len(outcome.wrong)} (limit 0)")
    for line in outcome.wrong[:10]:
        print(f"  - {line}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
