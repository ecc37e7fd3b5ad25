"""The states of an action's goals, apart from whatever carries the action.

Source:
    ROS 2 Jazzy: rcl_action/src/rcl_action/goal_state_machine.c; action_msgs/msg/GoalStatus.msg
    and action_msgs/srv/CancelGoal.srv for the numbers.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum


class GoalState(IntEnum):
    """State of a goal, as action_msgs/msg/GoalStatus numbers it."""

    ACCEPTED = 1
    EXECUTING = 2
    CANCELING = 3
    SUCCEEDED = 4
    CANCELED = 5
    ABORTED = 6

    @property
    def is_final(self) -> bool:
        """Whether the goal has ended."""
        return self >= GoalState.SUCCEEDED


class CancelCode(IntEnum):
    """Answer to a request to cancel, as action_msgs/srv/CancelGoal numbers it."""

    NONE = 0
    REJECTED = 1
    UNKNOWN_GOAL = 2
    TERMINATED = 3


@dataclass(slots=True, eq=False)
class OpenGoal:
    """One accepted goal.

    Attributes:
        goal_id: 16 bytes that the client chose.
        accepted_ns: When it was accepted, ROS time.
        state: Where it stands.
        ended_s: When it ended, monotonic seconds; None before.
    """

    goal_id: bytes
    accepted_ns: int
    state: GoalState = GoalState.ACCEPTED
    ended_s: float | None = None


class Goals:
    """The goals of one action, for any thread.

    Args:
        most: Goals that may be open at a time.
        kept_s: How long a goal that has ended is remembered.
        on_change: Called with all goals whenever one changes, in the order of the changes.
    """

    def __init__(
        self,
        most: int,
        kept_s: float,
        on_change: Callable[[tuple[OpenGoal, ...]], None],
    ) -> None:
        self._most, self._kept_s, self._on_change = most, kept_s, on_change
        self._lock = threading.RLock()
        self._goals: dict[bytes, OpenGoal] = {}

    def add(self, goal_id: bytes, now_ns: int, now_s: float) -> OpenGoal | None:
        """Accept a goal; return None if its id is taken or too many goals are open."""
        with self._lock:
            open_goals = sum(not goal.state.is_final for goal in self._goals.values())
            if goal_id in self._goals or open_goals >= self._most:
                return None
            goal = self._goals[goal_id] = OpenGoal(goal_id, now_ns)
            self._changed()
            return goal

    def get(self, goal_id: bytes) -> OpenGoal | None:
        """Return a goal that is remembered."""
        with self._lock:
            return self._goals.get(goal_id)

    def start(self, goal: OpenGoal) -> None:
        """Take note that a goal is being pursued; one to be canceled stays so."""
        with self._lock:
            if goal.state is GoalState.ACCEPTED:
                goal.state = GoalState.EXECUTING
                self._changed()

    def cancel(self, goal_id: bytes, stamp_ns: int) -> tuple[CancelCode, tuple[OpenGoal, ...]]:
        """Ask goals to end.

        Args:
            goal_id: Of one goal; zeros for none in particular.
            stamp_ns: Goals accepted until then; 0 for none in particular. Both zero: all goals.

        Returns:
            The answer, and the goals that were asked.
        """
        with self._lock:
            named = any(goal_id)
            if named and not stamp_ns:
                goal = self._goals.get(goal_id)
                if goal is None:
                    return CancelCode.UNKNOWN_GOAL, ()
                if goal.state.is_final:
                    return CancelCode.TERMINATED, ()
            concerned = tuple(
                goal
                for goal in self._goals.values()
                if not goal.state.is_final
                and (
                    (named and goal.goal_id == goal_id)
                    or (stamp_ns and goal.accepted_ns <= stamp_ns)
                    or not (named or stamp_ns)
                )
            )
            for goal in concerned:
                goal.state = GoalState.CANCELING
            if concerned:
                self._changed()
            return CancelCode.NONE, concerned

    def cancel_all(self) -> None:
        """Ask every goal to end."""
        self.cancel(bytes(16), 0)

    def end(self, goal: OpenGoal, state: GoalState, now_s: float, *, strict: bool = False) -> None:
        """End a goal; one that has ended stays as it is.

        Args:
            goal: The goal.
            state: How it ended.
            now_s: Monotonic seconds.
            strict: Raise if it has ended or cannot end like this.

        Raises:
            RuntimeError: If `strict` and the state does not allow it.
        """
        with self._lock:
            uncalled = state is GoalState.CANCELED and goal.state is not GoalState.CANCELING
            if goal.state.is_final or uncalled:
                if strict:
                    raise RuntimeError(
                        f"a goal in state {goal.state.name} cannot become {state.name}; only one "
                        "that has not ended can end, and only one asked to cancel be canceled"
                    )
                return
            goal.state, goal.ended_s = state, now_s
            self._changed()

    def forget(self, now_s: float) -> tuple[bytes, ...]:
        """Forget the goals that ended long ago; return their ids."""
        with self._lock:
            old = tuple(
                goal.goal_id
                for goal in self._goals.values()
                if goal.ended_s is not None and now_s - goal.ended_s > self._kept_s
            )
            for goal_id in old:
                del self._goals[goal_id]
            return old

    def _changed(self) -> None:
        self._on_change(tuple(self._goals.values()))
