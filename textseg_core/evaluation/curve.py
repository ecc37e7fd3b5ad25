"""Draws learning curves and the ablation table from the results of several runs.

Command: `python -m textseg_core.evaluation.curve RESULT.json ... --out FOLDER`, where the files
are those that `--json` of `rendered` and `photographs` wrote. How much a run was trained on stands
in the `about` of its model's `model.yaml`: `photographs` and `rendered_scenes`.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textseg_core.evaluation import metrics
from textseg_core.evaluation.intervals import interval
from textseg_core.evaluation.records import Record, read_results
from textseg_core.evaluation.report import (
    Table,
    comma_separated,
    command_line,
    markdown,
    number,
    with_interval,
    write_text,
)
from textseg_core.evaluation.summary import by_kind, mean_over_kinds, one_meant

MODULE = "textseg_core.evaluation.curve"
#: Keys of the amount of training data, and how the axis is called.
AXES = {"photographs": "photographs", "rendered_scenes": "rendered scenes"}


@dataclass(frozen=True, slots=True)
class Result:
    """One run.

    Attributes:
        name: Of the run.
        trained: What the model says of its training.
        records: Answers that one expression or none fits.
    """

    name: str
    trained: dict[str, Any]
    records: tuple[Record, ...]

    def amount(self, axis: str) -> float | None:
        """Return how much it was trained on; None where it does not say."""
        value = self.trained.get(axis)
        return float(value) if isinstance(value, (int, float)) else None


def read_result(path: Path) -> Result:
    """Read what `--json` wrote.

    Raises:
        ValueError: If the file is missing or something else; names it.
    """
    records, about = read_results(path)
    trained = about.get("trained")
    name = str(about.get("name", path.stem))
    return Result(name, trained if isinstance(trained, dict) else {}, tuple(one_meant(records)))


def ablation_table(results: Sequence[Result]) -> Table:
    """Return every run beside the first: the loss of mean IoU is what its missing part gave.

    Raises:
        ValueError: If the runs were not asked the same.
    """
    asked = [{(r.scene, r.expression, r.kind) for r in result.records} for result in results]
    odd = [r.name for r, questions in zip(results, asked, strict=True) if questions != asked[0]]
    if odd:
        raise ValueError(
            f"{', '.join(odd)}: not asked the same as {results[0].name}; evaluate all with the "
            "same --questions"
        )
    kinds = [kind for kind in by_kind(results[0].records) if kind not in ("all", "absent")]
    first = metrics.MEAN_IOU.of(results[0].records)
    rows = []
    for result in results:
        mean = metrics.MEAN_IOU.of(result.records)
        groups = by_kind(result.records)
        rows.append(
            (
                result.name,
                with_interval(mean, interval(result.records, metrics.MEAN_IOU)),
                f"{mean - first:+.3f}",
                number(mean_over_kinds(result.records)),
                number(metrics.T_ACC.of(result.records)),
                number(metrics.N_ACC.of(result.records)),
                number(metrics.G_IOU.of(result.records)),
                *(number(metrics.MEAN_IOU.of(groups[kind])) for kind in kinds),
            )
        )
    columns = ("run", "mean IoU (95 %)", "against the first", "mean over kinds")
    figures = (metrics.T_ACC.name, metrics.N_ACC.name, metrics.G_IOU.name)
    return Table("Runs side by side", (*columns, *figures, *kinds), tuple(rows))


def curve_points(
    results: Sequence[Result], axis: str
) -> list[tuple[float, float, tuple[float, float]]]:
    """Return (amount, mean IoU, its interval) of the runs that say their amount, in order."""
    points = []
    for result in results:
        amount = result.amount(axis)
        if amount is not None:
            mean = metrics.MEAN_IOU.of(result.records)
            points.append((amount, mean, interval(result.records, metrics.MEAN_IOU)))
    return sorted(points)


def draw_curve(path: Path, results: Sequence[Result], axis: str) -> None:
    """Draw mean IoU, with its interval, over the amount of one sort of training data.

    Args:
        path: Picture to write; the ending decides the format.
        results: Runs that differ in that amount.
        axis: A key of `AXES`.

    Raises:
        ValueError: If fewer than two runs with different amounts say theirs.
    """
    points = curve_points(results, axis)
    if len({amount for amount, _, _ in points}) < 2:
        raise ValueError(
            f"a curve over {AXES[axis]} needs runs with at least two amounts, got "
            f"{[amount for amount, _, _ in points]}; model.yaml must say 'about: {axis}: ...'"
        )
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    plot = figure.subplots()
    amounts, means, ends = zip(*points, strict=True)
    below = [max(0.0, mean - low) for mean, (low, _) in zip(means, ends, strict=True)]
    above = [max(0.0, high - mean) for mean, (_, high) in zip(means, ends, strict=True)]
    plot.errorbar(amounts, means, yerr=(below, above), marker="o", capsize=3)
    if min(amounts) > 0:
        plot.set_xscale("log", base=2)
    plot.set_xticks(sorted(set(amounts)), [f"{amount:g}" for amount in sorted(set(amounts))])
    plot.set_xlabel(f"{AXES[axis]} in training")
    plot.set_ylabel("mean IoU, 95 % interval")
    plot.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write table and curves; end with one line where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="JSON files; the first is the full")
    parser.add_argument("--out", type=Path, required=True, help="folder for table and pictures")
    parser.add_argument("--axis", choices=tuple(AXES), action="append", default=[])
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    try:
        results = [read_result(path) for path in options.results]
        for axis in options.axis:
            draw_curve(options.out / f"curve_{axis}.png", results, axis)
        tables = [ablation_table(results)]
        page = markdown("Runs", tables, [f"command: `{command_line(MODULE, given)}`"])
        write_text(options.out / "runs.md", page)
        write_text(options.out / "runs.csv", comma_separated(tables))
        print(page)
    except (ValueError, RuntimeError) as error:
        sys.exit(f"{MODULE}: {error}")


if __name__ == "__main__":
    main()
