"""Measures where the node places what a moving camera sees, with transforms on time or late.

Command: `python -m textseg_ros.benchmark.moving_camera --objects data/objects`. Clips of rendered
tables are played in real time into the parts of the node that place answers: CameraInfo, depth
images and /tf go in as messages, what it would publish comes out. Prints Markdown.
"""

import argparse
import functools
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from textseg_core.arrays import BoolArray, Float64Array
from textseg_core.command import parse_command
from textseg_core.evaluation.filming import Clip, Shot, film_all
from textseg_core.evaluation.publish import Run, publish
from textseg_core.evaluation.report import Table
from textseg_core.geometry import mask_box, mask_centroid, principal_axis
from textseg_core.segmentation import Segmentation, SegmentedObject, Status
from textseg_core.space.camera import CameraModel
from textseg_core.space.localise import LocalisationError, localise
from textseg_core.transforms import rigid_transform
from textseg_ros.benchmark.depth_camera import (
    CAMERA,
    WORLD,
    depth_message,
    info_message,
    transform_message,
)
from textseg_ros.frame import Frame
from textseg_ros.messages import MessageTypes, make_header
from textseg_ros.query import Query
from textseg_ros.report import Level, Report
from textseg_ros.results import Answer
from textseg_ros.settings import LiveSettings, NodeSettings
from textseg_ros.space import Space
from textseg_ros.tf_source import TfListener

