"""What the log says of the node's state: each change, and at its end what is the case."""

import pytest
from recording import NOW_NS, Bench

from textseg_ros.lifecycle import Transition
from textseg_ros.messages import MessageTypes
from textseg_ros.report import MOST_CHANGES

WAITS = "waits for someone who receives the answers; images come only then"
NO_IMAGE = "waits for the first image on /textseg/image or /textseg/image/compressed"


def infos(bench: Bench) -> list[str]:
    return [text for level, text in bench.transport.lines if level == "info"]


def test_a_start_says_what_runs_and_a_life_each_transition(types: MessageTypes) -> None:
    bench = Bench(types)
    for transition in ("configure", "activate", "deactivate", "activate", "deactivate",
                       "cleanup", "shutdown"):  # fmt: skip
        bench.behaviour.lifecycle.do(transition)

    assert infos(bench) == [
        "backend redness on cpu in fp32",
        "configured: the node is inactive",
        "activated: the node is active",
        "deactivated: the node is inactive",
        "activated: the node is active",
        "deactivated: the node is inactive",
        "cleaned up: the node is unconfigured",
        "shut down: the node is finalized",
    ]


def test_what_is_waited_for_is_said_with_all_names(types: MessageTypes) -> None:
    with Bench(types, cameras=("left", "right")) as bench:
        bench.behaviour.tell_ready()

        assert infos(bench)[-1] == (
            "waiting for /textseg/left/image, /textseg/right/image and queries on /textseg/query"
        )


def test_changes_within_a_second_are_all_told(types: MessageTypes) -> None:
    with Bench(types) as bench:
        before = len(bench.transport.lines)
        for enabled in (False, True):
            bench.behaviour.set_enabled(enabled)
            bench.clock.now_s += 0.3
        for text in ("the mug", "the red block", "the block"):
            bench.ask(text)
        bench.behaviour.lifecycle.do("shutdown")

        assert infos(bench)[before:] == [
            "answering is disabled",
            "answering is enabled",
            f"query 1 'the mug' {NO_IMAGE}",
            f"query 2 'the red block' {NO_IMAGE}",
            f"query 3 'the block' {NO_IMAGE}",
            "shut down: the node is finalized",
        ]


def test_an_answer_before_the_first_tick_ends_what_the_query_said_of_waiting(
    types: MessageTypes,
) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        assert infos(bench)[-1] == f"query 1 'the red block' {NO_IMAGE}"
        bench.show(bench.image())
        bench.tick()

        assert infos(bench)[-1] == "answering query 1 'the red block'"


def test_what_answers_wait_for_is_told_anew_when_it_is_something_else(
    types: MessageTypes,
) -> None:
    with Bench(types) as bench:
        bench.transport.listened = False
        bench.ask("the red block")
        assert infos(bench)[-1] == f"query 1 'the red block' {WAITS}"
        bench.transport.listened = True
        bench.tick()

        assert infos(bench)[-1] == f"query 1 'the red block' {NO_IMAGE}"


def test_a_query_that_waits_only_until_the_next_tick_is_told_of_as_answered(
    types: MessageTypes,
) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(bench.image())
        bench.tick()
        bench.transport.listened = False
        bench.ask("the block")
        assert infos(bench)[-1] == f"query 2 'the block' {WAITS}"
        bench.transport.listened = True
        bench.tick()

        assert infos(bench)[-1] == "answering query 2 'the block'"


def test_a_flood_of_queries_ends_with_the_newest(types: MessageTypes) -> None:
    with Bench(types, camera_timeout_s=1000.0) as bench:
        bench.show(bench.image())
        for _ in range(MOST_CHANGES + 20):
            bench.ask("the red block")
        assert infos(bench)[-1] == f"query {MOST_CHANGES}: 'the red block'"
        bench.tick()

        newest = f"query {MOST_CHANGES + 20}: 'the red block'"
        assert infos(bench)[-1] == f"{newest} (19 more like this since the last message)"


def test_a_query_to_a_paused_node_says_so_and_its_answers_are_told_of(
    types: MessageTypes,
) -> None:
    with Bench(types) as bench:
        bench.behaviour.set_enabled(False)
        bench.ask("the red block")
        paused = "query 1 'the red block' waits for the service enable: answering is disabled"
        assert infos(bench)[-1] == paused
        assert bench.tick().message == "answering is disabled; call the service enable"
        bench.behaviour.set_enabled(True)
        bench.show(bench.image())
        bench.tick()

        assert infos(bench)[-2:] == ["answering is enabled", "answering query 1 'the red block'"]


def test_a_query_that_outlived_a_pause_of_the_life_is_told_of(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(bench.image())
        bench.tick()
        for transition in ("deactivate", "activate"):
            bench.behaviour.lifecycle.do(transition)
        bench.behaviour.tell_ready()
        bench.tick()
        assert infos(bench)[-1] == f"query 1 'the red block' {NO_IMAGE}"
        bench.show(bench.image())
        bench.tick()

        assert infos(bench)[-1] == "answering query 1 'the red block'"


def test_a_standing_query_that_ends_and_comes_back_is_told_each_time(types: MessageTypes) -> None:
    put = types.get("textseg_ros/msg/StandingQuery")
    with Bench(types) as bench:
        before = len(bench.transport.lines)
        for text in ("the mug", "", "the mug", ""):
            bench.behaviour.on_standing_query(
                put(key="tool", text=text, priority=0, lifetime_s=0.0)
            )

        assert infos(bench)[before:] == [
            "standing query 'tool' is 1: 'the mug'",
            "standing query 'tool' is removed",
            "standing query 'tool' is 3: 'the mug'",
            "standing query 'tool' is removed",
        ]


def test_a_fault_that_comes_back_is_told_though_the_period_has_not_passed(
    types: MessageTypes,
) -> None:
    """Else the log would end with `well again` while the fault is there."""
    with Bench(types, log_period_s=60.0) as bench:
        bench.ask("the red block")
        for _ in range(2):
            bench.show(bench.image(encoding="32FC1"))
            bench.tick()
            assert "encoding '32FC1'" in bench.transport.lines[-1][1]
            bench.clock.now_s += 6.0
            bench.tick()
            assert infos(bench)[-1] == bench.transport.lines[-1][1]
            assert infos(bench)[-1] == "well again: answering query 1 'the red block'"


@pytest.mark.parametrize("before", [(), ("configure",), ("configure", "activate")])
def test_a_finalized_node_goes_on_with_its_diagnostics_and_with_nothing_else(
    types: MessageTypes, before: tuple[Transition, ...]
) -> None:
    bench = Bench(types)
    for transition in (*before, "shutdown"):
        bench.behaviour.lifecycle.do(transition)
    watched = len(bench.transport.watched)
    looks: list[int] = []
    for _ in range(2):
        bench.behaviour.on_tick(lambda: looks.append(1))

    first, second = bench.transport.of("diagnostics")
    for message in (first, second):
        assert message.header.stamp.sec == NOW_NS // 10**9
        status = message.status[0]
        assert (status.level, status.message) == (type(status).OK, "the node is finalized")
        assert {pair.key: pair.value for pair in status.values}["state"] == "finalized"
    assert (looks, bench.transport.watched[watched:]) == ([], [])
