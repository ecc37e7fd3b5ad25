"""A published number with all that it depends on, and the tables that hold such numbers."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Metric: TypeAlias = Literal["precision", "overall_iou", "mean_iou", "time"]
#: How an IoU that is exactly the mark is treated: counted, not counted, or the source is silent.
Rule: TypeAlias = Literal["", ">=", ">", "unknown"]
METRICS: dict[str, str] = {
    "precision": "share of expressions whose IoU reaches a mark",
    "overall_iou": "sum of intersections over sum of unions",
    "mean_iou": "mean of the expressions' IoU",
    "time": "mean time per image and expression",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What was measured, on what, and how.

    Attributes:
        data: Data set, by its name in `datasets.registry`.
        split: Part of it; empty where the source does not say.
        partition: Who divided it, where several did.
        metric: A key of `METRICS`.
        answer: Whether masks or boxes are judged.
        at: Mark of a precision, in (0, 1).
        rule: Whether the mark itself counts, of a precision.
        unit: "%" or, of times, "s".
        device: What ran, of times.
    """

    data: str
    split: str
    metric: Metric
    partition: str = ""
    answer: Literal["mask", "box"] = "mask"
    at: float | None = None
    rule: Rule = ""
    unit: Literal["%", "s"] = "%"
    device: str = ""

    def __post_init__(self) -> None:
        for name in ("data", "split", "partition", "device"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be text, got {getattr(self, name)!r}")
        _one_of("metric", self.metric, tuple(METRICS))
        _one_of("answer", self.answer, ("mask", "box"))
        _one_of("rule", self.rule, ("", ">=", ">", "unknown"))
        if not self.data:
            raise ValueError("a figure needs the data set that it was measured on, as `data`")
        marked = {self.at is not None, bool(self.rule)}
        if marked != {self.metric == "precision"}:
            raise ValueError(
                "a precision, and nothing else, has a mark `at` and a `rule`; "
                f"got {self.metric} with at {self.at!r} and rule {self.rule!r}"
            )
        if self.at is not None and not (isinstance(self.at, float) and 0.0 < self.at < 1.0):
            raise ValueError(f"a mark must be a number in (0, 1), got {self.at!r}")
        wanted = "s" if self.metric == "time" else "%"
        if self.unit != wanted or (self.metric == "time") != bool(self.device):
            raise ValueError(
                "times are in `s` on a `device`, all else in `%` without one; "
                f"got {self.metric} in {self.unit!r} on {self.device!r}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One published number.

    Attributes:
        source: Paper and table.
        row: Name of its row, as printed.
        column: Name of its column, as printed.
        system: What was measured.
        variant: Of the system; empty if it has one form only.
        condition: What it depends on.
        printed: The number as printed, with its sign of percent if it has one.
    """

    source: str
    row: str
    column: str
    system: str
    variant: str
    condition: Condition
    printed: str

    def __post_init__(self) -> None:
        try:
            value = self.value
        except ValueError:
            raise ValueError(f"expected a number or '-', got {self.printed!r}") from None
        most = 100.0 if self.condition.unit == "%" else float("inf")
        if not 0.0 <= value <= most:
            raise ValueError(
                f"expected at most {most:g} {self.condition.unit}, got {self.printed!r}"
            )

    @property
    def value(self) -> float:
        """The number in its condition's unit."""
        return float(self.printed.removesuffix("%"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """One row of a table, as printed.

    Attributes:
        name: In the first column.
        system: What was measured.
        variant: Of the system.
        group: Heading above it and its neighbours; empty if none.
        texts: Cells in words, between name and numbers.
        citation: Where a compared method comes from, as far as the paper says.
        cells: Numbers; None where the paper has a dash.
    """

    name: str
    system: str
    variant: str
    group: str
    texts: tuple[str, ...]
    citation: str
    cells: tuple[Figure | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """One table of results.

    Attributes:
        paper: Key of its paper.
        key: Its own, within the paper.
        title: Paper, number as far as it is known, caption.
        texts: Heads of the cells in words.
        columns: Heads of the numbers.
        rows: From top to bottom.
        notes: What has to be known to read it.
        transposed: Whether the paper prints the rows as columns.
    """

    paper: str
    key: str
    title: str
    texts: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[PublishedRow, ...]
    notes: tuple[str, ...]
    transposed: bool

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All numbers, row by row."""
        return tuple(cell for row in self.rows for cell in row.cells if cell is not None)

    def only(self, data: str) -> "PublishedTable | None":
        """Return the rows and columns of one data set; None if it has none."""

        def held(cell: Figure | None) -> bool:
            return cell is not None and cell.condition.data == data

        kept = [row for row in self.rows if any(held(cell) for cell in row.cells)]
        columns = [i for i in range(len(self.columns)) if any(held(row.cells[i]) for row in kept)]
        if not kept:
            return None
        rows = tuple(replace(row, cells=tuple(row.cells[i] for i in columns)) for row in kept)
        return replace(self, columns=tuple(self.columns[i] for i in columns), rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper and its tables of results.

    Attributes:
        key: Short name.
        title: As printed.
        authors: As printed.
        venue: Conference and year.
        year: Of the conference.
        arxiv: Number there.
        read_from: What the tables were read from.
        tables: In the paper's order.
    """

    key: str
    title: str
    authors: str
    venue: str
    year: int
    arxiv: str
    read_from: str
    tables: tuple[PublishedTable, ...]


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(
            f"unknown {name} {value!r}; expected one of {', '.join(map(repr, known))}"
        )
