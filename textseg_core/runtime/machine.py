"""What this machine offers to run a network on, found out without loading any runtime."""

import ctypes
import importlib.util
from dataclasses import dataclass

_SUCCESS = 0
_MAJOR, _MINOR = 75, 76  # CUdevice_attribute: compute capability, from cuda.h


@dataclass(frozen=True, slots=True)
class Gpu:
    """An NVIDIA GPU.

    Attributes:
        name: As its driver calls it.
        capability: Compute capability, such as "SM87".
    """

    name: str
    capability: str


def nvidia_gpus() -> tuple[Gpu, ...]:
    """Return the GPUs that the driver lets this process use; none where there is no driver.

    Source:
        CUDA driver API, "Device Management"; through ctypes, which needs no package.
    """
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return ()
    count = ctypes.c_int()
    if driver.cuInit(0) != _SUCCESS or driver.cuDeviceGetCount(ctypes.byref(count)) != _SUCCESS:
        return ()
    return tuple(_describe(driver, index) for index in range(count.value))


def is_installed(*modules: str) -> bool:
    """Tell whether all of these can be found; nothing is imported but the packages around them."""
    try:
        return all(importlib.util.find_spec(module) is not None for module in modules)
    except ModuleNotFoundError:
        return False


def _describe(driver: ctypes.CDLL, index: int) -> Gpu:
    device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    name = ctypes.create_string_buffer(128)
    driver.cuDeviceGet(ctypes.byref(device), index)
    driver.cuDeviceGetName(name, len(name), device)
    driver.cuDeviceGetAttribute(ctypes.byref(major), _MAJOR, device)
    driver.cuDeviceGetAttribute(ctypes.byref(minor), _MINOR, device)
    return Gpu(name.value.decode("utf-8", "replace"), f"SM{major.value}{minor.value}")
