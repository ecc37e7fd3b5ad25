"""Loads the runtime that the settings name or leave to choice; only that one is imported."""

import importlib
import logging
import threading
from pathlib import Path
from typing import cast

from textseg_core.config import SegmenterConfig
from textseg_core.model_info import ModelInfo, load_model_info
from textseg_core.runtime.base import InferenceBackend
from textseg_core.runtime.choose import Choice, Machine, choose, this_machine
from textseg_core.runtime.machine import is_installed
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.runtime.onnx_session import OnnxDevice
from textseg_core.runtime.proposal_backend import ProposalBackend
from textseg_core.runtime.switching import SwitchingBackend
from textseg_core.runtime.tensorrt.bindings import Flavour, load_tensorrt
from textseg_core.runtime.tensorrt.cuda import INSTALL

_log = logging.getLogger(__name__)


def load_backend(config: SegmenterConfig, directory: Path) -> tuple[InferenceBackend, str]:
    """Return the runtime of a model directory, and why it was chosen.

    With TensorRT, ONNX Runtime on the CPU answers until the engines are built, unless the
    settings say to wait. What the settings name is taken or is an error. Where they leave runtime,
    device and precision open and the GPU fails, ONNX Runtime on the CPU stays, and a warning and
    the reason say so.

    Raises:
        RuntimeError: If what the settings name is not installed, does not run here, or the
            model has no files for it; says what to do.
        ValueError: If a file of the model directory is damaged.
    """
    info = load_model_info(directory)
    if info.proposals and config.backend != "torch":
        return _load_proposals(config, directory, info)
    machine = this_machine()
    choice = choose(config, directory, machine)
    if choice.backend == "torch":
        backend, failure = _load_torch(config, directory, choice), None
    elif choice.backend == "onnx":
        backend, failure = _load_onnx(config, directory, choice)
    else:
        backend, failure = _load_tensorrt(config, directory, choice, machine)
    reason = choice.reason
    if failure is not None:
        reason = f"{reason}; it failed, so onnx on the cpu answers: {failure}"
        _log.warning("%s", reason)
    _log.info("%s%s", f"{reason}; " if reason else "", backend.report().line())
    return backend, reason


def _load_onnx(
    config: SegmenterConfig, directory: Path, choice: Choice
) -> tuple[InferenceBackend, Exception | None]:
    """Return ONNX Runtime, and why it is not where it was to be, if anything."""
    try:
        return OnnxBackend(
            directory,
            config.threads,
            device=choice.device,
            precision=choice.precision,
            cache=_folder(config) if choice.device == "tensorrt" else None,
        ), None
    except RuntimeError as error:
        # A provider may be part of this build, but its libraries not part of this machine.
        if choice.device == "cpu" or not choice.automatic:
            raise
        return OnnxBackend(directory, config.threads), error


def _load_proposals(
    config: SegmenterConfig, directory: Path, info: ModelInfo
) -> tuple[InferenceBackend, str]:
    """Return what runs a network over proposals, which is ONNX Runtime alone."""
    wanted = [
        f"{name} {value!r}"
        for name, value, accepted in (
            ("backend", config.backend, ("auto", "onnx")),
            ("device", config.device, ("auto", "cpu", "cuda")),
            ("precision", config.precision, ("auto", "fp32")),
        )
        if value not in accepted
    ]
    if wanted:
        raise RuntimeError(
            f"network {info.name!r} chooses among regions that are proposed on the host; it runs "
            "with backend 'onnx' on device 'cpu' or 'cuda' in 'fp32', or with backend 'torch', "
            f"not with {', '.join(wanted)}"
        )
    device: OnnxDevice = "cuda" if config.device == "cuda" else "cpu"
    backend = ProposalBackend(directory, info, config.threads, device=device)
    reason = f"regions are proposed on the host, the network runs in onnx on {device}"
    _log.info("%s; %s", reason, backend.report().line())
    return backend, reason


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


def _load_tensorrt(
    config: SegmenterConfig, directory: Path, choice: Choice, machine: Machine
) -> tuple[InferenceBackend, Exception | None]:
    """Return TensorRT itself, or what answers until its engines are built or instead of it."""
    module = importlib.import_module("textseg_core.runtime.tensorrt.backend")
    if not choice.automatic:
        _check_tensorrt(choice, machine)
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

    if not config.wait_for_engines:
        return SwitchingBackend(
            OnnxBackend(directory, config.threads),
            build,
            required=not choice.automatic,
            cancel=progress.cancel,
            progress=progress.text,
        ), None
    try:
        return build(), None
    except Exception as error:  # whatever a runtime raises, as in SwitchingBackend
        if not choice.automatic:
            raise
        return OnnxBackend(directory, config.threads), error


def _check_tensorrt(choice: Choice, machine: Machine) -> None:
    """Refuse TensorRT by name where it cannot run, before anything else answers in its place."""
    load_tensorrt(cast(Flavour, choice.backend))
    if not is_installed("cuda.bindings.runtime"):
        raise RuntimeError(f"backend {choice.backend!r} needs cuda-python: {INSTALL}")
    if not machine.gpus:
        raise RuntimeError(
            f"backend {choice.backend!r} needs an NVIDIA GPU, but the driver shows none to this "
            "process; check nvidia-smi (on a Jetson tegrastats), or choose backend 'onnx'"
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
