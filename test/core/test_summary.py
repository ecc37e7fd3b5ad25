"""Tables of a few records, their cells worked out by hand."""

import math
from typing import Any

import pytest

from textseg_core.evaluation.records import Record
from textseg_core.evaluation.report import Table
from textseg_core.evaluation.seeds import spread_table
from textseg_core.evaluation.summary import (
    by_kind,
    by_size,
    mean_over_kinds,
    one_meant,
    tables,
)


def record(scene: str, kind: str, shared: int, **more: Any) -> Record:
    """An answer within a target of 100 px, so that its IoU is `shared` percent."""
    values: dict[str, Any] = {"several": False, "targets": 1, "target_px": 100, "score": 0.9}
    values.update(more)
    return Record(
        scene=scene,
        cluster=scene,
        expression=f"the {kind}",
        kind=kind,
        picture_px=10_000,
        answer_px=shared,
        shared_px=shared if values["targets"] else 0,
        status="found" if shared else "not_found",
        on_target=True if shared and values["targets"] else None,
        error_px=4.0 if shared and values["targets"] else None,
        **values,
    )


ABSENT = {"targets": 0, "target_px": 0, "score": 0.05}
RECORDS = [
    record("b", "place", 40),
    record("a", "category", 80),
    record("a", "category", 60),
    record("b", "category", 70),
    record("a", "absent", 0, **ABSENT),
    record("b", "category", 30, several=True, targets=2, target_px=1000),
]


def cells(name: str) -> dict[str, dict[str, str]]:
    """The rows of one table by their name, each by column."""
    (table,) = (table for table in tables(RECORDS) if table.title == name)
    return rows_of(table)


def rows_of(table: Table) -> dict[str, dict[str, str]]:
    return {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_kinds_stand_in_their_usual_order_below_all() -> None:
    rows = by_kind([record("a", "invented", 1), *one_meant(RECORDS)])

    assert list(rows) == ["all", "category", "place", "absent", "invented"]
    assert [len(found) for found in rows.values()] == [6, 3, 1, 1, 1]


def test_the_main_table_by_hand() -> None:
    rows = cells("By kind of expression")

    assert rows["all"]["expressions"] == "5"
    assert rows["all"]["mean IoU (95 %)"].startswith("0.625 (")  # (40 + 80 + 60 + 70) / 400
    assert rows["all"]["gIoU"] == "0.700"  # (2.5 + 1) / 5
    assert rows["category"]["pictures"] == "2"
    assert rows["category"]["overall IoU"] == "0.700"
    assert rows["category"]["N-acc (95 %)"] == ""
    assert rows["absent"]["N-acc (95 %)"] == "1.000"


def test_what_asks_for_one_of_several_stands_apart() -> None:
    rows = cells("Ambiguous expressions")

    assert rows["several fit"]["expressions"] == "1"
    assert rows["several fit"]["mean IoU with all that fit"] == "0.030"
    assert rows["one fits"]["expressions"] == "4"
    assert len(tables(one_meant(RECORDS))) == len(tables(RECORDS)) - 1


def test_precision_leaves_out_what_means_nothing() -> None:
    rows = cells("Precision, both protocols")

    assert "absent" not in rows
    assert [rows["category"][f"prec@{at}"] for at in (0.6, 0.7)] == ["1.000", "0.667"]
    assert [rows["category"][f"prec>{at}"] for at in (0.6, 0.7)] == ["0.667", "0.333"]


def test_sizes_and_centroids() -> None:
    sizes = by_size(RECORDS)
    assert {name: len(found) for name, found in sizes.items()} == {
        "small": 0,
        "medium": 4,  # 1 % of the picture
        "large": 1,  # 5 % for each of two
    }
    rows = cells("Centroids")
    assert rows["place"]["centroid on object (95 %)"] == "1.000"
    assert rows["place"]["centroid on found object (95 %)"] == ""  # IoU 0.4
    assert rows["category"]["error px"] == "4.00"


def test_calibration_counts_every_answer_once() -> None:
    (table,) = (t for t in tables(RECORDS) if t.title == "Calibration of the answer: it is right")

    rows = rows_of(table)
    # Four finds at 0.9, three of them right, and one refusal that is sure by 0.95.
    assert rows["0.9-1.0"]["answers"] == "5"
    assert rows["0.9-1.0"]["mean confidence"] == "0.910"
    assert rows["0.9-1.0"]["came true"] == "0.800"
    assert table.note.startswith("Expected calibration error 0.110 over 5 answers")


def test_every_kind_weighs_the_same_in_the_mean_over_kinds() -> None:
    assert mean_over_kinds(one_meant(RECORDS)) == pytest.approx((0.7 + 0.4) / 2)
    assert math.isnan(mean_over_kinds([record("a", "absent", 0, **ABSENT)]))


def test_the_spread_over_trainings_by_hand() -> None:
    runs = {
        "1": [record("a", "place", 40)],
        "2": [record("a", "place", 50)],
        "3": [record("a", "place", 60)],
    }

    rows = rows_of(spread_table(runs))

    assert rows["mean IoU"] == {
        "figure": "mean IoU",
        "mean": "0.500",
        "std": "0.100",
        "least": "0.400",
        "greatest": "0.600",
        "1": "0.400",
        "2": "0.500",
        "3": "0.600",
    }
    assert rows["prec@0.5"]["mean"] == "0.667"
    assert rows["mean IoU, place, several or one"]["std"] == "0.100"


def test_runs_that_were_not_asked_the_same_have_no_spread() -> None:
    with pytest.raises(ValueError, match="were not asked the same"):
        spread_table({"1": [record("a", "place", 40)], "2": [record("b", "place", 40)]})
    with pytest.raises(ValueError, match=r"needs at least two runs, got \['1'\]"):
        spread_table({"1": [record("a", "place", 40)]})
