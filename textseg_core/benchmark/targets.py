"""What the figures must reach, and whether they do."""

from collections.abc import Sequence
from dataclasses import dataclass

from textseg_core.benchmark.interleave import Sample
from textseg_core.benchmark.lineup import (
    CAMERA_KINDS,
    PATCHES,
    Lineup,
    Runtime,
    clipseg_name,
    hu_name,
)
from textseg_core.benchmark.statistics import AROUND, Ratio, ratio, share, spread, values_of
from textseg_core.evaluation.report import Table

FASTER_THAN_CLIPSEG_TORCH = 10.0
FASTER_THAN_CLIPSEG = 8.0
FASTER_THAN_HU = 40.0
COST_OF_EIGHT = 2.0
MOST_AROUND = 0.25


@dataclass(frozen=True, slots=True)
class Target:
    """One figure and its limit.

    Attributes:
        what: Of the row.
        measured: As text.
        limit: As text.
        reached: Whether the figure keeps to the limit.
    """

    what: str
    measured: str
    limit: str
    reached: bool


def targets(samples: Sequence[Sample], lineup: Lineup) -> list[Target]:
    """Return every target whose contestants are among the samples."""
    present = {sample.contestant for sample in samples}
    found = []
    # With new words, as the peers read the expression in every frame too.
    for kind in CAMERA_KINDS:
        case = lineup.single(kind, new_words=True)
        if case.name in present:
            found += _against_peers(samples, present, case.name)
    for new_words in (False, True):
        names = {case.queries: case.name for case in lineup.series(new_words=new_words)}
        if 8 in names and {names[1], names[8]} <= present:
            cost = ratio(samples, names[8], names[1])
            words = "new words" if new_words else "known words"
            what = f"8 queries against 1, {words}"
            found.append(
                Target(what, _times(cost), f"< {COST_OF_EIGHT}", cost.value < COST_OF_EIGHT)
            )
    for case in lineup.series():
        if case.name in present and case.queries in (1, 8):
            around = share(samples, case.name, AROUND)
            what = f"share of {' and '.join(AROUND)}, {case.name}"
            found.append(
                Target(what, f"{around:.1%}", f"< {MOST_AROUND:.0%}", around < MOST_AROUND)
            )
    return found


def targets_table(found: Sequence[Target], *, quiet: bool) -> Table:
    """Return the targets as a table that says where the machine was too busy to judge."""
    note = "In brackets the lowest and the highest ratio within one round."
    if not quiet:
        note += (
            " Other processes used the cores during this run: these figures decide nothing, "
            "measure again on a quiet machine."
        )
    rows = tuple(
        (one.what, one.measured, one.limit, _verdict(one.reached, quiet=quiet)) for one in found
    )
    return Table("Targets", ("figure", "measured", "target", "verdict"), rows, note)


def _verdict(reached: bool, *, quiet: bool) -> str:
    verdict = "reached" if reached else "missed"
    return verdict if quiet else f"({verdict}, machine busy)"


def _against_peers(samples: Sequence[Sample], present: set[str], ours: str) -> list[Target]:
    """Return how many times longer each peer takes than one case of ours."""
    found = []
    for patch in PATCHES:
        runtimes: tuple[Runtime, ...] = ("torch", "ONNX Runtime")
        names = [clipseg_name(patch, runtime) for runtime in runtimes]
        if not set(names) <= present:
            continue
        fastest = min(names, key=lambda name: spread(values_of(samples, name)).median)
        found.append(_faster(samples, names[0], ours, FASTER_THAN_CLIPSEG_TORCH))
        found.append(_faster(samples, fastest, ours, FASTER_THAN_CLIPSEG, "the faster one, "))
    if hu_name() in present:
        found.append(_faster(samples, hu_name(), ours, FASTER_THAN_HU))
    return found


def _faster(
    samples: Sequence[Sample], peer: str, ours: str, limit: float, prefix: str = ""
) -> Target:
    times = ratio(samples, peer, ours)
    return Target(
        f"{prefix}{peer} / {ours}", _times(times), f">= {limit:.0f}", times.value >= limit
    )


def _times(value: Ratio) -> str:
    return f"{value.value:.2f} ({value.low:.2f}-{value.high:.2f})"
