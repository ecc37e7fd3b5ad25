"""Which runtime, device and precision the settings mean on this machine, and why.

What the settings name is taken or is an error. What they leave to "auto" is chosen: the fastest
that is installed and that this machine can run, and the reason is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from textseg_core.config import SegmenterConfig
from textseg_core.runtime.base import Precision
from textseg_core.runtime.machine import Gpu, is_installed, nvidia_gpus
from textseg_core.runtime.onnx_session import available_providers
from textseg_core.runtime.tensorrt.bindings import RTX_CAPABILITIES
from textseg_core.runtime.variants import has_variant, part_paths

BackendName: TypeAlias = Literal["onnx", "torch", "tensorrt", "tensorrt_rtx"]
DeviceName: TypeAlias = Literal["cpu", "cuda", "tensorrt"]


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to choose from.

    Attributes:
        gpus: NVIDIA GPUs that this process may use.
        installed: Those of `tensorrt`, `tensorrt_rtx` and `torch` that can be found;
            TensorRT counts only with cuda-python.
        providers: Providers of ONNX Runtime.
    """

    gpus: tuple[Gpu, ...]
    installed: frozenset[str]
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What runs.

    Attributes:
        backend: The runtime.
        device: Where it runs.
        precision: Which files run.
        automatic: Whether runtime, device and precision were all left open, so that ONNX Runtime
            on the CPU, in float32, may take their place.
        reason: Why, in words; empty if the settings left nothing open.
    """

    backend: BackendName
    device: DeviceName
    precision: Precision
    automatic: bool
    reason: str


def this_machine() -> Machine:
    """Return what this machine offers; without a GPU most of it is not looked for."""
    gpus = nvidia_gpus()
    cuda_python = bool(gpus) and is_installed("cuda.bindings.runtime")
    found = [name for name in ("tensorrt", "tensorrt_rtx") if cuda_python and is_installed(name)]
    return Machine(gpus, frozenset(found), tuple(available_providers()))


def choose(config: SegmenterConfig, directory: Path, machine: Machine) -> Choice:
    """Return what the settings mean on a machine.

    Args:
        config: Settings.
        directory: Model directory; its variants count for the precision.
        machine: As `this_machine` returns it.

    Raises:
        RuntimeError: If "auto" finds nothing on the device that the settings name.
    """
    automatic = (
        config.backend == "auto"
        and config.device == "auto"
        and config.precision in ("auto", "fp32")
    )
    reasons: list[str] = []
    backend: BackendName
    device: DeviceName
    if config.backend == "auto":
        backend, device, reason = _automatic(config.device, machine)
        reasons.append(reason)
    elif config.backend == "tensorrt" or config.backend == "tensorrt_rtx":
        backend, device = config.backend, "cuda"
    elif config.device != "auto":
        backend, device = config.backend, config.device
    else:
        backend = config.backend
        device, reason = _device(config.backend, machine)
        reasons.append(reason)
    precision, reason = _precision(config, directory, backend, device)
    reasons.append(reason)
    return Choice(
        backend=backend,
        device=device,
        precision=precision,
        automatic=automatic,
        reason="; ".join(filter(None, reasons)),
    )


def _automatic(
    wanted: Literal["auto", "cpu", "cuda", "tensorrt"], machine: Machine
) -> tuple[BackendName, DeviceName, str]:
    """Return the fastest runtime on the device that the settings allow."""
    if wanted == "cpu":
        return "onnx", "cpu", "auto took onnx: the setting device is cpu"
    if not machine.gpus:
        if wanted != "auto":
            raise RuntimeError(
                f"device {wanted!r} needs an NVIDIA GPU, but the driver shows none to this "
                "process; check nvidia-smi (on a Jetson tegrastats), or choose device 'cpu'"
            )
        return "onnx", "cpu", "auto took onnx on the cpu: no NVIDIA GPU is visible"
    gpu = machine.gpus[0]
    if wanted == "tensorrt":
        return "onnx", "tensorrt", "auto took onnx: only it has the device tensorrt"
    passed_over: list[str] = []
    if "tensorrt" in machine.installed:
        return "tensorrt", "cuda", f"auto took tensorrt for {gpu.name} ({gpu.capability})"
    passed_over.append("tensorrt with cuda-python is not installed")
    if "tensorrt_rtx" not in machine.installed:
        passed_over.append("tensorrt_rtx with cuda-python is not installed")
    elif gpu.capability not in RTX_CAPABILITIES:
        passed_over.append(f"tensorrt_rtx does not run on {gpu.capability}")
    else:
        why = f"auto took tensorrt_rtx for {gpu.name} ({gpu.capability}): {passed_over[0]}"
        return "tensorrt_rtx", "cuda", why
    if "CUDAExecutionProvider" in machine.providers:
        return "onnx", "cuda", _because("onnx with CUDA", gpu, passed_over)
    passed_over.append("this ONNX Runtime has no CUDA provider")
    if wanted == "cuda":
        raise RuntimeError(
            f"device 'cuda': nothing installed runs on {gpu.name}: {'; '.join(passed_over)}. "
            "Install one of them, or choose device 'cpu'"
        )
    return "onnx", "cpu", _because("onnx on the cpu", gpu, passed_over)


def _because(taken: str, gpu: Gpu, passed_over: Sequence[str]) -> str:
    """Return why `taken` was taken in spite of something faster."""
    return f"auto took {taken} beside {gpu.name} ({gpu.capability}): {'; '.join(passed_over)}"


def _device(backend: Literal["onnx", "torch"], machine: Machine) -> tuple[DeviceName, str]:
    """Return the device of a runtime whose device was left open."""
    if not machine.gpus:
        return "cpu", "device auto took cpu: no NVIDIA GPU is visible"
    if backend == "onnx" and "CUDAExecutionProvider" not in machine.providers:
        return "cpu", "device auto took cpu: this ONNX Runtime has no CUDA provider"
    return "cuda", f"device auto took cuda: {machine.gpus[0].name}"


def _precision(
    config: SegmenterConfig, directory: Path, backend: BackendName, device: DeviceName
) -> tuple[Precision, str]:
    """Return the precision; left open it is float16 on a GPU where files passed their gate."""
    if config.precision != "auto":
        return config.precision, ""
    if device == "cpu":
        return "fp32", ""
    if backend == "torch":
        return "fp32", "precision auto took fp32: torch is the reference"
    if not has_variant(directory, "fp16"):
        return "fp32", f"precision auto took fp32: {directory} has no measured fp16 files"
    try:
        part_paths(directory, "fp16")
    except (RuntimeError, ValueError) as error:
        return "fp32", f"precision auto took fp32: {error}"
    return "fp16", "precision auto took fp16: its files passed their gate"
