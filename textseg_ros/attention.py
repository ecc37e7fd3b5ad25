"""What the node receives now: images, depth and transforms, while an answer is wanted."""

import threading
from collections.abc import Callable, Sequence

from textseg_ros.demand import Demand
from textseg_ros.scheduler import Scheduler
from textseg_ros.space import Space
from textseg_ros.topics import camera_key, topics_of
from textseg_ros.transport import Transport


class Attention:
    """Subscribes to what is wanted, and only to that; every thread may call it.

    Args:
        transport: What subscribes.
        scheduler: Knows whether the node answers, and which requests wait.
        space: What hears depth.
        cameras: Their names.
        is_asked: Whether there is a query to answer.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self,
        transport: Transport,
        scheduler: Scheduler,
        space: Space,
        cameras: Sequence[str],
        is_asked: Callable[[], bool],
        clock_s: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._scheduler = scheduler
        self._space = space
        self._cameras = cameras
        self._is_asked = is_asked
        outputs = [topic for topic in topics_of(("",)) if topic.direction == "out"]
        self._heard_keys = {
            camera: [camera_key(camera, topic.key) for topic in outputs if not topic.shared]
            for camera in cameras
        }
        self._demand = Demand(cameras, transport.watch, self._listens, clock_s)
        self._lock = threading.Lock()

    def look(self) -> None:
        """Subscribe and unsubscribe as is due now; cheap."""
        with self._lock:  # what is found must hold until it is acted on
            running = self._scheduler.running
            asked = running and self._is_asked()
            self._demand.look(asked=asked, awaits=self._scheduler.awaits)
            self._space.look(running=running, asked=asked)

    def end(self) -> None:
        """Receive nothing any more, once the scheduler has stopped."""
        with self._lock:
            self._demand.end()
            self._space.end()

    def since_s(self, camera: str) -> float | None:
        """Return when a camera was last subscribed to, monotonic; None if it is not now."""
        return self._demand.since_s(camera)

    @property
    def is_heard(self) -> bool:
        """Whether anybody receives answers of any camera."""
        return any(map(self._listens, self._cameras))

    def _listens(self, camera: str) -> bool:
        return any(self._transport.listeners(key) for key in self._heard_keys[camera])
