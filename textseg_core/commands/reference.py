"""Writes the reference of the command line: `python -m textseg_core.commands.reference FILE`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from textseg_core.commands.group import command_of
from textseg_core.commands.table import COMMANDS, SECTIONS, Part

MARK = "<!-- The rest is written by: python -m textseg_core.commands.reference -->"


def reference() -> str:
    """Return the reference of all parts in Markdown."""
    lines: list[str] = []
    for section in SECTIONS:
        parts = [part for part in COMMANDS.values() if part.section == section]
        lines += ["", f"## {section}"]
        for part in parts:
            lines += _part(part, f"textseg {part.name}")
            for one in part.parts:
                lines += _part(one, f"textseg {part.name} {one.name}", level=4)
    return "\n".join(lines).lstrip("\n") + "\n"


def write(path: Path) -> None:
    """Put the reference in place of what stands below the mark in a page.

    Raises:
        ValueError: If the page has no mark.
    """
    text = path.read_text(encoding="utf-8")
    if MARK not in text:
        raise ValueError(f"{path}: expected a line {MARK!r}")
    kept = text[: text.index(MARK)]
    path.write_text(f"{kept}{MARK}\n\n{reference()}", encoding="utf-8")


def _part(part: Part, path: str, level: int = 3) -> Iterator[str]:
    yield ""
    yield f"{'#' * level} {path}"
    yield ""
    of = f", for {part.extra_for}" if part.extra_for else ""
    needs = f" Needs `pip install 'textseg-ros[{part.extra}]'`{of}." if part.extra else ""
    yield f"{part.about[0].upper()}{part.about[1:]}.{needs}"
    yield ""
    yield "```bash"
    yield from part.examples
    yield "```"
    if part.parts or part.attribute == "main":
        return
    command = command_of(part, path)
    yield ""
    yield from _paragraphs(command)
    options = [one for one in command.params if isinstance(one, click.Option)]
    if options:
        yield "| | |"
        yield "|---|---|"
    for option in options:
        yield f"| {_names(option)} | {_help(option)} |"


def _paragraphs(command: click.Command) -> Iterator[str]:
    """Yield the help text without its first line, which the table of parts has."""
    for paragraph in (command.help or "").split("\n\n")[1:]:
        yield " ".join(paragraph.split())
        yield ""


def _names(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    if option.is_flag:
        return names
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    value = option.metavar or " or ".join(map(str, choices)) or option.type.name.upper()
    return f"{names} {value}".replace("|", "\\|")


def _help(option: click.Option) -> str:
    said = [option.help or ""]
    if option.show_default is True:
        said.append(f"Default: {option.default}.")
    if option.required:
        said.append("Needed.")
    return " ".join(filter(None, said)).replace("|", "\\|")


def main(arguments: Sequence[str] | None = None) -> int:
    """Renew the reference in a page; return the exit status."""
    parser = argparse.ArgumentParser(description="Renew the reference of the command line.")
    parser.add_argument("page", type=Path, help="docs/command_line.md")
    options = parser.parse_args(arguments)
    try:
        write(options.page)
    except (ValueError, OSError) as error:
        print(f"reference: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
