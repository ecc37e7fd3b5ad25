"""Our network with another input size, for time alone: its weights are random. Imports torch."""

from pathlib import Path
from typing import Any

import torch

from textseg_core.model_info import SHIPPED_WEIGHTS, VOCABULARY_FILE, load_model_info
from textseg_core.models.checkpoint import save_checkpoint
from textseg_core.models.registry import build
from textseg_core.runtime.export import export
from textseg_core.runtime.variants import CHECKPOINT_FILE


def export_resized(weights: str, input_px: int, directory: Path) -> Path:
    """Write a model directory like another one's but for its size and weights.

    Args:
        weights: Model directory whose kind of network, words and tokens are taken; empty for the
            shipped one.
        input_px: Side of the network's input.
        directory: Made; also holds a checkpoint for the backend `torch`.

    Returns:
        `directory`.

    Raises:
        ValueError: If the network cannot have that size.
        RuntimeError: If `weights` is no model directory, or the export fails.
    """
    source = Path(weights).expanduser() if weights else SHIPPED_WEIGHTS
    info = load_model_info(source)
    words = (source / VOCABULARY_FILE).read_text(encoding="utf-8").splitlines()
    settings: dict[str, Any] = {
        "vocabulary_size": len(words),
        "tokens": info.tokens,
        "input_px": input_px,
    }
    torch.manual_seed(0)
    network = build(info.name, **settings)
    export(network, words, directory, presence_threshold=0.0)
    save_checkpoint(directory / CHECKPOINT_FILE, network, info.name, settings, words, {})
    return directory
