"""A client of an action over plain DDS."""

import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from textseg_ros.dds.channels import ChannelMaker
from textseg_ros.dds.participant import Participant
from textseg_ros.dds.service import ServiceClient


class ActionClient:
    """Sends goals; its calls wait, so they are for any thread but the one that receives.

    Args:
        node: The participant, for feedback.
        channels: What carries the three services.
        name: Absolute name of the action.
        type_name: `package/action/Type`.
    """

    def __init__(
        self, node: Participant, channels: ChannelMaker, name: str, type_name: str
    ) -> None:
        self._types, self._type_name, self._node = node.types, type_name, node
        base = f"{name}/_action"
        self._lock = threading.Lock()
        self._on_feedback: dict[bytes, Callable[[Any], None]] = {}
        self._send, self._cancel, self._result = (
            ServiceClient(channels, node.types, f"{base}/{part}", kind)
            for part, kind in (
                ("send_goal", f"{type_name}_SendGoal"),
                ("cancel_goal", "action_msgs/srv/CancelGoal"),
                ("get_result", f"{type_name}_GetResult"),
            )
        )
        self._feedback = node.subscription(
            f"{base}/feedback", f"{type_name}_FeedbackMessage", self._take_feedback
        )

    def wait_for_server(self, timeout_s: float = 10.0) -> bool:
        """Wait until a server is there; return whether one is."""
        services = (self._send, self._cancel, self._result)
        found = all(service.wait_for_service(timeout_s) for service in services)
        return found and self._feedback.wait_for_matches(1, timeout_s)

    def send_goal(
        self,
        goal: Any,
        on_feedback: Callable[[Any], None] = lambda _: None,
        timeout_s: float = 10.0,
    ) -> bytes | None:
        """Return the id of a goal that was accepted, or None if it was refused.

        Args:
            goal: The action's goal message.
            on_feedback: Called with each feedback message, in the participant's thread.
            timeout_s: Longest wait for the answer.

        Raises:
            ValueError: If the goal does not fit the action.
            RuntimeError: If no answer comes.
        """
        goal_id = os.urandom(16)
        with self._lock:
            self._on_feedback[goal_id] = on_feedback
        request = self._types.get(f"{self._type_name}_SendGoal_Request")(
            goal_id=self._uuid(goal_id), goal=goal
        )
        accepted = False
        try:
            accepted = self._send.call(request, timeout_s).accepted
        finally:
            if not accepted:
                self._forget(goal_id)
        return goal_id if accepted else None

    def cancel(self, goal_id: bytes = bytes(16), timeout_s: float = 10.0) -> Any:
        """Ask a goal to end, or all if none is named; return the CancelGoal response.

        Raises:
            RuntimeError: If no answer comes.
        """
        request = self._types.default("action_msgs/srv/CancelGoal_Request")
        request.goal_info.goal_id = self._uuid(goal_id)
        return self._cancel.call(request, timeout_s)

    def result(self, goal_id: bytes, timeout_s: float = 10.0) -> tuple[int, Any]:
        """Wait for the end of a goal; return its state and the action's result message.

        The state is of action_msgs/msg/GoalStatus, 0 if the server does not know the goal.

        Raises:
            RuntimeError: If no answer comes.
        """
        request = self._types.get(f"{self._type_name}_GetResult_Request")(
            goal_id=self._uuid(goal_id)
        )
        response = self._result.call(request, timeout_s)
        self._forget(goal_id)
        return int(response.status), response.result

    def close(self) -> None:
        """Leave the graph."""
        for service in (self._send, self._cancel, self._result):
            service.close()
        self._node.remove(self._feedback)

    def _forget(self, goal_id: bytes) -> None:
        with self._lock:
            self._on_feedback.pop(goal_id, None)

    def _take_feedback(self, message: Any) -> None:
        with self._lock:
            callback = self._on_feedback.get(bytes(np.asarray(message.goal_id.uuid, np.uint8)))
        if callback is not None:
            callback(message.feedback)

    def _uuid(self, goal_id: bytes) -> Any:
        return self._types.get("unique_identifier_msgs/msg/UUID")(
            uuid=np.frombuffer(goal_id, np.uint8)
        )
