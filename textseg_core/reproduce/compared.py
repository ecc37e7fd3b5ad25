"""The table of all systems that are finished, from what `--compare` wrote."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from textseg_core.evaluation import metrics
from textseg_core.evaluation.intervals import interval
from textseg_core.evaluation.records import Record, read_results
from textseg_core.evaluation.report import (
    Table,
    comma_separated,
    markdown,
    number,
    with_interval,
    write_text,
)
from textseg_core.evaluation.summary import one_meant
from textseg_core.reproduce.entrants import ENTRANTS
from textseg_core.reproduce.strata import (
    BANDS,
    STRATA_FILE,
    band,
    is_stuff_record,
    noun_of,
    read_strata,
    stuff_nouns,
)
from textseg_core.reproduce.timing import QUERIES, read_times


class Finished(NamedTuple):
    """One row: what a system answered.

    Attributes:
        label: As in the table.
        about: Of training, network and machine.
        things: Answers about things, or about what is not there.
        stuff: Answers about table, floor and walls.
    """

    label: str
    about: Mapping[str, Any]
    things: list[Record]
    stuff: list[Record]


def page(out: Path) -> str:
    """Return the page in Markdown, and write its tables as `systems.csv`.

    Raises:
        ValueError: If nothing is finished, or a file is damaged.
    """
    rows = finished(out)
    if not rows:
        raise ValueError(f"{out} holds no finished system; run --compare without --render")
    categories, shares = read_strata(out / STRATA_FILE)
    machine, times = read_times(out)
    found = [_main(rows, times), _split(rows, categories, shares)]
    write_text(out / "systems.csv", comma_separated(found))
    asked = len(rows[0].things)
    lines = [
        f"{asked} expressions about things and {len(rows[0].stuff)} about stuff, the same for all",
        *([f"times: {machine}"] if machine else []),
    ]
    return markdown("Systems, trained for as long on the same scenes", found, lines)


def finished(out: Path) -> list[Finished]:
    """Return what is finished, in the order of `ENTRANTS`.

    Raises:
        ValueError: If a file is damaged.
    """
    rows = []
    for name, entrant in ENTRANTS.items():
        for row in entrant.rows:
            path = out / name / f"{row.name}.json"
            if path.is_file():
                records, about = read_results(path)
                single = one_meant(records)
                stuff = [record for record in single if is_stuff_record(record)]
                things = [record for record in single if not is_stuff_record(record)]
                rows.append(Finished(str(about["label"]), about, things, stuff))
    return rows


def _main(rows: Sequence[Finished], times: Mapping[str, Mapping[str, float]]) -> Table:
    marks = [metrics.precision(at) for at in metrics.PRECISION_AT]
    cells = []
    for row in rows:
        one, many = (times.get(row.label, {}).get(key, float("nan")) for key in ("one", "many"))
        mean = metrics.MEAN_IOU
        cells.append(
            (
                row.label,
                str(row.about.get("steps", "")),
                _core_minutes(row.about),
                number(metrics.OVERALL_IOU.of(row.things)),
                with_interval(mean.of(row.things), interval(row.things, mean)),
                *(number(mark.of(row.things)) for mark in marks),
                number(metrics.N_ACC.of(row.things)) if row.about["refuses"] else "",
                _told(row.about, "parameters", 1e6, 2),
                _told(row.about, "gmac_image", 1.0, 3),
                _told(row.about, "gmac_query", 1.0, 4),
                number(one, 1),
                number(many / QUERIES, 1),
            )
        )
    heads = ("overall IoU", "mean IoU (95 %)", *(mark.name for mark in marks), "N-acc")
    costs = ("M parameters", "GMAC a picture", "GMAC a query")
    spans = ("ms, one query", f"ms a query, of {QUERIES}")
    note = (
        "N-acc is empty where a system always answers. A query of new words: its GMAC count the "
        "words too, and so does its time; of several, the picture is encoded once."
    )
    columns = ("system", "steps", "core minutes", *heads, *costs, *spans)
    return Table("All systems, on things", columns, tuple(cells), note)


def _split(
    rows: Sequence[Finished], categories: Mapping[str, str], shares: Mapping[str, float]
) -> Table:
    def noun(name: str) -> Callable[[Finished], list[Record]]:
        return lambda row: [r for r in row.stuff if noun_of(r, categories) == name]

    def size(name: str) -> Callable[[Finished], list[Record]]:
        return lambda row: [
            r for r in row.things if not r.absent and metrics.size_class(r) == name
        ]

    def frequency(name: str) -> Callable[[Finished], list[Record]]:
        return lambda row: [
            r for r in row.things if not r.absent and band(shares[noun_of(r, categories)]) == name
        ]

    parts: dict[str, Callable[[Finished], list[Record]]] = {
        "things": lambda row: row.things,
        "stuff": lambda row: row.stuff,
        **{name: noun(name) for name in stuff_nouns()},
        **{name: size(name) for name in metrics.SIZES},
        **{name: frequency(name) for name in BANDS},
    }
    kept = {name: part for name, part in parts.items() if part(rows[0])}
    counts = (
        "expressions with a target",
        *(str(sum(not r.absent for r in part(rows[0]))) for part in kept.values()),
    )
    cells = tuple(
        (row.label, *(number(metrics.MEAN_IOU.of(part(row))) for part in kept.values()))
        for row in rows
    )
    note = (
        "Small, medium and large by COCO's marks. The last columns: in how many training scenes "
        "things of the same name are."
    )
    return Table("Mean IoU by what is meant", ("system", *kept), (counts, *cells), note)


def _core_minutes(about: Mapping[str, Any]) -> str:
    return number(float(about["minutes"]), 1) if "minutes" in about else ""


def _told(about: Mapping[str, Any], key: str, unit: float, digits: int) -> str:
    return number(float(about[key]) / unit, digits) if key in about else ""
