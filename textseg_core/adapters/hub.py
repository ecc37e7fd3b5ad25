"""Loads a network and its processor from a local folder or the hub's cache, or says why not."""

import importlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from textseg_core.adapters.cards import Checkpoint

_log = logging.getLogger(__name__)

DType = Literal["float32", "float16", "bfloat16"]
#: From this share of parameters without weights on, a checkpoint is not the network's.
MISSING_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class HubOptions:
    """How a pretrained model is loaded and run.

    Attributes:
        device: A torch device: "cpu", "cuda", "cuda:1".
        dtype: Of weights and arithmetic; "float16" runs on a GPU only.
        batch: Most texts in one run of the network.
        download: Whether weights that are not on this machine may be fetched from the hub;
            never with HF_HUB_OFFLINE=1.
    """

    device: str = "cpu"
    dtype: DType = "float32"
    batch: int = 8
    download: bool = False

    def __post_init__(self) -> None:
        if self.dtype not in ("float32", "float16", "bfloat16"):
            raise ValueError(f"dtype must be float32, float16 or bfloat16, got {self.dtype!r}")
        if self.dtype == "float16" and self.device == "cpu":
            raise ValueError("dtype float16 needs a GPU; choose float32 or bfloat16 on the cpu")
        if isinstance(self.batch, bool) or not isinstance(self.batch, int) or self.batch < 1:
            raise ValueError(f"batch must be a whole number >= 1, got {self.batch!r}")


def load_pair(checkpoint: Checkpoint, source: str, options: HubOptions) -> tuple[Any, Any]:
    """Return a network, ready to run, and its processor.

    Args:
        checkpoint: What is to be loaded.
        source: Name on the hub or local folder.
        options: Device, dtype, and whether to download.

    Raises:
        RuntimeError: If `transformers` or a class of it is missing, the weights are not on this
            machine or damaged, or the device cannot be used; says what to do.
        ValueError: If the folder holds another network.
    """
    transformers = import_transformers()
    model_class = class_of(transformers, checkpoint.model_class, checkpoint)
    processor_class = class_of(transformers, checkpoint.processor_class, checkpoint)
    torch: Any = importlib.import_module("torch")
    place = _place(source)
    local = not options.download or bool(os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0"))
    damaged: Any = importlib.import_module("safetensors").SafetensorError
    bars = transformers.utils.logging
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()  # a log is no place for them
    try:
        _check_type(transformers, checkpoint, source, place, local)
        processor = processor_class.from_pretrained(place, local_files_only=local)
        model, told = model_class.from_pretrained(
            place,
            local_files_only=local,
            dtype=getattr(torch, options.dtype),
            output_loading_info=True,
        )
    except (OSError, KeyError, RuntimeError, ImportError, TypeError, damaged) as error:
        raise RuntimeError(_remedy(checkpoint, source, local, error)) from error
    finally:
        if shown:
            bars.enable_progress_bar()
    _check_complete(model, told, source)
    try:
        return model.to(options.device).eval(), processor
    except (RuntimeError, AssertionError) as error:
        raise RuntimeError(f"torch cannot use device {options.device!r} here: {error}") from error


def import_transformers() -> Any:
    """Return the package; RuntimeError says how to get it."""
    try:
        importlib.import_module("torch")
        return importlib.import_module("transformers")
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"pretrained models need the package {error.name!r}, which is not installed: "
            "pip install 'textseg-ros[hub]'"
        ) from error


def class_of(transformers: Any, name: str, checkpoint: Checkpoint) -> Any:
    """Return a class of `transformers`; RuntimeError names the release that has it."""
    found = getattr(transformers, name, None)
    if found is None:
        raise RuntimeError(
            f"transformers {transformers.__version__} has no {name}, which came with release "
            f"{checkpoint.since}: pip install -U 'transformers>={checkpoint.since}'"
        )
    return found


def _place(source: str) -> str:
    """Return a source with ~ expanded; refuse what can only be a folder and is none."""
    path = Path(source).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise RuntimeError(
                f"{path} holds no config.json; give the folder that save_pretrained or "
                "'hf download' wrote"
            )
        return str(path)
    if source.startswith((".", "/", "~")) or path.is_absolute() or source.count("/") > 1:
        raise RuntimeError(f"{path}: no such folder; give one with config.json, or a hub name")
    return source


def _check_type(
    transformers: Any, checkpoint: Checkpoint, source: str, place: str, local: bool
) -> None:
    """Refuse a folder of another network: its weights would be replaced by random ones."""
    config, _ = transformers.PretrainedConfig.get_config_dict(place, local_files_only=local)
    found = config.get("model_type")
    if found not in checkpoint.model_types:
        raise ValueError(
            f"{source} holds a network of type {found!r}, expected "
            f"{' or '.join(checkpoint.model_types)}, such as {checkpoint.repository}"
        )


def _check_complete(model: Any, told: dict[str, Any], source: str) -> None:
    """Refuse a network much of which has no weights; tell of the rest."""
    lost = [*told.get("missing_keys", ()), *(key for key, *_ in told.get("mismatched_keys", ()))]
    if not lost:
        return
    sizes = {name: value.numel() for name, value in model.named_parameters()}
    share = sum(sizes.get(name, 0) for name in lost) / max(1, sum(sizes.values()))
    some = ", ".join(sorted(lost)[:3])
    if share > MISSING_SHARE:
        raise RuntimeError(
            f"{source} lacks the weights of {share:.0%} of the network ({some}, ...), which would "
            "be random; get the checkpoint anew, for this release of transformers"
        )
    _log.warning("%s lacks %d small weights, which are random: %s", source, len(lost), some)


def _remedy(checkpoint: Checkpoint, source: str, local: bool, error: Exception) -> str:
    """Return what is wrong with a source and what to do."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if Path(source).expanduser().is_dir():
        return (
            f"{source} cannot be loaded as {checkpoint.model_class}: {first}; get the folder "
            f"anew, for instance with 'hf download {checkpoint.repository} --local-dir {source}' "
            f"(licence of those weights: {checkpoint.licence})"
        )
    asked = (
        f"ask for access on https://huggingface.co/{source} and sign in with "
        "'hf auth login', then "
        if checkpoint.gated
        else ""
    )
    why = "and nothing is downloaded here unasked" if local else "and the hub did not give them"
    return (
        f"the weights of {source} are not on this machine, {why}: {asked}run "
        f"'hf download {source}', or give a local folder after '='. Licence of "
        f"{checkpoint.repository}: {checkpoint.licence}. ({first})"
    )
