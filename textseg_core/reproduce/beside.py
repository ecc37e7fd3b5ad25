"""Our figures beside the published ones where they measure the same, else apart and why."""

from collections.abc import Mapping, Sequence

from textseg_core.evaluation.report import Table
from textseg_core.reproduce.comparison import Measurement, NotComparableError, place
from textseg_core.reproduce.figures import PublishedTable
from textseg_core.reproduce.published import published
from textseg_core.reproduce.render import Ours, table_with_all
from textseg_core.reproduce.systems import Row, System


def published_table(system: System) -> PublishedTable:
    """Return the table in which a system was published."""
    (found,) = [
        table
        for paper in published()
        for table in paper.tables
        if (table.paper, table.key) == (system.paper, system.table)
    ]
    return found


def page(
    table: PublishedTable, ours: Mapping[Row, Sequence[Measurement]], backbone: str = ""
) -> str:
    """Return the table with those of ours in it that may be, and the others apart and why.

    Args:
        table: As published.
        ours: What was measured here of each row.
        backbone: Of our network.
    """
    beside: list[Ours] = []
    apart: list[tuple[Row, Sequence[Measurement]]] = []
    reasons: dict[str, None] = {}
    for row, measured in ours.items():
        refused = _refused(table, row, measured)
        if refused:
            reasons[refused] = None
            apart.append((row, measured))
        else:
            name = f"{row.name}, here"
            beside.append(Ours(name, row.system, row.variant, measured, backbone))
    parts = [table_with_all(table, beside)]
    if apart:
        parts.append(_own_table(apart, tuple(reasons)).markdown())
    return "\n\n".join(parts) + "\n"


def _refused(table: PublishedTable, row: Row, measured: Sequence[Measurement]) -> str:
    """Return why ours may not stand beside a published row; nothing if it may."""
    try:
        place(table, row.system, row.variant, measured)
    except NotComparableError as error:
        return str(error).rpartition("cannot stand beside ours: ")[2]
    return ""


def _own_table(rows: Sequence[tuple[Row, Sequence[Measurement]]], reasons: Sequence[str]) -> Table:
    """Return our rows by themselves."""
    columns: dict[str, None] = {}
    for _, measured in rows:
        for one in measured:
            columns[_column(one)] = None
    cells = tuple(
        (
            row.name,
            *(
                next((f"{one.value:.2f}" for one in measured if _column(one) == column), "")
                for column in columns
            ),
        )
        for row, measured in rows
    )
    told = [f"Not beside the published rows: {reason}." for reason in reasons]
    return Table("Here, in %", ("Method", *columns), cells, "\n".join(told))


def _column(one: Measurement) -> str:
    condition = one.condition
    if condition.at is not None:
        return f"prec {condition.rule} {condition.at}"
    return condition.metric.replace("_", " ")
