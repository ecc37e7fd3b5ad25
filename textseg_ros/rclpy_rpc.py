"""Services and actions over rclpy, whose handlers run in threads of their own."""

from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future

from textseg_ros.messages import MessageTypes
from textseg_ros.rpc import (
    RESULT_KEPT_S,
    ActionHandler,
    BoundedWorkers,
    Closeable,
    GoalCheck,
    ServiceHandler,
    ServiceWorkers,
    Waits,
)

_GOALS = 8


class RclpyRpc:
    """The RpcTransport that a node of rclpy offers.

    The executor's thread only hands requests over, so that a handler that waits for an image does
    not keep the image from coming.

    Args:
        node: Offers them.
        types: Message classes.
        on_error: Told of what a handler raises.
    """

    def __init__(
        self, node: Node, types: MessageTypes, on_error: Callable[[str, Exception], None]
    ) -> None:
        self._node = node
        self._types = types
        self._on_error = on_error
        self._servers: list[_Server] = []

    def add_service(
        self,
        name: str,
        type_name: str,
        handler: ServiceHandler,
        *,
        busy: ServiceHandler | None = None,
        waits: Waits | None = None,
    ) -> "_Server":
        """Offer a service; see `RpcTransport`."""
        workers = ServiceWorkers(name, waits, self._failed(name))
        response_class = self._types.get(f"{type_name}_Response")

        async def answer(request: Any, _: Any) -> Any:
            reply = self._future()

            def work() -> None:
                try:
                    reply.set_result(handler(request))
                except Exception as error:
                    self._on_error(name, error)
                    reply.set_result(response_class())

            if workers.submit(request, work):
                return await reply
            return response_class() if busy is None else busy(request)

        # A callback that awaits keeps its group waiting: in the node's own no image would come.
        group = ReentrantCallbackGroup()
        service = self._node.create_service(
            self._types.get(type_name), name, answer, callback_group=group
        )
        return self._kept(_Server(workers, lambda: self._node.destroy_service(service)))

    def add_action(
        self,
        name: str,
        type_name: str,
        execute: ActionHandler,
        *,
        accept: GoalCheck | None = None,
    ) -> "_Server":
        """Offer an action; see `RpcTransport`."""
        workers = BoundedWorkers(name, _GOALS, 0, self._failed(name))
        result_class = self._types.get(f"{type_name}_Result")

        async def pursue(goal: Any) -> Any:
            result = self._future()
            handle = _Goal(goal)

            def work() -> None:
                try:
                    result.set_result(execute(handle))
                except Exception as error:
                    self._on_error(name, error)
                    if handle.is_active:
                        handle.abort()
                    result.set_result(result_class())

            if not workers.submit(work):
                goal.abort()
                return result_class()
            return await result

        def decide(goal: Any) -> GoalResponse:
            # Here, so that a client hears of it at once; the goal is pursued from this thread too.
            accepted = workers.has_room and (accept is None or accept(goal))
            return GoalResponse.ACCEPT if accepted else GoalResponse.REJECT

        server = ActionServer(
            self._node,
            self._types.get(type_name),
            name,
            pursue,
            goal_callback=decide,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            result_timeout=RESULT_KEPT_S,
        )
        return self._kept(_Server(workers, server.destroy))

    def close(self) -> None:
        """End all of them."""
        for server in self._servers:
            server.close()
        self._servers.clear()

    def _future(self) -> Future:
        """Return what a handler's thread ends and the executor waits for."""
        future = Future(executor=self._node.executor)
        # Without one, an end in another thread does not wake the executor that awaits it.
        future.add_done_callback(lambda _: None)
        return future

    def _kept(self, server: "_Server") -> "_Server":
        self._servers.append(server)
        return server

    def _failed(self, name: str) -> Callable[[Exception], None]:
        return lambda error: self._on_error(name, error)


class _Server:
    def __init__(self, workers: Closeable, destroy: Callable[[], object]) -> None:
        self._workers = workers
        self._destroy = destroy

    def close(self) -> None:
        """Wait for the handlers under way and leave the graph."""
        self._workers.close()
        self._destroy()


class _Goal:
    """rclpy's ServerGoalHandle with the names of `rpc.GoalHandle`."""

    def __init__(self, goal: Any) -> None:
        self._goal = goal

    @property
    def request(self) -> Any:
        return self._goal.request

    @property
    def is_cancel_requested(self) -> bool:
        return bool(self._goal.is_cancel_requested)

    @property
    def is_active(self) -> bool:
        return bool(self._goal.is_active)

    def publish_feedback(self, feedback: Any) -> None:
        self._goal.publish_feedback(feedback)

    def succeed(self) -> None:
        self._goal.succeed()

    def abort(self) -> None:
        self._goal.abort()

    def canceled(self) -> None:
        self._goal.canceled()
