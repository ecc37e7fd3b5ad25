"""Whether a camera's images are wanted now: a query is set and someone listens."""

import threading
from collections.abc import Callable, Sequence

LINGER_S = 2.0
"""How long images still come after the last listener has gone: one may come back."""


class Demand:
    """Subscribes to cameras while their images are wanted, and only then.

    Images are wanted while a request waits for one, or while there is a query and someone
    listens to the answers. Every thread may call it.

    Args:
        cameras: Their names.
        watch: Subscribes to a camera's images, or ends that.
        listens: Whether anybody receives a camera's answers.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self,
        cameras: Sequence[str],
        watch: Callable[[str, bool], None],
        listens: Callable[[str], bool],
        clock_s: Callable[[], float],
    ) -> None:
        self._watch = watch
        self._listens = listens
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._since_s: dict[str, float | None] = dict.fromkeys(cameras)
        self._heard_s = dict.fromkeys(cameras, float("-inf"))

    def since_s(self, camera: str) -> float | None:
        """Return when a camera was last subscribed to, monotonic; None if it is not now."""
        return self._since_s[camera]

    def look(self, *, asked: bool, awaits: Callable[[str], bool]) -> None:
        """Subscribe and unsubscribe as is due now.

        Args:
            asked: Whether the node answers and there is a query in force.
            awaits: Whether a request waits for an image of a camera.
        """
        with self._lock:
            now_s = self._clock_s()
            for camera, since_s in self._since_s.items():
                if asked and self._listens(camera):
                    self._heard_s[camera] = now_s
                heard = now_s - self._heard_s[camera] < LINGER_S
                wanted = awaits(camera) or (asked and heard)
                if wanted != (since_s is not None):
                    self._watch(camera, wanted)
                    self._since_s[camera] = now_s if wanted else None

    def end(self) -> None:
        """Unsubscribe from every camera."""
        self.look(asked=False, awaits=lambda _: False)
