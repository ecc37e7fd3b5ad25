"""What the tests of the trials share: a trial as a process, over each transport that is here."""

import importlib.util
import subprocess
import sys
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
    folder: Path, trial: str, transport: str, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    """Run a trial of the node, with a network of a few lines where one can be written."""
    settings: list[str] = []
    if importlib.util.find_spec("onnx"):
        from redness_model import write_model

        path = folder / "settings.yaml"
        model = write_model(folder / "model")
        path.write_text(f"/**:\n  ros__parameters:\n    weights: {model}\n")
        settings = ["--params-file", str(path)]
    command = [sys.executable, "-m", f"textseg_ros.benchmark.{trial}", "--transport", transport]
    return subprocess.run(
        [*command, *arguments, *settings], capture_output=True, text=True, timeout=250.0
    )
