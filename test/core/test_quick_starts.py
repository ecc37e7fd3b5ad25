"""The commands of README.md and of the quick starts run as they stand there, on little data."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from drawn_scenes import BLOCKS, write_scenes
from PIL import Image
from test_docs_commands import ROOT, typed_lines, words_of
from test_sprites import offscreen_environment
from trained import SHRUNK

from textseg_core.command_line import main
from textseg_core.scenes.cache import RenderedScenes

README = ROOT / "README.md"
WITHOUT_ROS = ROOT / "docs" / "start_without_ros.md"
TRAINING = ROOT / "docs" / "start_training.md"

#: Commands that run here, and what is added so that they are over soon; of two equal options the
#: later counts.
RUN = {
    "segment": (),
    "bag": (),
    "doctor": ("--only", "settings"),
    "web": ("--port", "0"),
    "render": ("--scenes", "1", "--size", "96", "--views", "1"),
    "train": ("--steps", "2", "--device", "cpu"),
    "export": (),
    "evaluate": ("--limit", "1"),
}
#: Commands that do not, and why.
NOT_RUN = {
    "demo": "starts four processes; test/ros/test_demo.py does",
    "node": "test/ros/test_node_command.py starts and ends it with --camera",
    "textseg_core.training.backbone": "fetches weights",
}


def command(page: Path, name: str) -> list[str]:
    """Return the words of the one command of a page, and what makes it short."""
    (line,) = {line for line in typed_lines(page) if name_of(line) == name}
    return with_little(line)


def with_little(line: str) -> list[str]:
    return [*words_of(line)[1], *RUN[name_of(line)]]


def name_of(line: str) -> str:
    module, words = words_of(line)
    return words[0] if module == "textseg" else module


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a clone, and holds what a reader is asked to bring."""
    for name in ("textseg_ros", "config"):
        (tmp_path / name).symlink_to(ROOT / name)
    Image.fromarray(np.full((48, 64, 3), 120, np.uint8)).save(tmp_path / "table.jpg")
    (tmp_path / "photos").mkdir()
    Image.open(tmp_path / "table.jpg").save(tmp_path / "photos" / "table.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def started(words: list[str]) -> Iterator[Iterator[str]]:
    """Run `textseg` as a process, give the lines that it prints, and press Ctrl-C."""
    with subprocess.Popen(
        [sys.executable, "-m", "textseg_core", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield iter(process.stdout.readline, "")
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60.0)
    assert process.returncode == 0


@pytest.mark.parametrize("page", [README, WITHOUT_ROS, TRAINING], ids=lambda page: page.stem)
def test_every_command_of_the_page_runs_here_or_it_is_said_why_not(page: Path) -> None:
    names = {name_of(line) for line in typed_lines(page)}

    assert names - RUN.keys() - NOT_RUN.keys() == set()


def test_the_first_command_of_the_readme_finds_the_can(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(README, "segment")) == 0

    assert "pick up the can next to the bowl: found" in capsys.readouterr().out
    (answer,) = json.loads((clone / "found" / "results.json").read_text())["pictures"][0][
        "answers"
    ]
    # The renderer's own box of that can: textseg_ros/demo/pictures/boxes.yaml.
    left, top, width, height = 285, 224, 46, 79
    u, v = answer["centroid"]
    assert left < u < left + width
    assert top < v < top + height
    assert len(list((clone / "found" / "overlays").rglob("*.jpg"))) == 1


def test_a_picture_of_ones_own_is_answered(clone: Path) -> None:
    assert main(command(WITHOUT_ROS, "segment")) == 0
    assert {"masks", "overlays", "results.json"} <= {path.name for path in Path("found").iterdir()}


def test_a_recording_becomes_a_bag_of_answers(clone: Path) -> None:
    pytest.importorskip("rosbags", reason="needs rosbags: pip install 'textseg-ros[bag]'")
    from textseg_ros.benchmark.bag import write_recording
    from textseg_ros.typestore import TypeStore

    write_recording(clone / "recording", 0.2, 10.0, TypeStore("jazzy"))

    assert command(README, "bag") == command(WITHOUT_ROS, "bag")
    assert main(command(README, "bag")) == 0
    assert list(Path("answers").glob("*.mcap"))


def test_the_doctor_takes_the_options_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(README, "doctor")) == 0
    assert "settings" in capsys.readouterr().out


@pytest.mark.parametrize("page", [README, WITHOUT_ROS], ids=lambda page: page.stem)
@pytest.mark.usefixtures("clone")
def test_the_page_of_pictures_is_served(page: Path) -> None:
    pytest.importorskip("aiohttp", reason="needs aiohttp: pip install 'textseg-ros[web]'")

    with started(command(page, "web")) as lines:
        address = next(lines).split()[-1]
        with urllib.request.urlopen(address, timeout=30.0) as answer:
            assert b"<html" in answer.read()


@pytest.mark.render
def test_scenes_are_rendered_as_the_quick_start_says(clone: Path) -> None:
    lines = [line for line in typed_lines(TRAINING) if name_of(line) == "render"]
    code = "import sys; from textseg_core.command_line import main; sys.exit("
    code += " or ".join(f"main({with_little(line)!r})" for line in lines) + ")"

    # A process of its own: MuJoCo chooses its OpenGL once, when it is imported.
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=offscreen_environment() | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    for split in ("train", "test"):
        scenes = RenderedScenes(clone / "runs" / "scenes" / split)
        assert (len(scenes), scenes.split) == (1, split)


def test_the_quick_start_in_training_ends_with_an_answer_of_ones_own_network(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_scenes(clone / "runs/scenes/train", "train", *(BLOCKS[i % 3] for i in range(10)))
    write_scenes(clone / "runs/scenes/test", "test", *BLOCKS)
    said = re.search(r"`--set '(ablate=.*)'`, which trains from\s+scratch", TRAINING.read_text())
    assert said is not None  # there is no network here either

    for line in typed_lines(TRAINING):
        words = with_little(line) if name_of(line) in RUN else []
        if name_of(line) == "train":
            small = [change for change in SHRUNK if not change.startswith("ablate")]
            for change in (*small, said[1]):
                words += ["--set", change]
        if words and name_of(line) != "render":
            assert main(words) == 0, (shlex.join(words), capsys.readouterr().err)

    out = capsys.readouterr().out
    assert "the red box: " in out
    assert json.loads(Path("found/results.json").read_text())["complete"]
