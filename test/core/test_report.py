import math

import pytest

from textseg_core.evaluation.report import (
    Table,
    comma_separated,
    command_line,
    machine,
    markdown,
    number,
    with_interval,
)

TABLE = Table("Kinds", ("kind", "IoU"), (("all", "0.5"), ("a|b", "")), "One note.")


def test_a_table_in_markdown() -> None:
    assert TABLE.markdown().splitlines() == [
        "### Kinds",
        "",
        "| kind | IoU |",
        "|---|---:|",
        "| all | 0.5 |",
        "| a\\|b |  |",
        "",
        "One note.",
    ]


def test_a_page_names_what_made_it_before_its_tables() -> None:
    page = markdown("Scenes", [TABLE], ["command: `x`", "machine: y"])

    assert page.startswith("## Scenes\n\n- command: `x`\n- machine: y\n\n### Kinds\n")


def test_tables_as_csv_leave_empty_cells_out() -> None:
    other = Table("Sizes, all", ("size", "n", "IoU"), (("small", "3", "0.25"),))

    assert comma_separated([TABLE, other]).splitlines() == [
        "table,row,column,value",
        "Kinds,all,IoU,0.5",
        '"Sizes, all",small,n,3',
        '"Sizes, all",small,IoU,0.25',
    ]


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="table 'x': expected 2 cells, got"):
        Table("x", ("a", "b"), (("1",),))


def test_figures_are_written_with_their_interval_where_there_is_one() -> None:
    assert number(0.12345) == "0.123"
    assert number(math.nan) == ""
    assert with_interval(0.5, (0.41, 0.6)) == "0.500 (0.410-0.600)"
    assert with_interval(0.5, (math.nan, math.nan)) == "0.500"
    assert with_interval(math.nan, (0.0, 1.0)) == ""


def test_a_command_names_no_folder_of_the_machine() -> None:
    words = ["--scenes", "/data/test scenes", "--limit", "3", "--weights", "runs/a/model"]

    assert command_line("a.b", words) == (
        "python -m a.b --scenes 'test scenes' --limit 3 --weights model"
    )


def test_the_machine_is_named_in_one_line() -> None:
    assert "ONNX Runtime on the CPU" in machine()
    assert "\n" not in machine()
