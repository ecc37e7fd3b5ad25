"""The command `textseg`."""

import ast
import importlib.util
import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import CompletionItem, ShellComplete

from textseg_core.command_line import COMMANDS, main, textseg
from textseg_core.commands.arguments import load
from textseg_core.commands.reference import MARK, reference
from textseg_core.commands.reference import main as write_reference
from textseg_core.commands.table import SECTIONS, Part

PARTS = {
    " ".join(words): part
    for one in COMMANDS.values()
    for words, part in [((one.name,), one), *(((one.name, sub.name), sub) for sub in one.parts)]
}
#: Importing these takes seconds, as torch does.
HEAVY = {"train", "export", "check-gpu", "evaluate"}
LIGHT = sorted(path for path in PARTS if path.split()[0] not in HEAVY)


def completed(line: str) -> list[CompletionItem]:
    """Return what the Tab key offers at the end of a line."""
    *words, incomplete = line.split(" ")
    shell = ShellComplete(textseg, {}, "textseg", "_TEXTSEG_COMPLETE")
    return shell.get_completions(words[1:], incomplete)


def values(line: str) -> list[str]:
    return [item.value for item in completed(line)]


@pytest.mark.parametrize("path", LIGHT)
def test_every_command_has_help_with_examples(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*path.split(), "--help"]) == 0

    told = capsys.readouterr().out
    assert f"usage: textseg {path}" in told.replace("Usage:", "usage:")
    assert all(example in told for example in PARTS[path].examples)


@pytest.mark.parametrize("path", PARTS)
def test_every_part_is_where_the_table_says(path: str) -> None:
    part = PARTS[path]
    assert part.section in SECTIONS
    if part.parts:
        return
    spec = importlib.util.find_spec(part.module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert part.attribute in names


@pytest.mark.parametrize("path", PARTS)
def test_every_example_is_of_its_command(path: str) -> None:
    for example in PARTS[path].examples:
        assert shlex.split(example)[: 1 + len(path.split())] == ["textseg", *path.split()]


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert all(f"{part.name} {part.about}" in told for part in COMMANDS.values())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Usage: textseg"),
        (["fly"], "No such command 'fly'"),
        (["evaluate", "fly"], "No such command 'fly'"),
        (["--fly"], "No such option"),
    ],
)
def test_no_or_an_unknown_command_is_an_error(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.out + captured.err


def test_help_needs_neither_numpy_nor_torch_and_is_there_at_once() -> None:
    code = (
        "import sys, time; begun = time.process_time();"
        "from textseg_core.command_line import main; main(['--help']);"
        "took = time.process_time() - begun;"
        "print(took, *sorted({'numpy', 'cv2', 'torch', 'rclpy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    took_s, *imported = ran.stdout.splitlines()[-1].split()
    assert imported == []
    assert float(took_s) < 0.3


def test_the_package_runs_as_the_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "textseg_core", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "build-engine" in ran.stdout


def test_a_reader_that_has_gone_ends_it_without_a_traceback() -> None:
    told = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m textseg_core completion bash | true"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stderr == ""


def test_a_missing_package_is_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wants_more.py").write_text("import a_package_that_nobody_has.inner\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(click.ClickException) as raised:
        load(Part("fly", "", SECTIONS[0], (), "wants_more", extra="wings"))

    assert raised.value.message == (
        "`textseg fly` needs the package a_package_that_nobody_has, which is not installed; run "
        "pip install 'textseg-ros[wings]'"
    )


def without_torch(code: str) -> str:
    """Run code where torch is not installed; return what it prints on both streams."""
    code = f"import sys; sys.modules['torch'] = sys.modules['pycocotools'] = None\n{code}"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return ran.stdout


def test_what_only_some_options_need_is_named_as_an_extra() -> None:
    told = without_torch(
        "from textseg_core.command_line import main\n"
        "assert main(['reproduce', '--published', '--paper', 'mattnet']) == 0\n"
        "print('---')\n"
        "assert main(['reproduce', '--system', 'hu2016', '--small']) == 1\n"
    )

    assert "pip install 'textseg-ros[train]'" in told.partition("---")[2]


def test_where_a_package_is_missing_the_shell_offers_what_names_it() -> None:
    told = without_torch(
        "from click.shell_completion import ShellComplete\n"
        "from textseg_core.command_line import textseg\n"
        "shell = ShellComplete(textseg, {}, 'textseg', '_TEXTSEG_COMPLETE')\n"
        "for typed in ('--', '--s', ''):\n"
        "    print([item.value for item in shell.get_completions(['train'], typed)])"
    )

    assert told.splitlines() == ["['--help']", "[]", "[]"]


def test_a_wrong_name_of_a_pretrained_model_is_told_before_a_missing_package() -> None:
    told = without_torch(
        "sys.modules['transformers'] = None\n"
        "from textseg_core import Segmenter\n"
        "for name in ('hub:foo', 'hub:clipseg'):\n"
        "    try: Segmenter.load(name)\n"
        "    except Exception as error: print(type(error).__name__, error)"
    )

    wrong, missing = told.splitlines()
    assert wrong.startswith("ValueError")
    assert "'hub:foo'" in wrong
    assert "pip install" in missing


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("textseg bu", ["build-engine"]),
        ("textseg evaluate ph", ["photographs"]),
        ("textseg build-engine --pre", ["--precision"]),
        ("textseg build-engine --precision f", ["fp32", "fp16"]),
        ("textseg completion z", ["zsh"]),
        ("textseg fl", []),
    ],
)
def test_the_shell_completes_commands_options_and_choices(line: str, offered: list[str]) -> None:
    assert values(line) == offered


def test_the_shell_completes_files_where_an_option_takes_one() -> None:
    (item,) = completed("textseg build-engine --model run")

    assert (item.type, item.value) == ("file", "run")


def test_names_are_completed_without_importing_the_parts() -> None:
    code = (
        "import sys; from textseg_core.command_line import main\n"
        "try: main([])\n"
        "finally: print(sorted({'numpy', 'torch'} & set(sys.modules)), file=sys.stderr)"
    )
    asked = {"_TEXTSEG_COMPLETE": "bash_complete", "COMP_WORDS": "textseg ch", "COMP_CWORD": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | asked,
        check=False,
    )

    assert ran.stdout.split() == ["plain,check-gpu"]
    assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_calls_back(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0

    assert f"_TEXTSEG_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_the_reference_in_the_docs_is_in_step() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "command_line.md"

    written = page.read_text(encoding="utf-8").partition(f"{MARK}\n\n")[2]

    assert written == reference(), f"run: python -m textseg_core.commands.reference {page}"


def test_the_reference_takes_the_place_of_what_is_below_the_mark(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"kept\n{MARK}\nold")

    assert write_reference([str(page)]) == 0
    assert page.read_text() == f"kept\n{MARK}\n\n{reference()}"

    page.write_text("no mark")
    assert write_reference([str(page)]) == 1
