import pytest
from recording import Clock

from textseg_ros.report import MOST_CHANGES, Level, Report

PERIOD_S = 5.0


class Told:
    """A report on a clock of its own, and what it passed on."""

    def __init__(self, period_s: float = PERIOD_S) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.report = Report(self._take, period_s, self.clock)

    def _take(self, level: Level, text: str) -> None:
        self.lines.append(f"{level}: {text}")

    def at(self, wait_s: float, kind: str, level: Level, text: str) -> None:
        self.clock.now_s += wait_s
        self.report.tell(kind, level, text)


def test_a_fault_that_lasts_is_told_once_a_period_with_the_number_of_the_others() -> None:
    told = Told()
    for number in range(8):
        told.at(1.0, "camera", "warning", f"no image for {number} s")

    assert told.lines == [
        "warning: no image for 0 s",
        "warning: no image for 5 s (4 more like this since the last message)",
    ]
    assert told.report.events()["camera"].count == 8


def test_each_change_of_state_is_told_however_quickly_they_follow() -> None:
    told = Told()
    texts = ["off", "on", "off", "on"]
    for text in texts:
        told.at(0.01, "enabled", "info", text)

    assert told.lines == [f"info: {text}" for text in texts]


def test_what_the_log_ends_with_is_not_said_again_within_the_period() -> None:
    told = Told()
    for wait_s in (0.0, 1.0, 1.0, 3.5):
        told.at(wait_s, "enabled", "info", "on")

    assert told.lines == ["info: on", "info: on (2 more like this since the last message)"]


def test_a_state_is_told_again_after_a_line_of_another_kind() -> None:
    """Else the log would end with what another kind has said meanwhile, which is over."""
    told = Told()
    told.at(0.0, "answers", "info", "answering")
    told.at(0.1, "lifecycle", "info", "inactive")
    told.at(0.1, "answers", "info", "answering")

    assert told.lines[-1] == "info: answering"


def test_a_fault_whose_kind_has_told_of_a_state_since_is_told_at_once() -> None:
    told = Told()
    told.at(0.0, "lifecycle", "error", "deactivate failed")
    told.at(0.1, "lifecycle", "info", "active")
    told.at(0.1, "lifecycle", "error", "deactivate failed")

    assert told.lines[-1] == "error: deactivate failed"


def test_after_all_is_well_again_the_next_fault_is_told_at_once() -> None:
    told = Told(period_s=60.0)
    told.at(0.0, "camera", "warning", "no image")
    told.at(1.0, "camera", "warning", "no image")
    told.report.renew()
    told.at(5.0, "health", "info", "well again")
    told.at(1.0, "camera", "warning", "no image")

    assert told.lines == [
        "warning: no image",
        "info: well again",
        "warning: no image (1 more like this since the last message)",
    ]


def test_of_a_flood_of_changes_the_newest_is_told_at_each_tick() -> None:
    told = Told()
    for number in range(MOST_CHANGES + 10):
        told.at(0.0, "query", "info", f"query {number}")
    assert told.lines[-1] == f"info: query {MOST_CHANGES - 1}"

    for _ in range(2):
        told.report.catch_up()
    assert told.lines[MOST_CHANGES:] == [
        f"info: query {MOST_CHANGES + 9} (9 more like this since the last message)"
    ]
    told.at(PERIOD_S, "query", "info", "query 99")
    told.report.catch_up()
    assert told.lines[-1] == "info: query 99"


def test_kinds_do_not_hold_each_other_back() -> None:
    told = Told()
    for kind in ("mask", "cloud"):
        told.at(0.0, kind, "error", f"{kind} not sent")

    assert told.lines == ["error: mask not sent", "error: cloud not sent"]


def test_a_log_that_fails_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(level: Level, text: str) -> None:
        raise OSError("disk full")

    report = Report(fail, PERIOD_S, Clock())
    report.tell("enabled", "info", "on")

    assert capsys.readouterr().err == "info: on (the log failed: disk full)\n"
    assert report.events()["enabled"].count == 1
