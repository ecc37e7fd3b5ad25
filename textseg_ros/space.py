"""Where answers lie in space: depth images in, poses, points and markers out, while wanted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from textseg_core.arrays import UInt8Array
from textseg_core.space.localise import SURE_M
from textseg_core.tracking import TrackerSettings
from textseg_ros.demand import LINGER_S, Demand
from textseg_ros.depth_view import DepthRefused
from textseg_ros.eyes import Eye, Eyes, MakeTransforms, depth_settings
from textseg_ros.frame import Frame
from textseg_ros.outputs_3d import messages_3d, target_pose_message
from textseg_ros.placed import Output3d, PlacedResult
from textseg_ros.query import Query
from textseg_ros.query_book import Standing
from textseg_ros.report import Report
from textseg_ros.results import Answer
from textseg_ros.settings import LiveSettings
from textseg_ros.space_messages import header_in
from textseg_ros.topics import camera_key
from textseg_ros.transport import Transport

OUTPUTS = ("objects_3d", "target_pose", "detections_3d", "cloud", "markers")
"""Keys of the topics that say where objects lie."""
_OF_ALL_QUERIES = ("objects_3d", "detections_3d")
"""Those whose messages name their query; the others belong to the query of the topic."""

_GAPS = 2
"""Images in a row after so long a gap that a warning is due: a single one is any pause."""

Measured = Callable[[str, Query, Mapping[int, float], float], None]
"""Takes camera, query, id over frames -> metres from the camera, and the image's time, seconds."""

StandingOf = Callable[[Answer], Standing]
"""Says what has become of an answer's query, and of its object."""


