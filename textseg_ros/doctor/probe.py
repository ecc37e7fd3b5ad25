"""Imports packages in a Python of its own, so that one that crashes is told of and no more."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TIMEOUT_S = 60.0
_PROGRAM = """
import importlib, json, sys
for name in sys.argv[1:]:
    print(json.dumps({"name": name}), flush=True)
    said = {"name": name}
    try:
        module = importlib.import_module(name)
        said["version"] = str(getattr(module, "__version__", ""))
        said["file"] = str(getattr(module, "__file__", ""))
    except BaseException as error:
        said["error"] = f"{type(error).__name__}: {error}"
        said["missing"] = isinstance(error, ModuleNotFoundError) and error.name == name
    print(json.dumps(said), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import.

    Attributes:
        version: As the package says; "" if it does not.
        file: Where it lies.
        error: Why it failed; "" if it did not.
        missing: Whether it is not installed.
    """

    version: str = ""
    file: str = ""
    error: str = ""
    missing: bool = False


def import_apart(names: Sequence[str], environment: Mapping[str, str]) -> dict[str, Imported]:
    """Import packages one after the other in a new process; return what became of each.

    Args:
        names: Of modules.
        environment: Variables of the process.
    """
    found: dict[str, Imported] = {}
    left = list(names)
    while left:
        command = [sys.executable, "-c", _PROGRAM, *left]
        try:
            ran = subprocess.run(
                command, capture_output=True, text=True, env=dict(environment), timeout=_TIMEOUT_S
            )
            lines, ended = ran.stdout, _ending(ran.returncode)
        except subprocess.TimeoutExpired as error:
            out = error.stdout or b""
            lines = out.decode() if isinstance(out, bytes) else out
            ended = f"it has not ended after {_TIMEOUT_S:.0f} s"
        last = _read(lines, found)
        if last:  # it was begun and has said no more
            found[last] = Imported(error=ended)
        done = [name for name in left if name in found]
        if not done:
            return found | dict.fromkeys(left, Imported(error=f"Python does not start: {ended}"))
        left = [name for name in left if name not in found]
    return found


def _read(lines: str, found: dict[str, Imported]) -> str:
    """Take over what was said; return the package whose import did not come to an end."""
    begun = ""
    for line in lines.splitlines():
        try:
            said = json.loads(line)
            name = said.pop("name")
        except (ValueError, AttributeError, KeyError, TypeError):  # a package that prints
            continue
        if said:
            found[name] = Imported(**said)
            begun = ""
        else:
            begun = name
    return begun


def _ending(status: int) -> str:
    if status < 0:
        return f"it ends Python with {signal.Signals(-status).name}"
    return f"it ends Python with status {status}"
