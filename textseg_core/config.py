"""Inference settings, frozen, read from YAML."""

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import yaml

_CHOICES = {
    "backend": ("auto", "onnx", "torch", "tensorrt", "tensorrt_rtx"),
    "device": ("auto", "cpu", "cuda", "tensorrt"),
    "precision": ("auto", "fp32", "fp16", "int8"),
}
_DEVICES = {
    "auto": ("auto", "cpu", "cuda", "tensorrt"),
    "onnx": ("auto", "cpu", "cuda", "tensorrt"),
    "torch": ("auto", "cpu", "cuda"),
    "tensorrt": ("auto", "cuda"),
    "tensorrt_rtx": ("auto", "cuda"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmenterConfig:
    """Inference settings, as in config/segmenter.yaml.

    Attributes:
        weights: Model directory, or "hub:NAME" for a pretrained open-vocabulary model; empty for
            the compact weights shipped in the package.
        backend: Runtime that loads it, "auto" for the fastest that is installed and runs here;
            "tensorrt" and "tensorrt_rtx" need NVIDIA's packages, "torch" the extra `train`.
        device: Where it runs: "cpu", "cuda", "tensorrt" (ONNX Runtime's own use of TensorRT), or
            "auto" for the GPU where there is one that the runtime can use.
        precision: Of the network's arithmetic; "auto" for float16 on a GPU if the model has files
            that passed their gate, else float32.
        threads: Threads per network; 0 for as many as the process has cores. ONNX Runtime on the
            CPU only: torch's number holds for the whole process and is not changed from here.
        compile_torch: Whether torch compiles the network, which takes a minute at start.
        engine_cache: Folder where TensorRT's engines are kept; empty for the user's own.
        wait_for_engines: Whether loading waits until TensorRT's engines are built; otherwise ONNX
            Runtime answers meanwhile.
        threshold: Least response counted as foreground, in (0, 1); None for the model's own.
        presence_threshold: Least probability of presence that counts as found, in [0, 1]; None
            for the model's own.
        min_area_px: Smallest object kept, in pixels of the camera image, at least 1.
        max_objects: Most objects kept, at least 1.
        dense_crf: Whether the response is drawn to the image's edges by a dense random field
            (`textseg_core.crf`), which takes a CPU about a third of a second.
        reasoner: Whether expressions with relations, ranks, places or exclusions are parsed and
            the network's answer is weighed against where the things lie (docs/reasoner.md).
    """

    weights: str = ""
    backend: Literal["auto", "onnx", "torch", "tensorrt", "tensorrt_rtx"] = "auto"
    device: Literal["auto", "cpu", "cuda", "tensorrt"] = "auto"
    precision: Literal["auto", "fp32", "fp16", "int8"] = "auto"
    threads: int = 0
    compile_torch: bool = False
    engine_cache: str = ""
    wait_for_engines: bool = False
    threshold: float | None = None
    presence_threshold: float | None = None
    min_area_px: int = 64
    max_objects: int = 16
    dense_crf: bool = False
    reasoner: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.weights, str):
            raise ValueError(f"weights must be a path or empty, got {self.weights!r}")
        self._check_runtime()
        _check_whole("threads", self.threads, least=0)
        if self.threads and self.backend == "torch":
            raise ValueError(
                f"threads must be 0 with backend 'torch', got {self.threads}; "
                "set OMP_NUM_THREADS instead"
            )
        _check_whole("min_area_px", self.min_area_px, least=1)
        _check_whole("max_objects", self.max_objects, least=1)
        if self.threshold is not None:
            check_share("threshold", self.threshold, closed=False)
        if self.presence_threshold is not None:
            check_share("presence_threshold", self.presence_threshold, closed=True)

    def _check_runtime(self) -> None:
        """Refuse names that are unknown and choices that contradict each other."""
        for name, accepted in _CHOICES.items():
            value = getattr(self, name)
            if value not in accepted:
                raise ValueError(f"{name} must be one of {', '.join(accepted)}, got {value!r}")
        for name in ("compile_torch", "wait_for_engines", "dense_crf", "reasoner"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false, got {getattr(self, name)!r}")
        if not isinstance(self.engine_cache, str):
            raise ValueError(f"engine_cache must be a path or empty, got {self.engine_cache!r}")
        if self.device not in _DEVICES[self.backend]:
            raise ValueError(
                f"device {self.device!r} does not fit backend {self.backend!r}, which has "
                f"{', '.join(_DEVICES[self.backend])}"
            )
        if self.backend == "torch" and self.precision == "int8":
            raise ValueError("precision 'int8' does not fit backend 'torch'; choose fp32 or fp16")
        if self.compile_torch and self.backend != "torch":
            raise ValueError(f"compile_torch needs backend 'torch', got {self.backend!r}")


def load_config(path: Path | str) -> SegmenterConfig:
    """Read settings; what the file does not name keeps its default.

    Raises:
        ValueError: If the file cannot be read, or a key or a value is wrong; names the file.
    """
    values = read_mapping(Path(path))
    accepted = [field.name for field in fields(SegmenterConfig)]
    unknown = [str(key) for key in values if key not in accepted]
    if unknown:
        raise ValueError(
            f"{path}: unknown key {', '.join(unknown)}; accepted are {', '.join(accepted)}"
        )
    try:
        return SegmenterConfig(**values)  # type: ignore[arg-type]  # checked by the class itself
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read_mapping(path: Path) -> dict[str, object]:
    """Return the keys and values of a YAML file; none if it is empty.

    Raises:
        ValueError: If the file cannot be read, is not YAML, or holds no mapping; names the file.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: expected a readable YAML file, got {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: expected YAML in UTF-8, got {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ValueError(
            f"{path}: expected lines 'key: value', got {type(content).__name__} at the top"
        )
    return content


def check_share(name: str, value: object, *, closed: bool) -> None:
    """Refuse what is not a number from 0 to 1; the ends count only if `closed`.

    Raises:
        ValueError: Naming the setting and what came.
    """
    interval = "[0, 1]" if closed else "(0, 1)"
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{name} must be a number in {interval}, got {value!r}")
    if not (0.0 <= value <= 1.0 if closed else 0.0 < value < 1.0):
        raise ValueError(f"{name} must lie in {interval}, got {value}")


def _check_whole(name: str, value: object, *, least: int) -> None:
    """Refuse what is not a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")
