import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from redness_model import write_model

pytest.importorskip("cyclonedds", reason="the demo needs cyclonedds")

RUN = [sys.executable, "-m", "textseg_ros.demo"]
TIMEOUT_S = 120.0


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    """Parameters that name a model which finds what is red."""
    model = write_model(tmp_path / "model")
    path = tmp_path / "settings.yaml"
    path.write_text(f"/**:\n  ros__parameters:\n    weights: {model}\n    threads: 1\n")
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two pictures of 96 x 64, a red block on the left of one and on the right of the other."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name, left in (("a.png", 8), ("b.png", 56)):
        picture = np.zeros((64, 96, 3), np.uint8)
        picture[16:48, left : left + 32, 0] = 255
        Image.fromarray(picture).save(folder / name)
    return folder


def _our_processes(marker: Path) -> list[str]:
    """Return the command lines of running processes that name a path of this test."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if str(marker) in line and state != "Z" and int(entry.name) != os.getpid():
            found.append(line)
    return found


def test_four_processes_answer_about_a_folder_of_images(
    tmp_path: Path, settings_file: Path, images: Path
) -> None:
    out = tmp_path / "out"
    sources = ["--images", str(images), "--query", "pick up the red block"]
    command = [*RUN, *sources, "--params-file", str(settings_file), "--out", str(out)]

    run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)

    assert run.returncode == 0, run.stdout + run.stderr
    answers = json.loads((out / "answers.json").read_text())["answers"]
    points = [answers[index]["point"] for index in ("0", "1")]
    # Blocks cover columns 8 to 39 and 56 to 87, rows 16 to 47; one cell of the model is 8 pixels.
    assert points[0] == pytest.approx([23.5, 31.5], abs=2.0)
    assert points[1] == pytest.approx([71.5, 31.5], abs=2.0)
    assert Image.open(out / "01.png").size == (96, 64)
    assert Image.open(out / "overview.png").size == (640, 240)
    assert "| camera to planner |" in run.stdout
    assert run.stdout.count("[planner]") == 2
    assert _our_processes(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process_quietly(
    tmp_path: Path, settings_file: Path, images: Path, number: signal.Signals
) -> None:
    out = tmp_path / "out"
    # One picture of which nothing is red: it is shown until its time is over.
    sources = ["--images", str(images), "--query", "the red block", "--rate", "0.5"]
    command = [*RUN, *sources, "--params-file", str(settings_file), "--out", str(out)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "all endpoints matched" in line:
            break

    os.killpg(process.pid, number)
    told, faults = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 0, told + faults
    assert "Traceback" not in faults + (out / "node.log").read_text()
    assert _our_processes(tmp_path) == []


def test_no_process_outlives_a_killed_demo(
    tmp_path: Path, settings_file: Path, images: Path
) -> None:
    sources = ["--images", str(images), "--query", "the red block", "--rate", "0.5"]
    command = [*RUN, *sources, "--params-file", str(settings_file), "--out", str(tmp_path / "o")]
    # A killed process cannot remove its scratch folder, so that lies in ours.
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    until_s = time.monotonic() + TIMEOUT_S
    while not _our_processes(tmp_path)[1:]:
        assert time.monotonic() < until_s
        time.sleep(0.01)

    process.kill()
    process.wait()
    process.stdout.close()

    until_s = time.monotonic() + TIMEOUT_S
    while _our_processes(tmp_path) and time.monotonic() < until_s:
        time.sleep(0.05)
    assert _our_processes(tmp_path) == []


def test_missing_weights_end_the_demo_with_the_reason(tmp_path: Path, images: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("/**:\n  ros__parameters:\n    weights: /no/such/model\n")
    sources = ["--images", str(images), "--query", "the red block"]
    command = [*RUN, *sources, "--params-file", str(settings), "--out", str(tmp_path / "out")]

    run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)

    assert run.returncode == 1
    assert "/no/such/model" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--images", "/no/such/folder", "--query", "the cup"], "is not a folder"),
        (["--query", "the cup"], "--query goes together with"),
        (["--camera", "0"], "--query goes together with"),
        (["--rate", "0"], "--rate must be above 0"),
    ],
)
def test_a_wrong_command_line_is_explained(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    run = subprocess.run(
        [*RUN, *arguments, "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )

    assert run.returncode in (1, 2)
    assert told in run.stderr
    assert "Traceback" not in run.stderr
