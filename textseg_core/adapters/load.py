"""Loads a pretrained model, or a segmenter with it, by the setting `weights`."""

import importlib
from pathlib import Path
from typing import cast

from textseg_core.adapters.base import OpenVocabularyModel
from textseg_core.adapters.cards import AdapterName, parse_spec
from textseg_core.adapters.hub import DType, HubOptions, import_transformers
from textseg_core.adapters.segmenter import OpenVocabularySegmenter
from textseg_core.config import SegmenterConfig

_HOMES: dict[AdapterName, tuple[str, str]] = {
    "clipseg": ("clipseg", "ClipSeg"),
    "sam3": ("sam3", "Sam3"),
    "grounding-dino+sam2": ("grounding_dino", "GroundedSam2"),
    "florence2": ("florence2", "Florence2"),
    "owlv2": ("owlv2", "Owlv2"),
    "owlv2+sam2": ("owlv2", "Owlv2"),
}


def load_model(weights: str, options: HubOptions | None = None) -> OpenVocabularyModel:
    """Return a pretrained model that is ready to run.

    Args:
        weights: As `cards.parse_spec` reads it: "hub:sam3", "hub:clipseg=/models/clipseg".
        options: Device, dtype, batch, and whether weights may be downloaded.

    Raises:
        RuntimeError: If packages, classes or weights are missing or damaged, or the device cannot
            be used; says how to get what is missing, and its licence.
        ValueError: If there is no such model, or the folder holds another.
    """
    spec = parse_spec(weights)
    import_transformers()
    module, name = _HOMES[spec.name]
    home = importlib.import_module(f"textseg_core.adapters.{module}")
    return cast(OpenVocabularyModel, getattr(home, name)(spec.sources, options or HubOptions()))


def load_segmenter(
    weights: str | Path, config: SegmenterConfig, *, download: bool = False
) -> OpenVocabularySegmenter:
    """Return a segmenter with a pretrained model.

    Args:
        weights: As in `load_model`.
        config: Settings: `device`, `precision` (fp32; fp16, on a GPU also by "auto"), thresholds,
            `reasoner`. Those of other runtimes are refused.
        download: Whether weights that are not on this machine may be fetched from the hub.

    Raises:
        RuntimeError: As `load_model`; if `backend` or `precision` is one that torch does not have.
        ValueError: As `load_model`; if a setting does not apply to pretrained models.
    """
    parse_spec(str(weights))  # a name that is wrong is told before a package that is missing
    options = options_of(config, download=download)
    return OpenVocabularySegmenter(config, load_model(str(weights), options))


def options_of(config: SegmenterConfig, *, download: bool = False) -> HubOptions:
    """Return how a model is run by a segmenter's settings; raises as `load_segmenter`."""
    if config.backend not in ("auto", "torch"):
        raise RuntimeError(
            f"pretrained models run with backend 'torch' or 'auto', got {config.backend!r}"
        )
    if config.precision == "int8":
        raise RuntimeError("pretrained models run in fp32 or fp16, got precision 'int8'")
    device = config.device
    if device == "auto":
        torch = importlib.import_module("torch") if import_transformers() else None
        device = "cuda" if torch is not None and torch.cuda.is_available() else "cpu"
    if device not in ("cpu", "cuda"):
        raise RuntimeError(f"pretrained models run on device 'cpu' or 'cuda', got {device!r}")
    half = config.precision == "fp16" or (config.precision == "auto" and device == "cuda")
    dtype: DType = "float16" if half else "float32"
    return HubOptions(device=device, dtype=dtype, download=download)
