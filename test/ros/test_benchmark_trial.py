"""What the trials share: how they start a node, find it, and end with or without figures."""

import sys
import threading
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("cyclonedds", reason="the DDS participant needs cyclonedds")

from textseg_ros.benchmark import trial
from textseg_ros.benchmark.carrier import carrier_of
from textseg_ros.benchmark.command import run_trial, trial_parser
from textseg_ros.benchmark.trial import ask_until, find_node, node_on_trial, running_node

DDS = carrier_of("dds")
NOISY = "(print('oh', file=sys.stderr), sys.exit(0))"


def stand_in(at_ctrl_c: str = "sys.exit(0)") -> list[str]:
    """Return the command of what says that it is ready, and does this at Ctrl-C."""
    code = (
        "import signal, sys, time\n"
        f"signal.signal(signal.SIGINT, lambda *_: {at_ctrl_c})\n"
        "print('waiting for it')\n"
        "time.sleep(600)\n"
    )
    return [sys.executable, "-S", "-c", code]


def fail() -> int:
    raise RuntimeError("the node was not found")


def end(run: trial.Trial) -> None:
    run.node.kill()
    run.node.wait()


def test_a_trial_ends_with_its_own_status_or_says_why_there_is_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stop = threading.Event()
    assert [run_trial("churn", partial(int, status), stop) for status in (0, 1)] == [0, 1]
    assert run_trial("churn", fail, stop) == 1
    assert capsys.readouterr().err == "churn: the node was not found\n"
    stop.set()
    assert run_trial("churn", fail, stop) == 0
    assert capsys.readouterr().err == ""


def test_trials_are_told_for_how_long_with_which_settings_and_over_what() -> None:
    parser = trial_parser("a trial", 60.0)

    assert (parser.parse_args([]).seconds, parser.parse_args([]).transport) == (60.0, "dds")
    assert parser.parse_args(["--transport", "rclpy"]).transport == "rclpy"
    assert str(parser.parse_args(["--params-file", "p.yaml"]).params_file) == "p.yaml"


def test_a_node_on_trial_runs_beside_a_peer_of_its_domain_until_the_end() -> None:
    with node_on_trial(DDS, None, {}, threading.Event(), stand_in()) as run:
        assert run.node.poll() is None
        assert int(run.environment["ROS_DOMAIN_ID"]) == run.peer.domain_id
    assert run.node.poll() is not None


def test_a_trial_that_was_stopped_or_whose_node_ended_has_no_figures() -> None:
    stop = threading.Event()
    with (
        pytest.raises(RuntimeError, match="stopped before the end"),
        node_on_trial(DDS, None, {}, stop, stand_in()),
    ):
        stop.set()
    with (
        pytest.raises(RuntimeError, match="the node ended"),
        node_on_trial(DDS, None, {}, threading.Event(), stand_in()) as run,
    ):
        end(run)


def test_a_node_that_writes_to_stderr_costs_its_trial_the_status_but_not_the_figures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def measure() -> int:
        with running_node({}, stand_in(NOISY), threading.Event()):
            pass
        print("figures")
        return 0

    assert run_trial("churn", measure, threading.Event()) == 1
    told = capsys.readouterr()
    assert told.out == "figures\n"
    assert told.err == "churn: the node, which should be quiet, wrote to stderr:\noh\n"


def test_a_trial_that_fails_lets_its_node_end_as_ctrl_c_does(tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    at_ctrl_c = f"(open({str(mark)!r}, 'w').close(), sys.exit(0))"
    with (
        pytest.raises(RuntimeError, match="the node was not found"),
        running_node({}, stand_in(at_ctrl_c), threading.Event()),
    ):
        fail()

    assert mark.exists()


def test_a_node_that_does_not_answer_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "MATCH_TIMEOUT_S", 0.05)
    stop = threading.Event()
    with node_on_trial(DDS, None, {}, stop, stand_in()) as run:
        words = run.peer.publisher("/textseg/query", "std_msgs/msg/String")
        with pytest.raises(RuntimeError, match="the node was not found"):
            find_node([words], stop)


def test_what_the_other_side_has_not_heard_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trial, "_ASK_EVERY_S", 0.01)
    asked: list[int] = []
    stop = threading.Event()

    assert ask_until(lambda: asked.append(0), lambda: len(asked) == 3, stop)
    assert len(asked) == 3
    assert not ask_until(lambda: asked.append(0), lambda: False, stop, 0.05)
    assert len(asked) > 3
    stop.set()
    asked.clear()
    assert not ask_until(lambda: asked.append(0), lambda: False, stop)
    assert not asked


@pytest.mark.parametrize(
    ("at_ctrl_c", "told"),
    [
        ("sys.exit(3)", "with status 3, not with 0"),
        (NOISY, "the node, which should be quiet, wrote to stderr:\noh"),
        ("None", "the node runs on 1 s after Ctrl-C"),
    ],
)
def test_a_node_that_ctrl_c_does_not_end_quietly_fails_its_trial(
    monkeypatch: pytest.MonkeyPatch, at_ctrl_c: str, told: str
) -> None:
    if at_ctrl_c == "None":  # the others end by themselves, which takes a busy machine a while
        monkeypatch.setattr(trial, "END_TIMEOUT_S", 1.0)
    with (
        pytest.raises(RuntimeError, match=f"(?s){told}"),
        node_on_trial(DDS, None, {}, threading.Event(), stand_in(at_ctrl_c)),
    ):
        pass