MODULE = "textseg_ros.benchmark.moving_camera"
LIMIT_MM = 10.0
#: Colour images come at this rate, so long after they were taken.
IMAGE_HZ, IMAGE_DELAY_S = 10.0, 0.03
#: Transforms are published from so long before the first image until so long after the last.
AROUND_S = 0.25
GAPS_S = (0.0, 0.012)
HAND = "hand"
#: Where the camera sits on the hand: a transform that stays.
_MOUNT = rigid_transform((0.03, -0.05, 0.08), (0.5, -0.5, 0.5, -0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How transforms come.

    Attributes:
        name: Of its row.
        rate_hz: How often.
        delay_s: How long after their stamps.
        timeout_s: How long the node waits for them.
        gap_s: How much later than the colour image the depth image is taken.
    """

    name: str
    rate_hz: float = 50.0
    delay_s: float = 0.004
    timeout_s: float = 0.1
    gap_s: float = 0.0


CASES = (
    Case(name="100 Hz, on time", rate_hz=100.0),
    Case(name="50 Hz, on time"),
    Case(name="20 Hz, on time", rate_hz=20.0),
    Case(name="50 Hz, on time, depth 12 ms after colour", gap_s=0.012),
    Case(name="50 Hz, 100 ms late, not waited for", delay_s=0.1, timeout_s=0.0),
    Case(name="50 Hz, 100 ms late, waited 20 ms for", delay_s=0.1, timeout_s=0.02),
    Case(name="50 Hz, 100 ms late, waited 250 ms for", delay_s=0.1, timeout_s=0.25),
)


@dataclass(slots=True)
class Outcome:
    """What came of a case.

    Attributes:
        asked: Things that were segmented.
        errors_mm: Of each point published, from the true centre in the standing frame.
        strays_mm: Of each, from where the same measurement lies by the true pose.
        poses: Poses published for an arm to move on.
        poses_off_mm: How far each of those is from the centre published with it.
        refusals: Answers not placed, by reason, as the node's diagnostics count them.
    """

    asked: int = 0
    errors_mm: list[float] = field(default_factory=list)
    strays_mm: list[float] = field(default_factory=list)
    poses: int = 0
    poses_off_mm: list[float] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)


class Recorder:
    """A transport that keeps what is published in space."""

    def __init__(self, messages: MessageTypes) -> None:
        self.messages = messages
        self.sent: list[tuple[str, Any]] = []

    def publish(self, key: str, message: object) -> None:
        """Keep a message."""
        self.sent.append((key, message))

    def listeners(self, key: str) -> int:
        """Everything is listened to."""
        return 1

    def watch(self, camera: str, on: bool) -> None:
        """Images come unasked."""

    def watch_depth(self, camera: str, on: bool) -> None:
        """So does depth."""

    def now_ns(self) -> int:
        """Return the time."""
        return time.time_ns()

    def log(self, level: Level, text: str) -> None:
        """Refusals are counted, not read."""


class Pace:
    """The clip's time: real time, but it stands still while the player is behind with an image.

    So on a machine that is slow transforms are as late as on a fast one.

    Args:
        clip_s: The clip's time now.
    """

    def __init__(self, clip_s: float) -> None:
        self._start_s = time.monotonic() - clip_s
        self._end_s = float("inf")

    def wait_until(self, clip_s: float) -> None:
        """Return when the clip has come to a time."""
        while (left_s := clip_s - self._now_s()) > 0.0:
            time.sleep(min(left_s, 0.01) if left_s > 0.002 else 0.001)

    def take_up(self, clip_s: float, end_s: float) -> None:
        """Let it be a time, and then no later than another until called again."""
        self._start_s = max(self._start_s, time.monotonic() - clip_s)
        self._end_s = end_s

    def _now_s(self) -> float:
        return min(time.monotonic() - self._start_s, self._end_s)


def play(clips: Sequence[Clip], case: Case, types: MessageTypes) -> Outcome:
    """Return what the node publishes of clips when transforms come in a way.

    Args:
        clips: Played one after another, each in a node of its own.
        case: How transforms come.
        types: Message classes.
    """
    outcome = Outcome()
    for clip in clips:
        _play(clip, case, types, outcome)
    return outcome


@functools.cache
def _seen(shot: Shot, number: int, camera: CameraModel) -> Float64Array | None:
    """Return where a thing lies in the camera's frame by the depth of the image's own time."""
    try:
        return localise(shot.masks[number], shot.depths_m[0.0], camera).centroid
    except LocalisationError:
        return None


def _play(clip: Clip, case: Case, types: MessageTypes, outcome: Outcome) -> None:
    transport = Recorder(types)
    # A slow machine may fall behind the clip; that is not what is measured here.
    settings = NodeSettings(
        target_frame=WORLD, transform_timeout_s=case.timeout_s, max_age_s=3600.0
    )
    listeners: list[TfListener] = []

    def listen(tell: Any) -> TfListener:
        listeners.append(TfListener(tell))
        return listeners[0]

    report = Report(transport.log, settings.log_period_s, time.monotonic)
    space = Space(transport, LiveSettings(settings), report, time.monotonic, listen)
    space.look(running=True, asked=True)
    (listener,) = listeners
    start_ns = time.time_ns()
    pace = Pace(-AROUND_S)
    camera = _camera(clip)
    info = info_message(types, CAMERA, (camera.width, camera.height), camera.k, start_ns)
    space.on_camera_info(info)
    listener.on_tf_static(transform_message(types, HAND, CAMERA, _MOUNT, start_ns))
    speaker = threading.Thread(target=_speak, args=(clip, case, types, listener, start_ns, pace))
    speaker.start()
    try:
        for shot in clip.shots:
            arrival_s = shot.stamp_s + IMAGE_DELAY_S
            pace.take_up(arrival_s, arrival_s)
            pace.wait_until(arrival_s)
            pace.take_up(arrival_s, arrival_s + case.timeout_s)
            transport.sent.clear()
            _show(space, shot, case, types, start_ns)
            _take(transport.sent, clip, camera, shot, case, outcome)
    finally:
        pace.take_up(clip.shots[-1].stamp_s, float("inf"))
        speaker.join()
        space_values = space.values()
        space.end()
    for name, count in space_values.items():
        outcome.refusals[name] = outcome.refusals.get(name, 0) + int(count)


def _speak(
    clip: Clip,
    case: Case,
    types: MessageTypes,
    listener: TfListener,
    start_ns: int,
    pace: Pace,
) -> None:
    """Send the transforms of a clip, each when it is due."""
    first_s, last_s = clip.shots[0].stamp_s - AROUND_S, clip.shots[-1].stamp_s + AROUND_S
    from_mount = np.linalg.inv(_MOUNT)
    for place in range(int((last_s - first_s) * case.rate_hz)):
        # Off the images' times, so that every pose is one between two.
        stamp_s = first_s + (place + 0.37) / case.rate_hz
        pace.wait_until(stamp_s + case.delay_s)
        hand = clip.pose(stamp_s) @ from_mount
        listener.on_tf(
            transform_message(types, WORLD, HAND, hand, start_ns + round(stamp_s * 1e9))
        )


def _show(space: Space, shot: Shot, case: Case, types: MessageTypes, start_ns: int) -> None:
    """Send a depth image, and the answers for the colour image of the same time."""
    depth_ns = start_ns + round((shot.stamp_s + case.gap_s) * 1e9)
    space.on_depth(depth_message(types, CAMERA, shot.depths_m[case.gap_s], depth_ns))
    stamp_ns = start_ns + round(shot.stamp_s * 1e9)
    colour = types.default("sensor_msgs/msg/Image")
    colour.header = make_header(types, stamp_ns, CAMERA)
    frame = Frame("image", colour, time.monotonic(), stamp_ns)
    answers = [
        Answer(colour.header, Query(number, "the thing"), _segmentation(mask), False, {})
        for number, mask in enumerate(shot.masks)
    ]
    if answers:
        image = np.zeros((*shot.masks[0].shape, 3), np.uint8)
        space.publish(frame, image, answers, lambda _: "asked")


def _take(
    sent: Sequence[tuple[str, Any]],
    clip: Clip,
    camera: CameraModel,
    shot: Shot,
    case: Case,
    outcome: Outcome,
) -> None:
    """Compare what was published of a shot with the truth."""
    outcome.asked += len(shot.masks)
    pose = clip.pose(shot.stamp_s)
    latest: Float64Array | None = None
    for key, message in sent:
        if key == "objects_3d":
            latest = None
            for found in message.objects:
                latest = _point(found.pose.pose.position)
                number = message.query_id
                outcome.errors_mm.append(_apart_mm(latest, shot.centres[number]))
                seen = None if case.gap_s else _seen(shot, number, camera)
                if seen is not None:
                    at_pose = pose[:3, :3] @ seen + pose[:3, 3]
                    outcome.strays_mm.append(_apart_mm(latest, at_pose))
        elif key == "target_pose" and latest is not None:
            outcome.poses += 1
            outcome.poses_off_mm.append(_apart_mm(_point(message.pose.position), latest))


def newest_instead_mm(clips: Sequence[Clip], case: Case) -> list[float]:
    """Return how far off things would be if the newest transform stood in for one that is late."""
    errors = []
    for clip in clips:
        for shot in clip.shots:
            known_s = shot.stamp_s + IMAGE_DELAY_S - case.delay_s - 0.5 / case.rate_hz
            wrong = clip.pose(known_s) @ np.linalg.inv(clip.pose(shot.stamp_s))
            errors += [_apart_mm((wrong @ (*at, 1.0))[:3], at) for at in shot.centres]
    return errors


def rows_of(clips: Sequence[Clip], cases: Sequence[Case], types: MessageTypes) -> Table:
    """Return the table of all cases."""
    columns = (
        *("transforms", "objects", "placed", "poses", "late", "no transform", "no depth"),
        *("median mm", "p95 mm", "max mm", "over 10 mm", "of it by the pose: max mm"),
    )
    rows = []
    for case in cases:
        outcome = play(clips, case, types)
        errors, strays = np.array(outcome.errors_mm), np.array(outcome.strays_mm)
        row = [case.name, str(outcome.asked), str(len(errors)), str(outcome.poses)]
        row += [
            str(outcome.refusals.get(f"not placed: {kind}", 0))
            for kind in ("late transform", "no transform", "no depth")
        ]
        row += [f"{np.percentile(errors, at):.1f}" if errors.size else "" for at in (50, 95, 100)]
        row.append(str(int((errors > LIMIT_MM).sum())))
        row.append(f"{strays.max():.2f}" if strays.size else "")
        rows.append(tuple(row))
    late = next((case for case in cases if case.delay_s >= 0.1), None)
    note = "Counts of late, no transform and no depth are images, the others things in images."
    if late is not None:
        instead = np.array(newest_instead_mm(clips, late))
        note += (
            " With the newest transform in the place of a late one, which the node never takes, "
            f"points would be off by {np.median(instead):.0f} mm in the median, "
            f"{np.percentile(instead, 95):.0f} mm in 95 %."
        )
    return Table("Moving camera, true masks, 16UC1", columns, tuple(rows), note)


def _point(position: Any) -> Float64Array:
    return np.array([position.x, position.y, position.z])


def _apart_mm(first: Float64Array, second: Float64Array) -> float:
    return 1e3 * float(np.linalg.norm(first - second))


@functools.cache
def _camera(clip: Clip) -> CameraModel:
    rows, columns = next(iter(clip.shots[0].depths_m.values())).shape
    return CameraModel(width=columns, height=rows, k=clip.intrinsics)


def _segmentation(mask: BoolArray) -> Segmentation:
    """Return the answer of a network that makes no mistake."""
    box, centroid, axis = mask_box(mask), mask_centroid(mask), principal_axis(mask)
    if box is None or centroid is None or axis is None:
        raise ValueError("a thing in view has pixels")
    found = SegmentedObject(
        mask=mask, box=box, area=int(mask.sum()), centroid=centroid, axis=axis, score=1.0
    )
    return Segmentation(
        mask=mask,
        response=lambda: mask.astype(np.float32),
        score=1.0,
        objects=(found,),
        status=Status.FOUND,
        expression="the thing",
        command=parse_command("the thing"),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the page; end with one line where something is wrong."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--objects", type=Path, nargs="*", default=[], help="asset packs")
    parser.add_argument("--surfaces", type=Path, help="folder of textures (else drawn ones)")
    parser.add_argument("--scenes", type=int, default=8, help="tables, one clip of each")
    parser.add_argument("--frames", type=int, default=10, help="colour images of a clip")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--write", type=Path, help="Markdown file")
    parser.add_argument("--csv", type=Path, help="the same table in long form")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    try:
        from textseg_ros.typestore import TypeStore

        stamps_s = [place / IMAGE_HZ for place in range(options.frames)]
        clips = film_all(
            options.objects, options.surfaces, options.scenes, stamps_s, GAPS_S, options.seed
        )
        print(f"{len(clips)} clips filmed, playing them", file=sys.stderr)
        run = Run("A camera that moves", MODULE, given)
        print(publish(run, [rows_of(clips, CASES, TypeStore("jazzy"))], options))
    except (ValueError, RuntimeError, ImportError) as error:
        sys.exit(f"{MODULE}: {error}")


if __name__ == "__main__":
    main()
