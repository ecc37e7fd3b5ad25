"""Takes images as they arrive: counts them, checks their stamps, keeps the newest."""

from collections.abc import Callable, Mapping
from typing import Any

from textseg_ros.diagnostics import Statistics
from textseg_ros.frame import Frame, StampCheck
from textseg_ros.messages import stamp_ns
from textseg_ros.report import Report
from textseg_ros.scheduler import Scheduler
from textseg_ros.settings import LiveSettings
from textseg_ros.topics import camera_key


class Intake:
    """The way of an image from the transport to the scheduler; cheap, for any thread.

    Args:
        scheduler: What keeps images.
        statistics: Where they are counted.
        report: Where faults are told.
        settings: The node's settings.
        topics: Topic key -> name, for messages.
        now_ns: ROS time.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        statistics: Statistics,
        report: Report,
        settings: LiveSettings,
        topics: Mapping[str, str],
        now_ns: Callable[[], int],
        clock_s: Callable[[], float],
    ) -> None:
        self._scheduler = scheduler
        self._statistics = statistics
        self._report = report
        self._settings = settings
        self._topics = topics
        self._now_ns = now_ns
        self._clock_s = clock_s
        self._stamps = StampCheck()
        self._last_s: dict[str, float] = {}

    def last_s(self, camera: str) -> float | None:
        """Return when a camera's last image came, on the monotonic clock; None if none has."""
        return self._last_s.get(camera)

    def restart(self) -> None:
        """Forget what has come: silence and stamps count anew."""
        self._stamps = StampCheck()
        self._last_s.clear()

    def take(self, camera: str, key: str, message: Any, asked: bool) -> None:
        """Keep an image, unless nobody asks for it or the rate limit forbids.

        Args:
            camera: Name of its camera.
            key: "image" or "compressed".
            message: As received.
            asked: Whether there is a query to answer.
        """
        now_s = self._clock_s()
        own_key = camera_key(camera, key)
        self._statistics.count("received")
        fault = self._stamps.fault(own_key, message.header, self._now_ns())
        self._last_s[camera] = now_s
        if self._scheduler.running and (asked or self._scheduler.awaits(camera)):
            stamp = None if fault else stamp_ns(message.header)
            frame = Frame(key, message, now_s, stamp, camera)
            fate = self._scheduler.offer(frame, self._settings.now.max_rate_hz)
            if fate != "kept":
                self._statistics.count(fate)
        else:
            self._statistics.count("unasked")
        if fault is not None:
            self._report.tell(
                f"stamp of {own_key}",
                "warning",
                f"stamp of an image on {self._topics[own_key]} {fault}; its age counts from its "
                "arrival. Check the camera's clock and use_sim_time",
            )
