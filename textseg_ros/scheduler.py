"""Which image is answered next: the newest of each camera, the cameras in turn."""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from textseg_ros.frame import Frame

MAX_REQUESTS = 32
"""Most requests that wait at a time."""

Fate = Literal["kept", "replaced", "limited"]
"""What became of a frame that came: it waits; it waits in the place of an older one; it came
sooner after the one before than the rate limit allows."""


@dataclass(slots=True, eq=False)
class Request:
    """One question to be answered once, such as a service call.

    Attributes:
        phrase: What to look for.
        camera: Whose next frame to look at.
        frame: An image of its own, instead of the camera's.
        pictures: Whether mask and response are wanted too.
        space: Whether the target's pose is wanted too, where there is depth.
        reply: Takes the answer, or what kept it from being given.
        is_wanted: Whether somebody still waits for it.
    """

    phrase: str
    camera: str = ""
    frame: Frame | None = None
    pictures: bool = False
    space: bool = False
    reply: "Future[Any]" = field(default_factory=Future)
    is_wanted: bool = True


@dataclass(frozen=True, slots=True)
class Work:
    """What to do next.

    Attributes:
        frame: The image.
        requests: Questions about it from outside the standing queries.
        own: Whether the image came with its request; standing queries do not look at it.
    """

    frame: Frame
    requests: tuple[Request, ...] = ()
    own: bool = False


def refuse(requests: Iterable[Request], error: BaseException) -> None:
    """Tell requests that have no reply yet what kept them from one.

    What is neither a ValueError, a fault of the request, nor a RuntimeError becomes a RuntimeError
    that names its kind.
    """
    if not isinstance(error, (ValueError, RuntimeError)):
        error = RuntimeError(f"{type(error).__name__}: {error}")
    for request in requests:
        if not request.reply.done():
            request.reply.set_exception(error)


class Scheduler:
    """Holds one frame of each camera at most, and hands the cameras out in turn.

    A newer frame takes the place of the one that waits, so that no queue grows. Whoever was
    served longest ago comes next; requests with an image of their own count as one camera more.

    Args:
        cameras: Their names.
    """

    def __init__(self, cameras: Sequence[str]) -> None:
        self._changed = threading.Condition()
        # Guarded by _changed; None stands for requests with an image of their own.
        self._frames: dict[str, Frame] = {}
        self._own: deque[Request] = deque()
        self._requests: dict[str, list[Request]] = {camera: [] for camera in cameras}
        self._served: dict[str | None, int] = dict.fromkeys([None, *cameras], 0)
        self._turn = 0
        # When the last period of a camera's rate limit began.
        self._since_s = dict.fromkeys(cameras, float("-inf"))
        self._running = False

    def start(self) -> None:
        """Begin to hand out work."""
        with self._changed:
            self._running = True

    def stop(self) -> int:
        """End it: drop what waits and wake who waits; return how many frames were dropped."""
        with self._changed:
            self._running = False
            dropped = len(self._frames)
            self._frames.clear()
            waiting = [*self._own, *(r for some in self._requests.values() for r in some)]
            self._own.clear()
            for some in self._requests.values():
                some.clear()
            self._changed.notify_all()
        refuse(waiting, RuntimeError("the node has stopped answering"))
        return dropped

    @property
    def running(self) -> bool:
        """Whether work is handed out."""
        with self._changed:
            return self._running

    def offer(self, frame: Frame, max_rate_hz: float) -> Fate:
        """Take a camera's frame.

        A frame is kept if `max_rate_hz` allows it or a request waits for it. The limit holds on
        average: what a camera's rhythm makes a frame late is allowed to the next. A frame that
        only a request let pass begins a period of its own.

        Args:
            frame: Just arrived.
            max_rate_hz: Most frames a second of this camera; 0 for all.
        """
        camera = frame.camera
        with self._changed:
            if max_rate_hz > 0.0:
                now_s, period_s = frame.arrived_s, 1.0 / max_rate_hz
                due_s = self._since_s[camera] + period_s
                if now_s < due_s and not self._requests[camera]:
                    return "limited"
                in_time = 0.0 <= now_s - due_s < period_s
                self._since_s[camera] = due_s if in_time else now_s
            fate: Fate = "replaced" if camera in self._frames else "kept"
            self._frames[camera] = frame
            self._changed.notify_all()
            return fate

    def ask(self, request: Request) -> None:
        """Take a request.

        Raises:
            RuntimeError: If too many wait, or nothing is answered now.
        """
        with self._changed:
            if not self._running:
                raise RuntimeError("the node does not answer now: it is not active")
            waiting = len(self._own) + sum(map(len, self._requests.values()))
            if waiting >= MAX_REQUESTS:
                raise RuntimeError(f"{waiting} requests wait already; ask again later")
            if request.frame is None:
                self._requests[request.camera].append(request)
            else:
                self._own.append(request)
            self._changed.notify_all()

    def withdraw(self, request: Request) -> None:
        """Forget a request, or let it be known that nobody waits for it any more."""
        request.is_wanted = False
        with self._changed:
            for place in (self._own, self._requests.get(request.camera, [])):
                if request in place:
                    place.remove(request)

    def awaits(self, camera: str) -> bool:
        """Return whether a request waits for a frame of a camera."""
        with self._changed:
            return bool(self._requests[camera])

    def drop_frames(self) -> int:
        """Forget the frames that wait for standing queries; return how many."""
        with self._changed:
            idle = [camera for camera in self._frames if not self._requests[camera]]
            for camera in idle:
                del self._frames[camera]
            return len(idle)

    def take(self) -> Work | None:
        """Wait for work and return it; None once stopped."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running or self._frames or self._own)
            if not self._running:
                return None
            ready: list[str | None] = [*self._frames]
            if self._own:
                ready.append(None)
            camera = min(ready, key=lambda name: self._served[name])
            self._turn += 1
            self._served[camera] = self._turn
            if camera is None:
                request = self._own.popleft()
                if request.frame is None:
                    raise RuntimeError("a request without an image among those with one")
                return Work(request.frame, (request,), own=True)
            requests = tuple(self._requests[camera])
            self._requests[camera].clear()
            return Work(self._frames.pop(camera), requests)
