"""Whether a published figure and one of ours may stand side by side, and why not."""

from collections.abc import Sequence
from dataclasses import dataclass

from textseg_core.reproduce.figures import Condition, Figure, PublishedTable

#: Attributes of `Condition` in the order in which differences are told, and what they are called.
_COMPARED = {
    "data": "data set",
    "partition": "partition",
    "split": "split",
    "answer": "kind of answer",
    "metric": "metric",
    "at": "IoU mark",
    "unit": "unit",
    "device": "device",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number measured here.

    Attributes:
        condition: What was measured, on what, and how.
        value: In the condition's unit.
        part: What of the split was measured, if not all of it; empty if all.
    """

    condition: Condition
    value: float
    part: str = ""


class NotComparableError(ValueError):
    """A published figure and ours do not measure the same."""


def differences(published: Figure, ours: Measurement) -> tuple[str, ...]:
    """Return in words all that forbids the comparison; empty if nothing does."""
    theirs, here = published.condition, ours.condition
    found = [
        f"the {name} differs: published {_said(theirs, attribute)}, ours {_said(here, attribute)}"
        for attribute, name in _COMPARED.items()
        if getattr(theirs, attribute) != getattr(here, attribute)
    ]
    if not theirs.split and not here.split:
        found.append("neither source names the split")
    if theirs.metric == here.metric == "precision":
        if "unknown" in (theirs.rule, here.rule):
            found.append("it is not known whether an IoU of exactly the mark counts")
        elif theirs.rule != here.rule:
            found.append(
                "the protocol differs: published counts an IoU "
                f"{theirs.rule} {theirs.at}, ours {here.rule} {here.at}"
            )
    if ours.part:
        found.append(f"ours is not the whole split: {ours.part}")
    return tuple(found)


def comparable(published: Figure, ours: Measurement) -> None:
    """Refuse what may not stand side by side.

    Raises:
        NotComparableError: Data set, partition, split, metric or protocol differ, or ours is a
            part of the split; the message has every reason.
    """
    reasons = differences(published, ours)
    if reasons:
        raise NotComparableError(
            f"{published.source}, {published.row}, {published.column} cannot stand beside ours: "
            + "; ".join(reasons)
        )


def place(
    table: PublishedTable, system: str, variant: str, ours: Sequence[Measurement]
) -> dict[int, tuple[Measurement | None, ...]]:
    """Return our cells for each row of a system that some of our measurements may stand beside.

    Args:
        table: As published.
        system: Whose rows are meant.
        variant: Of the system.
        ours: What was measured here.

    Returns:
        By index of the row, one cell for each column; None where nothing of ours belongs.

    Raises:
        NotComparableError: The table has no such row, or one of ours may not stand beside any
            figure of such a row; the message has the reasons against the nearest one.
    """
    rows = {
        i: row
        for i, row in enumerate(table.rows)
        if (row.system, row.variant) == (system, variant)
    }
    figures = [cell for row in rows.values() for cell in row.cells if cell is not None]
    if not figures:
        raise NotComparableError(
            f"{table.paper}, {table.key} has no figure of {system} {variant}".rstrip()
        )
    for one in ours:
        comparable(min(figures, key=lambda figure: len(differences(figure, one))), one)
    placed = {
        i: tuple(
            next((one for one in ours if cell is not None and not differences(cell, one)), None)
            for cell in row.cells
        )
        for i, row in rows.items()
    }
    return {i: cells for i, cells in placed.items() if any(cells)}


def _said(condition: Condition, attribute: str) -> str:
    value = getattr(condition, attribute)
    return str(value) if value not in ("", None) else "none named"
