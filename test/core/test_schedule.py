import time
from itertools import pairwise

import pytest

from textseg_core.training.schedule import Clock, learning_rate_share, progress_of
from textseg_core.training.settings import TrainSettings


def test_the_learning_rate_rises_and_falls() -> None:
    shares = [learning_rate_share(step / 100, 0.2) for step in range(101)]

    assert shares[0] == pytest.approx(0.01)
    assert shares[10] == pytest.approx(0.01 + 0.99 / 2)
    assert shares[20] == 1.0
    assert shares[60] == pytest.approx(0.01 + 0.99 / 2)  # half of the way down
    assert shares[100] == pytest.approx(0.01)
    assert all(a > b for a, b in pairwise(shares[20:]))
    assert learning_rate_share(5.0, 0.2) == pytest.approx(0.01)


def test_a_schedule_without_warm_up_begins_at_the_top() -> None:
    assert learning_rate_share(0.0, 0.0) == 1.0


def test_a_run_is_measured_in_steps_or_by_the_clock() -> None:
    assert progress_of(3, 99.0, steps=12, minutes=None) == 0.25
    assert progress_of(99, 3.0, steps=None, minutes=12.0) == 0.25
    assert progress_of(13, 0.0, steps=12, minutes=None) == 1.0


def test_a_run_without_a_length_is_refused() -> None:
    with pytest.raises(ValueError, match="in steps or in minutes"):
        progress_of(0, 0.0, steps=None, minutes=None)


def test_a_clock_goes_on_from_the_earlier_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    clock = Clock(earlier_min=7.0)

    now[0] += 90.0

    assert clock.part_min == pytest.approx(1.5)
    assert clock.run_min == pytest.approx(8.5)


def test_minutes_of_a_core_do_not_pass_while_the_process_sleeps() -> None:
    wall, core = Clock(), Clock(counts="core")

    time.sleep(0.3)
    began = time.process_time()
    while time.process_time() < began + 0.05:
        pass

    assert wall.part_min >= 0.35 / 60
    assert 0.05 / 60 <= core.part_min < 0.25 / 60


def test_minutes_of_a_core_are_counted_without_workers_alone() -> None:
    with pytest.raises(ValueError, match="expected workers 0, got 2"):
        TrainSettings(minutes=1.0, clock="core", workers=2)
    with pytest.raises(ValueError, match=r"clock must be one of \('wall', 'core'\)"):
        TrainSettings(minutes=1.0, clock="sun")
