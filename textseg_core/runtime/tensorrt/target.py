"""Which GPU an engine is for, and how narrowly it is bound to it."""

import platform
import re
from dataclasses import dataclass

from textseg_core.runtime.tensorrt.bindings import RTX_CAPABILITIES, TensorRt
from textseg_core.runtime.tensorrt.cuda import Gpu

ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A GPU as far as an engine depends on it.

    Attributes:
        gpu: Its name; "any" where its kind is enough.
        capability: Such as "SM89".
        driver: "any" where it does not count.
        chosen: Whether the builder is told the kind; else it looks at this machine's GPU.
        platform: System and processor.
    """

    gpu: str
    capability: str
    driver: str
    chosen: bool
    platform: str


def target_of(tensorrt: TensorRt, gpu: Gpu) -> Target:
    """Return this machine's GPU as a target.

    Raises:
        RuntimeError: If TensorRT for RTX does not run on it.
    """
    if tensorrt.builds_for_other_gpus:
        return target_named(tensorrt, gpu.capability)
    return Target(
        gpu=gpu.name,
        capability=gpu.capability,
        driver=gpu.driver,
        chosen=False,
        platform=_platform(),
    )


def target_named(tensorrt: TensorRt, capability: str) -> Target:
    """Return a kind of GPU as a target; none need be in this machine.

    TensorRT for RTX finishes its engines on the GPU where they run, so that name and driver do
    not count: the same engine serves all GPUs of the kind.

    Args:
        tensorrt: The bindings.
        capability: Such as "SM89".

    Raises:
        RuntimeError: If these bindings cannot build for it; says which can.
    """
    if not tensorrt.builds_for_other_gpus:
        raise RuntimeError(
            f"TensorRT {tensorrt.version} builds for the GPU of its own machine alone: build for "
            f"{capability} on that machine with --device this, or install TensorRT for RTX"
        )
    if capability not in RTX_CAPABILITIES:
        raise RuntimeError(
            f"TensorRT for RTX does not run on {capability}, but on "
            f"{', '.join(RTX_CAPABILITIES)}; use TensorRT itself (package tensorrt) there"
        )
    return Target(gpu=ANY, capability=capability, driver=ANY, chosen=True, platform=_platform())


def capability_of(text: str) -> str:
    """Return the kind of GPU that somebody wrote as "SM89", "sm_89" or "8.9", as "SM89".

    Raises:
        ValueError: If it is none.
    """
    match = re.fullmatch(r"(?:sm[ _]?)?(\d{1,2})\.?(\d)", text.strip().lower())
    if match is None:
        raise ValueError(f"expected a kind of GPU such as SM89 or 8.9, got {text!r}")
    return f"SM{match[1]}{match[2]}"


def _platform() -> str:
    return f"{platform.system()} {platform.machine()}"
