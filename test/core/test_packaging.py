"""What `pip install` puts in place, and how `make` prepares a machine."""

import ast
import importlib.util
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("demo", "check", "docs")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def prepare() -> ModuleType:
    spec = importlib.util.spec_from_file_location("prepare", ROOT / ".ci" / "prepare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from a copy of the sources, without a download."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source / name)
    (source / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "model_card.md", source / "docs")
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("textseg_core", "textseg_ros", "msg", "srv", "action"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--no-index", "-w", str(folder), str(source)], check=True)
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_holds_definitions_pictures_and_weights(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())

    for kind in ("msg", "srv", "action"):
        for definition in (ROOT / kind).glob(f"*.{kind}"):
            assert f"textseg_ros/interfaces/textseg_ros/{definition.name}" in names
    assert "textseg_core/weights/compact/model_card.md" in names
    for folder in (
        *("textseg_ros/interfaces", "textseg_ros/demo", "textseg_ros/web"),
        "textseg_core/weights",
    ):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file() and file.suffix != ".pyc":
                assert file.relative_to(ROOT).as_posix() in names


def test_the_wheel_holds_nothing_but_the_two_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "textseg_core",
        "textseg_ros",
    }


def test_the_wheel_needs_no_torch_to_run(wheel: zipfile.ZipFile) -> None:
    (metadata,) = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    required = [
        line
        for line in wheel.read(metadata).decode().splitlines()
        if line.startswith("Requires-Dist:") and "extra ==" not in line
    ]

    assert [line.split()[1].split(">")[0] for line in required] == [
        "click",
        "numpy",
        "onnxruntime",
        "opencv-python-headless",
        "pillow",
        "pyyaml",
        "tqdm",
    ]


@pytest.mark.parametrize(
    ("machine", "python", "wanted"),
    [
        ("x86_64", "3.10", True),
        ("x86_64", "3.13", True),
        ("x86_64", "3.14", False),
        ("aarch64", "3.12", False),
    ],
)
def test_cyclonedds_is_asked_for_where_it_has_wheels_only(
    wheel: zipfile.ZipFile, machine: str, python: str, wanted: bool
) -> None:
    (metadata,) = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    prefix = "Requires-Dist: "
    lines = wheel.read(metadata).decode().splitlines()
    asked = [Requirement(line[len(prefix) :]) for line in lines if line.startswith(prefix)]
    host = {"platform_machine": machine, "python_version": python, "extra": "dds"}

    names = [one.name for one in asked if one.marker is not None and one.marker.evaluate(host)]

    assert names == (["cyclonedds"] if wanted else []) + ["rosbags"]


@pytest.mark.parametrize("name", [name for name in LOCKS if name != "docs"])
def test_a_lock_asks_for_cyclonedds_where_it_has_wheels_only(name: str) -> None:
    lines = (ROOT / ".ci" / "requirements" / f"{name}.txt").read_text().splitlines()
    (pin,) = [Requirement(line) for line in lines if line.startswith("cyclonedds==")]

    assert pin.marker is not None
    host = {"python_full_version": "3.12.0"}
    assert pin.marker.evaluate(host | {"platform_machine": "x86_64"})
    assert not pin.marker.evaluate(host | {"platform_machine": "aarch64"})


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_every_package_and_names_no_place(name: str) -> None:
    lines = (ROOT / ".ci" / "requirements" / f"{name}.txt").read_text().splitlines()
    pins = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]

    assert len(pins) > 20
    for line in pins:
        assert "==" in line.split(";")[0], line
        assert "@" not in line, line
        assert "/" not in line, line


@pytest.mark.parametrize("name", ["torch", "torchvision", "transformers", "mujoco", "triton"])
def test_the_demo_needs_no_heavy_package(name: str) -> None:
    lines = (ROOT / ".ci" / "requirements" / "demo.txt").read_text().splitlines()

    assert not [line for line in lines if line.split("==")[0] == name]


