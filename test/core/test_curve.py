from pathlib import Path
from typing import Any

import cv2
import pytest

from textseg_core.evaluation.curve import (
    Result,
    ablation_table,
    curve_points,
    main,
    read_result,
)
from textseg_core.evaluation.records import Record, write_results


def record(scene: str, kind: str, shared: int, **more: Any) -> Record:
    """An answer with an IoU of `shared` percent."""
    values: dict[str, Any] = {"several": False, "targets": 1, "target_px": 100}
    return Record(
        scene=scene,
        cluster=scene,
        expression="the mug",
        kind=kind,
        picture_px=10_000,
        answer_px=shared,
        shared_px=shared,
        score=1.0,
        status="found",
        **{**values, **more},
    )


def result(name: str, iou: int, **trained: Any) -> Result:
    records = (record("a", "place", iou), record("b", "category", iou + 10))
    return Result(name, trained, records)


def test_runs_are_compared_with_the_first() -> None:
    table = ablation_table([result("full", 70), result("without attention", 40)])

    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [row["run"] for row in rows] == ["full", "without attention"]
    assert [row["against the first"] for row in rows] == ["+0.000", "-0.300"]
    assert rows[1]["mean IoU (95 %)"].startswith("0.450 (")
    assert [rows[1][kind] for kind in ("category", "place")] == ["0.500", "0.400"]


def test_runs_that_were_not_asked_the_same_are_not_compared() -> None:
    other = Result("other", {}, (record("c", "place", 3),))

    with pytest.raises(ValueError, match="other: not asked the same as full"):
        ablation_table([result("full", 70), other])


def test_points_stand_in_the_order_of_their_amount() -> None:
    runs = [result("b", 70, photographs=198), result("a", 40, photographs=50), result("c", 5)]

    points = curve_points(runs, "photographs")

    assert [(amount, mean) for amount, mean, _ in points] == [
        (50.0, pytest.approx(0.45)),
        (198.0, pytest.approx(0.75)),
    ]
    assert points[0][2] == pytest.approx((0.4, 0.5))


def test_curve_and_table_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = []
    for amount, iou in ((1000, 30), (4000, 50)):
        path = tmp_path / f"{amount}.json"
        run = result(f"{amount}", iou)
        about = {"name": run.name, "trained": {"rendered_scenes": amount}}
        several = record("a", "ambiguous", 90, several=True, targets=2)
        write_results(path, [*run.records, several], about)
        paths.append(str(path))
    assert read_result(Path(paths[0])) == result("1000", 30, rendered_scenes=1000)

    main([*paths, "--axis", "rendered_scenes", "--out", str(tmp_path / "out")])

    picture = cv2.imread(str(tmp_path / "out" / "curve_rendered_scenes.png"))
    assert picture.shape == (480, 720, 3)
    page = (tmp_path / "out" / "runs.md").read_text(encoding="utf-8")
    assert page.strip() == capsys.readouterr().out.strip()
    assert (tmp_path / "out" / "runs.csv").exists()


def test_runs_that_do_not_say_their_amount_give_no_curve(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_results(path, result("x", 30).records, {"name": "x", "trained": {}})

    with pytest.raises(SystemExit, match=r"'about: photographs: \.\.\.'"):
        main([str(path), "--axis", "photographs", "--out", str(tmp_path)])


def test_a_file_that_holds_no_results_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"nothing\.json: expected results"):
        main([str(tmp_path / "nothing.json"), "--out", str(tmp_path)])
