"""GPU, TensorRT, and the folder of its engines."""

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from textseg_ros.doctor.finding import Finding, Surroundings, broken, note, ok
from textseg_ros.doctor.packages import numbers
from textseg_ros.doctor.probe import Imported, import_apart

if TYPE_CHECKING:
    from textseg_core.runtime.tensorrt.bindings import Flavour

_ANOTHER = "set TEXTSEG_CACHE or the parameter engine_cache to a folder that can be written"
_DEVICES = ("/dev/nvidiactl", "/dev/nvhost-gpu", "/dev/dxg")
_BINDINGS: "tuple[Flavour, ...]" = ("tensorrt", "tensorrt_rtx")


def check_gpu(given: Surroundings) -> list[Finding]:
    """Ask the driver for GPUs, and compare with what the settings ask for."""
    from textseg_core.runtime.machine import nvidia_gpus

    segmenter = given.settings.segmenter
    wants = next(
        (
            f"{name} is {value!r}"
            for name, value in (("backend", segmenter.backend), ("device", segmenter.device))
            if value in ("cuda", *_BINDINGS)
        ),
        "",
    )
    gpus = nvidia_gpus()
    if gpus:
        return [ok(f"GPU {gpu.name} ({gpu.capability})") for gpu in gpus]
    hidden = given.environment.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in ("", "-1"):
        found = f"no GPU: CUDA_VISIBLE_DEVICES={hidden!r} hides all"
        remedy = "unset CUDA_VISIBLE_DEVICES"
        return [broken(f"{found}, and {wants}", remedy) if wants else note(found, remedy)]
    device = next((path for path in _DEVICES if Path(path).exists()), "")
    if device:
        return [
            broken(
                f"{device} is there, but the driver gives this process no GPU",
                "run nvidia-smi; in a container, start it with --gpus all (--runtime nvidia on a "
                "Jetson)",
            )
        ]
    if wants:
        return [
            broken(
                f"no NVIDIA GPU or driver, and {wants}",
                "set backend and device to auto, or install the driver (nvidia-smi shows it)",
            )
        ]
    return [ok("no NVIDIA GPU: the network runs on the CPU, in ONNX Runtime")]


def check_tensorrt(given: Surroundings) -> list[Finding]:
    """Import TensorRT where it is installed, and compare its version with the engines'."""
    from textseg_core.runtime.machine import is_installed, nvidia_gpus
    from textseg_core.runtime.tensorrt.bindings import INSTALL

    there = [name for name in _BINDINGS if is_installed_in(name, given)]
    imported = import_apart(there, given.environment)
    findings: list[Finding] = []
    for name in there:
        if imported[name].error:
            text = f"{name} is installed but cannot be imported: {imported[name].error}"
            findings.append(broken(text, INSTALL[name]))
        else:
            findings.append(ok(f"{name} {imported[name].version}"))
    if nvidia_gpus():
        if not there:
            findings.append(note("there is a GPU, but no TensorRT", INSTALL["tensorrt"]))
        elif not is_installed("cuda.bindings"):
            findings.append(
                broken("TensorRT is there, but not cuda-python", "pip install cuda-python")
            )
    elif not there:
        findings.append(ok("no TensorRT, and no GPU that it could run on"))
    return [*findings, *_engines(given, imported)]


def is_installed_in(name: str, given: Surroundings) -> bool:
    """Return whether a process with these variables would find a package."""
    from textseg_core.runtime.machine import is_installed

    entries = given.environment.get("PYTHONPATH", "").split(os.pathsep)
    return is_installed(name) or any((Path(entry) / name).is_dir() for entry in entries if entry)


def check_cache(given: Surroundings) -> list[Finding]:
    """Write into the folder of TensorRT's engines, and ask how much room there is."""
    folder = folder_of(given)
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"textseg doctor")
            file.flush()
    except OSError as error:
        reason = error.strerror or str(error)
        return [broken(f"engine cache {folder}: {place} cannot be written ({reason})", _ANOTHER)]
    free = shutil.disk_usage(place).free
    found = f"engine cache {folder}: {free / 1e9:.1f} GB free"
    if free < given.cache_bytes:
        wanted = f"{given.cache_bytes / 1e9:.1f} GB"
        return [broken(f"{found}, engines may need {wanted}", f"make room, or {_ANOTHER}")]
    return [ok(found)]


def folder_of(given: Surroundings) -> Path:
    """Return the folder of the engines by settings and variables."""
    from textseg_core.runtime.tensorrt.cache import FOLDER_VARIABLE, default_folder

    named = given.settings.segmenter.engine_cache or given.environment.get(FOLDER_VARIABLE, "")
    return Path(named).expanduser() if named else default_folder()


def _engines(given: Surroundings, imported: dict[str, Imported]) -> list[Finding]:
    from textseg_core.runtime.tensorrt.cache import read_header

    folder = folder_of(given)
    if not folder.is_dir():
        return []
    findings: list[Finding] = []
    others: Counter[str] = Counter()
    fitting = 0
    for path in sorted(folder.glob("*.engine")):
        try:
            header, _ = read_header(path.read_bytes())
        except (ValueError, OSError) as error:
            findings.append(
                broken(f"engine {path} cannot be used: {error}", f"rm {path}; it is built anew")
            )
            continue
        key = header.get("key")
        built = key if isinstance(key, dict) else {}
        flavour, version = str(built.get("flavour", "?")), str(built.get("version", "?"))
        here = imported.get(flavour, Imported())
        if here.version and numbers(here.version) != numbers(version):
            others[f"{flavour} {version}"] += 1
        else:
            fitting += 1
    findings += [
        note(
            f"{count} engines in {folder} are of {version}, which is not the one installed",
            "they are built anew at the next start, which takes minutes; `textseg build-engine` "
            "does it before",
        )
        for version, count in others.items()
    ]
    return [*findings, ok(f"{fitting} engines in {folder}")] if fitting else findings
