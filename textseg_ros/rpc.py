"""Services and actions as handlers see them; both transports offer this."""

import queue
import threading
from collections.abc import Callable
from typing import Any, Protocol

WAITING = 8
"""Requests that may wait for a service, beside the one in work."""
RESULT_KEPT_S = 60
"""How long the result of a goal that has ended can be asked for; rclpy takes whole seconds."""

ServiceHandler = Callable[[Any], Any]
"""Request message -> response message. It runs in a worker thread and may take its time."""


Waits = Callable[[Any], bool]
"""Request message -> whether its handler waits for something outside. It must return at once."""


class GoalHandle(Protocol):
    """One accepted goal, as its handler sees it; shaped like rclpy's ServerGoalHandle.

    The handler ends the goal with `succeed`, `abort` or `canceled` before it returns the result;
    one that does not has aborted it.
    """

    @property
    def request(self) -> Any:
        """The action's goal message."""
        ...

    @property
    def is_cancel_requested(self) -> bool:
        """Whether a client wants it to end."""
        ...

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        ...

    def publish_feedback(self, feedback: Any) -> None:
        """Send the action's feedback message."""
        ...

    def succeed(self) -> None:
        """End it as reached."""
        ...

    def abort(self) -> None:
        """End it as not reached."""
        ...

    def canceled(self) -> None:
        """End it as the client wished; only after a request to cancel."""
        ...


ActionHandler = Callable[[GoalHandle], Any]
"""Goal handle -> result message. It runs in a worker thread until the goal has ended."""

GoalCheck = Callable[[Any], bool]
"""Goal message -> whether it is accepted. It must return at once."""


class Closeable(Protocol):
    """A server of a service or an action."""

    def close(self) -> None:
        """Leave the graph and wait for the handlers under way."""
        ...


class RpcTransport(Protocol):
    """What offers services and actions in the graph.

    Names are relative to the node's namespace, types are `package/srv/Type` and
    `package/action/Type`.
    """

    def add_service(
        self,
        name: str,
        type_name: str,
        handler: ServiceHandler,
        *,
        busy: ServiceHandler | None = None,
        waits: Waits | None = None,
    ) -> Closeable:
        """Offer a service.

        Args:
            name: Of the service.
            type_name: Its type.
            handler: Answers a request; one at a time, but all at a time that `waits` names.
            busy: Answers at once, in place of the handler, while too many requests wait; None
                to let the client wait in vain.
            waits: Says which requests wait for something outside, such as a camera; None for none.
        """
        ...

    def add_action(
        self,
        name: str,
        type_name: str,
        execute: ActionHandler,
        *,
        accept: GoalCheck | None = None,
    ) -> Closeable:
        """Offer an action.

        Args:
            name: Of the action.
            type_name: Its type.
            execute: Pursues a goal; several at a time.
            accept: Decides on a goal; None to accept all.
        """
        ...


class BoundedWorkers:
    """A few threads that do what is handed to them; what waits is bounded.

    Args:
        name: Of the threads.
        threads: How many.
        waiting: How much may wait beside what is being done.
        on_error: Called with what a task raised.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        waiting: int,
        on_error: Callable[[Exception], None],
    ) -> None:
        self._on_error = on_error
        self._tasks: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._lock = threading.Lock()
        self._most = threads + waiting
        self._held = 0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"{name} {index}", daemon=True)
            for index in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def has_room(self) -> bool:
        """Whether a task would be taken now."""
        with self._lock:
            return not self._closed and self._held < self._most

    def submit(self, task: Callable[[], None]) -> bool:
        """Let a thread do the task; return False if there is no room or it is closed."""
        with self._lock:
            if self._closed or self._held >= self._most:
                return False
            self._held += 1
            self._tasks.put(task)
        return True

    def close(self, timeout_s: float = 10.0) -> None:
        """Drop what waits, and wait for what is being done."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            while not self._tasks.empty():
                self._tasks.get_nowait()
            for _ in self._threads:
                self._tasks.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout_s)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._do(task)

    def _do(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception as error:  # the thread serves every task
            self._on_error(error)
        finally:
            with self._lock:
                self._held -= 1


class ServiceWorkers:
    """The threads of one service: one for what is done in turn, others for what waits outside.

    A request that waits for a camera thus delays neither those that need none nor those that wait
    for another camera. Of each kind there are `1 + waiting` at most.

    Args:
        name: Of the threads.
        waits: Says which requests wait outside; None for none.
        on_error: Called with what a task raised.
        waiting: How many requests may wait.
    """

    def __init__(
        self,
        name: str,
        waits: Waits | None,
        on_error: Callable[[Exception], None],
        waiting: int = WAITING,
    ) -> None:
        self._waits = waits
        self._in_turn = BoundedWorkers(name, 1, waiting, on_error)
        self._outside = (
            None if waits is None else BoundedWorkers(f"{name} waiting", 1 + waiting, 0, on_error)
        )

    def submit(self, request: Any, task: Callable[[], None]) -> bool:
        """Let a thread answer the request by the task; return False if there is no room."""
        if self._outside is not None and self._waits is not None and self._waits(request):
            return self._outside.submit(task)
        return self._in_turn.submit(task)

    def close(self) -> None:
        """Drop what waits for a thread, and wait for what is being done."""
        for workers in (self._in_turn, self._outside):
            if workers is not None:
                workers.close()
