"""The papers' tables of results as data: complete, as printed, and strict about their files."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from textseg_core.datasets.registry import DATA_SETS
from textseg_core.reproduce.figures import Figure
from textseg_core.reproduce.published import FOLDER, find, load_paper, load_papers, published

PAPERS = {paper.key: paper for paper in published()}
TABLES = {(table.paper, table.key): table for paper in published() for table in paper.tables}
FIGURES = [figure for table in TABLES.values() for figure in table.figures]

#: Rows, and numbers without dashes, counted in the papers' tables.
SIZES = {
    ("hu2016", "table1"): (11, 66),
    ("hu2016", "table2"): (5, 5),
    ("rmi", "iou"): (9, 66),
    ("mattnet", "table4"): (14, 84),
    ("chen2019", "location"): (11, 51),
    ("chen2019", "table2"): (6, 23),
    ("phrasecut", "results"): (6, 30),
}
#: Paper, table, row (its place where the name is not unique), column, number: typed from the
#: papers a second time.
READ_AGAIN = [
    ("hu2016", "table1", "whole image", "prec@0.5", "5.07%"),
    ("hu2016", "table1", "whole image", "overall IoU", "15.12%"),
    ("hu2016", "table1", "per-word average", "prec@0.6", "5.94%"),
    ("hu2016", "table1", "per-word average", "overall IoU", "27.23%"),
    ("hu2016", "table1", "per-word intersection", "prec@0.7", "2.20%"),
    ("hu2016", "table1", "per-word union", "prec@0.8", "0.44%"),
    ("hu2016", "table1", "SCRC [11] bbox", "prec@0.9", "0.03%"),
    ("hu2016", "table1", "SCRC [11] grabcut", "prec@0.5", "11.91%"),
    ("hu2016", "table1", "GroundeR [12] bbox", "overall IoU", "20.50%"),
    ("hu2016", "table1", "GroundeR [12] grabcut", "prec@0.7", "5.78%"),
    ("hu2016", "table1", "MCG classification", "prec@0.9", "1.88%"),
    ("hu2016", "table1", "Ours (low resolution)", "prec@0.7", "13.69%"),
    ("hu2016", "table1", "Ours (low resolution)", "overall IoU", "45.57%"),
    ("hu2016", "table1", "Ours (high resolution)", "prec@0.5", "34.02%"),
    ("hu2016", "table1", "Ours (high resolution)", "prec@0.6", "26.71%"),
    ("hu2016", "table1", "Ours (high resolution)", "prec@0.9", "3.92%"),
    ("hu2016", "table2", "per-word", "time (sec)", "0.169"),
    ("hu2016", "table2", "SCRC [11] grabcut", "time (sec)", "4.319"),
    ("hu2016", "table2", "GroundeR [12] grabcut", "time (sec)", "3.753"),
    ("hu2016", "table2", "MCG classification", "time (sec)", "9.375"),
    ("hu2016", "table2", "Ours (high resolution)", "time (sec)", "0.325"),
    ("rmi", "iou", "[12, 13]", "Google-Ref val", "28.14"),
    ("rmi", "iou", "R+LSTM", "UNC val", "38.74"),
    ("rmi", "iou", "R+RMI", "UNC testB", "40.44"),
    ("rmi", "iou", "R+LSTM+DCRF", "UNC+ testA", "27.03"),
    ("rmi", "iou", "R+RMI+DCRF", "UNC+ testB", "26.86"),
    ("rmi", "iou", "D+LSTM", "ReferItGame test", "56.83"),
    ("rmi", "iou", "D+RMI", "UNC testA", "44.74"),
    ("rmi", "iou", "D+LSTM+DCRF", "UNC+ val", "28.07"),
    ("rmi", "iou", "D+RMI+DCRF", "Google-Ref val", "34.52"),
    ("rmi", "iou", "D+RMI+DCRF", "ReferItGame test", "58.73"),
    ("mattnet", "table4", 0, "Pr@0.5", "42.99"),
    ("mattnet", "table4", 1, "Pr@0.9", "16.81"),
    ("mattnet", "table4", 2, "Pr@0.7", "23.69"),
    ("mattnet", "table4", 3, "IoU", "62.37"),
    ("mattnet", "table4", 4, "Pr@0.6", "32.21"),
    ("mattnet", "table4", 5, "Pr@0.8", "48.91"),
    ("mattnet", "table4", 6, "Pr@0.9", "0.62"),
    ("mattnet", "table4", 7, "Pr@0.6", "61.87"),
    ("mattnet", "table4", 8, "IoU", "30.48"),
    ("mattnet", "table4", 9, "Pr@0.5", "70.12"),
    ("mattnet", "table4", 10, "Pr@0.8", "4.58"),
    ("mattnet", "table4", 11, "Pr@0.9", "17.00"),
    ("mattnet", "table4", 12, "IoU", "47.64"),
    ("mattnet", "table4", 13, "Pr@0.5", "65.60"),
    ("chen2019", "location", "Nagaraja et al. [?]", "RefCOCOg test", "49.50"),
    ("chen2019", "location", "Luo et al. [4]", "RefCOCOg val*", "49.07"),
    ("chen2019", "location", "Liu et al. [?]", "RefCOCO testA", "72.08"),
    ("chen2019", "location", "Yu et al. [?]", "RefCOCO testB", "63.83"),
    ("chen2019", "location", "MAttNet [76]", "RefCOCOg val", "66.58"),
    ("chen2019", "location", "VC [?]", "RefCOCOg val*", "62.30"),
    ("chen2019", "location", "baseline", "RefCOCO val", "72.65"),
    ("chen2019", "location", "+ spatial coords [?]", "RefCOCO testA", "78.57"),
    ("chen2019", "location", "+ spatial-aware filters", "RefCOCOg test", "65.28"),
    ("chen2019", "location", "+ caption-aware consistency", "RefCOCO testB", "69.36"),
    ("chen2019", "location", "full model", "RefCOCO val", "77.08"),
    ("chen2019", "location", "full model", "RefCOCOg val*", "62.34"),
    ("chen2019", "table2", "D+RMI+DCRF [?]", "RefCOCO testA", "45.69"),
    ("chen2019", "table2", "RRN+LSTM+DCRF [1]", "RefCOCOg val*", "36.45"),
    ("chen2019", "table2", "MAttNet [26]", "RefCOCOg test", "48.61"),
    ("chen2019", "table2", "KWAN [20]", "RefCOCOg val*", "36.92"),
    ("chen2019", "table2", "DMN [15]", "RefCOCO val", "49.78"),
    ("chen2019", "table2", "Ours", "RefCOCO testB", "53.81"),
    ("chen2019", "table2", "Ours", "RefCOCOg val", "46.37"),
    ("phrasecut", "results", "cat", "mean-IoU", "39.9"),
    ("phrasecut", "results", "cat+att", "Pr@0.9", "5.9"),
    ("phrasecut", "results", "cat+rel", "cum-IoU", "49.9"),
    ("phrasecut", "results", "cat+att+rel", "Pr@0.7", "27.0"),
    ("phrasecut", "results", "RMI", "Pr@0.5", "22.0"),
    ("phrasecut", "results", "MattNet", "Pr@0.9", "3.0"),
]


@pytest.mark.parametrize(("paper", "key"), SIZES)
def test_a_table_has_all_its_rows_and_numbers(paper: str, key: str) -> None:
    table = TABLES[paper, key]

    assert (len(table.rows), len(table.figures)) == SIZES[paper, key]


def test_there_are_no_other_tables() -> None:
    assert set(TABLES) == set(SIZES)


@pytest.mark.parametrize(("paper", "key", "row", "column", "printed"), READ_AGAIN)
def test_a_number_is_the_one_in_the_paper(
    paper: str, key: str, row: str | int, column: str, printed: str
) -> None:
    table = TABLES[paper, key]
    rows = [table.rows[row]] if isinstance(row, int) else [r for r in table.rows if r.name == row]

    (cells,) = [dict(zip(table.columns, one.cells, strict=True)) for one in rows]

    cell = cells[column]
    assert cell is not None
    assert cell.printed == printed


def test_a_dash_of_the_paper_is_no_number() -> None:
    (quoted,) = [row for row in TABLES["rmi", "iou"].rows if row.name == "[12, 13]"]

    assert [cell is None for cell in quoted.cells] == [False, *[True] * 6, False]


def test_precision_falls_with_the_mark_in_every_row() -> None:
    for table in TABLES.values():
        for row in table.rows:
            cells = [c for c in row.cells if c is not None and c.condition.metric == "precision"]
            if len({cell.condition.at for cell in cells}) > 1:
                values = [cell.value for cell in cells]
                assert values == sorted(values, reverse=True), row


def test_papers_that_repeat_a_figure_repeat_it_alike() -> None:
    seen: dict[object, Figure] = {}
    repeated = 0
    for figure in FIGURES:
        first = seen.setdefault((figure.system, figure.variant, figure.condition), figure)
        assert first.value == figure.value, (first, figure)
        repeated += first is not figure

    # RMI's three of RefCOCO twice, its three of RefCOCO+, MAttNet's five.
    assert repeated == 3 + 3 + 3 + 5


def test_every_data_set_split_and_partition_can_be_opened_here() -> None:
    for figure in FIGURES:
        condition = figure.condition
        data = DATA_SETS[condition.data]
        assert condition.split in data.splits or condition.metric == "time"
        assert condition.partition in data.partitions or not data.partitions


@pytest.mark.parametrize(
    ("paper", "key"), [("rmi", "iou"), ("chen2019", "location"), ("chen2019", "table2")]
)
def test_the_head_of_a_column_names_what_its_numbers_were_measured_on(
    paper: str, key: str
) -> None:
    data = {
        "Google-Ref": ("refcocog", "google"),
        "UNC": ("refcoco", "unc"),
        "UNC+": ("refcoco+", "unc"),
        "ReferItGame": ("referit", ""),
        "RefCOCO": ("refcoco", "unc"),
        "RefCOCOg": ("refcocog", "umd"),
    }
    for figure in TABLES[paper, key].figures:
        over, split = figure.column.split()
        wanted = ("refcocog", "google") if split == "val*" else data[over]
        assert (figure.condition.data, figure.condition.partition) == wanted
        assert figure.condition.split == split.removesuffix("*")


def test_the_words_of_a_row_name_what_its_numbers_were_measured_on() -> None:
    for row in TABLES["mattnet", "table4"].rows:
        for figure in row.cells:
            assert figure is not None
            assert figure.condition.data == row.group.lower()
            assert figure.condition.split == row.texts[1]


def test_the_rule_at_the_mark_is_that_of_the_paper() -> None:
    rules = {
        paper: {f.condition.rule for f in find(published(), paper=paper, metric="precision")}
        for paper in PAPERS
    }

    assert rules == {
        "hu2016": {">="},
        "rmi": set(),
        "mattnet": {">="},
        "chen2019": {">=", "unknown"},
        "phrasecut": {">"},
    }


def test_rows_are_found_by_what_they_measure() -> None:
    (found,) = find(
        published(),
        paper="mattnet",
        system="mattnet",
        data="refcoco+",
        split="testA",
        metric="overall_iou",
    )

    assert found.value == 52.39
    assert (found.source, found.row, found.column) == ("mattnet, Table 4", "MAttNet", "IoU")


def test_the_forms_of_a_system_are_told_apart() -> None:
    found = find(published(), system="hu2016", variant="low-res", metric="overall_iou")

    assert [figure.printed for figure in found] == ["45.57%"]


def test_the_papers_are_in_the_order_of_their_years() -> None:
    assert [paper.key for paper in published()] == [
        "hu2016",
        "rmi",
        "mattnet",
        "chen2019",
        "phrasecut",
    ]


def test_systems_of_several_papers_are_found_together() -> None:
    found = find(published(), system="rmi", data="refcoco", split="val", metric="overall_iou")

    assert {figure.source.split(",")[0] for figure in found} == {"rmi", "mattnet", "chen2019"}


def test_an_unknown_condition_is_refused() -> None:
    with pytest.raises(TypeError, match="no condition is called dataset; expected of data"):
        find(published(), dataset="refcoco")


def _entry() -> dict[str, Any]:
    """A small paper, right in every respect."""
    return {
        "key": "made",
        "title": "T",
        "authors": "A",
        "venue": "V",
        "year": 2020,
        "arxiv": "1",
        "read_from": "the paper",
        "tables": [
            {
                "key": "t",
                "number": "1",
                "caption": "C",
                "conditions": {"data": "referit", "split": "test"},
                "columns": [
                    {"name": "IoU", "metric": "overall_iou"},
                    {"name": "P", "metric": "precision", "at": 0.5, "rule": ">="},
                ],
                "rows": [{"name": "a", "system": "x", "values": "10.5 -"}],
                "notes": [],
            }
        ],
    }


def _write(folder: Path, entry: object, name: str = "made.yaml") -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(entry), encoding="utf-8")
    return path


def test_a_small_file_is_read(tmp_path: Path) -> None:
    paper = load_paper(_write(tmp_path, _entry()))

    (figure,) = paper.tables[0].figures
    assert (figure.value, figure.column, figure.condition.split) == (10.5, "IoU", "test")


def _twice(entry: dict[str, Any], place: str) -> None:
    table = entry["tables"][0]
    {"table": entry["tables"], "column": table["columns"], "row": table["rows"]}[place].append(
        {"table": table, "column": table["columns"][0], "row": table["rows"][0]}[place]
    )
    if place == "column":
        table["rows"][0]["values"] = "1 2 3"


@pytest.mark.parametrize("place", ["table", "column", "row"])
def test_what_is_there_twice_is_refused(tmp_path: Path, place: str) -> None:
    entry = _entry()
    _twice(entry, place)

    with pytest.raises(ValueError, match=rf"made\.yaml.*the {place} .* is there twice"):
        load_paper(_write(tmp_path, entry))


def test_one_figure_under_two_names_is_refused(tmp_path: Path) -> None:
    entry = _entry()
    rows = entry["tables"][0]["rows"]
    rows.append(rows[0] | {"name": "b", "values": "11.5 -"})

    with pytest.raises(ValueError, match=r"table 1 \(t\): the figure of .*'x'.* is there twice"):
        load_paper(_write(tmp_path, entry))


def test_a_name_that_is_twice_in_one_entry_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, _entry())
    path.write_text(path.read_text() + "year: 2021\n")

    with pytest.raises(ValueError, match=r"made\.yaml: no valid YAML: 'year' is there twice"):
        load_paper(path)


def test_two_papers_of_one_key_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, _entry())
    _write(tmp_path, _entry(), "other.yaml")

    with pytest.raises(ValueError, match="the paper made is there twice"):
        load_papers(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"values": "10.5"}, r"row 1 \(a\): expected 2 values, got 1"),
        ({"values": "1O.5 -"}, r"row 1 \(a\), column IoU: expected a number or '-', got '1O.5'"),
        ({"values": "nan -"}, "expected at most 100 %, got 'nan'"),
        ({"values": "105 -"}, "expected at most 100 %, got '105'"),
        ({"values": 10.5}, "'values' is of the wrong kind: 10.5; quote it if text"),
        ({"value": "1"}, "unknown entry 'value'; expected name"),
        ({"texts": ["b"]}, r"row 1 \(a\): expected 0 texts"),
        ({"texts": [1]}, "'texts' must be texts"),
        ({"conditions": {"metric": "iou"}}, "column IoU: unknown metric 'iou'; expected one of"),
        ({"conditions": {"rule": ">"}}, "a precision, and nothing else, has a mark"),
        ({"conditions": {"data": ""}}, "needs the data set"),
        ({"conditions": {"unit": "s"}}, "times are in `s` on a `device`"),
        ({"conditions": {"splt": "val"}}, "unknown entry 'splt'"),
    ],
)
def test_a_wrong_row_is_refused_with_file_and_place(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    entry = _entry()
    entry["tables"][0]["rows"][0] |= change

    with pytest.raises(ValueError, match=rf"made\.yaml: table 1.*{told}"):
        load_paper(_write(tmp_path, entry))


@pytest.mark.parametrize(
    ("at", "told"),
    [(1.5, r"a mark must be a number in \(0, 1\)"), ("0.5", "a mark must be a number")],
)
def test_a_mark_is_a_number_between_nought_and_one(tmp_path: Path, at: object, told: str) -> None:
    entry = _entry()
    entry["tables"][0]["columns"][1]["at"] = at

    with pytest.raises(ValueError, match=told):
        load_paper(_write(tmp_path, entry))


def test_a_missing_entry_is_named(tmp_path: Path) -> None:
    entry = _entry()
    del entry["tables"][0]["notes"]

    with pytest.raises(ValueError, match=r"made\.yaml: table 1: 'notes' is missing"):
        load_paper(_write(tmp_path, entry))


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"made\.yaml: expected a mapping"):
        load_paper(_write(tmp_path, [1]))


def test_a_missing_file_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.yaml: cannot be read"):
        load_paper(tmp_path / "none.yaml")
    with pytest.raises(ValueError, match="expected files of published results"):
        load_papers(tmp_path)


def test_the_papers_lie_in_the_package() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted(PAPERS)
