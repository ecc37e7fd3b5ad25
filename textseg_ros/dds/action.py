"""The server of an action over plain DDS.

Source:
    ROS 2 Jazzy: rcl_action/src/rcl_action/{action_server,goal_state_machine,names}.c and
    action_msgs/srv/CancelGoal.srv, which says whom a request to cancel concerns.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from textseg_ros.dds.channels import ChannelMaker, RequestId
from textseg_ros.dds.endpoint import EndpointSettings
from textseg_ros.dds.participant import Participant
from textseg_ros.dds.service import DeferredService, TellError
from textseg_ros.goals import Goals, GoalState, OpenGoal
from textseg_ros.messages import MessageTypes, time_message, time_ns
from textseg_ros.rpc import RESULT_KEPT_S, ActionHandler, BoundedWorkers, GoalCheck

MOST_GOALS = 8


class ActionServer:
    """Pursues goals, several at a time, each in a thread; more than `most_goals` are refused.

    Args:
        node: The participant, for feedback and status.
        channels: What carries the three services.
        name: Absolute name of the action.
        type_name: `package/action/Type`.
        execute: Pursues a goal and returns its result.
        on_error: Told of what a handler raises and of requests that cannot be read.
        tell: Told of a client that frames its requests otherwise.
        accept: Decides on a goal; None to accept all.
        most_goals: Goals at a time.
        result_kept_s: How long the result of a goal that has ended can be asked for.
        now_ns: The node's time, nanoseconds; what clients cancel by is held against it.
    """

    def __init__(
        self,
        node: Participant,
        channels: ChannelMaker,
        name: str,
        type_name: str,
        execute: ActionHandler,
        on_error: TellError,
        tell: Callable[[str], None],
        *,
        accept: GoalCheck | None = None,
        most_goals: int = MOST_GOALS,
        result_kept_s: float = RESULT_KEPT_S,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._types: MessageTypes = node.types
        self._now_ns = now_ns
        self._node, self._name, self._type_name = node, name, type_name
        self._execute, self._accept, self._on_error = execute, accept, on_error
        self._goals = Goals(most_goals, result_kept_s, self._publish_status)
        self._waiting: dict[bytes, list[RequestId]] = {}
        self._results: dict[bytes, Any] = {}
        self._lock = threading.Lock()
        # As many again may wait: a goal that has ended is still in its thread for a moment.
        self._workers = BoundedWorkers(
            f"action {name}", most_goals, waiting=most_goals, on_error=self._failed
        )
        self._opened = threading.Event()
        self._services: list[DeferredService] = []
        base = f"{name}/_action"
        self._feedback = node.publisher(f"{base}/feedback", f"{type_name}_FeedbackMessage")
        self._status = node.open_publisher(
            EndpointSettings(
                f"{base}/status", "action_msgs/msg/GoalStatusArray", True, 1, transient_local=True
            )
        )
        parts: tuple[tuple[str, str, Callable[[RequestId, Any], None]], ...] = (
            ("send_goal", f"{type_name}_SendGoal", self._on_send_goal),
            ("cancel_goal", "action_msgs/srv/CancelGoal", self._on_cancel),
            ("get_result", f"{type_name}_GetResult", self._on_get_result),
        )
        try:
            for part, kind, on_request in parts:
                self._services.append(
                    DeferredService(
                        channels, node.types, f"{base}/{part}", kind, on_request, on_error, tell
                    )
                )
        except BaseException:
            self.close()
            raise
        self._opened.set()

    def close(self) -> None:
        """Ask the goals under way to end, wait for them and leave the graph."""
        self._goals.cancel_all()
        self._workers.close()
        for service in self._services:
            service.close()
        self._node.remove(self._feedback)
        self._node.remove(self._status)

    def _failed(self, error: Exception) -> None:
        self._on_error(self._name, error)

    # Requests, in the receiving thread.

    def _on_send_goal(self, request_id: RequestId, request: Any) -> None:
        self._opened.wait()
        goal_id = bytes(np.asarray(request.goal_id.uuid, np.uint8))
        response = self._services[0].default_response()
        goal = self._accepted(goal_id, request.goal)
        if goal is not None:
            response.accepted = True
            response.stamp = time_message(self._types, goal.accepted_ns)
        self._services[0].reply(request_id, response)
        if goal is not None:
            handle = _Handle(self, goal, request.goal)
            if not self._workers.submit(lambda: self._pursue(handle)):
                self._finish(goal, None)  # closed meanwhile

    def _accepted(self, goal_id: bytes, request: Any) -> OpenGoal | None:
        try:
            if self._accept is not None and not self._accept(request):
                return None
        except Exception as error:  # a check that fails refuses
            self._failed(error)
            return None
        self._forget_old()
        return self._goals.add(goal_id, self._now_ns(), time.monotonic())

    def _on_cancel(self, request_id: RequestId, request: Any) -> None:
        self._opened.wait()
        info = request.goal_info
        goal_id = bytes(np.asarray(info.goal_id.uuid, np.uint8))
        code, goals = self._goals.cancel(goal_id, time_ns(info.stamp))
        response = self._services[1].default_response()
        response.return_code = int(code)
        response.goals_canceling = [self._info(goal) for goal in goals]
        self._services[1].reply(request_id, response)

    def _on_get_result(self, request_id: RequestId, request: Any) -> None:
        self._opened.wait()
        goal_id = bytes(np.asarray(request.goal_id.uuid, np.uint8))
        self._forget_old()
        goal = self._goals.get(goal_id)
        with self._lock:
            if goal is not None and goal_id not in self._results:
                self._waiting.setdefault(goal_id, []).append(request_id)
                return
            result = self._results.get(goal_id)
        self._reply_result(request_id, goal, result)

    # Goals, in the workers' threads.

    def _pursue(self, handle: "_Handle") -> None:
        result = None
        self._goals.start(handle.goal)
        try:
            result = self._execute(handle)
        except Exception as error:  # a handler's failure ends its goal, not the server
            self._failed(error)
        finally:
            self._finish(handle.goal, result)

    def _finish(self, goal: OpenGoal, result: Any | None) -> None:
        """Keep the result for those who ask, now and later; a goal left open is aborted."""
        self._goals.end(goal, GoalState.ABORTED, time.monotonic())
        if result is None:
            result = self._types.default(f"{self._type_name}_Result")
        with self._lock:
            self._results[goal.goal_id] = result
            waiting = self._waiting.pop(goal.goal_id, [])
        for request_id in waiting:
            self._reply_result(request_id, goal, result)

    def _reply_result(
        self, request_id: RequestId, goal: OpenGoal | None, result: Any | None
    ) -> None:
        service = self._services[2]
        response = service.default_response()
        if goal is not None and result is not None:
            response.status = int(goal.state)
            response.result = result
        service.reply(request_id, response)

    def _forget_old(self) -> None:
        for goal_id in self._goals.forget(time.monotonic()):
            with self._lock:
                self._results.pop(goal_id, None)

    # What is published.

    def send_feedback(self, goal: OpenGoal, feedback: Any) -> None:
        """Publish feedback of a goal.

        Raises:
            ValueError: If it does not fit the action.
            RuntimeError: If it cannot be sent.
        """
        message_class = self._types.get(f"{self._type_name}_FeedbackMessage")
        self._feedback.publish(message_class(goal_id=self._uuid(goal.goal_id), feedback=feedback))

    def end(self, goal: OpenGoal, state: GoalState) -> None:
        """End a goal as its handler says."""
        self._goals.end(goal, state, time.monotonic(), strict=True)

    def _publish_status(self, goals: tuple[OpenGoal, ...]) -> None:
        status = self._types.get("action_msgs/msg/GoalStatus")
        array = self._types.get("action_msgs/msg/GoalStatusArray")
        message = array(
            status_list=[
                status(goal_info=self._info(goal), status=int(goal.state)) for goal in goals
            ]
        )
        try:
            self._status.publish(message)
        except (ValueError, RuntimeError) as error:
            self._failed(error)

    def _info(self, goal: OpenGoal) -> Any:
        return self._types.get("action_msgs/msg/GoalInfo")(
            goal_id=self._uuid(goal.goal_id), stamp=time_message(self._types, goal.accepted_ns)
        )

    def _uuid(self, goal_id: bytes) -> Any:
        return self._types.get("unique_identifier_msgs/msg/UUID")(
            uuid=np.frombuffer(goal_id, np.uint8)
        )


class _Handle:
    """The GoalHandle of one goal."""

    def __init__(self, server: ActionServer, goal: OpenGoal, request: Any) -> None:
        self._server, self.goal, self._request = server, goal, request

    @property
    def request(self) -> Any:
        return self._request

    @property
    def is_cancel_requested(self) -> bool:
        return self.goal.state is GoalState.CANCELING

    @property
    def is_active(self) -> bool:
        return not self.goal.state.is_final

    def publish_feedback(self, feedback: Any) -> None:
        self._server.send_feedback(self.goal, feedback)

    def succeed(self) -> None:
        self._server.end(self.goal, GoalState.SUCCEEDED)

    def abort(self) -> None:
        self._server.end(self.goal, GoalState.ABORTED)

    def canceled(self) -> None:
        self._server.end(self.goal, GoalState.CANCELED)
