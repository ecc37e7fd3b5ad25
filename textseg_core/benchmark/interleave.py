"""Runs several contestants by turns, so that a busy or hot machine hits all of them alike."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

TOTAL = "total"
#: Most frames of one turn: a contestant of microseconds would fill the memory with samples.
MOST_FRAMES = 2000


@dataclass(frozen=True, slots=True)
class Contestant:
    """What is measured under one name.

    Attributes:
        name: Unique in a run.
        run: Does one frame and returns its milliseconds by stage; `total` is the whole frame by
            the wall clock and at least the sum of the others.
    """

    name: str
    run: Callable[[], dict[str, float]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame of one contestant.

    Attributes:
        contestant: Its name.
        turn: Which round, from 0.
        ms: Milliseconds by stage, `total` among them.
        cpu_ms: Processor time of the whole process for the frame, all threads together. A busy
            machine adds little to it; threads that spin while they wait add much.
    """

    contestant: str
    turn: int
    ms: dict[str, float]
    cpu_ms: float = 0.0


def interleave(
    contestants: Sequence[Contestant],
    *,
    rounds: int,
    turn_s: float,
    seed: int = 0,
    warm_up: int = 1,
    pause_s: float = 0.1,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Sample]:
    """Return the frames of all contestants.

    In every round each contestant has one turn, in an order that is drawn anew. A turn begins
    with a pause, in which the threads of the one before fall asleep, and with frames that do
    not count, since the one before has emptied the caches. Then frames count until `turn_s` is
    over; at least one, so that slow contestants are measured too.

    Args:
        contestants: Their names differ.
        rounds: Turns of each.
        turn_s: Counted seconds of a turn, at least 0.
        seed: Of the order.
        warm_up: Frames of a turn that do not count.
        pause_s: Seconds before a turn.
        tell: Called with a line of progress after each round.

    Raises:
        ValueError: If two names are alike, or a contestant gives no `total`, or one below its
            stages.
    """
    names = [contestant.name for contestant in contestants]
    if len(set(names)) != len(names):
        raise ValueError(f"contestants must differ in their names, got {', '.join(names)}")
    order = np.random.default_rng(seed)
    samples = []
    for turn in range(rounds):
        started_s = time.perf_counter()
        for index in order.permutation(len(contestants)):
            contestant = contestants[int(index)]
            time.sleep(pause_s)
            for _ in range(warm_up):
                contestant.run()
            until_s = time.perf_counter() + turn_s
            for _ in range(MOST_FRAMES):
                cpu_s = time.process_time()
                ms = _checked(contestant)
                cpu_ms = (time.process_time() - cpu_s) * 1e3
                samples.append(Sample(contestant.name, turn, ms, cpu_ms))
                if time.perf_counter() >= until_s:
                    break
        tell(f"round {turn + 1} of {rounds}: {time.perf_counter() - started_s:.1f} s")
    return samples


def _checked(contestant: Contestant) -> dict[str, float]:
    """Return a frame's milliseconds; refuse stages that are longer than the whole."""
    ms = contestant.run()
    stages = sum(value for stage, value in ms.items() if stage != TOTAL)
    if TOTAL not in ms or stages > ms[TOTAL] * (1 + 1e-6) + 1e-6:
        raise ValueError(
            f"{contestant.name}: expected stages that fit into their total, got {ms}; "
            "a stage is counted twice"
        )
    return ms
