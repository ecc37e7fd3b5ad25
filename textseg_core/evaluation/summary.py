"""From records to tables: by kind of expression, by size, precision, centroids, calibration."""

from collections.abc import Callable, Iterable, Sequence

from textseg_core.evaluation import metrics
from textseg_core.evaluation.calibration import (
    answer_outcomes,
    expected_calibration_error,
    presence_outcomes,
    reliability,
)
from textseg_core.evaluation.intervals import interval
from textseg_core.evaluation.metrics import Figure
from textseg_core.evaluation.records import RIGHT_IOU, Record
from textseg_core.evaluation.report import Table, number, with_interval
from textseg_core.expressions.draw_queries import KINDS

Rows = dict[str, list[Record]]


def one_meant(records: Iterable[Record]) -> list[Record]:
    """Return the records without those that ask for one thing where several fit."""
    return [record for record in records if not record.several]


def by_kind(records: Sequence[Record]) -> Rows:
    """Return `all` and then each kind that occurs, in the order of `KINDS`, others last."""
    found: Rows = {}
    for record in records:
        found.setdefault(record.kind, []).append(record)
    order = [kind for kind in KINDS if kind in found]
    others = sorted(kind for kind in found if kind not in KINDS)
    return {"all": list(records), **{kind: found[kind] for kind in (*order, *others)}}


def by_size(records: Iterable[Record]) -> Rows:
    """Return the records that mean something by the size of what they mean."""
    rows: Rows = {size: [] for size in metrics.SIZES}
    for record in records:
        if not record.absent:
            rows[metrics.size_class(record)].append(record)
    return rows


def mean_over_kinds(records: Sequence[Record]) -> float:
    """Return the mean of the kinds' mean IoUs: every kind weighs the same; NaN without any."""
    kinds = [rows for name, rows in by_kind(records).items() if name != "all"]
    values = [metrics.MEAN_IOU.of(rows) for rows in kinds if any(not r.absent for r in rows)]
    return sum(values) / len(values) if values else float("nan")


def tables(records: Sequence[Record]) -> list[Table]:
    """Return every table of a run.

    Args:
        records: All answers; those that fit several things get a table of their own.
    """
    single = one_meant(records)
    kinds, sizes = by_kind(single), by_size(single)
    found = [
        _main("By kind of expression", "kind", kinds),
        _precision("Precision, both protocols", kinds),
        _main("By size of the object", "size", sizes),
        _centroids({**kinds, **sizes}),
        *_calibration(single),
    ]
    several = [record for record in records if record.several]
    return [*found, _ambiguous(several, single)] if several else found


def _main(title: str, head: str, rows: Rows) -> Table:
    ratios: tuple[Figure, ...] = (metrics.OVERALL_IOU, metrics.CUMULATIVE_IOU, metrics.G_IOU)
    bounded = (metrics.MEAN_IOU, metrics.T_ACC, metrics.N_ACC)
    cells = [
        (
            name,
            str(len(records)),
            str(len({record.scene for record in records})),
            *(_bounded(figure, records) for figure in bounded),
            *(number(figure.of(records)) for figure in ratios),
        )
        for name, records in rows.items()
    ]
    heads = [f"{figure.name} (95 %)" for figure in bounded] + [figure.name for figure in ratios]
    return Table(title, (head, "expressions", "pictures", *heads), tuple(cells))


def _precision(title: str, rows: Rows) -> Table:
    figures = [metrics.precision(at) for at in metrics.PRECISION_AT]
    figures += [metrics.precision(at, ">") for at in metrics.PRECISION_AT]
    return Table(title, ("kind", *(f.name for f in figures)), _plain(rows, figures, _has_target))


def _centroids(rows: Rows) -> Table:
    cells = []
    for name, records in rows.items():
        if not any(not record.absent for record in records):
            continue
        found = [record for record in records if not record.absent and record.right]
        cells.append(
            (
                name,
                _bounded(metrics.ON_OBJECT, records),
                _bounded(metrics.ON_OBJECT_FOUND, records),
                number(metrics.ERROR_PX.of(records), 2),
                number(metrics.median(record.error_px for record in found), 2),
                number(metrics.ERROR_MM.of(records), 1),
                number(metrics.FLOOR_MM.of(records), 1),
                number(metrics.OFFSET_MM.of(records), 1),
                number(metrics.median(record.offset_mm for record in found), 1),
            )
        )
    columns = (
        "centroids",
        f"{metrics.ON_OBJECT.name} (95 %)",
        f"{metrics.ON_OBJECT_FOUND.name} (95 %)",
        metrics.ERROR_PX.name,
        "median",
        metrics.ERROR_MM.name,
        metrics.FLOOR_MM.name,
        metrics.OFFSET_MM.name,
        "median",
    )
    note = (
        "The first column counts every answer, the others those with an IoU of at least "
        f"{RIGHT_IOU}."
    )
    return Table("Centroids", columns, tuple(cells), note)


def _bounded(figure: Figure, records: Sequence[Record]) -> str:
    """Return a figure with its interval."""
    return with_interval(figure.of(records), interval(records, figure))


def _plain(
    rows: Rows, figures: Sequence[Figure], wanted: Callable[[Record], bool]
) -> tuple[tuple[str, ...], ...]:
    """Return plain cells of the rows that hold a wanted record."""
    return tuple(
        (name, *(number(figure.of(records)) for figure in figures))
        for name, records in rows.items()
        if any(wanted(record) for record in records)
    )


def _has_target(record: Record) -> bool:
    return not record.absent


def _calibration(records: Sequence[Record]) -> list[Table]:
    found = []
    for title, outcomes in (
        ("Calibration of the answer: it is right", answer_outcomes(records)),
        ("Calibration of the score: something is there", presence_outcomes(records)),
    ):
        bins = reliability(outcomes)
        rows = tuple(
            (
                f"{entry.low:.1f}-{entry.high:.1f}",
                str(entry.count),
                number(entry.confidence),
                number(entry.accuracy),
            )
            for entry in bins
        )
        error = number(expected_calibration_error(bins))
        note = f"Expected calibration error {error} over {len(outcomes)} answers, 10 bins."
        columns = ("confidence", "answers", "mean confidence", "came true")
        found.append(Table(title, columns, rows, note))
    return found


def _ambiguous(several: Sequence[Record], single: Sequence[Record]) -> Table:
    one = [record for record in single if record.targets == 1]
    rows = tuple(
        (
            name,
            str(len(records)),
            _bounded(metrics.SAID_AMBIGUOUS, records),
            number(metrics.T_ACC.of(records)),
            number(metrics.MEAN_IOU.of(records)),
        )
        for name, records in (("several fit", several), ("one fits", one))
        if records
    )
    columns = ("one was asked for", "expressions", "called ambiguous (95 %)", "answered")
    return Table("Ambiguous expressions", (*columns, "mean IoU with all that fit"), rows)
