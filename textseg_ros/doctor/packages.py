"""Python, its packages, and the paths that they come from."""

import importlib.metadata
import importlib.util
import os
import platform
import re
import sys
from pathlib import Path

from textseg_ros.doctor.finding import Finding, Surroundings, broken, note, ok, python_version
from textseg_ros.doctor.probe import Imported, import_apart

OLDEST, NEWEST = (3, 10), (3, 14)
#: Module -> distribution and least version; of OpenCV the one that Ubuntu gives to ROS will do.
NEEDED = {
    "numpy": ("numpy", (1, 24)),
    "cv2": ("opencv-python-headless", (4, 5)),
    "onnxruntime": ("onnxruntime", (1, 18)),
    "PIL": ("pillow", (10, 1)),
    "yaml": ("pyyaml", (6, 0)),
}
_OPENCVS = (
    *("opencv-python", "opencv-python-headless"),
    *("opencv-contrib-python", "opencv-contrib-python-headless"),
)
_GUI = re.compile(r"lib(GL|gthread|glib|SM|Xext|Xrender|EGL|Qt)", re.IGNORECASE)
_ABI = re.compile(r"numpy.*(abi|binary incompat|compiled|_ARRAY_API|multiarray)", re.I | re.S)
_OF_PYTHON = re.compile(r"/python(\d+\.\d+)/(?:site|dist)-packages")
_DISTRO = re.compile(r"^/opt/ros/([a-z]+)")


def check_python(_: Surroundings) -> list[Finding]:
    """Look at the version of Python."""
    found = f"Python {platform.python_version()} at {sys.executable}"
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return [ok(found)]
    oldest, newest = (".".join(map(str, version)) for version in (OLDEST, NEWEST))
    return [broken(found, f"use Python {oldest} to {newest}")]


def check_packages(given: Surroundings) -> list[Finding]:
    """Import what the node needs, in a process of its own."""
    imported = import_apart(list(NEEDED), given.environment)
    findings = [_needed(name, imported[name]) for name in NEEDED]
    several = [name for name in _OPENCVS if _installed(name)]
    if len(several) > 1:
        findings.append(
            broken(
                f"{' and '.join(several)} are installed over each other",
                f"pip uninstall -y {' '.join(several)} && pip install opencv-python-headless",
            )
        )
    return findings


def _needed(name: str, imported: Imported) -> Finding:
    distribution, least = NEEDED[name]
    wanted = f"{distribution}>={'.'.join(map(str, least))}"
    if imported.missing:
        return broken(f"{name} is not installed", f"pip install '{wanted}'")
    if imported.error:
        return broken(f"{name} cannot be imported: {imported.error}", _remedy(name, imported))
    if numbers(imported.version) < least:
        return broken(
            f"{name} {imported.version} from {imported.file} is too old", f"pip install '{wanted}'"
        )
    return ok(f"{name} {imported.version}")


def _remedy(name: str, imported: Imported) -> str:
    if name == "cv2" and _GUI.search(imported.error):
        return (
            "the OpenCV with windows needs libraries of a desktop, and the node needs no windows: "
            "pip uninstall -y opencv-python && pip install opencv-python-headless, or apt install "
            "libgl1 libglib2.0-0"
        )
    if _ABI.search(imported.error):
        return (
            f"{name} was built for another NumPy (ROS's packages from apt want NumPy 1): use a "
            "virtual environment without --system-site-packages, or pip install 'numpy<2'"
        )
    return f"pip install --force-reinstall {NEEDED[name][0]}; if that is no help, see PYTHONPATH"


def check_paths(given: Surroundings) -> list[Finding]:
    """Look for packages of another Python or another ROS among the paths."""
    findings: list[Finding] = []
    for entry in _entries(given, "PYTHONPATH"):
        match = _OF_PYTHON.search(entry)
        if match and match[1] != python_version():
            findings.append(
                broken(
                    f"PYTHONPATH holds {entry}, of Python {match[1]}, but this is Python "
                    f"{python_version()}",
                    "run this with the Python of that ROS installation, or open a shell in which "
                    "its setup.bash was not sourced (unset PYTHONPATH)",
                )
            )
    prefixes = _entries(given, "AMENT_PREFIX_PATH")
    distros = sorted({match[1] for entry in prefixes if (match := _DISTRO.match(entry))})
    named = given.environment.get("ROS_DISTRO", "")
    if len(distros) > 1 or (named and distros and named not in distros):
        findings.append(
            broken(
                f"ROS {' and '.join(distros)} are sourced together"
                + (f", with ROS_DISTRO={named}" if named else ""),
                "open a new shell and source one setup.bash only; look into ~/.bashrc",
            )
        )
    gone = [entry for entry in prefixes if not Path(entry).is_dir()]
    if gone:
        findings.append(
            broken(
                f"AMENT_PREFIX_PATH names {gone[0]}, which does not exist",
                "build that workspace again, or open a new shell and source what is there",
            )
        )
    if named and not prefixes:
        findings.append(
            note(
                f"ROS_DISTRO is {named}, but AMENT_PREFIX_PATH is empty: ROS is half sourced",
                f"source /opt/ros/{named}/setup.bash, if the rclpy node is to run",
            )
        )
    return findings or [ok(_sourced(named, prefixes) + _rclpy())]


def _sourced(named: str, prefixes: list[str]) -> str:
    return f"ROS {named or 'of unknown name'} is sourced" if prefixes else "no ROS is sourced"


def _rclpy() -> str:
    if importlib.util.find_spec("rclpy") is None:
        return "; the node runs as plain DDS"
    if importlib.util.find_spec("textseg_ros.msg") is None:
        return (
            "; rclpy is there but not our messages: source install/setup.bash of the workspace "
            "that textseg_ros was built in"
        )
    return "; the node runs on rclpy"


def _entries(given: Surroundings, name: str) -> list[str]:
    return [entry for entry in given.environment.get(name, "").split(os.pathsep) if entry]


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: "4.10.0.84" -> (4, 10, 0, 84)."""
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:4])
