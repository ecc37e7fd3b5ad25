"""What the model card of the shipped weights says, for programs to show."""

import re
from dataclasses import dataclass
from pathlib import Path

from textseg_core.model_info import SHIPPED_WEIGHTS

#: Beside the weights after installation, in docs/ in a source folder.
PLACES = (
    SHIPPED_WEIGHTS / "model_card.md",
    Path(__file__).resolve().parents[1] / "docs" / "model_card.md",
)
_ROW = re.compile(r"^\|(.*)\|\s*$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_RULE = re.compile(r"[\s|:-]+")
_FIGURES = "this version"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The tables of a model card.

    Attributes:
        facts: Task, input, licence and so on, by name.
        figures: How good it is, by what was measured.
    """

    facts: dict[str, str]
    figures: dict[str, str]


def find_card(places: tuple[Path, ...] = PLACES) -> Path | None:
    """Return where the card of the shipped weights lies; None if it was not installed."""
    return next((path for path in places if path.is_file()), None)


def read_card(path: Path) -> ModelCard:
    """Return what a card's tables say.

    Args:
        path: Markdown; its first table has two columns, the one with figures has "this version"
            as its second heading.

    Raises:
        ValueError: If it has no such tables.
    """
    tables = _tables(path.read_text(encoding="utf-8"))
    figures = next((rows for rows in tables if len(rows[0]) > 1 and rows[0][1] == _FIGURES), None)
    if figures is None or len(tables[0][0]) != 2:
        raise ValueError(
            f"{path}: expected a table of facts first, and one whose second column is headed "
            f"{_FIGURES!r}"
        )
    facts = {row[0]: row[1] for row in tables[0] if row[0]}
    return ModelCard(facts, {row[0]: row[1] for row in figures[1:]})


def _tables(text: str) -> list[list[list[str]]]:
    """Return the tables as rows of cells, without rules and empty headings."""
    tables: list[list[list[str]]] = []
    for block in text.split("\n\n"):
        lines = [match[1] for match in _ROW.finditer(block)]
        rows = [
            [_LINK.sub(r"\1", cell).strip() for cell in line.split("|")]
            for line in lines
            if not _RULE.fullmatch(line)  # nor an empty heading
        ]
        if rows:
            tables.append(rows)
    return tables
