"""Parts that read their own arguments with argparse, as commands of click.

Such a part is a module with a `main(arguments)`. Its parser is made anew inside `main`, so it is
met there: the first parser that parses is given the name that the user typed, or asked for its
options.
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from textseg_core.commands.table import Part

_OWN = ("textseg_core", "textseg_ros")


class _Met(BaseException):  # passes through `except Exception` of whoever parses
    """Ends a `main` at its parser."""


@contextmanager
def meet_parser(take: Callable[[argparse.ArgumentParser], None]) -> Iterator[None]:
    """Hand over the first parser of argparse that parses in the block, before it does."""
    kind: Any = argparse.ArgumentParser
    original = kind.parse_known_args

    def parse(self: argparse.ArgumentParser, *given: Any, **named: Any) -> Any:
        kind.parse_known_args = original
        take(self)
        return original(self, *given, **named)

    kind.parse_known_args = parse
    try:
        yield
    finally:
        kind.parse_known_args = original


def load(part: Part) -> Any:
    """Import a part and return its command or its `main`.

    Raises:
        click.ClickException: If a package that it needs is missing; says how to install it.
    """
    with explained(part):
        return getattr(importlib.import_module(part.module), part.attribute)


@contextmanager
def explained(part: Part) -> Iterator[None]:
    """Turn a missing package into a message that says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", *_OWN):
            raise
        remedy = f"'textseg-ros[{part.extra}]'" if part.extra else missing
        raise click.ClickException(
            f"`textseg {part.name}` needs the package {missing}, which is not installed; run "
            f"pip install {remedy}"
        ) from error


class ArgparseCommand(click.Command):
    """A part whose `main` is called with whatever was typed after its name.

    Args:
        part: Where it lies.
        path: What was typed to reach it, such as "textseg evaluate rendered".
    """

    def __init__(self, part: Part, path: str) -> None:
        super().__init__(part.name, help=part.about, add_help_option=False)
        self._part = part
        self._path = path

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the arguments as they are."""
        ctx.args = list(args)
        return ctx.args

    def invoke(self, ctx: click.Context) -> int:
        """Run `main`; return its exit status."""
        run = load(self._part)
        helped = any(word in ("-h", "--help") for word in ctx.args)
        program, sys.argv[0] = sys.argv[0], self._path

        def name(parser: argparse.ArgumentParser) -> None:
            parser.prog = self._path

        try:
            with explained(self._part), meet_parser(name):
                return int(run(ctx.args) or 0)
        except SystemExit as ended:
            if not helped or ended.code not in (0, None):
                raise
            click.echo(example_lines(self._part.examples))
            return 0
        finally:
            sys.argv[0] = program

    def parser(self) -> argparse.ArgumentParser | None:
        """Return the parser of the part; None if it makes none.

        Raises:
            click.ClickException: If the part cannot be imported.
        """
        met: list[argparse.ArgumentParser] = []

        def take(parser: argparse.ArgumentParser) -> None:
            met.append(parser)
            raise _Met

        run = load(self._part)
        try:
            with explained(self._part), meet_parser(take):
                run([])
        except _Met:
            pass
        return met[0] if met else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return options, an option's choices, or that a file is wanted.

        Where a package is missing, only --help is offered, which says what to install.
        """
        try:
            parser = self.parser()
        except click.ClickException as error:
            remedy = CompletionItem("--help", help=error.message)
            return [remedy] if incomplete and remedy.value.startswith(incomplete) else []
        return [] if parser is None else completions(parser, ctx.args, incomplete)


def completions(
    parser: argparse.ArgumentParser, words: Sequence[str], incomplete: str
) -> list[CompletionItem]:
    """Return what may stand in place of an incomplete word.

    Args:
        parser: Knows the options.
        words: Those before it.
        incomplete: What has been typed of it.
    """
    last = words[-1] if words else ""
    for action in parser._actions:
        if last in action.option_strings and action.nargs != 0:
            return _values(action, incomplete)
    if incomplete.startswith("-"):
        return [
            CompletionItem(text, help=(action.help or "").replace("%%", "%"))
            for action in parser._actions
            if action.help != argparse.SUPPRESS
            for text in action.option_strings
            if text.startswith(incomplete)
        ]
    placed = [action for action in parser._actions if not action.option_strings]
    return [item for action in placed for item in _values(action, incomplete)]


def _values(action: argparse.Action, incomplete: str) -> list[CompletionItem]:
    if action.choices is not None:
        texts = [str(choice) for choice in action.choices]
        return [CompletionItem(text) for text in texts if text.startswith(incomplete)]
    if action.type is Path:
        return [CompletionItem(incomplete, type="file")]
    return []


def example_lines(examples: Sequence[str]) -> str:
    """Return examples as they stand at the end of a help text."""
    return "\n".join(["", "examples:", *(f"  {example}" for example in examples)])
