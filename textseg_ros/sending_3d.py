"""Sends where answers lie: what an arm moves on first, and only while its query stands."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from textseg_core.space.localise import SURE_M
from textseg_core.tracking import TrackerSettings
from textseg_ros.frame import Frame
from textseg_ros.outputs_3d import further_messages, messages_3d, target_messages
from textseg_ros.placed import Output3d, PlacedResult
from textseg_ros.query import Query
from textseg_ros.query_book import Standing
from textseg_ros.report import Report
from textseg_ros.results import Answer
from textseg_ros.settings import LiveSettings
from textseg_ros.topics import camera_key
from textseg_ros.transport import Outlet

OUTPUTS = (
    *("objects_3d", "target_pose", "destination_pose"),
    *("detections_3d", "cloud", "markers"),
)
"""Keys of the topics that say where objects lie."""
_OF_ALL_QUERIES = ("objects_3d", "detections_3d")
"""Those that say what they are about; the others belong to the query of the topic."""
_OF_DESTINATION = ("objects_3d", "destination_pose", "markers")
"""Those that say where something is to go."""
_POSES = ("target_pose", "destination_pose")
"""Those that an arm may move on."""
_GAPS = 2
"""Images in a row after so long a gap that a warning is due: a single one is any pause."""

StandingOf = Callable[[Answer], Standing]
"""Says what has become of an answer's query, and of the object that the answer is about."""
Measured = Callable[[str, Query, Mapping[int, float], float], None]
"""Takes camera, query, id over frames -> metres from the camera, and the image's time, seconds."""


class Sender3d:
    """Sends the messages of answers that were placed; for any thread.

    Args:
        outlet: What publishes.
        settings: The node's settings.
        report: Where it is told why a pose is kept back.
        measured: Told how far each answer's objects are that have an id over frames.
    """

    def __init__(
        self, outlet: Outlet, settings: LiveSettings, report: Report, measured: Measured
    ) -> None:
        self._outlet = outlet
        self._settings = settings
        self._report = report
        self._measured = measured

    def listens(self, camera: str) -> bool:
        """Return whether somebody receives where the objects of a camera's answers lie."""
        return self._is_received(camera, OUTPUTS)

    def destination(self, camera: str, answer: Answer) -> Answer | None:
        """Return an answer's destination if it has one and somebody receives where that lies."""
        keys = ("objects_3d",) if answer.query.key else _OF_DESTINATION
        return answer.destination if self._is_received(camera, keys) else None

    def send(self, frame: Frame, output: Output3d, standing: StandingOf) -> None:
        """Send all of an answer without a destination.

        Args:
            frame: The image.
            output: The answer, placed.
            standing: Asked before each message: only a query still asked moves an arm.
        """
        self._judge(frame, output)
        messages = messages_3d(self._outlet.messages, output, self._lifetime_s)
        self._publish(frame, output.answer, messages, standing)

    def send_target(self, frame: Frame, output: Output3d, standing: StandingOf) -> None:
        """Send, as `send`, what is about the target alone and need not wait for the rest."""
        self._judge(frame, output)
        messages = target_messages(self._outlet.messages, output)
        self._publish(frame, output.answer, messages, standing)

    def send_destination(
        self, frame: Frame, output: Output3d, placed: PlacedResult, standing: StandingOf
    ) -> None:
        """Send the rest once the destination is placed.

        Args:
            frame: The image.
            output: What was given to `send_target`; stale by now, if it is.
            placed: Where the objects of its answer's destination lie.
            standing: As in `send`.

        Raises:
            ValueError: If the answer has no destination.
        """
        destination = output.answer.destination
        if destination is None:
            raise ValueError("the answer has no destination: send it with `send`")
        place = Output3d(destination, placed, output.image)
        self._warn_of(place, "destination")
        both = replace(output, destination=place)
        messages = further_messages(self._outlet.messages, both, self._lifetime_s)
        self._publish(frame, output.answer, messages, standing)

    def _judge(self, frame: Frame, output: Output3d) -> None:
        """Tell the dialogue how far the target's objects are, and the operator what is wrong."""
        self._warn_of(output, "target")
        if output.answer.track_ids:
            found = output.placed.objects
            distances_m = {output.track_id(one): one.distance_m for one in found}
            self._measured(frame.camera, output.answer.query, distances_m, frame.time_s)

    def _warn_of(self, output: Output3d, what: str) -> None:
        placed = output.placed
        if 0 in placed.refused:
            self._report.tell(
                f"{what} not placed",
                "warning",
                f"the {what} is not placed in space: {placed.refused[0]}",
            )
        if output.answer.may_move and placed.target and not placed.target.located.is_sure:
            self._report.tell(
                f"{what} not sure",
                "warning",
                f"the {what}'s pose is kept back: its centroid has a standard deviation of "
                f"{placed.target.located.sigma_m * 1e3:.0f} mm, at most {SURE_M * 1e3:.0f} mm may "
                "be moved on; its mask may show two things, or much of it has no depth",
            )

        answer = output.answer
        tracked = answer.turn.target.tracked if answer.turn and answer.tracked else None
        if tracked and answer.is_clear and not answer.is_confirmed and tracked.gaps >= _GAPS:
            self._report.tell(
                "images too far apart",
                "warning",
                f"the {what}'s pose is kept back until the {what} was seen in two images, and no "
                f"two are so near in time ({TrackerSettings().max_gap_s:g} s) that it is known "
                "again; let images come faster, or set tracking to false to have a pose of each",
            )

    @property
    def _lifetime_s(self) -> float:
        return self._settings.now.marker_lifetime_s

    def _publish(
        self,
        frame: Frame,
        answer: Answer,
        messages: Mapping[str, Any],
        standing: StandingOf,
    ) -> None:
        for key, message in messages.items():
            if answer.query.key and key not in _OF_ALL_QUERIES:
                continue
            # Asked anew for each message: an arm may move on a pose.
            about = answer.destination if key == "destination_pose" else answer
            state = standing(about or answer)
            if state == "cleared" or (key in _POSES and state != "asked"):
                continue
            self._outlet.publish(camera_key(frame.camera, key), message)

    def _is_received(self, camera: str, keys: tuple[str, ...]) -> bool:
        return any(self._outlet.listeners(camera_key(camera, key)) for key in keys)
