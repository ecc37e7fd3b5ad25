"""The benchmark from the command line, its targets and its tables."""

import csv
from pathlib import Path

import pytest

from textseg_core.benchmark.command import _settings, main
from textseg_core.benchmark.interleave import Sample
from textseg_core.benchmark.lineup import Lineup, clipseg_name, hu_name
from textseg_core.benchmark.page import queries_table, samples_csv, side_by_side, stages_table
from textseg_core.benchmark.targets import targets, targets_table
from textseg_core.model_info import SHIPPED_WEIGHTS, load_model_info

LINEUP = Lineup(variant="ours", queries=(1, 8))


def _one_frame_each(total: dict[str, float]) -> list[Sample]:
    """Each of our cases takes 10 ms a query, 2 of them around the network, unless named."""
    ms = {case.name: 10.0 * case.queries for case in LINEUP.cases()} | total
    return [
        Sample(name, 0, {"preprocess": 0.1 * value, "postprocess": 0.1 * value, "total": value})
        for name, value in ms.items()
    ]


def test_the_faster_runtime_of_a_peer_counts() -> None:
    samples = _one_frame_each(
        {
            clipseg_name(16, "torch"): 120.0,
            clipseg_name(16, "ONNX Runtime"): 79.0,
            hu_name(): 401.0,
        }
    )

    found = {target.what: target for target in targets(samples, LINEUP)}

    ours = LINEUP.single("JPEG", new_words=True).name
    torch = found[f"{clipseg_name(16, 'torch')} / {ours}"]
    faster = found[f"the faster one, {clipseg_name(16, 'ONNX Runtime')} / {ours}"]
    hu = found[f"{hu_name()} / {ours}"]
    assert (torch.measured, torch.reached) == ("12.00 (12.00-12.00)", True)
    assert (faster.measured, faster.reached) == ("7.90 (7.90-7.90)", False)
    assert (hu.limit, hu.reached) == (">= 40", True)


def test_eight_queries_must_cost_less_than_two() -> None:
    names = {case.queries: case.name for case in LINEUP.series()}

    for ms, reached in ((19.9, True), (20.0, False)):
        found = {t.what: t for t in targets(_one_frame_each({names[8]: ms}), LINEUP)}
        assert found["8 queries against 1, known words"].reached is reached


def test_the_share_around_the_network_is_of_the_whole_frame() -> None:
    name = LINEUP.series()[0].name
    found = {target.what: target for target in targets(_one_frame_each({}), LINEUP)}

    target = found[f"share of preprocess and postprocess, {name}"]
    assert (target.measured, target.reached) == ("20.0%", True)


def test_a_busy_machine_judges_nothing() -> None:
    found = targets(_one_frame_each({}), LINEUP)

    quiet, busy = (targets_table(found, quiet=state) for state in (True, False))

    assert {row[3] for row in quiet.rows} == {"reached", "missed"}
    assert {row[3] for row in busy.rows} == {"(reached, machine busy)", "(missed, machine busy)"}
    assert "decide nothing" in busy.note


def test_the_tables_order_by_median_and_leave_out_stages_that_nobody_has() -> None:
    samples = _one_frame_each({hu_name(): 5.0})

    assert side_by_side(samples).rows[0][:2] == (hu_name(), "5.00")
    assert stages_table(samples, [LINEUP.series()[0].name]).columns == (
        "contestant",
        "preprocess",
        "postprocess",
        "total",
    )


def test_encoding_once_is_compared_with_encoding_for_each() -> None:
    once, each = LINEUP.series()[1].name, LINEUP.series(encode_once=False)[0].name

    table = queries_table(_one_frame_each({once: 20.0, each: 50.0}), LINEUP)

    row = dict(zip(table.columns, table.rows[1], strict=True))
    assert row["times one"] == "2.00"
    assert row["ms a query"] == "2.50"
    assert row["times encoded once"] == "2.50"


def test_every_frame_is_a_row_of_the_csv() -> None:
    rows = list(csv.DictReader(samples_csv(_one_frame_each({})).splitlines()))

    assert len(rows) == len(LINEUP.cases())
    assert rows[0]["encoder"] == ""
    assert float(rows[0]["total"]) == 10.0


def test_a_short_run_writes_page_csv_samples_and_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(
        ["--out", str(tmp_path), "--rounds", "1", "--turn-s", "0", "--peers", "--queries", "1,2"]
    )

    page = capsys.readouterr().out
    assert status == 0
    assert page.strip() == (tmp_path / "benchmark.md").read_text(encoding="utf-8").strip()
    assert "other processes used" in page
    assert "ours: auto took onnx" in page or "ours: backend onnx on cpu in fp32" in page
    assert f"weights compact {load_model_info(SHIPPED_WEIGHTS).fingerprint[:12]}, 320 px" in page
    assert "### More queries about one image" in page
    frames = list(csv.DictReader((tmp_path / "samples.csv").read_text().splitlines()))
    assert {row["contestant"] for row in frames} == {
        case.name for case in Lineup(variant="ours", queries=(1, 2)).cases()
    }
    assert all(float(row["encoder"]) > 0.0 for row in frames)
    assert (tmp_path / "benchmark.png").stat().st_size > 10_000
    assert (tmp_path / "benchmark.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ours", "a:weights=/absent"], "model directory /absent does not exist"),
        (["--ours", "a", "--ours", "a:threads=1"], "--ours must differ in their names, got a, a"),
        (["--rounds", "0"], "--rounds must be at least 1"),
        (["--queries", "2,1"], "queries must ascend from 1, got (2, 1)"),
        (["--picture", "/absent.jpg"], "/absent.jpg: expected a picture file"),
    ],
)
def test_wrong_arguments_end_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["--out", str(tmp_path), "--peers", "--no-plot", *arguments]) == 1

    told = capsys.readouterr().err
    assert told.startswith("textseg benchmark: ")
    assert message in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--queries", "1,x"], "expected numbers from 1 such as 1,2,4, got '1,x'"),
        (["--input-px", "0"], "expected numbers from 1 such as 1,2,4, got '0'"),
        (["--cameras", "640"], "expected sizes such as 1280x720, got '640'"),
        (["--cameras", "0x480"], "expected sizes such as 1280x720, got '0x480'"),
    ],
)
def test_wrong_numbers_say_what_was_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), *arguments])
    assert message in capsys.readouterr().err


def test_a_number_of_threads_is_given_to_all_but_torch() -> None:
    settings = _settings(["a", "b:threads=3", "c:backend=torch"], 2)

    assert {name: one.threads for name, one in settings.items()} == {"a": 2, "b": 2, "c": 0}
