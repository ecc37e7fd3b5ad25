"""What the tests of the trials share: a trial as a process, over each transport that is here."""

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from textseg_ros.benchmark.carrier import carrier_of
from textseg_ros.node_command import CARRIERS


def _why_not(transport: str) -> str:
    """Return why there can be no trial over a transport here; "" if there can."""
    try:
        carrier_of(transport)
    except RuntimeError as error:
        return str(error)
    return ""


over_each_transport = pytest.mark.parametrize(
    "transport",
    [
        pytest.param(name, marks=pytest.mark.skipif(bool(_why_not(name)), reason=_why_not(name)))
        for name in CARRIERS
    ],
)


def try_node(
    folder: Path, trial: str, transport: str, *arguments: str, settings: Mapping[str, str] = {}
) -> "subprocess.CompletedProcess[str]":
    """Run a trial of the node.

    Unless there are settings, its network is one of a few lines where one can be written.
    """
    if not settings and importlib.util.find_spec("onnx"):
        from redness_model import write_model

        settings = {"weights": str(write_model(folder / "model"))}
    if settings:
        path = folder / "settings.yaml"
        lines = [f"    {name}: {value}\n" for name, value in settings.items()]
        path.write_text("/**:\n  ros__parameters:\n" + "".join(lines))
        arguments = (*arguments, "--params-file", str(path))
    command = [sys.executable, "-m", f"textseg_ros.benchmark.{trial}", "--transport", transport]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=250.0)
