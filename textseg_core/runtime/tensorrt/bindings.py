"""Finds NVIDIA's bindings, `tensorrt` or `tensorrt_rtx`, and hides what differs between them."""

import importlib
import logging
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias, cast

from textseg_core.runtime.tensorrt.interface import Bindings, BuilderConfig, DeviceChoice

Flavour: TypeAlias = Literal["tensorrt", "tensorrt_rtx"]

FLAVOURS: tuple[Flavour, ...] = ("tensorrt", "tensorrt_rtx")

#: Least version of each.
_LEAST: dict[Flavour, tuple[int, int]] = {"tensorrt": (10, 0), "tensorrt_rtx": (1, 1)}

#: Compute capabilities that TensorRT for RTX runs on: consumer GPUs since Turing.
RTX_CAPABILITIES = ("SM75", "SM80", "SM86", "SM89", "SM120", "SM121")

INSTALL: dict[Flavour, str] = {
    "tensorrt": (
        "TensorRT 10 or 11: on a Jetson it comes with JetPack 6.1 or newer (apt install "
        "python3-libnvinfer; a virtual environment needs --system-site-packages), on a desktop "
        "or server: pip install tensorrt"
    ),
    "tensorrt_rtx": (
        "TensorRT for RTX, for GeForce and RTX cards: pip install 'textseg-ros[tensorrt-rtx]'"
    ),
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TensorRt:
    """One of the two bindings, loaded.

    Attributes:
        flavour: Which one.
        module: The Python module.
        logger: Passes TensorRT's messages to `logging`.
    """

    flavour: Flavour
    module: Bindings
    logger: Any

    @property
    def version(self) -> str:
        """The version, such as "10.3.0" or "1.7.1.116"."""
        return self.module.__version__

    @property
    def builds_for_other_gpus(self) -> bool:
        """Whether the GPU that an engine is for need not be in this machine."""
        return self.flavour == "tensorrt_rtx"

    @property
    def compiles_at_start(self) -> bool:
        """Whether engines are finished on the GPU where they run, at every start."""
        return self.flavour == "tensorrt_rtx"

    def network_flags(self) -> int:
        """Return the flags of a strongly typed network: asked for in 10, always so in 11."""
        flag = getattr(self.module.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
        if flag is None and version_of(self.version)[0] < 11:
            raise RuntimeError(f"{self.flavour} {self.version} has no strongly typed networks")
        return 0 if flag is None else 1 << int(flag)

    def choose_device(self, config: BuilderConfig, capability: str) -> None:
        """Let `config` build for a GPU that need not be here.

        Args:
            config: Of TensorRT for RTX.
            capability: Such as "SM89".

        Raises:
            RuntimeError: If this version cannot build for it; names those it can.
        """
        known: Any = getattr(self.module, "ComputeCapability", None)
        chosen = getattr(known, capability, None)
        if not self.builds_for_other_gpus or chosen is None:
            names = [name for name in RTX_CAPABILITIES if hasattr(known, name)]
            raise RuntimeError(
                f"{self.flavour} {self.version} cannot build for {capability}, but for "
                f"{', '.join(names) or 'the GPU of this machine alone'}"
            )
        choice = cast(DeviceChoice, config)
        choice.num_compute_capabilities = 1
        if not choice.set_compute_capability(chosen, 0):
            raise RuntimeError(f"{self.flavour} {self.version} refused to build for {capability}")


def load_tensorrt(flavour: Flavour | Literal["auto"] = "auto") -> TensorRt:
    """Import the bindings.

    Args:
        flavour: "auto" takes `tensorrt` where it is installed, else `tensorrt_rtx`.

    Raises:
        RuntimeError: If they are not installed, do not load, or are too old; says what to do.
    """
    wanted = FLAVOURS if flavour == "auto" else (flavour,)
    problems: list[str] = []
    for name in wanted:
        found = _import(name)
        if isinstance(found, TensorRt):
            if problems:
                _log.info("auto took %s: %s", name, "; ".join(problems))
            return found
        problems.append(found)
    remedy = "; or ".join(INSTALL[name] for name in wanted)
    raise RuntimeError(f"no TensorRT: {'; '.join(problems)}. Install {remedy}")


def _import(name: Flavour) -> TensorRt | str:
    """Return one of the bindings, or why it cannot be used."""
    try:
        module: Any = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return f"{name} is not installed"
        return f"{name} lacks the package {error.name!r}"
    # NVIDIA's packages raise RuntimeError or OSError for a library that they do not find.
    except (ImportError, OSError, RuntimeError) as error:
        return f"{name} does not load ({error})"
    version: str = module.__version__
    if version_of(version) < _LEAST[name]:
        return f"{name} is {version}, needed is {'.'.join(map(str, _LEAST[name]))} or newer"
    return TensorRt(name, cast(Bindings, module), make_logger(module))


def version_of(text: str) -> tuple[int, int]:
    """Return (major, minor) of a version such as "10.3.0.26".

    Raises:
        RuntimeError: If it does not begin with two numbers.
    """
    match = re.match(r"(\d+)\.(\d+)", text)
    if match is None:
        raise RuntimeError(f"expected a version such as 10.3.0, TensorRT says {text!r}")
    return int(match[1]), int(match[2])


@cache
def make_logger(module: Any) -> Any:
    """Return the logger for TensorRT that passes errors and warnings to `logging`.

    One for a whole process: TensorRT ignores all but the first and warns of the others. Its
    attribute `errors` holds the latest errors.
    """
    severity = module.ILogger.Severity
    failures = (severity.INTERNAL_ERROR, severity.ERROR)

    class _Logger(module.ILogger):  # type: ignore[misc]  # a base known at run time only
        """Keeps the latest errors: TensorRT itself returns None, and no reason."""

        def __init__(self) -> None:
            module.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, level: object, message: str) -> None:
            # Whoever called TensorRT raises with these words, or builds anew: no alarm from here.
            if level in failures:
                self.errors = [*self.errors[-4:], message]
            if level in failures or level == severity.WARNING:
                _log.info("TensorRT: %s", message)

    return _Logger()
