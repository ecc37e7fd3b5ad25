import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from redness_model import write_model

from textseg_ros.demo.files import fault_text, write_whole
from textseg_ros.demo.planner import Album

BLACK = np.zeros((4, 6, 3), np.uint8)
TIMEOUT_S = 120.0
_MOST_BYTES = 1500


def _fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file take its first bytes and then fail, as a disk does that fills up."""

    def write_bytes(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", write_bytes)


def test_a_file_is_written_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    for data in (b"first", b"second"):
        write_whole(tmp_path / "a.json", data)

    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_bytes() == b"second"


def test_nothing_is_left_of_a_file_that_the_disk_cannot_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill_the_disk(monkeypatch)

    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(tmp_path / "a.json", b"x" * 100)

    assert list(tmp_path.iterdir()) == []
    told = fault_text(tmp_path / "a.json", caught.value)
    assert told == f"cannot write {tmp_path}/a.json: No space left on device"


def test_a_full_device_is_told_by_its_reason() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        Path("/dev/full").write_bytes(b"x")

    assert fault_text(Path("/dev/full"), caught.value) == (
        "cannot write /dev/full: No space left on device"
    )


def test_a_full_disk_is_told_once_and_no_picture_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    album = Album(tmp_path, told.append)
    assert album.save("01.png", BLACK) == "01.png"
    _fill_the_disk(monkeypatch)

    assert [album.save(name, BLACK) for name in ("02.png", "03.png")] == [None, None]

    assert told == [
        f"cannot write {tmp_path}/02.png: No space left on device; answers go on without pictures"
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["01.png"]
    with Image.open(tmp_path / "01.png") as picture:
        assert picture.size == (6, 4)


def _run_demo(
    tmp_path: Path, settings: dict[str, object], most_bytes: int | None
) -> "subprocess.CompletedProcess[str]":
    """Run the demo on one noisy picture, its processes' files limited in size."""
    pytest.importorskip("cyclonedds", reason="the demo needs cyclonedds")
    model = write_model(tmp_path / "model")
    images = tmp_path / "images"
    images.mkdir()
    noise = np.random.default_rng(3).integers(0, 256, (64, 96, 3), np.uint8)
    noise[16:48, 8:40] = (255, 0, 0)
    Image.fromarray(noise).save(images / "a.png")
    file = tmp_path / "p.yaml"
    parameters = {"weights": str(model), "threads": 1, **settings}
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": parameters}}))
    command = [sys.executable, "-m", "textseg_ros.demo", "--images", str(images)]
    command += ["--query", "the red block", "--params-file", str(file)]

    def limit() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    return subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        preexec_fn=limit,
    )


def test_a_demo_that_cannot_write_its_answers_says_so_and_leaves_no_part_of_a_file(
    tmp_path: Path,
) -> None:
    run = _run_demo(tmp_path, {}, _MOST_BYTES)

    out = tmp_path / "out"
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        f"planner: cannot write {out}/01.png: File too large; answers go on without pictures",
        f"planner: cannot write {out}/answers.json: File too large; the answers are lost",
        "demo: planner ended with status 1",
    ]
    assert "[planner]  1 'the red block': found" in run.stdout
    assert [path.name for path in out.iterdir()] == ["node.log"]


def test_a_node_without_overlays_is_answered_all_the_same(tmp_path: Path) -> None:
    run = _run_demo(tmp_path, {"overlay": False}, None)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "[planner]  1 'the red block': found" in run.stdout
    assert "there are no overlays, thus no overview" in run.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "answers.json",
        "node.log",
    ]
