"""Questions that are answered once, for services and goals: who asks waits for the reply."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import wait

from textseg_ros.asking import Asking
from textseg_ros.replying import Reply
from textseg_ros.scheduler import Request, Scheduler

LOOK_UP_S = 0.25
"""How long who waits for a reply waits before looking whether it is still wanted."""


class Requesting:
    """Hands requests on and waits for their replies; not for the thread that brings images.

    Args:
        scheduler: Takes requests.
        asking: Knows which phrases may be asked for.
        cameras: Their names.
        image_topics: Returns the topics of a camera's images, for messages.
        is_enabled: Whether the node may answer.
        look: Lets the camera of a request that waits be received, and its depth if that is wanted.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        asking: Asking,
        cameras: Sequence[str],
        image_topics: Callable[[str], str],
        is_enabled: Callable[[], bool],
        look: Callable[[Request], None],
    ) -> None:
        self._scheduler = scheduler
        self._asking = asking
        self._cameras = cameras
        self._image_topics = image_topics
        self._is_enabled = is_enabled
        self._look = look

    def check(self, phrase: str, camera: str) -> None:
        """Raise ValueError unless a phrase may be asked for and there is such a camera."""
        self._asking.check(phrase)
        if camera not in self._cameras:
            raise ValueError(f"there is no camera {camera!r}; cameras are {list(self._cameras)}")

    def reply(
        self, request: Request, timeout_s: float, is_over: Callable[[], bool] = lambda: False
    ) -> Reply:
        """Return the reply to a request.

        Args:
            request: The question.
            timeout_s: Longest wait.
            is_over: Asked every `LOOK_UP_S` whether the reply is no longer wanted.

        Raises:
            ValueError: If phrase, camera or image is refused.
            RuntimeError: If the node does not answer now or the network fails.
            TimeoutError: If no image, or no answer, came in time or while it was wanted.
        """
        self.check(request.phrase, self._cameras[0] if request.frame else request.camera)
        self._check_enabled()
        self._scheduler.ask(request)
        try:
            if not self._came(request, timeout_s, is_over):
                image = f"image on {self._image_topics(request.camera)}"
                where = image if request.frame is None else "answer"
                raise TimeoutError(f"no {where} within {timeout_s:.1f} s")
        finally:
            self._scheduler.withdraw(request)
        reply: Reply = request.reply.result()
        return reply

    def _came(self, request: Request, timeout_s: float, is_over: Callable[[], bool]) -> bool:
        """Wait for a reply; return whether it came, be it only why there is no answer."""
        end_s = time.monotonic() + timeout_s
        while not request.reply.done():
            left_s = end_s - time.monotonic()
            if left_s <= 0.0 or is_over():
                return False
            self._check_enabled()
            if not self._scheduler.running:  # and its frame is in work, for who knows how long
                raise RuntimeError("the node has stopped answering")
            self._look(request)
            wait([request.reply], min(left_s, LOOK_UP_S))
        return True

    def _check_enabled(self) -> None:
        if not self._is_enabled():
            raise RuntimeError("the node is disabled; call its service enable")
