"""Where answers lie in space: depth images in, poses, points and markers out, while wanted."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from textseg_core.arrays import UInt8Array
from textseg_ros.demand import LINGER_S, Demand
from textseg_ros.depth_view import DepthRefused
from textseg_ros.eyes import Eye, Eyes, MakeTransforms, depth_settings
from textseg_ros.frame import Frame
from textseg_ros.outputs_3d import pose_stamped_message
from textseg_ros.placed import Output3d
from textseg_ros.report import Report
from textseg_ros.results import Answer
from textseg_ros.sending_3d import Measured, Sender3d, StandingOf
from textseg_ros.settings import LiveSettings
from textseg_ros.space_messages import header_in
from textseg_ros.transport import Transport


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
        self._sees = make_transforms is not None
        self._eyes = Eyes(settings, clock_s, make_transforms, report.tell)
        self._sender = Sender3d(transport, settings, report, measured)
        self._wanted_s = dict.fromkeys(settings.now.cameras, float("-inf"))
        self._demand = Demand(settings.now.cameras, self._watch, self._sender.listens, clock_s)

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
            with eye.turn:
                eye.pipeline.viewer.settings = depth_settings(self._settings.now)
                (placed,) = eye.pipeline.locate(frame.message, [answer.segmentation])
            output = Output3d(answer, placed, image)
            types = self._transport.messages
            header = header_in(types, answer.header, placed.frame_id)
            return pose_stamped_message(types, output, header)
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
        """Place all by one depth image, the targets first: none waits for a destination."""
        eye.pairing.on_colour(frame.message)
        message, pipeline = frame.message, eye.pipeline
        places = [self._sender.destination(frame.camera, answer) for answer in answers]
        found = [half.segmentation for half in (*answers, *places) if half is not None]
        try:
            with eye.turn:
                pipeline.viewer.settings = depth_settings(self._settings.now)
                view = pipeline.view(message, found)
                placed = [pipeline.place(message, one.segmentation, view) for one in answers]
        except DepthRefused as refused:
            self._tell(frame.camera, eye, refused)
            return
        outputs = [Output3d(*both, image) for both in zip(answers, placed, strict=True)]
        for output, place in zip(outputs, places, strict=True):
            send = self._sender.send if place is None else self._sender.send_target
            send(frame, self._dated(frame, output), standing)
        for output, place in zip(outputs, places, strict=True):
            if place is not None:
                with eye.turn:
                    where = pipeline.place(message, place.segmentation, view)
                self._sender.send_destination(frame, self._dated(frame, output), where, standing)

    def _dated(self, frame: Frame, output: Output3d) -> Output3d:
        """Return an output that says whether it is stale by now."""
        age_s = frame.age_s(self._transport.now_ns(), self._clock_s())
        late = output.answer.stale or age_s > self._settings.now.max_age_s
        return replace(output, answer=replace(output.answer, stale=late))

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

    def _watch(self, camera: str, on: bool) -> None:
        if on:
            self._eyes.open(camera)
        else:
            self._eyes.close(camera)
        self._transport.watch_depth(camera, on)
