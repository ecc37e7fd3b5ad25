"""Published tables beside ours: what is printed, and what is refused."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from textseg_core.command_line import main
from textseg_core.reproduce.comparison import (
    Measurement,
    NotComparableError,
    comparable,
    differences,
)
from textseg_core.reproduce.figures import Condition, Figure, PublishedTable
from textseg_core.reproduce.published import published
from textseg_core.reproduce.render import papers_markdown, table_markdown, table_with_ours

CONDITION = Condition(
    data="refcoco", partition="unc", split="val", metric="precision", at=0.5, rule=">="
)
FIGURE = Figure(
    source="made, Table 1",
    row="a",
    column="Pr@0.5",
    system="x",
    variant="",
    condition=CONDITION,
    printed="75.16",
)
IOU: dict[str, Any] = {"metric": "overall_iou", "at": None, "rule": ""}
TIME: dict[str, Any] = {"metric": "time", "at": None, "rule": "", "unit": "s"}


def _table(paper: str, key: str) -> PublishedTable:
    (found,) = [
        table
        for one in published()
        for table in one.tables
        if (table.paper, table.key) == (paper, key)
    ]
    return found


def _ours(value: float = 50.0, part: str = "", **changes: Any) -> Measurement:
    return Measurement(condition=replace(CONDITION, **changes), value=value, part=part)


def test_like_figures_may_stand_side_by_side() -> None:
    comparable(FIGURE, _ours())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"data": "refcoco+"}, "the data set differs: published refcoco, ours refcoco+"),
        ({"partition": "google"}, "the partition differs: published unc, ours google"),
        ({"partition": ""}, "the partition differs: published unc, ours none named"),
        ({"split": "testA"}, "the split differs: published val, ours testA"),
        ({"answer": "box"}, "the kind of answer differs: published mask, ours box"),
        ({"at": 0.6}, "the IoU mark differs: published 0.5, ours 0.6"),
        ({"rule": ">"}, "the protocol differs: published counts an IoU >= 0.5, ours > 0.5"),
        ({"rule": "unknown"}, "not known whether an IoU of exactly the mark counts"),
        (IOU, "the metric differs: published precision, ours overall_iou"),
        ({"part": "the first 64 expressions"}, "not the whole split: the first 64 expressions"),
    ],
)
def test_unlike_figures_are_refused_with_the_reason(changes: Mapping[str, Any], told: str) -> None:
    with pytest.raises(NotComparableError) as raised:
        comparable(FIGURE, _ours(**changes))

    assert told in str(raised.value)
    assert str(raised.value).startswith("made, Table 1, a, Pr@0.5 cannot stand beside ours: ")


def test_every_reason_is_told() -> None:
    assert len(differences(FIGURE, _ours(data="referit", split="test", rule=">"))) == 3


def test_a_published_rule_that_is_not_known_forbids_the_comparison() -> None:
    silent = replace(FIGURE, condition=replace(CONDITION, rule="unknown"))

    assert differences(silent, _ours()) == (
        "it is not known whether an IoU of exactly the mark counts",
    )


def test_times_of_other_machines_are_refused() -> None:
    k40 = replace(CONDITION, device="NVIDIA Tesla K40", **TIME)
    published_time = replace(FIGURE, condition=k40, printed="0.325")

    assert differences(published_time, _ours(device="a laptop", **TIME)) == (
        "the device differs: published NVIDIA Tesla K40, ours a laptop",
    )


def test_two_unnamed_splits_are_not_the_same() -> None:
    unnamed = replace(FIGURE, condition=replace(CONDITION, split=""))

    assert differences(unnamed, _ours(split="")) == ("neither source names the split",)


def test_ours_stands_beneath_the_row_of_its_split_only() -> None:
    page = table_with_ours(
        _table("mattnet", "table4"),
        "ours",
        [_ours(70.123), _ours(55.5, **IOU)],
        system="mattnet",
    )

    lines = page.splitlines()
    (mine,) = [i for i, line in enumerate(lines) if "**ours**" in line]
    assert lines[mine] == "| **ours** |  | val | 70.12 |  |  |  |  | 55.50 |"
    assert lines[mine - 1].startswith("| MAttNet | res101-mrcn | val | 75.16 |")


def test_ours_fills_the_columns_that_it_measured() -> None:
    ours = [_ours(data="referit", partition="", split="test", **IOU)]

    page = table_with_ours(
        _table("rmi", "iou"), "ours", ours, system="rmi", variant="deeplab-rmi-dcrf"
    )

    assert "| D+RMI+DCRF | 34.52 |" in page.splitlines()[-6 - 1]
    assert "| **ours** |  |  |  |  |  |  |  | 50.00 |" in page


@pytest.mark.parametrize("data", ["rendered", "referit"])
def test_a_table_of_other_data_takes_none_of_ours(data: str) -> None:
    with pytest.raises(NotComparableError, match=rf"data set differs: .*, ours {data}"):
        table_with_ours(
            _table("mattnet", "table4"),
            "ours",
            [_ours(), _ours(data=data, partition="", split="test")],
            system="mattnet",
        )


def test_strict_counting_does_not_stand_beside_the_other() -> None:
    ours = [_ours(data="phrasecut", partition="", split="test")]

    with pytest.raises(NotComparableError, match=r"published counts an IoU > 0\.5, ours >= 0\.5"):
        table_with_ours(
            _table("phrasecut", "results"), "ours", ours, system="hulanet", variant="cat"
        )


def test_a_system_that_the_table_lacks_is_named() -> None:
    with pytest.raises(NotComparableError, match="hu2016, table1 has no figure of mattnet"):
        table_with_ours(_table("hu2016", "table1"), "ours", [_ours()], system="mattnet")


def test_a_table_is_laid_out_as_in_the_paper() -> None:
    lines = table_markdown(_table("phrasecut", "results")).splitlines()

    assert lines[2] == "| Method | mean-IoU | cum-IoU | Pr@0.5 | Pr@0.7 | Pr@0.9 |"
    assert lines[4] == "| *HULANet* |  |  |  |  |  |"
    assert lines[5] == "| cat | 39.9 | 48.8 | 40.8 | 25.9 | 5.5 |"
    assert lines[9] == "| *others* |  |  |  |  |  |"
    assert lines[10] == "| RMI | 21.1 | 42.5 | 22.0 | 11.6 | 1.5 |"


def test_a_table_that_lies_on_its_side_stays_so() -> None:
    lines = table_markdown(_table("hu2016", "table2")).splitlines()

    assert lines[2].startswith("| Method | per-word | SCRC [11] grabcut |")
    assert lines[4] == "| time (sec) | 0.169 | 4.319 | 3.753 | 9.375 | 0.325 |"


def test_dashes_and_words_are_printed_as_in_the_paper() -> None:
    page = table_markdown(_table("chen2019", "location"))

    assert "| Luo et al. [4] | J | - | 67.94 | 55.18 | 49.07 | - | - |" in page


def test_a_citation_is_told_once_for_the_rows_that_have_it() -> None:
    page = table_markdown(_table("hu2016", "table1"))

    assert page.count("Natural language object retrieval") == 1
    assert "- SCRC [11] bbox, SCRC [11] grabcut: Hu et al.: Natural" in page
    assert "\n- D+RMI+DCRF [14]: Liu et al.: " in table_markdown(_table("mattnet", "table4"))


def test_one_data_set_is_cut_out_of_rows_and_columns() -> None:
    page = papers_markdown(published(), "refcoco+")

    assert "| Method | UNC+ val | UNC+ testA | UNC+ testB |" in page
    assert page.count("| MAttNet | res101-mrcn |") == 3
    assert page.count("\n## ") + page.startswith("## ") == 2
    assert "PhraseCut" not in page


def test_the_command_prints_every_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--published"]) == 0

    page = capsys.readouterr().out
    assert page == papers_markdown(published())
    assert page.count("\n### ") == 7


def test_the_command_prints_one_paper_and_one_data_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--published", "--paper", "rmi", "--data", "referit"]) == 0

    page = capsys.readouterr().out
    assert "| D+RMI+DCRF | 58.73 |" in page
    assert page.count("\n### ") == 1


def test_the_command_says_when_nothing_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--published", "--paper", "rmi", "--data", "phrasecut"]) == 2

    assert "no published table has figures on 'phrasecut'" in capsys.readouterr().err


def test_the_command_wants_to_be_told_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["reproduce"])

    assert raised.value.code == 2
    assert (
        "one of the arguments --published --system --compare is required"
        in capsys.readouterr().err
    )


def test_the_package_runs_as_the_command_and_without_torch() -> None:
    code = (
        "import runpy, sys; sys.argv = ['reproduce', '--published', '--paper', 'hu2016']\n"
        "try: runpy.run_module('textseg_core.reproduce', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code and 'torch' not in sys.modules\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert "| Ours (high resolution) | 34.02% |" in ran.stdout
