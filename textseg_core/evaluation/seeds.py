"""How much the figures of several trainings differ: mean, standard deviation, ends."""

from collections.abc import Mapping, Sequence

import numpy as np

from textseg_core.evaluation import metrics
from textseg_core.evaluation.metrics import Figure
from textseg_core.evaluation.records import Record
from textseg_core.evaluation.report import Table, number
from textseg_core.evaluation.summary import by_kind, one_meant

FIGURES: tuple[Figure, ...] = (
    metrics.MEAN_IOU,
    metrics.OVERALL_IOU,
    metrics.precision(0.5),
    metrics.G_IOU,
    metrics.T_ACC,
    metrics.N_ACC,
    metrics.ON_OBJECT,
    metrics.ON_OBJECT_FOUND,
)


def spread_table(runs: Mapping[str, Sequence[Record]]) -> Table:
    """Return the spread of every figure, and of the mean IoU of every kind, over runs.

    The standard deviation is that of a sample (n - 1).

    Args:
        runs: Records by the name of their run; all were asked the same.

    Raises:
        ValueError: If fewer than two runs came, or they were not asked the same.
    """
    if len(runs) < 2:
        raise ValueError(f"a spread needs at least two runs, got {list(runs)}")
    asked = [[(r.scene, r.expression) for r in records] for records in runs.values()]
    if any(questions != asked[0] for questions in asked[1:]):
        raise ValueError(f"the runs {list(runs)} were not asked the same; evaluate them together")
    rows = [
        _row(figure.name, [figure.of(one_meant(records)) for records in runs.values()])
        for figure in FIGURES
    ]
    whole = [by_kind(list(records)) for records in runs.values()]
    for kind, records in whole[0].items():
        if not all(record.absent for record in records):
            values = [metrics.MEAN_IOU.of(run[kind]) for run in whole]
            rows.append(_row(f"mean IoU, {kind}, several or one", values))
    columns = ("figure", "mean", "std", "least", "greatest", *runs)
    return Table(f"Spread over {len(runs)} trainings", columns, tuple(rows))


def _row(name: str, values: Sequence[float]) -> tuple[str, ...]:
    numbers = np.array(values)
    ends = (numbers.mean(), numbers.std(ddof=1), numbers.min(), numbers.max(), *numbers)
    return (name, *(number(float(value)) for value in ends))
