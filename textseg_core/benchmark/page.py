"""The benchmark's samples as tables, as CSV and as a plot."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from textseg_core.benchmark.interleave import TOTAL, Sample
from textseg_core.benchmark.lineup import Lineup
from textseg_core.benchmark.statistics import STAGES, ratio, spread, values_of
from textseg_core.evaluation.report import Table


def names_of(samples: Sequence[Sample]) -> list[str]:
    """Return the contestants among the samples, by their median."""
    names = {sample.contestant for sample in samples}
    return sorted(names, key=lambda name: spread(values_of(samples, name)).median)


def side_by_side(samples: Sequence[Sample]) -> Table:
    """Return how long a whole frame of each contestant takes, fastest first."""
    rows = []
    for name in names_of(samples):
        found = spread(values_of(samples, name))
        figures = (f"{found.median:.2f}", f"{found.p95:.2f}", f"{found.p99:.2f}")
        cpu = spread([sample.cpu_ms for sample in samples if sample.contestant == name]).median
        rows.append((name, *figures, f"{cpu:.2f}", str(found.frames)))
    columns = ("contestant", "median ms", "p95 ms", "p99 ms", "processor ms", "frames")
    note = (
        "Ours: from the bytes of the camera image to the masks, sent where a column `publish` is "
        "below. The others: the network alone. Processor: median over all threads, with those "
        "that spin while they wait."
    )
    return Table("Whole frames, side by side", columns, tuple(rows), note)


def stages_table(samples: Sequence[Sample], names: Sequence[str]) -> Table:
    """Return median and p95 of every stage that any of the contestants has."""
    seen = {stage for sample in samples if sample.contestant in names for stage in sample.ms}
    stages = [stage for stage in (*STAGES, TOTAL) if stage in seen]
    rows = []
    for name in names:
        cells = []
        for stage in stages:
            found = spread(values_of(samples, name, stage))
            cells.append(f"{found.median:.2f} ({found.p95:.2f})")
        rows.append((name, *cells))
    note = "Median milliseconds, in brackets p95. Calls between stages count in the total only."
    return Table("Stages", ("contestant", *stages), tuple(rows), note)


def queries_table(samples: Sequence[Sample], lineup: Lineup) -> Table:
    """Return what more expressions cost, and what it would cost to encode the image for each."""
    known, new = lineup.series(), lineup.series(new_words=True)
    again = {case.queries: case.name for case in lineup.series(encode_once=False)}
    rows = []
    for old, fresh in zip(known, new, strict=True):
        count = old.queries
        each = spread(values_of(samples, again[count])).median if count > 1 else float("nan")
        once = spread(values_of(samples, old.name)).median
        rows.append(
            (
                str(count),
                f"{once:.2f}",
                f"{ratio(samples, old.name, known[0].name).value:.2f}",
                f"{once / count:.2f}",
                f"{spread(values_of(samples, fresh.name)).median:.2f}",
                f"{ratio(samples, fresh.name, new[0].name).value:.2f}",
                "" if count == 1 else f"{each:.2f}",
                "" if count == 1 else f"{each / once:.2f}",
            )
        )
    columns = (
        "queries",
        "known words, ms",
        "times one",
        "ms a query",
        "new words, ms",
        "times one ",
        "encoded for each, ms",
        "times encoded once",
    )
    return Table("More queries about one image", columns, tuple(rows), "Medians of whole frames.")


def samples_csv(samples: Sequence[Sample]) -> str:
    """Return every frame as a row: contestant, round, frame, then milliseconds by stage."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    stages = (*STAGES, TOTAL)
    writer.writerow(("contestant", "round", "frame", *stages, "processor"))
    for index, sample in enumerate(samples):
        cells = [f"{sample.ms[stage]:.4f}" if stage in sample.ms else "" for stage in stages]
        writer.writerow((sample.contestant, sample.turn, index, *cells, f"{sample.cpu_ms:.4f}"))
    return text.getvalue()


def draw(path: Path, samples: Sequence[Sample], lineup: Lineup) -> None:
    """Draw all contestants on a logarithmic axis, and the stages over the number of queries.

    Args:
        path: Picture to write; the ending decides the format.
        samples: Of the run.
        lineup: What was asked.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    names = names_of(samples)[::-1]
    figure = Figure(figsize=(11.0, max(4.0, 0.24 * len(names))), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    medians, high = [], []
    for name in names:
        found = spread(values_of(samples, name))
        medians.append(found.median)
        high.append(found.p95 - found.median)
    ours = {case.name for case in lineup.cases()}
    colours = ["tab:blue" if name in ours else "tab:gray" for name in names]
    left.barh(names, medians, xerr=([0.0] * len(names), high), color=colours)
    left.set_xscale("log")
    left.set_xlabel("ms a frame, median and p95")
    left.tick_params(axis="y", labelsize=7)
    series = lineup.series()
    places = [str(case.queries) for case in series]
    floor = [0.0] * len(series)
    for stage in STAGES:
        heights = [spread(values_of(samples, case.name, stage)).median for case in series]
        if any(heights):
            right.bar(places, heights, bottom=floor, label=stage)
            floor = [low + height for low, height in zip(floor, heights, strict=True)]
    right.set_xlabel("queries a frame, known words")
    right.set_ylabel("ms, medians of the stages")
    right.legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
