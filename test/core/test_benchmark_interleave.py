"""Turns, percentiles and ratios of contestants whose times are known."""

import pytest

from textseg_core.benchmark.interleave import MOST_FRAMES, Contestant, Sample, interleave
from textseg_core.benchmark.statistics import ratio, share, spread, values_of


def _constant(name: str, ms: float, calls: list[str]) -> Contestant:
    def run() -> dict[str, float]:
        calls.append(name)
        return {"total": ms}

    return Contestant(name, run)


def test_every_contestant_has_one_turn_in_every_round() -> None:
    calls: list[str] = []
    contestants = [_constant(name, 1.0, calls) for name in ("a", "b", "c")]

    samples = interleave(contestants, rounds=4, turn_s=0.0, warm_up=0, pause_s=0.0)

    assert len(samples) == 12
    for turn in range(4):
        assert sorted(s.contestant for s in samples if s.turn == turn) == ["a", "b", "c"]
    assert len({tuple(calls[3 * turn : 3 * turn + 3]) for turn in range(4)}) > 1


def test_the_frames_that_warm_up_do_not_count() -> None:
    calls: list[str] = []

    samples = interleave(
        [_constant("a", 1.0, calls)], rounds=2, turn_s=0.0, warm_up=3, pause_s=0.0
    )

    assert len(samples) == 2
    assert len(calls) == 8


def test_a_turn_ends_with_its_frames_even_if_time_is_left() -> None:
    samples = interleave(
        [_constant("a", 0.0, [])], rounds=1, turn_s=1000.0, warm_up=0, pause_s=0.0
    )

    assert len(samples) == MOST_FRAMES


def test_names_must_differ() -> None:
    with pytest.raises(ValueError, match="differ in their names, got a, a"):
        interleave([_constant("a", 1.0, [])] * 2, rounds=1, turn_s=0.0)


@pytest.mark.parametrize("ms", [{"head": 1.0}, {"head": 2.0, "encoder": 1.5, "total": 3.0}])
def test_stages_without_a_total_or_beyond_it_are_refused(ms: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a: expected stages that fit into their total"):
        interleave([Contestant("a", lambda: ms)], rounds=1, turn_s=0.0, warm_up=0, pause_s=0.0)


def test_percentiles_by_hand() -> None:
    found = spread([float(value) for value in range(101)])

    assert (found.median, found.p95, found.p99, found.frames) == (50.0, 95.0, 99.0, 101)


def _samples(*rows: tuple[str, int, float]) -> list[Sample]:
    return [Sample(name, turn, {"total": ms}) for name, turn, ms in rows]


def test_a_ratio_is_of_all_frames_and_its_ends_are_of_rounds() -> None:
    samples = _samples(
        *(("slow", 0, ms) for ms in (20.0, 20.0, 26.0)),
        ("slow", 1, 30.0),
        ("fast", 0, 2.0),
        ("fast", 1, 2.0),
    )

    found = ratio(samples, "slow", "fast")

    # Medians: of 20, 20, 26, 30 it is 23; of the rounds 20 and 30.
    assert found.value == pytest.approx(11.5)
    assert (found.low, found.high) == (10.0, 15.0)


def test_a_share_is_the_median_over_frames_and_a_missing_stage_is_nothing() -> None:
    frames = [
        {"preprocess": 1.0, "total": 10.0},
        {"preprocess": 1.0, "postprocess": 4.0, "total": 10.0},
        {"postprocess": 2.0, "total": 10.0},
    ]
    samples = [Sample("a", 0, ms) for ms in frames]

    assert share(samples, "a", ("preprocess", "postprocess")) == pytest.approx(0.2)


def test_a_contestant_without_samples_is_named() -> None:
    with pytest.raises(ValueError, match="no samples of 'b'"):
        values_of(_samples(("a", 0, 1.0)), "b")
