"""Reads the papers' tables of results from their files, strictly, and finds figures in them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from textseg_core.reproduce.figures import (
    Condition,
    Figure,
    Paper,
    PublishedRow,
    PublishedTable,
)

FOLDER = Path(__file__).parent / "papers"
_PAPER = {"key": str, "title": str, "authors": str, "venue": str, "year": int, "arxiv": str}
_PAPER |= {"read_from": str, "tables": list}
_TABLE = {"key": str, "number": str, "caption": str, "columns": list, "rows": list, "notes": list}
_TABLE_TOO = {"conditions": dict, "texts": list, "transposed": bool}
_COLUMN = {"name": str}
_Types: TypeAlias = Mapping[str, type | tuple[type, ...]]
_CONDITION = dict.fromkeys(Condition.__dataclass_fields__, (float, str))
_COLUMN_TOO: _Types = {"over": str, **_CONDITION}
_ROW = {"name": str, "system": str, "values": str}
_ROW_TOO = {"variant": str, "group": str, "texts": list, "citation": str, "conditions": dict}


@cache
def published() -> tuple[Paper, ...]:
    """Return the papers of the package, the oldest first."""
    return load_papers(FOLDER)


def load_papers(folder: Path) -> tuple[Paper, ...]:
    """Read every paper of a folder, the oldest first.

    Raises:
        ValueError: The folder holds none, two have the same key, or one is wrong.
    """
    papers = [load_paper(path) for path in sorted(folder.glob("*.yaml"))]
    if not papers:
        raise ValueError(f"{folder}: expected files of published results (*.yaml), found none")
    _refuse_twice(str(folder), "paper", [paper.key for paper in papers])
    return tuple(sorted(papers, key=lambda paper: (paper.year, paper.key)))


def load_paper(path: Path) -> Paper:
    """Read one paper; docs/published.md has the format.

    Raises:
        ValueError: The file is missing, or an entry is unknown, missing, twice there or no number;
            the message names file and entry.
    """
    try:
        entry: Any = yaml.load(path.read_text(encoding="utf-8"), _Strict)  # a safe loader
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no valid YAML: {error}") from None
    _check(str(path), entry, _PAPER, {})
    tables = tuple(
        _table(f"{path}: table {i + 1}", table, entry) for i, table in enumerate(entry["tables"])
    )
    _refuse_twice(str(path), "table", [table.key for table in tables])
    return Paper(**{**entry, "tables": tables})


def find(
    papers: Iterable[Paper],
    *,
    paper: str | None = None,
    system: str | None = None,
    variant: str | None = None,
    **conditions: object,
) -> tuple[Figure, ...]:
    """Return the figures for which all that is given holds.

    Args:
        papers: Where to look, as from `published`.
        paper: Key of a paper.
        system: Key of a system.
        variant: Of the system.
        conditions: Attributes of `Condition` and their values: data="refcoco", split="val".

    Raises:
        TypeError: If a condition has no such attribute.
    """
    unknown = sorted(set(conditions) - set(Condition.__dataclass_fields__))
    if unknown:
        known = ", ".join(Condition.__dataclass_fields__)
        raise TypeError(f"no condition is called {', '.join(unknown)}; expected of {known}")
    return tuple(
        figure
        for one in papers
        if paper in (None, one.key)
        for table in one.tables
        for figure in table.figures
        if system in (None, figure.system)
        and variant in (None, figure.variant)
        and all(getattr(figure.condition, name) == value for name, value in conditions.items())
    )


def _table(where: str, entry: Any, paper: Mapping[str, Any]) -> PublishedTable:
    _check(where, entry, _TABLE, _TABLE_TOO)
    where = f"{where} ({entry['key']})"
    common = entry.get("conditions", {})
    _check(where, common, {}, _CONDITION)
    texts = _words(where, "texts", entry.get("texts", []))
    for i, column in enumerate(entry["columns"]):
        _check(f"{where}, column {i + 1}", column, _COLUMN, _COLUMN_TOO)
    columns = [" ".join(filter(None, (c.get("over"), c["name"]))) for c in entry["columns"]]
    _refuse_twice(where, "column", columns)
    number = f"Table {entry['number']}. " if entry["number"] else ""
    source = f"{paper['key']}, {number.rstrip('. ') or entry['key']}"
    conditions = [
        common | {name: given for name, given in column.items() if name in _CONDITION}
        for column in entry["columns"]
    ]
    rows = tuple(
        _row(f"{where}, row {i + 1}", row, source, columns, conditions)
        for i, row in enumerate(entry["rows"])
    )
    for i, row in enumerate(rows):
        if len(row.texts) != len(texts):
            raise ValueError(
                f"{where}, row {i + 1} ({row.name}): expected {len(texts)} texts, got {row.texts}"
            )
    _refuse_twice(where, "row", [(row.group, row.name, *row.texts) for row in rows])
    measured = [(c.system, c.variant, c.condition) for row in rows for c in row.cells if c]
    _refuse_twice(where, "figure of", measured)
    return PublishedTable(
        paper=paper["key"],
        key=entry["key"],
        title=f"{paper['venue']}, {number}{entry['caption']}",
        texts=texts,
        columns=tuple(columns),
        rows=rows,
        notes=_words(where, "notes", entry["notes"]),
        transposed=entry.get("transposed", False),
    )


def _row(
    where: str,
    entry: Any,
    source: str,
    columns: Sequence[str],
    conditions: Sequence[Mapping[str, Any]],
) -> PublishedRow:
    _check(where, entry, _ROW, _ROW_TOO)
    where = f"{where} ({entry['name']})"
    own = entry.get("conditions", {})
    _check(where, own, {}, _CONDITION)
    printed = entry["values"].split()
    if len(printed) != len(columns):
        raise ValueError(f"{where}: expected {len(columns)} values, got {len(printed)}")
    cells = tuple(
        _cell(f"{where}, column {column}", source, entry, column, {**common, **own}, text)
        for column, common, text in zip(columns, conditions, printed, strict=True)
    )
    return PublishedRow(
        name=entry["name"],
        system=entry["system"],
        variant=entry.get("variant", ""),
        group=entry.get("group", ""),
        texts=_words(where, "texts", entry.get("texts", [])),
        citation=entry.get("citation", ""),
        cells=cells,
    )


def _cell(
    where: str,
    source: str,
    row: Mapping[str, Any],
    column: str,
    condition: Mapping[str, Any],
    printed: str,
) -> Figure | None:
    try:
        found = Condition(**condition)
        if printed == "-":
            return None
        return Figure(
            source=source,
            row=row["name"],
            column=column,
            system=row["system"],
            variant=row.get("variant", ""),
            condition=found,
            printed=printed,
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from None


def _check(where: str, entry: Any, needed: _Types, optional: _Types) -> None:
    """Refuse what is no mapping of known names to values of the right kind."""
    if not isinstance(entry, dict):
        raise ValueError(f"{where}: expected a mapping, got {entry!r}")
    for name in needed:
        if name not in entry:
            raise ValueError(f"{where}: {name!r} is missing")
    kinds = {**needed, **optional}
    for name, value in entry.items():
        if name not in kinds:
            raise ValueError(f"{where}: unknown entry {name!r}; expected {', '.join(kinds)}")
        if not isinstance(value, kinds[name]):
            raise ValueError(
                f"{where}: {name!r} is of the wrong kind: {value!r}; quote it if text"
            )


def _words(where: str, name: str, entry: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(word, str) for word in entry):
        raise ValueError(f"{where}: {name!r} must be texts, got {entry!r}; quote them")
    return tuple(entry)


def _refuse_twice(where: str, what: str, found: Sequence[object]) -> None:
    for one in found:
        if found.count(one) > 1:
            raise ValueError(f"{where}: the {what} {one} is there twice; remove one")


class _Strict(yaml.SafeLoader):
    """Refuses a name that is twice in one mapping, where YAML keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise yaml.YAMLError(f"{name!r} is there twice{node.start_mark}")
        return super().construct_mapping(node, deep=deep)
