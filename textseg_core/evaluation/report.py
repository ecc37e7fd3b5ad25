"""Tables as Markdown and CSV, with the command and the machine that made them."""

import csv
import io
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table whose first column names the rows.

    Attributes:
        title: One line above it.
        columns: Heads, the first column's included.
        rows: Cells as text, each row as long as `columns`.
        note: Lines below it; empty for none.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"table {self.title!r}: expected {len(self.columns)} cells, got {row}"
                )

    def markdown(self) -> str:
        """Return the table in Markdown, its title as a heading of level 3."""
        lines = [f"### {self.title}", "", _line(self.columns)]
        lines.append("|---|" + "---:|" * (len(self.columns) - 1))
        lines += [_line(row) for row in self.rows]
        return "\n".join(lines + (["", self.note] if self.note else []))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def number(value: float, digits: int = 3) -> str:
    """Return a figure for a cell; an empty one where there is none."""
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def with_interval(value: float, interval: tuple[float, float]) -> str:
    """Return a figure with its interval, `0.812 (0.790-0.833)`."""
    if math.isnan(value) or math.isnan(interval[0]):
        return number(value)
    return f"{value:.3f} ({interval[0]:.3f}-{interval[1]:.3f})"


def markdown(heading: str, tables: Sequence[Table], lines: Sequence[str]) -> str:
    """Return a page: heading of level 2, a list of lines, the tables."""
    listed = "\n".join(f"- {line}" for line in lines)
    return "\n\n".join([f"## {heading}", listed, *(table.markdown() for table in tables)]) + "\n"


def comma_separated(tables: Sequence[Table]) -> str:
    """Return all tables as one CSV in long form: table, row, column, value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("table", "row", "column", "value"))
    for table in tables:
        for row in table.rows:
            for column, value in zip(table.columns[1:], row[1:], strict=True):
                if value:
                    writer.writerow((table.title, row[0], column, value))
    return text.getvalue()


def write_text(path: Path, text: str) -> None:
    """Write a file, with the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def machine(runtime: str = "ONNX Runtime on the CPU") -> str:
    """Return processor, cores, system and Python in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{_processor()}, {cores} cores for this process, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, {runtime}"
    )


def _processor() -> str:
    """Return the processor's name where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def command_line(module: str, arguments: Sequence[str]) -> str:
    """Return the command as one would type it, folders shortened to their last name."""
    return as_typed(f"python -m {module}", arguments)


def as_typed(program: str, arguments: Sequence[str]) -> str:
    """Return `command_line` for a program that is no module, such as "textseg benchmark"."""
    short = [Path(word).name if "/" in word else word for word in arguments]
    return " ".join([program, *(f"'{w}'" if " " in w else w for w in short)])
