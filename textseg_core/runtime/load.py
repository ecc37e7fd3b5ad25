"""Loads the runtime that the settings name or leave to choice; only that one is imported."""

import importlib
import logging
import threading
from pathlib import Path

from textseg_core.config import SegmenterConfig
from textseg_core.runtime.base import InferenceBackend
from textseg_core.runtime.choose import Choice, choose, this_machine
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.runtime.switching import SwitchingBackend

_log = logging.getLogger(__name__)


def load_backend(config: SegmenterConfig, directory: Path) -> tuple[InferenceBackend, str]:
    """Return the runtime of a model directory, and why it was chosen.

    With TensorRT, ONNX Runtime on the CPU answers until the engines are built, unless the
    settings say to wait. If "auto" took TensorRT and it fails, ONNX Runtime stays, and a warning
    says so; TensorRT by name is taken or is an error.

    Raises:
        RuntimeError: If what the settings name is not installed, does not run here, or the
            model has no files for it; says what to do.
        ValueError: If a file of the model directory is damaged.
    """
    choice = choose(config, directory, this_machine())
    if choice.backend in ("tensorrt", "tensorrt_rtx"):
        backend = _load_tensorrt(config, directory, choice)
    elif choice.backend == "torch":
        backend = _load_torch(config, directory, choice)
    else:
        backend = OnnxBackend(
            directory,
            config.threads,
            device=choice.device,
            precision=choice.precision,
            cache=_folder(config) if choice.device == "tensorrt" else None,
        )
    _log.info("%s%s", f"{choice.reason}; " if choice.reason else "", backend.report().line())
    return backend, choice.reason


def _load_torch(config: SegmenterConfig, directory: Path, choice: Choice) -> InferenceBackend:
    try:
        module = importlib.import_module("textseg_core.runtime.torch_backend")
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"backend 'torch' needs the package {error.name!r}, which is not installed: "
            "pip install 'textseg-ros[train]', or use backend 'onnx'"
        ) from error
    backend: InferenceBackend = module.TorchBackend.from_directory(
        directory, choice.device, precision=choice.precision, compiled=config.compile_torch
    )
    return backend


def _load_tensorrt(config: SegmenterConfig, directory: Path, choice: Choice) -> InferenceBackend:
    """Return TensorRT itself, or what answers until its engines are built."""
    module = importlib.import_module("textseg_core.runtime.tensorrt.backend")
    progress = _Progress()

    def build() -> InferenceBackend:
        backend: InferenceBackend = module.TensorRtBackend.load(
            directory,
            precision=choice.precision,
            flavour=choice.backend,
            cache=_folder(config),
            listener=progress,
        )
        return backend

    if config.wait_for_engines:
        return build()
    return SwitchingBackend(
        OnnxBackend(directory, config.threads),
        build,
        required=not choice.automatic,
        cancel=progress.cancel,
        progress=progress.text,
    )


def _folder(config: SegmenterConfig) -> Path | None:
    """Return the folder of engines that the settings name."""
    return Path(config.engine_cache).expanduser() if config.engine_cache else None


class _Progress:
    """Hears how far the engines are, and can call the build off between two steps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._share, self._what = 0.0, ""
        self._cancelled = False

    def __call__(self, share: float, what: str) -> None:
        """Take note; raise RuntimeError after `cancel`, which ends the build."""
        with self._lock:
            self._share, self._what = share, what
            if self._cancelled:
                raise RuntimeError("the build was called off")

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True

    def text(self) -> str:
        """Return the state in words, such as "(40 %, query_head)"."""
        with self._lock:
            return f"({self._share:.0%}, {self._what})" if self._what else ""
