"""The statuses of the diagnostics, from counts and events written by hand."""

import subprocess
import sys
from pathlib import Path

import pytest
from recording import Bench

from textseg_ros import checks
from textseg_ros.checks import (
    age_check,
    drops_check,
    engine_check,
    last_error_check,
    memory_check,
    rate_check,
)
from textseg_ros.diagnostics import COUNTS, Numbers, Statistics
from textseg_ros.messages import MessageTypes
from textseg_ros.report import Event, Level

NOW_S = 50.0
NAMES = ["segmentation", "rate", "age", "drops", "engine", "memory", "last error"]


def event(level: Level, text: str, ago_s: float, count: int = 1) -> Event:
    return Event(level, text, count, NOW_S - ago_s, NOW_S - ago_s)


def numbers(age_s: float | None = 0.25, **counts: int) -> Numbers:
    return Numbers(10.0, 7.5, dict.fromkeys(COUNTS, 0) | counts, age_s, {"total": 31.256})


def test_rates_are_counts_since_the_last_look_by_time() -> None:
    statistics = Statistics(100.0)
    for what, times in (("received", 8), ("answered", 6)):
        for _ in range(times):
            statistics.count(what)

    first, second = statistics.numbers(104.0), statistics.numbers(105.0)
    assert (first.fps_in, first.fps_out) == (2.0, 1.5)
    assert (second.fps_in, second.counts["received"]) == (0.0, 8)
    assert (first.age_s, dict(first.latency_ms)) == (None, {})


def test_the_rate_is_told_and_a_silent_camera_warns() -> None:
    told = rate_check(numbers(received=20, answered=15, unasked=1), {}, NOW_S)
    assert (told.level, told.text) == ("info", "10.0 images a second in, 7.5 answered")
    assert told.values["frames received"] == "20"

    silent = {"no camera left": event("warning", "no image on /left/image", 1.0)}
    told = rate_check(numbers(), silent, NOW_S)
    assert (told.level, told.text) == ("warning", "no image on /left/image")


@pytest.mark.parametrize(("ago_s", "level"), [(4.9, "warning"), (5.0, "info")])
def test_age_warns_for_as_long_as_a_stale_answer_counts_as_present(
    ago_s: float, level: str
) -> None:
    told = age_check(numbers(), 1.0, {"stale": event("warning", "is stale", ago_s)}, NOW_S)

    assert told.level == level
    assert told.values == {"age s": "0.250", "max age s": "1.000", "total ms": "31.26"}


def test_age_before_the_first_answer_is_none() -> None:
    told = age_check(numbers(None), 1.0, {}, NOW_S)
    assert (told.text, told.values["age s"]) == ("no answer yet", "none")


def test_drops_are_summed_and_the_rest_of_space_stands_beside_them() -> None:
    counts = numbers(refused=2, failed=3, replaced=40)
    told = drops_check(counts, {"not placed: no depth": "4"}, {}, NOW_S)

    assert told.text == "5 frames refused or failed, 40 replaced by newer ones"
    assert told.level == "info"
    assert told.values["not placed: no depth"] == "4"
    assert told.values["frames replaced"] == "40"


def test_an_event_counts_for_the_check_that_it_belongs_to_alone() -> None:
    events = {"image refused": event("error", "image on /a refused", 0.0)}
    levels = [
        rate_check(numbers(), events, NOW_S).level,
        age_check(numbers(), 1.0, events, NOW_S).level,
        drops_check(numbers(), {}, events, NOW_S).level,
        engine_check("onnx on cpu", events, NOW_S).level,
    ]
    assert levels == ["info", "info", "error", "info"]


def test_a_worker_that_ended_is_a_fault_of_the_engine() -> None:
    told = engine_check("onnx on cpu", {"worker ended": event("error", "it ended", 0.0)}, NOW_S)
    assert (told.level, told.text, told.values) == (
        "error",
        "it ended",
        {"backend": "onnx on cpu"},
    )


def test_the_last_error_stays_to_be_read_after_it_is_over() -> None:
    events = {
        "query": event("info", "query 1", 0.0),
        "stale": event("warning", "is stale", 30.0, count=7),
        "image refused": event("error", "image refused", 8.0),
    }
    told = last_error_check(events, NOW_S)

    assert (told.level, told.text) == ("info", "image refused")
    assert told.values == {
        "kind": "image refused",
        "seconds ago": "8.0",
        "warning: stale": "7 x, last: is stale",
        "error: image refused": "1 x, last: image refused",
    }


def test_without_errors_the_last_one_is_none() -> None:
    told = last_error_check({"query": event("info", "query 1", 0.0)}, NOW_S)
    assert (told.level, told.text, told.values) == ("info", "none", {})


def test_memory_is_a_process_own() -> None:
    """Python holds more than 5 MB, and 64 MB more are seen."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("the system does not tell the memory of a process")
    # A process of its own: this one may still own what earlier tests gave back.
    code = (
        "from textseg_core.memory import resident_mb; before = resident_mb();"
        "held = b'x' * 64_000_000; print(before, resident_mb() - before)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120.0
    )

    before, more = map(float, told.stdout.split())
    assert before > 5.0
    assert 60.0 < more < 70.0


def test_unknown_memory_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def untold() -> float:
        raise FileNotFoundError("/proc/self/statm")

    monkeypatch.setattr(checks, "resident_mb", untold)
    assert memory_check().values["resident MB"] == "unknown"


def test_the_statuses_are_named_as_diagnostic_updater_names_its_tasks(
    types: MessageTypes,
) -> None:
    with Bench(types) as bench:
        bench.tick()

    statuses = bench.transport.of("diagnostics")[-1].status
    assert [status.name for status in statuses] == [f"textseg/segmenter: {name}" for name in NAMES]
    assert {status.hardware_id for status in statuses} == {"none"}
    assert all(status.level == type(status).OK for status in statuses)


def test_a_fault_that_is_over_is_told_once(types: MessageTypes) -> None:
    with Bench(types) as bench:
        bench.ask("the red block")
        bench.show(bench.image(encoding="32FC1"))
        bench.tick()
        bench.clock.now_s += 6.0
        for _ in range(3):
            bench.tick()

        told = [text for _, text in bench.transport.lines if text.startswith("well again")]
    assert told == ["well again: answering query 1 'the red block'"]


def test_that_answers_come_and_wait_again_is_told_once_each(types: MessageTypes) -> None:
    waits = "waits for someone who receives the answers; images come only then"
    with Bench(types, camera_timeout_s=1000.0) as bench:
        bench.ask("the red block")
        bench.tick()
        before = len(bench.transport.lines)
        bench.show(bench.image())
        for listened in (True, False, True):
            bench.clock.now_s += 10.0
            bench.transport.listened = listened
            bench.tick()
            bench.tick()
        told = [text for _, text in bench.transport.lines[before:]]

    assert told == [
        "answering query 1 'the red block'",
        f"query 1 'the red block' {waits}",
        "answering query 1 'the red block'",
    ]
