"""Every command line in the documentation names a command and options that exist."""

import argparse
import importlib
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest

from textseg_core.commands.group import command_of
from textseg_core.commands.table import COMMANDS, Part

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SCRIPTS = {"textseg-node": "textseg_ros.dds_node", "textseg-demo": "textseg_ros.demo.main"}
PACKAGES = {"textseg_ros.demo": "textseg_ros.demo.main"}  # its __main__ runs when it is imported
#: What stands before a command on its line.
BEFORE = re.compile(r"^(?:\$ |\S+=\S+ |pip install .* && |HF_\w+=\d )*(?:\.venv/bin/)?")
OURS = re.compile(r"^(textseg(-node|-demo)? |(python|torchrun) .*-m textseg_)")


class ParsedError(Exception):
    """A command line was read; nothing runs after it."""


def blocks(text: str) -> Iterator[str]:
    """Yield the code blocks of shells, with continued lines joined."""
    for language, block in re.findall(r"```(\w*)\n(.*?)```", text, flags=re.DOTALL):
        if language in ("bash", "sh", ""):
            yield block.replace("\\\n", " ")


def typed_lines(page: Path) -> list[str]:
    """Return what a page says to type, of our own commands, in its order."""
    lines = []
    for block in blocks(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            typed = re.sub(r"\$\{?\w+\}?", "1", BEFORE.sub("", line.strip(), count=1))
            if OURS.match(typed):
                lines.append(re.sub(r"(\s#\s.*| >>? .*| \.\.\.)$", "", typed.split("   #")[0]))
    return lines


def command_lines(page: Path) -> list[str]:
    """Return the different lines of `typed_lines`."""
    return sorted(set(typed_lines(page)))


def words_of(line: str) -> tuple[str, list[str]]:
    """Return the module or "textseg", and the arguments after it."""
    plain = line.replace(" [", " ").replace("] ", " ").removesuffix("]")  # what may be left out
    words = [word for word in shlex.split(plain, comments=True) if word != "..."]
    if words[0] in SCRIPTS:
        return SCRIPTS[words[0]], words[1:]
    if words[0] == "textseg":
        return "textseg", words[1:]
    at = words.index("-m")
    if words[at + 1] == "textseg_core":
        return "textseg", words[at + 2 :]
    return words[at + 1], words[at + 2 :]


def part_of(words: Sequence[str]) -> tuple[Part, list[str]]:
    """Return the part of `textseg` that words name, and the rest of them."""
    part, rest = COMMANDS[words[0]], list(words[1:])
    if part.parts:
        part, rest = {one.name: one for one in part.parts}[rest[0]], rest[1:]
    return part, rest


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsers read their arguments as ever, and stop there; files need not exist."""
    parse = argparse.ArgumentParser.parse_args

    def stop(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> NoReturn:
        parse(parser, args, namespace)
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    monkeypatch.setattr(click.Path, "convert", lambda _self, value, _param, _ctx: Path(value))


def read(line: str) -> None:
    """Let the real parser read a command line.

    Raises:
        SystemExit: As the parser does for wrong arguments.
        click.UsageError: As click does.
    """
    module, words = words_of(line)
    if module == "textseg":
        if words[0].startswith("-"):
            return
        part, words = part_of(words)
        if part.attribute != "main":
            command_of(part, f"textseg {part.name}").make_context(part.name, words)
            return
        module = part.module
    found = importlib.import_module(PACKAGES.get(module, module))
    if hasattr(found, "__path__"):
        found = importlib.import_module(f"{module}.__main__")
    with pytest.raises(ParsedError):
        found.main(words)


def refusal(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return why a command line is not understood; "" if it is."""
    try:
        read(line)
    except (SystemExit, click.ClickException, KeyError, ImportError, ValueError) as fault:
        said = getattr(fault, "message", None) or capsys.readouterr().err or repr(fault)
        return f"{line}: {said.strip().splitlines()[-1]}"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.usefixtures("read_only")
def test_every_command_line_is_understood(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = [refusal(line, capsys) for line in command_lines(page)]

    assert list(filter(None, refused)) == []


def test_the_pages_hold_command_lines() -> None:
    assert sum(len(command_lines(page)) for page in PAGES) > 150


@pytest.mark.usefixtures("read_only")
def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(SystemExit):
        read("python -m textseg_core.scenes.generate --out x --scenes 3 --split train --fly")
    with pytest.raises(click.UsageError):
        read("textseg segment table.jpg --query mug --out found --fly")
    with pytest.raises(KeyError):
        read("textseg fly")
