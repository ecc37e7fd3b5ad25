"""The command `textseg`."""

import importlib
import subprocess
import sys

import pytest

from textseg_core.command_line import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main([name, "--help"])

    assert raised.value.code == 0
    assert f"textseg {name}" in capsys.readouterr().out
    assert importlib.import_module(COMMANDS[name][0]).__doc__


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(name in text and about in text for name, (_, about) in COMMANDS.items())


@pytest.mark.parametrize(
    ("arguments", "said"), [([], "usage"), (["fly"], "unknown command 'fly'")]
)
def test_no_or_an_unknown_command_is_an_error(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.out + captured.err


def test_the_package_runs_as_the_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "textseg_core", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "build-engine" in ran.stdout
