"""Options that all evaluations share, and what they write."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textseg_core.evaluation.records import Record, write_results
from textseg_core.evaluation.report import (
    Table,
    comma_separated,
    command_line,
    machine,
    markdown,
    write_text,
)
from textseg_core.model_info import ModelInfo


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that change the answers."""
    parser.add_argument("--presence-threshold", type=float, help="instead of the model's own")
    parser.add_argument("--threshold", type=float, help="of the mask, instead of the model's own")
    parser.add_argument(
        "--min-area-px", type=int, help="smallest piece kept, instead of the default"
    )
    parser.add_argument(
        "--dense-crf", action="store_true", help="draw answers to the picture's edges; slow"
    )
    parser.add_argument(
        "--reasoner",
        action=argparse.BooleanOptionalAction,
        help="weigh relations, ranks and places against where things lie; default: as the node",
    )


def model_settings(options: argparse.Namespace) -> dict[str, float | None]:
    """Return the settings of `SegmenterConfig` that `add_model_options` asked for."""
    return {
        "presence_threshold": options.presence_threshold,
        "threshold": options.threshold,
        "min_area_px": options.min_area_px,
        "dense_crf": options.dense_crf,
        "reasoner": options.reasoner,
    }


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is written."""
    parser.add_argument("--write", type=Path, help="Markdown file")
    parser.add_argument("--csv", type=Path, help="the same tables in long form")
    parser.add_argument("--json", type=Path, help="every answer in numbers, for curve.py")
    parser.add_argument("--name", default="", help="of the run in --json; the weights' if empty")


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be known of a run beside its answers.

    Attributes:
        heading: Of the page.
        module: That was run.
        arguments: With which it was run.
        lines: What else stands above the tables.
    """

    heading: str
    module: str
    arguments: Sequence[str]
    lines: Sequence[str] = ()


def publish(run: Run, tables: Sequence[Table], options: argparse.Namespace) -> str:
    """Return the page in Markdown, and write what the options name."""
    made = [f"command: `{command_line(run.module, run.arguments)}`", f"machine: {machine()}"]
    page = markdown(run.heading, tables, [*made, *run.lines])
    if options.write is not None:
        write_text(options.write, page)
    if options.csv is not None:
        write_text(options.csv, comma_separated(tables))
    return page


def save(
    run: Run, records: Sequence[Record], info: ModelInfo, options: argparse.Namespace
) -> None:
    """Write the answers where `--json` names a file."""
    if options.json is not None:
        about = {
            "name": options.name or info.name,
            "model": info.name,
            "trained": info.about,
            "command": command_line(run.module, run.arguments),
            "machine": machine(),
        }
        write_results(options.json, records, about)
