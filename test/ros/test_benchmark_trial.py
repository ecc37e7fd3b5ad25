"""What the trials share: how they start a node, find it, and end with or without figures."""

import sys
import threading
from functools import partial

import pytest

pytest.importorskip("cyclonedds", reason="the DDS participant needs cyclonedds")

from textseg_ros.benchmark import trial
from textseg_ros.benchmark.command import run_trial, trial_parser
from textseg_ros.benchmark.trial import find_node, node_on_trial

READY = (sys.executable, "-S", "-c", "import time; print('waiting for it'); time.sleep(600)")


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


def test_trials_are_told_for_how_long_and_with_which_settings() -> None:
    parser = trial_parser("a trial", 60.0)

    assert parser.parse_args([]).seconds == 60.0
    assert str(parser.parse_args(["--params-file", "p.yaml"]).params_file) == "p.yaml"


def test_a_node_on_trial_runs_beside_a_peer_of_its_domain_until_the_end() -> None:
    with node_on_trial(None, {}, threading.Event(), READY) as run:
        assert run.node.poll() is None
        assert int(run.environment["ROS_DOMAIN_ID"]) == run.peer.domain_id
    assert run.node.poll() is not None


def test_a_trial_that_was_stopped_or_whose_node_ended_has_no_figures() -> None:
    stop = threading.Event()
    with (
        pytest.raises(RuntimeError, match="stopped before the end"),
        node_on_trial(None, {}, stop, READY),
    ):
        stop.set()
    with (
        pytest.raises(RuntimeError, match="the node ended"),
        node_on_trial(None, {}, threading.Event(), READY) as run,
    ):
        end(run)


def test_a_node_that_does_not_answer_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "MATCH_TIMEOUT_S", 0.05)
    stop = threading.Event()
    with node_on_trial(None, {}, stop, READY) as run:
        words = run.peer.publisher("/textseg/query", "std_msgs/msg/String")
        with pytest.raises(RuntimeError, match="the node was not found"):
            find_node([words], stop)
