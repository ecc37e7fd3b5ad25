"""Published tables in Markdown, laid out as in the papers, with our rows beneath where allowed."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from textseg_core.evaluation.report import Table
from textseg_core.reproduce.comparison import Measurement, place
from textseg_core.reproduce.figures import Paper, PublishedRow, PublishedTable

DASH = "-"
BACKBONE = "Backbone Net"


class Ours(NamedTuple):
    """What was measured here, and beneath which published rows it stands.

    Attributes:
        name: Of our row.
        system: Whose published rows are meant.
        variant: Of the system.
        measured: In the unit of the table.
        backbone: Of our network, for a table that has a column of them.
    """

    name: str
    system: str
    variant: str
    measured: Sequence[Measurement]
    backbone: str = ""


def papers_markdown(papers: Iterable[Paper], data: str | None = None) -> str:
    """Return papers with their tables, a heading of level 2 for each.

    Args:
        papers: As from `published`.
        data: Only what was measured on this data set; everything if None.

    Raises:
        ValueError: If no table is left.
    """
    pages = []
    for paper in papers:
        chosen = [table if data is None else table.only(data) for table in paper.tables]
        tables = [table_markdown(table) for table in chosen if table is not None]
        if tables:
            pages.append("\n\n".join([_heading(paper), *tables]))
    if not pages:
        raise ValueError(f"no published table has figures on {data!r}")
    return "\n\n".join(pages) + "\n"


def table_markdown(table: PublishedTable) -> str:
    """Return one table as published, with its notes."""
    return _markdown(table, _lines(table, {}))


def table_with_ours(
    table: PublishedTable,
    name: str,
    ours: Sequence[Measurement],
    *,
    system: str,
    variant: str = "",
) -> str:
    """Return one table with a row of ours beneath each row of a system that it compares with.

    Args:
        table: As published.
        name: Of our rows.
        ours: What was measured here, in the unit of the table.
        system: Whose published rows ours stand beneath.
        variant: Of the system.

    Raises:
        NotComparableError: One of ours may not stand beside a published figure; see `place`.
    """
    return table_with_all(table, [Ours(name, system, variant, ours)])


def table_with_all(table: PublishedTable, rows: Sequence[Ours]) -> str:
    """Return the same with rows of several systems or variants; raises likewise."""
    mine: dict[int, tuple[str, ...]] = {}
    for row in rows:
        placed = place(table, row.system, row.variant, row.measured)
        for i, cells in placed.items():
            numbers = ("" if cell is None else _number(cell) for cell in cells)
            # What is said of the published network holds for ours but for the backbone.
            texts = (
                row.backbone if head == BACKBONE else text
                for head, text in zip(table.texts, table.rows[i].texts, strict=True)
            )
            mine[i] = (f"**{row.name}**", *texts, *numbers)
    return _markdown(table, _lines(table, mine))


def _heading(paper: Paper) -> str:
    return (
        f"## {paper.title}\n\n"
        f"{paper.authors}. {paper.venue}, arXiv:{paper.arxiv}. Read from {paper.read_from}."
    )


def _lines(table: PublishedTable, ours: dict[int, tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Return all rows, groups as lines of their own, ours beneath theirs."""
    lines: list[tuple[str, ...]] = []
    group = ""
    width = len(table.texts) + len(table.columns)
    for i, row in enumerate(table.rows):
        if row.group != group:
            group = row.group
            lines.append((f"*{group or 'others'}*", *[""] * width))
        lines.append(_cells(row))
        if i in ours:
            lines.append(ours[i])
    return tuple(lines)


def _cells(row: PublishedRow) -> tuple[str, ...]:
    numbers = (DASH if cell is None else cell.printed for cell in row.cells)
    return (row.name, *row.texts, *numbers)


def _number(ours: Measurement) -> str:
    return f"{ours.value:.3f}" if ours.condition.unit == "s" else f"{ours.value:.2f}"


def _markdown(table: PublishedTable, lines: tuple[tuple[str, ...], ...]) -> str:
    head = ("Method", *table.texts, *table.columns)
    if table.transposed:
        head, *rest = zip(head, *lines, strict=True)
        lines = tuple(rest)
    cited: dict[str, list[str]] = {}
    for row in table.rows:
        if row.citation and row.name not in cited.setdefault(row.citation, []):
            cited[row.citation].append(row.name)
    sources = [f"{', '.join(names)}: {citation}" for citation, names in cited.items()]
    notes = "\n".join(f"- {note.rstrip('.')}." for note in (*table.notes, *sources))
    return Table(table.title, head, lines, notes).markdown()
