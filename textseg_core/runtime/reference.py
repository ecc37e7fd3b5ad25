"""Segmenters that differ in their runtime only, made for comparisons."""

from pathlib import Path

from textseg_core.config import SegmenterConfig
from textseg_core.model_info import VOCABULARY_FILE, ModelInfo, load_model_info
from textseg_core.runtime.base import InferenceBackend, Precision
from textseg_core.runtime.variants import CHECKPOINT_FILE
from textseg_core.segmenter import Segmenter
from textseg_core.tokenizer import Tokenizer


def segmenter_on(backend: InferenceBackend, directory: Path) -> Segmenter:
    """Return a segmenter with the words and thresholds of a model directory."""
    info = load_model_info(directory)
    tokenizer = Tokenizer.from_file(
        directory / VOCABULARY_FILE,
        length=info.tokens,
        padding=info.padding,
        kind=info.tokenizer,
    )
    return Segmenter(SegmenterConfig(), info, tokenizer, backend)


def refuse_proposals(info: ModelInfo) -> None:
    """Refuse a network that has one runtime and one precision.

    Raises:
        ValueError: If regions are proposed on the host.
    """
    if info.proposals:
        raise ValueError(
            f"network {info.name!r} chooses among regions that are proposed on the host; it runs "
            "in float32 on backend onnx or torch alone, so there is nothing to compare it with"
        )


def reference_backend(
    directory: Path, checkpoint: Path | None, threads: int = 0
) -> tuple[InferenceBackend, str]:
    """Return the runtime that others are compared with, and what it is in words.

    That is torch in float32 where there is a checkpoint, its weights rounded to what the
    directory's files store; and else the exported float32 files, which
    `textseg_core.runtime.export` compared with torch when it wrote them.

    Args:
        directory: Model directory.
        checkpoint: The training checkpoint; None looks for one in the directory.
        threads: Threads of the exported files; 0 for as many as there are cores.

    Raises:
        RuntimeError: If a checkpoint is there, but torch is not installed.
        ValueError: If the checkpoint is damaged, or regions are proposed on the host.
        FileNotFoundError: If a checkpoint was named that is not there.
    """
    refuse_proposals(load_model_info(directory))
    path = _checkpoint_of(directory, checkpoint)
    if path is None:
        from textseg_core.runtime.onnx_backend import OnnxBackend

        return OnnxBackend(directory, threads), "exported float32 files (no checkpoint for torch)"
    try:
        from textseg_core.runtime.stored_form import storage_of
        from textseg_core.runtime.torch_backend import TorchBackend
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"{path} needs the package {error.name!r}: pip install 'textseg-ros[train]', or name "
            "a directory without a checkpoint to compare with its exported files"
        ) from error
    storage = storage_of(directory)
    rounded = "" if storage == "float32" else f", weights rounded to {storage} as in the files"
    return TorchBackend.from_checkpoint(path, storage), f"torch in float32{rounded}"


def as_trained(
    directory: Path, checkpoint: Path | None
) -> dict[str, tuple[InferenceBackend, Precision]]:
    """Return torch with unrounded weights by name, where the reference has rounded ones.

    It shows what storing costs, and is asked for what files of that precision are asked for.

    Args:
        directory: Model directory.
        checkpoint: As for `reference_backend`.
    """
    path = _checkpoint_of(directory, checkpoint)
    if path is None:
        return {}
    from textseg_core.runtime.stored_form import storage_of
    from textseg_core.runtime.torch_backend import TorchBackend

    storage = storage_of(directory)
    if storage == "float32":
        return {}
    backend = TorchBackend.from_checkpoint(path)
    return {"weights as trained, torch": (backend, "int8" if storage == "int8" else "fp16")}


def _checkpoint_of(directory: Path, checkpoint: Path | None) -> Path | None:
    """Return the checkpoint that was named or lies in the directory; None without one."""
    path = directory / CHECKPOINT_FILE
    return checkpoint or (path if path.is_file() else None)
