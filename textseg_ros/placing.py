"""Lets answers be placed in space beside the work on the next images, which is not held up."""

import threading
from collections.abc import Callable, Sequence

from textseg_ros.scheduler import Request, refuse
from textseg_ros.topics import camera_key

Task = Callable[[], None]
_STOPPED = "the node has stopped answering"


class Placing:
    """Runs what waits for depth images and transforms, in a thread of each camera.

    Of the frames of a camera one waits at most: a newer one takes its place. Requests are all
    served, as each is waited for. A camera's thread is there from its first task on, and until
    `join`; one whose transforms are late does not hold up another.

    Args:
        cameras: Their names.
        on_error: Told of what a task raises.
    """

    def __init__(self, cameras: Sequence[str], on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._lock = threading.Lock()
        # Guarded by _lock:
        self._running = False
        self._workers: dict[str, _Worker] = {}
        self._overtaken = dict.fromkeys(cameras, 0)

    def start(self) -> None:
        """Begin to take tasks."""
        with self._lock:
            self._running = True

    def offer(self, camera: str, task: Task) -> None:
        """Take what is to be done for a frame; nothing happens while stopped."""
        with self._lock:
            if self._running:
                self._overtaken[camera] += self._worker(camera).offer(task)

    def ask(self, camera: str, request: Request, task: Task) -> None:
        """Take what gives a request its reply; it is refused while stopped."""
        with self._lock:
            if self._running:
                self._worker(camera).ask(request, task)
                return
        refuse((request,), RuntimeError(_STOPPED))

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being done and nothing waits."""
        with self._lock:
            return all(worker.is_idle for worker in self._workers.values())

    def values(self) -> dict[str, str]:
        """Return how many frames were overtaken by newer ones, for diagnostics."""
        with self._lock:
            return {
                camera_key(camera, "not placed: overtaken"): str(count)
                for camera, count in self._overtaken.items()
                if count
            }

    def stop(self) -> None:
        """Take no more, drop what waits and refuse its requests."""
        with self._lock:
            self._running = False
            workers = tuple(self._workers.values())
        for worker in workers:
            worker.end()

    def join(self, timeout_s: float) -> None:
        """Wait for what was being done when it was stopped.

        Args:
            timeout_s: Longest wait for each camera; what takes longer ends by itself, unheard.
        """
        with self._lock:
            workers = tuple(self._workers.values())
            self._workers.clear()
        for worker in workers:
            worker.join(timeout_s)

    def _worker(self, camera: str) -> "_Worker":
        if camera not in self._workers:
            self._workers[camera] = _Worker(f"placing {camera}".strip(), self._on_error)
        return self._workers[camera]


class _Worker:
    """The thread of one camera, which does what waits in the order of coming."""

    def __init__(self, name: str, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._changed = threading.Condition()
        # Guarded by _changed; a task without a request is a frame's.
        self._waiting: list[tuple[Task, Request | None]] = []
        self._ended = self._busy = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def offer(self, task: Task) -> bool:
        """Take a frame's task; return whether it took the place of another."""
        with self._changed:
            for place, (_, request) in enumerate(self._waiting):
                if request is None:
                    self._waiting[place] = (task, None)
                    return True
            self._waiting.append((task, None))
            self._changed.notify()
            return False

    def ask(self, request: Request, task: Task) -> None:
        """Take a request's task."""
        with self._changed:
            self._waiting.append((task, request))
            self._changed.notify()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being done and nothing waits."""
        with self._changed:
            return not (self._busy or self._waiting)

    def end(self) -> None:
        """Drop what waits and let the thread end."""
        with self._changed:
            self._ended = True
            dropped = [request for _, request in self._waiting if request is not None]
            self._waiting.clear()
            self._changed.notify()
        refuse(dropped, RuntimeError(_STOPPED))

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.wait_for(lambda: self._ended or self._waiting)
                if self._ended:
                    return
                self._busy = True
                task, request = self._waiting.pop(0)
            if request is None or request.is_wanted:
                self._do(task, request)

    def _do(self, task: Task, request: Request | None) -> None:
        try:
            task()
        except Exception as error:  # the thread serves every frame
            refuse(() if request is None else (request,), error)
            self._on_error(error)
