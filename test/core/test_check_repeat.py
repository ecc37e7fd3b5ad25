import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from drawn_data import write_data
from trained import arguments

from textseg_core.training.check_repeat import (
    greatest_difference,
    main,
    read_losses,
    report,
    run_and_kill,
)

ROOT = Path(__file__).parents[2]
CURVE = {0: 3.0, 1: 2.0, 2: 1.5, 3: 1.25}


@pytest.fixture
def usual_torch() -> Iterator[None]:
    yield
    torch.use_deterministic_algorithms(False)


def test_a_log_is_read_up_to_where_it_was_cut_off(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    lines = ['{"step": 0, "loss": 2.5}', '{"step": 1, "validation": {}}', '{"step": 1, "loss": 9']
    log.write_text("\n".join(lines), encoding="utf-8")

    assert read_losses(tmp_path) == {0: 2.5}
    assert read_losses(tmp_path / "nowhere") == {}


def test_curves_are_compared_at_their_worst_step() -> None:
    assert greatest_difference(CURVE, {**CURVE, 1: 2.25, 3: 1.5 - 1e-3}) == pytest.approx(0.25)
    with pytest.raises(ValueError, match=r"the same steps, got \[0, 1, 2, 3\] and \[0\]"):
        greatest_difference(CURVE, {0: 3.0})


@pytest.mark.parametrize(
    ("second", "killed", "verdicts"),
    [
        ({}, {}, ["equal", "equal", "equal"]),
        ({2: 1.50009}, {}, ["equal", "equal", "equal"]),
        ({2: 1.5002}, {}, ["DIFFER", "equal", "equal"]),
        ({}, {3: 1.0}, ["equal", "DIFFER", "DIFFER"]),
        ({}, {0: 1.0}, ["equal", "equal", "DIFFER"]),
    ],
)
def test_a_difference_above_the_tolerance_is_told(
    second: dict[int, float], killed: dict[int, float], verdicts: list[str]
) -> None:
    curves = {"first": CURVE, "second": {**CURVE, **second}, "killed": {**CURVE, **killed}}

    page, well = report(curves, killed=2, resumed=2)

    rows = [line.split(" | ") for line in page.splitlines()[2:5]]
    assert [row[-1].split()[0] for row in rows] == verdicts
    assert [row[1] for row in rows] == ["4", "2", "4"]
    assert well == (set(verdicts) == {"equal"})


def test_a_run_is_repeated_killed_and_resumed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    usual_torch: None,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    data, out = write_data(tmp_path / "data"), tmp_path / "out"

    main(arguments(data, out, "--steps", "6"))

    page = (out / "repeat.md").read_text(encoding="utf-8")
    assert page in capsys.readouterr().out
    assert page.count("| 0.0e+00 | equal |") == 3
    assert [len(read_losses(out / name)) for name in ("first", "second", "killed")] == [6] * 3
    with pytest.raises(SystemExit, match="holds runs already; give another --out"):
        main(arguments(data, out, "--steps", "6"))


def test_a_run_that_ends_before_it_is_killed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))

    with pytest.raises(RuntimeError, match="ended by itself, with status 1"):
        run_and_kill([], tmp_path, 4)
