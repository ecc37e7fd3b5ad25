"""Our figures beside the published ones where they measure the same, else apart and why."""

from collections.abc import Mapping, Sequence

from textseg_core.evaluation.report import Table
from textseg_core.reproduce.comparison import Measurement, NotComparableError, place
from textseg_core.reproduce.figures import PublishedTable
from textseg_core.reproduce.published import published
from textseg_core.reproduce.render import BACKBONE, Ours, table_with_all
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
        backbone: Of our network; empty if it is not known.
    """
    beside: list[Ours] = []
    apart: list[tuple[str, Sequence[Measurement]]] = []
    reasons: dict[str, None] = {}
    for given, measured in ours.items():
        row = given.on(backbone)
        refused = _refused(table, row, measured)
        if refused:
            reasons[refused] = None
            apart.append((_named(table, row, backbone), measured))
        else:
            name = f"{_named(table, row, backbone)}, here"
            beside.append(Ours(name, row.system, row.variant, measured, backbone))
    parts = [table_with_all(table, beside)]
    if apart:
        parts.append(_own_table(apart, tuple(reasons)).markdown())
    return "\n\n".join(parts) + "\n"


def _named(table: PublishedTable, row: Row, backbone: str) -> str:
    """Return a row's name, with a backbone of ours that the paper has not, and no column tells."""
    told = not backbone or backbone == row.backbone or BACKBONE in table.texts
    return row.name if told or not row.backbone else f"{row.name} on {backbone}"


def _refused(table: PublishedTable, row: Row, measured: Sequence[Measurement]) -> str:
    """Return why ours may not stand beside a published row; nothing if it may."""
    try:
        place(table, row.system, row.variant, measured)
    except NotComparableError as error:
        return str(error).rpartition("cannot stand beside ours: ")[2]
    return ""


def _own_table(rows: Sequence[tuple[str, Sequence[Measurement]]], reasons: Sequence[str]) -> Table:
    """Return our rows by themselves."""
    columns: dict[str, None] = {}
    for _, measured in rows:
        for one in measured:
            columns[_column(one)] = None
    cells = tuple(
        (
            name,
            *(
                next((f"{one.value:.2f}" for one in measured if _column(one) == column), "")
                for column in columns
            ),
        )
        for name, measured in rows
    )
    told = [f"Not beside the published rows: {reason}." for reason in reasons]
    return Table("Here, in %", ("Method", *columns), cells, "\n".join(told))


def _column(one: Measurement) -> str:
    condition = one.condition
    if condition.at is not None:
        return f"prec {condition.rule} {condition.at}"
    return condition.metric.replace("_", " ")