def test_opencv_is_the_one_without_windows() -> None:
    for name in LOCKS:
        lines = (ROOT / ".ci" / "requirements" / f"{name}.txt").read_text().splitlines()
        opencv = {line.split("==")[0] for line in lines if line.startswith("opencv")}
        assert opencv == {"opencv-python-headless"}


def workflow(name: str) -> str:
    """Return the shell lines of all jobs of a workflow."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())["jobs"]
    return "\n".join(step.get("run", "") for job in jobs.values() for step in job["steps"])


def test_ci_runs_the_check_command_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()

    assert lines[-1] == "exec make check"
    assert ".ci/run" in workflow("check").splitlines()


def test_the_site_is_built_strictly_and_a_release_is_looked_into() -> None:
    assert "mkdocs build --strict" in workflow("docs")
    assert "python -m build" in workflow("release")
    assert "doctor --only weights" in workflow("release")


def test_every_extra_that_is_promised_can_be_installed(wheel: zipfile.ZipFile) -> None:
    (metadata,) = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    lines = wheel.read(metadata).decode().splitlines()
    offered = {line.split()[1] for line in lines if line.startswith("Provides-Extra:")}

    assert {"train", "tensorrt", "tensorrt-rtx", "web", "hub", "dds", "bag", "docs"} <= offered
    named = re.findall(r"""'\.\[([\w,-]+)\]'""", "".join(map(Path.read_text, PAGES)))
    assert {extra for names in named for extra in names.split(",")} <= offered


@pytest.mark.parametrize("name", ["desktop", "jetson"])
def test_a_dockerfile_says_that_it_is_unbuilt_and_copies_what_there_is(name: str) -> None:
    text = (ROOT / ".ci" / "docker" / f"Dockerfile.{name}").read_text()

    assert "UNBUILT" in text
    assert f"--file .ci/docker/Dockerfile.{name}" in text
    assert "COPY . src/textseg_ros" in text
    assert "colcon build --packages-select textseg_ros" in text
    assert "segment.launch.py" in text


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12), (3, 13)])
def test_a_python_that_has_wheels_is_suitable(
    prepare: ModuleType, version: tuple[int, int]
) -> None:
    assert prepare.unsuitable(version, "Linux", "x86_64") is None


@pytest.mark.parametrize(
    ("version", "system", "machine", "told"),
    [
        ((3, 9), "Linux", "x86_64", "Python 3.9 has no wheels"),
        ((3, 14), "Linux", "x86_64", "Python 3.14 has no wheels"),
        ((3, 11), "Linux", "aarch64", "Linux aarch64 has no wheels"),
        ((3, 11), "Darwin", "x86_64", "Darwin x86_64 has no wheels"),
    ],
)
def test_a_machine_without_wheels_is_sent_to_rclpy(
    prepare: ModuleType, version: tuple[int, int], system: str, machine: str, told: str
) -> None:
    fault = prepare.unsuitable(version, system, machine)

    assert fault.startswith(told)
    assert "rclpy" in fault
    heading = fault[fault.index("(README: ") + len("(README: ") : -1]
    assert f"## {heading}" in (ROOT / "README.md").read_text().splitlines()


def test_a_python_without_ensurepip_gets_the_apt_line(
    prepare: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepare.missing_venv((3, 12)) is None

    monkeypatch.setitem(sys.modules, "ensurepip", None)

    assert prepare.missing_venv((3, 12)).endswith("sudo apt-get install -y python3.12-venv")


@pytest.mark.parametrize(
    ("line", "megabytes"),
    [
        ("  Downloading numpy-2.4.6-cp311-cp311-linux.whl (16.9 MB)", 16.9),
        ("Downloading tiny-1.0-py3-none-any.whl.metadata (5.0 kB)", 0.005),
        ("  Downloading torch-2.15.0.whl (1.2 GB)", 1200.0),
        ("  Downloading small.whl (120 bytes)", 0.00012),
        ("  Using cached numpy-2.4.6-cp311-cp311-linux.whl (16.9 MB)", 0.0),
        ("Successfully installed numpy-2.4.6", 0.0),
    ],
)
def test_downloads_are_counted_from_what_pip_says(
    prepare: ModuleType, line: str, megabytes: float
) -> None:
    assert prepare.downloaded_mb(line) == pytest.approx(megabytes)


def test_preparing_is_read_by_a_python_too_old_to_run_the_rest() -> None:
    source = (ROOT / ".ci" / "prepare.py").read_text()

    tree = ast.parse(source, feature_version=(3, 7))

    # Annotations such as `str | None` are then never evaluated.
    assert "from __future__ import annotations" in map(ast.unparse, tree.body)


# Sets up in a folder of the test's, with a pip that has started a child and waits.
_INTERRUPTED_SET_UP = """
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("prepare", sys.argv[1])
prepare = importlib.util.module_from_spec(spec)
spec.loader.exec_module(prepare)
prepare.VENV = pathlib.Path(sys.argv[2])
run = prepare._run_child
code = (
    "import os, subprocess, sys; child = subprocess.Popen(['sleep', '1000']);"
    "print('  Downloading', f'{os.getpid()},{child.pid}', '(1 B)', flush=True); child.wait()"
)
prepare._run_child = lambda _: run([sys.executable, "-c", code])
sys.exit(prepare.main(["demo", *sys.argv[3:]]))
"""


def _runs(process_id: int) -> bool:
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("command", "status"), [(["--", "true"], 0), ([], 130)])
def test_an_interrupted_set_up_ends_pip_and_says_one_line(
    tmp_path: Path, number: signal.Signals, command: list[str], status: int
) -> None:
    script = [sys.executable, "-c", _INTERRUPTED_SET_UP, str(ROOT / ".ci" / "prepare.py")]
    with subprocess.Popen(
        [*script, str(tmp_path / "venv"), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        assert "setting up" in run.stdout.readline()
        pip, child = map(int, run.stdout.readline().split()[1].split(","))
        assert _runs(pip)
        assert _runs(child)
        run.send_signal(number)
        _, told = run.communicate(timeout=20.0)

    assert run.returncode == status
    assert told == "interrupted; run make again to finish the set-up\n"
    until_s = time.monotonic() + 5.0
    while (_runs(pip) or _runs(child)) and time.monotonic() < until_s:
        time.sleep(0.01)
    assert not _runs(pip)
    assert not _runs(child)


def test_a_host_that_has_all_packages_is_left_as_it_is(prepare: ModuleType) -> None:
    assert prepare.install_system_packages([], may=True) == []


def test_where_nothing_may_be_installed_the_lines_that_mend_it_are_said(
    prepare: ModuleType,
) -> None:
    rendering, page = prepare.install_system_packages(["libosmesa6", "chromium"], may=False)

    assert rendering.endswith("sudo apt-get install -y libosmesa6")
    assert page.endswith("sudo apt-get install -y chromium")


@pytest.mark.parametrize(("refused", "said"), [("none", 0), ("chromium", 1), ("update", 2)])
def test_root_installs_packages_and_says_so_only_of_those_that_fail(
    prepare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str, said: int
) -> None:
    program = tmp_path / "apt-get"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/log\n'
        f'case "$*" in *{refused}*) exit 100;; esac\nexit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    told = prepare.install_system_packages(["libosmesa6", "chromium"], may=True)

    assert len(told) == said
    done = (tmp_path / "log").read_text().splitlines()
    assert len(done) == (1 if refused == "update" else 3)


def test_a_browser_of_another_name_is_enough(
    prepare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "chromium" in prepare.missing_system_packages()

    program = tmp_path / "google-chrome"
    program.write_text("")
    program.chmod(0o755)

    assert "chromium" not in prepare.missing_system_packages()
