import math
from typing import Any

import numpy as np
import pytest

from textseg_core.evaluation import metrics
from textseg_core.evaluation.intervals import interval, interval_of_sums
from textseg_core.evaluation.records import Record


def record(cluster: str, shared: int, **more: Any) -> Record:
    """A record with an IoU of `shared` percent."""
    values: dict[str, Any] = {"kind": "category", "several": False, "targets": 1, "target_px": 100}
    return Record(
        scene=cluster,
        cluster=cluster,
        expression="the mug",
        picture_px=1000,
        answer_px=shared,
        shared_px=shared,
        score=1.0,
        status="found",
        **{**values, **more},
    )


def test_equal_clusters_leave_nothing_to_chance() -> None:
    records = [record(name, shared) for name in "abc" for shared in (20, 60)]

    assert interval(records, metrics.MEAN_IOU) == pytest.approx((0.4, 0.4))


def test_two_clusters_of_two_spread_from_one_to_the_other() -> None:
    # Both draws hit the same cluster in a quarter of cases each, far more than 2.5 %.
    records = [record("a", 0), record("a", 0), record("b", 100), record("b", 100)]

    assert interval(records, metrics.MEAN_IOU) == (0.0, 1.0)


def test_expressions_about_one_picture_are_not_independent() -> None:
    together = [record(f"{n}", 100 * (n % 2)) for n in range(20) for _ in range(10)]
    apart = [record(f"{n}-{k}", 100 * (n % 2)) for n in range(20) for k in range(10)]

    wide, narrow = (interval(found, metrics.MEAN_IOU) for found in (together, apart))

    # Standard deviations of 0.5 / sqrt(20) and 0.5 / sqrt(200).
    assert wide[1] - wide[0] == pytest.approx(2 * 1.96 * 0.1118, rel=0.15)
    assert narrow[1] - narrow[0] == pytest.approx(2 * 1.96 * 0.03536, rel=0.15)


def test_a_cluster_counts_by_its_sums() -> None:
    # Every resample is 30 / 100 or a mixture weighted by pixels; both rows have that ratio.
    sums = np.array([[30.0, 100.0], [3.0, 10.0]])

    assert interval_of_sums(sums) == pytest.approx((0.3, 0.3))


def test_the_same_records_in_another_order_give_the_same_interval() -> None:
    records = [record(f"{n}", n * n) for n in range(10)]

    first = interval(records, metrics.MEAN_IOU)

    assert interval(records[::-1], metrics.MEAN_IOU) == first
    assert first[0] < metrics.MEAN_IOU.of(records) < first[1]


def test_one_cluster_tells_nothing_of_the_spread() -> None:
    absent = record("b", 0, targets=0, target_px=0)
    ends = interval([record("a", 20), record("a", 60), absent], metrics.MEAN_IOU)

    assert all(math.isnan(end) for end in ends)
