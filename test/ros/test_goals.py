"""The states of goals."""

import pytest

from textseg_ros.goals import CancelCode, Goals, GoalState, OpenGoal

A, B, C = (bytes([number]) * 16 for number in (1, 2, 3))
NOBODY = bytes(16)


def make_goals(most: int = 8, kept_s: float = 10.0) -> Goals:
    return Goals(most, kept_s, lambda _: None)


def added(goals: Goals, goal_id: bytes, now_ns: int = 5) -> OpenGoal:
    goal = goals.add(goal_id, now_ns, 0.0)
    assert goal is not None
    return goal


def test_a_goal_is_accepted_executed_and_succeeds_and_each_change_is_told() -> None:
    told: list[list[GoalState]] = []
    goals = Goals(8, 10.0, lambda every: told.append([goal.state for goal in every]))
    goal = added(goals, A)

    goals.start(goal)
    goals.end(goal, GoalState.SUCCEEDED, 1.0, strict=True)

    assert told == [[GoalState.ACCEPTED], [GoalState.EXECUTING], [GoalState.SUCCEEDED]]


def test_a_goal_whose_id_is_taken_is_refused() -> None:
    goals = make_goals()
    added(goals, A)

    assert goals.add(A, 5, 0.0) is None


def test_no_more_goals_are_open_at_a_time_than_allowed() -> None:
    goals = make_goals(most=1)
    first = added(goals, A)

    assert goals.add(B, 5, 0.0) is None
    goals.end(first, GoalState.ABORTED, 1.0)
    assert goals.add(B, 5, 2.0) is not None


def test_only_a_goal_asked_to_cancel_can_be_canceled() -> None:
    goals = make_goals()
    goal = added(goals, A)

    with pytest.raises(RuntimeError, match="ACCEPTED cannot become CANCELED"):
        goals.end(goal, GoalState.CANCELED, 1.0, strict=True)
    assert goals.cancel(A, 0) == (CancelCode.NONE, (goal,))
    goals.start(goal)
    assert goal.state is GoalState.CANCELING
    goals.end(goal, GoalState.CANCELED, 1.0, strict=True)
    assert goal.state is GoalState.CANCELED


def test_a_goal_ends_once() -> None:
    goals = make_goals()
    goal = added(goals, A)
    goals.end(goal, GoalState.SUCCEEDED, 1.0)

    goals.end(goal, GoalState.ABORTED, 2.0)

    assert goal.state is GoalState.SUCCEEDED
    with pytest.raises(RuntimeError, match="SUCCEEDED cannot become ABORTED"):
        goals.end(goal, GoalState.ABORTED, 2.0, strict=True)


def test_canceling_an_unknown_or_ended_goal_says_so() -> None:
    goals = make_goals()
    goal = added(goals, A)
    goals.end(goal, GoalState.SUCCEEDED, 1.0)

    assert goals.cancel(B, 0) == (CancelCode.UNKNOWN_GOAL, ())
    assert goals.cancel(A, 0) == (CancelCode.TERMINATED, ())


@pytest.mark.parametrize(
    ("goal_id", "stamp_ns", "canceled"),
    [
        (NOBODY, 0, "ABC"),  # all
        (B, 0, "B"),  # that one
        (NOBODY, 20, "AB"),  # those accepted until then
        (C, 10, "AC"),  # that one and those accepted until then
    ],
)
def test_a_request_to_cancel_concerns_the_goals_that_cancel_goal_srv_says(
    goal_id: bytes, stamp_ns: int, canceled: str
) -> None:
    goals = make_goals()
    every = {
        name: added(goals, key, now_ns)
        for name, key, now_ns in (("A", A, 10), ("B", B, 20), ("C", C, 30))
    }

    code, asked = goals.cancel(goal_id, stamp_ns)

    assert code is CancelCode.NONE
    assert asked == tuple(every[name] for name in canceled)
    for name, goal in every.items():
        assert (goal.state is GoalState.CANCELING) == (name in canceled)


def test_a_goal_is_forgotten_when_it_ended_long_ago_and_not_before() -> None:
    goals = make_goals(kept_s=10.0)
    goals.end(added(goals, A), GoalState.SUCCEEDED, 1.0)
    added(goals, B)

    assert goals.forget(11.0) == ()
    assert goals.forget(11.1) == (A,)
    assert goals.get(A) is None
    assert goals.get(B) is not None