class Space:
    """Places answers by depth while someone receives what comes of it; for any thread.

    Depth images, camera descriptions and transforms are heard only then. What is late or unfit
    costs the message in space alone: the answer in pixels has been sent before.

    Args:
        transport: What carries the messages.
        settings: The node's settings.
        report: Where refusals are told.
        clock_s: Monotonic seconds.
        make_transforms: Begins to hear transforms; None where there are none to be had, so that
            nothing is ever placed.
        measured: Told how far each answer's objects are that have an id over frames.
    """

    def __init__(
        self,
        transport: Transport,
        settings: LiveSettings,
        report: Report,
        clock_s: Callable[[], float],
        make_transforms: MakeTransforms | None,
        measured: Measured = lambda camera, query, distances_m, stamp_s: None,
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._report = report
        self._clock_s = clock_s
        self._measured = measured
        self._sees = make_transforms is not None
        self._eyes = Eyes(settings, clock_s, make_transforms, report.tell)
        self._wanted_s = dict.fromkeys(settings.now.cameras, float("-inf"))
        self._demand = Demand(settings.now.cameras, self._watch, self._listens, clock_s)

    def look(self, *, running: bool, asked: bool) -> None:
        """Hear depth while answers are given and someone receives where they lie; cheap.

        Args:
            running: Whether the node answers.
            asked: Whether it does and there is a query in force.
        """
        if not self._sees:
            return
        since_s = self._clock_s() - LINGER_S
        self._demand.look(
            asked=asked, awaits=lambda camera: running and self._wanted_s[camera] > since_s
        )

    def want(self, camera: str) -> None:
        """Let depth be heard for a request, for a while."""
        self._wanted_s[camera] = self._clock_s()

    def hears(self, camera: str) -> bool:
        """Return whether a camera's depth is heard, so that answers may be placed."""
        return self._eyes.of(camera) is not None

    def pose(self, frame: Frame, image: UInt8Array, answer: Answer) -> Any | None:
        """Return geometry_msgs/PoseStamped of an answer's target; None if it is not to be had.

        Args:
            frame: The image.
            image: Its picture, RGB (H, W, 3).
            answer: To a request about it.
        """
        eye = self._eyes.of(frame.camera)
        if eye is None or not answer.may_move or not eye.pairing.counts().depth:
            return None
        try:
            (placed,) = self._locate(eye, frame, [answer])
            output = Output3d(answer, placed, image)
            types = self._transport.messages
            header = header_in(types, answer.header, placed.frame_id)
            return target_pose_message(types, output, header)
        except DepthRefused as refused:
            self._tell(frame.camera, eye, refused)
        except Exception as error:  # the answer in pixels may do
            self._tell_failure(error)
        return None

    def end(self) -> None:
        """Hear no depth and no transforms any more."""
        self._demand.end()
        self._eyes.end()

    def on_depth(self, message: Any, camera: str = "") -> None:
        """Take a depth image, sensor_msgs/Image."""
        if eye := self._eyes.of(camera):
            eye.pairing.on_depth(message)

    def on_camera_info(self, message: Any, camera: str = "") -> None:
        """Take the sensor_msgs/CameraInfo of a colour camera."""
        if eye := self._eyes.of(camera):
            eye.pairing.on_info(message)

    def on_depth_info(self, message: Any, camera: str = "") -> None:
        """Take the sensor_msgs/CameraInfo of a depth camera."""
        if eye := self._eyes.of(camera):
            eye.pairing.on_depth_info(message)

    def publish(
        self,
        frame: Frame,
        image: UInt8Array,
        answers: Sequence[Answer],
        standing: StandingOf,
    ) -> None:
        """Publish where the objects of a frame's answers lie, or tell why that is not known.

        Args:
            frame: The image.
            image: Its picture, RGB (H, W, 3).
            answers: That were sent, with this image.
            standing: What has become of an answer's query: only one still asked moves an arm.
        """
        eye = self._eyes.of(frame.camera)
        if eye is None or not answers:
            return
        try:
            self._publish(eye, frame, image, answers, standing)
        except Exception as error:  # the answer in pixels has been sent, and the next may do
            self._tell_failure(error)

    def _publish(
        self,
        eye: Eye,
        frame: Frame,
        image: UInt8Array,
        answers: Sequence[Answer],
        standing: StandingOf,
    ) -> None:
        eye.pairing.on_colour(frame.message)
        try:
            placed = self._locate(eye, frame, answers)
        except DepthRefused as refused:
            self._tell(frame.camera, eye, refused)
            return
        age_s = frame.age_s(self._transport.now_ns(), self._clock_s())
        for answer, where in zip(answers, placed, strict=True):
            late = answer.stale or age_s > self._settings.now.max_age_s
            self._send(frame, replace(answer, stale=late), where, image, standing)

    def _locate(
        self, eye: Eye, frame: Frame, answers: Sequence[Answer]
    ) -> tuple[PlacedResult, ...]:
        """Return where answers lie by the settings in force; one thread at a time."""
        with eye.turn:
            eye.pipeline.viewer.settings = depth_settings(self._settings.now)
            return eye.pipeline.locate(frame.message, [answer.segmentation for answer in answers])

    def _tell(self, camera: str, eye: Eye, refused: DepthRefused) -> None:
        if self._eyes.of(camera) is not eye:
            return  # nobody listens any more, so that it did not come to its depth
        self._report.tell(
            f"not placed: {refused.kind}",
            "warning",
            f"answers are not placed in space: {refused}",
        )

    def _tell_failure(self, error: Exception) -> None:
        self._report.tell(
            "placing failed",
            "error",
            f"answers are not placed in space: {type(error).__name__}: {error}",
        )

    def values(self) -> dict[str, str]:
        """Return what became of depth, for diagnostics."""
        return self._eyes.values()

    def _send(
        self,
        frame: Frame,
        answer: Answer,
        placed: PlacedResult,
        image: UInt8Array,
        standing: StandingOf,
    ) -> None:
        if 0 in placed.refused:
            self._report.tell(
                "target not placed",
                "warning",
                f"the target is not placed in space: {placed.refused[0]}",
            )
        if answer.may_move and placed.target and not placed.target.located.is_sure:
            self._report.tell(
                "target not sure",
                "warning",
                "the target's pose is kept back: its centroid has a standard deviation of "
                f"{placed.target.located.sigma_m * 1e3:.0f} mm, at most {SURE_M * 1e3:.0f} mm may "
                "be moved on; its mask may show two things, or much of it has no depth",
            )
        tracked = answer.turn.target.tracked if answer.turn and answer.tracked else None
        if tracked and answer.is_clear and not answer.is_confirmed and tracked.gaps >= _GAPS:
            self._report.tell(
                "images too far apart",
                "warning",
                "the target's pose is kept back until the target was seen in two images, and no "
                f"two are so near in time ({TrackerSettings().max_gap_s:g} s) that it is known "
                "again; let images come faster, or set tracking to false to have a pose of each",
            )
        track_ids = tracked.track_ids if tracked else ()
        output = Output3d(answer, placed, image, track_ids)
        if track_ids:
            distances_m = {output.track_id(found): found.distance_m for found in placed.objects}
            self._measured(frame.camera, answer.query, distances_m, frame.time_s)
        lifetime_s = self._settings.now.marker_lifetime_s
        messages = messages_3d(self._transport.messages, output, lifetime_s)
        for key, message in messages.items():
            if answer.query.key and key not in _OF_ALL_QUERIES:
                continue
            # Asked anew for each message: an arm may move on a pose.
            state = standing(answer)
            if state == "cleared" or (key == "target_pose" and state != "asked"):
                continue
            self._transport.publish(camera_key(frame.camera, key), message)

    def _listens(self, camera: str) -> bool:
        return any(self._transport.listeners(camera_key(camera, key)) for key in OUTPUTS)

    def _watch(self, camera: str, on: bool) -> None:
        if on:
            self._eyes.open(camera)
        else:
            self._eyes.close(camera)
        self._transport.watch_depth(camera, on)
