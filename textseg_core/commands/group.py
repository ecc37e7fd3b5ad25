"""A group of parts, each imported when it is asked for and not before."""

from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from textseg_core.commands.arguments import ArgparseCommand, load
from textseg_core.commands.table import SECTIONS, Part


class PartsGroup(click.Group):
    """A group of click whose parts stand in a table.

    Args:
        parts: By name.
        path: What was typed to reach it, such as "textseg".
        settings: Those of click.Group.
    """

    def __init__(self, parts: Mapping[str, Part], path: str, **settings: Any) -> None:
        super().__init__(**settings)
        self._parts = parts
        self._path = path

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the parts."""
        return list(self._parts)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a part; None for an unknown name."""
        part = self._parts.get(cmd_name)
        return None if part is None else command_of(part, f"{self._path} {cmd_name}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the parts by section, importing none."""
        sections = {section: self._rows(section) for section in SECTIONS}
        filled = {name: rows for name, rows in sections.items() if rows}
        for name, rows in filled.items():
            with formatter.section(name if len(filled) > 1 else "Commands"):
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return names of parts, importing none, and the group's own options."""
        names = [
            CompletionItem(part.name, help=part.about)
            for part in self._parts.values()
            if part.name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def _rows(self, section: str) -> list[tuple[str, str]]:
        return [
            (part.name, part.about) for part in self._parts.values() if part.section == section
        ]


def command_of(part: Part, path: str) -> click.Command:
    """Return the command that a part stands for.

    Args:
        part: Its entry in the table.
        path: What is typed to reach it.

    Raises:
        click.ClickException: If a package that it needs is missing.
    """
    if part.parts:
        own = {one.name: one for one in part.parts}
        group = PartsGroup(own, path, name=part.name, help=_sentence(part.about))
        group.epilog = epilog(part)
        return group
    if part.attribute == "main":
        return ArgparseCommand(part, path)
    command: click.Command = load(part)
    command.epilog = epilog(part)
    return command


def epilog(part: Part) -> str:
    """Return the examples at the end of a help text, kept line by line by click."""
    return "\n".join(["\b", "examples:", *(f"  {example}" for example in part.examples)])


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
