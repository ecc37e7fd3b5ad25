"""An action between two participants of our own, in both framings."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_args

import pytest
from dds_peers import loopback_settings, wait_until

from textseg_ros.dds import rpc
from textseg_ros.dds.action import MOST_GOALS, ActionServer
from textseg_ros.dds.action_client import ActionClient
from textseg_ros.dds.channels import Framing
from textseg_ros.dds.participant import Participant
from textseg_ros.dds.rpc import DdsRpc
from textseg_ros.goals import CancelCode, GoalState
from textseg_ros.rpc import GoalHandle

FIND = "textseg_ros/action/Find"
TIMEOUT_S = 30.0


class Searching:
    """A server whose goals do what the phrase says, and a client."""

    def __init__(self, framing: Framing) -> None:
        settings = loopback_settings()
        self.errors: list[Exception] = []
        self.server_node = Participant("segmenter", "/textseg", settings)
        self.client_node = Participant("asker", "/", settings)
        self.types = self.server_node.types
        self.server = DdsRpc(
            self.server_node,
            framing,
            lambda _, error: self.errors.append(error),
            print,
            lambda: 7 * 10**9,
        )
        self.rpc = DdsRpc(self.client_node, framing, lambda *_: None, print)
        self.go_on = threading.Event()

    def open(self, execute: Callable[[GoalHandle], Any], **options: Any) -> ActionClient:
        self.server.add_action("find", FIND, execute, **options)
        client = self.rpc.action_client("/textseg/find", FIND)
        assert client.wait_for_server(TIMEOUT_S)
        return client

    def close(self) -> None:
        self.go_on.set()
        for each in (self.rpc, self.server, self.client_node, self.server_node):
            each.close()

    def goal(self, phrase: str = "mug") -> Any:
        goal = self.types.default(f"{FIND}_Goal")
        goal.phrase = phrase
        return goal

    def result(self, message: str) -> Any:
        result = self.types.default(f"{FIND}_Result")
        result.message = message
        return result

    def until_canceled(self, handle: GoalHandle) -> Any:
        while not handle.is_cancel_requested:
            if self.go_on.wait(0.005):
                handle.succeed()
                return self.result("found")
        handle.canceled()
        return self.result("canceled")


@pytest.fixture(params=get_args(Framing))
def searching(request: pytest.FixtureRequest) -> Iterator[Searching]:
    searching = Searching(request.param)
    yield searching
    searching.close()


def test_a_goal_gives_feedback_and_its_result(searching: Searching) -> None:
    heard = threading.Event()

    def find(handle: GoalHandle) -> Any:
        feedback = searching.types.default(f"{FIND}_Feedback")
        feedback.stable = 3
        while not heard.wait(0.005):
            handle.publish_feedback(feedback)
        handle.succeed()
        return searching.result(f"found {handle.request.phrase}")

    client = searching.open(find)
    stable: list[int] = []

    def on_feedback(feedback: Any) -> None:
        stable.append(feedback.stable)
        heard.set()

    goal_id = client.send_goal(searching.goal(), on_feedback, TIMEOUT_S)
    assert goal_id is not None
    state, result = client.result(goal_id, TIMEOUT_S)

    assert (state, result.message) == (GoalState.SUCCEEDED, "found mug")
    assert stable[0] == 3
    assert client.result(goal_id, TIMEOUT_S)[0] == GoalState.SUCCEEDED  # again, from what is kept
    assert searching.errors == []


def test_a_goal_is_canceled_on_request(searching: Searching) -> None:
    client = searching.open(searching.until_canceled)
    goal_id = client.send_goal(searching.goal())
    assert goal_id is not None

    answer = client.cancel(goal_id)
    state, result = client.result(goal_id, TIMEOUT_S)

    assert answer.return_code == CancelCode.NONE
    assert [bytes(info.goal_id.uuid) for info in answer.goals_canceling] == [goal_id]
    assert [info.stamp.sec for info in answer.goals_canceling] == [7]  # the node's time
    assert (state, result.message) == (GoalState.CANCELED, "canceled")
    assert client.cancel(goal_id).return_code == CancelCode.TERMINATED


def test_a_goal_that_the_check_refuses_is_not_pursued(searching: Searching) -> None:
    client = searching.open(searching.until_canceled, accept=lambda goal: bool(goal.phrase))

    assert client.send_goal(searching.goal("")) is None
    assert client.send_goal(searching.goal("mug")) is not None


def test_several_goals_are_pursued_at_a_time_and_one_too_many_is_refused(
    searching: Searching,
) -> None:
    client = searching.open(searching.until_canceled)

    goals = [client.send_goal(searching.goal()) for _ in range(9)]

    assert goals.count(None) == 1
    assert goals[-1] is None
    assert len(client.cancel().goals_canceling) == 8
    for goal_id in goals[:8]:
        assert goal_id is not None
        assert client.result(goal_id, TIMEOUT_S)[0] == GoalState.CANCELED
    assert client.send_goal(searching.goal()) is not None


def test_a_goal_that_comes_while_the_one_before_finishes_is_pursued(searching: Searching) -> None:
    ended, go_on = threading.Semaphore(0), threading.Event()

    def find(handle: GoalHandle) -> Any:
        handle.succeed()
        ended.release()
        assert go_on.wait(TIMEOUT_S)
        return searching.result("found")

    client = searching.open(find)
    goals = [client.send_goal(searching.goal()) for _ in range(MOST_GOALS)]
    assert all(ended.acquire(timeout=TIMEOUT_S) for _ in goals)
    goals.append(client.send_goal(searching.goal()))
    go_on.set()

    assert None not in goals
    for goal_id in goals:
        assert goal_id is not None
        state, result = client.result(goal_id, TIMEOUT_S)
        assert (state, result.message) == (GoalState.SUCCEEDED, "found")


def test_a_handler_that_raises_or_leaves_its_goal_open_has_aborted_it(
    searching: Searching,
) -> None:
    def find(handle: GoalHandle) -> Any:
        if handle.request.phrase == "fail":
            raise RuntimeError("the network failed")
        return searching.result("left open")

    client = searching.open(find)
    ended = []
    for phrase in ("fail", "leave"):
        goal_id = client.send_goal(searching.goal(phrase))
        assert goal_id is not None
        state, result = client.result(goal_id, TIMEOUT_S)
        ended.append((state, result.message))

    assert ended == [(GoalState.ABORTED, ""), (GoalState.ABORTED, "left open")]
    assert [str(error) for error in searching.errors] == ["the network failed"]


def test_the_result_of_an_unknown_goal_has_no_state(searching: Searching) -> None:
    client = searching.open(searching.until_canceled)

    assert client.result(bytes(16), TIMEOUT_S)[0] == 0
    assert client.cancel(b"x" * 16).return_code == CancelCode.UNKNOWN_GOAL


def test_the_result_of_a_goal_that_ended_long_ago_is_forgotten(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc, "ActionServer", partial(ActionServer, result_kept_s=0.2))
    client = searching.open(searching.until_canceled)
    searching.go_on.set()
    goal_id = client.send_goal(searching.goal())
    assert goal_id is not None
    assert client.result(goal_id, TIMEOUT_S)[0] == GoalState.SUCCEEDED

    assert wait_until(lambda: client.result(goal_id, TIMEOUT_S)[0] == 0)


def test_the_status_topic_tells_late_subscribers_too(searching: Searching) -> None:
    client = searching.open(searching.until_canceled)
    goal_id = client.send_goal(searching.goal())
    assert goal_id is not None
    states: list[list[int]] = []
    searching.client_node.subscription(
        "/textseg/find/_action/status",
        "action_msgs/msg/GoalStatusArray",
        lambda message: states.append([each.status for each in message.status_list]),
        depth=1,
        transient_local=True,
    )

    assert wait_until(lambda: [GoalState.EXECUTING] in states)
    client.cancel(goal_id)
    assert wait_until(lambda: [GoalState.CANCELED] in states)


def test_closing_ends_goals_under_way(searching: Searching) -> None:
    client = searching.open(searching.until_canceled)
    goal_id = client.send_goal(searching.goal())
    assert goal_id is not None

    searching.server.close()

    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("action ")]
