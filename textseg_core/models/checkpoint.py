"""Weights on disk together with what rebuilds their network: one safetensors file."""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork

_METADATA_KEYS = ("model", "settings", "vocabulary", "extra")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a checkpoint file holds.

    Attributes:
        path: File it was read from.
        name: Name of the network in the registry.
        settings: Keyword arguments that rebuild the network.
        vocabulary: Words in the order of their ids.
        extra: Whatever else was saved: step, best score, thresholds.
        state: The network's state dict, on the CPU.
    """

    path: Path
    name: str
    settings: dict[str, Any]
    vocabulary: tuple[str, ...]
    extra: dict[str, Any]
    state: dict[str, Tensor]

    def network(self) -> SegmentationNetwork:
        """Return the network with its weights, in evaluation mode, on the CPU.

        Raises:
            ValueError: If the registry refuses the settings, or the weights
                are not those of the network that the settings describe.
        """
        try:
            network = registry.build(self.name, **self.settings)
            network.load_state_dict(self.state)
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{self.path}: {error}") from error
        return network.eval()


def save_checkpoint(
    path: Path,
    network: nn.Module,
    name: str,
    settings: Mapping[str, Any],
    vocabulary: Sequence[str],
    extra: Mapping[str, Any],
) -> None:
    """Write a checkpoint; the file appears whole or, after an error, not at all.

    Args:
        path: The .safetensors file; an existing one is replaced.
        network: Whose state dict is saved, in its own number types.
        name: Name of the network in the registry.
        settings: Keyword arguments that rebuild the network.
        vocabulary: Words in the order of their ids.
        extra: Anything JSON can hold.

    Raises:
        ValueError: If the name is unknown, or JSON cannot hold the settings or
            the extra values.
        OSError: If the file cannot be written.
    """
    registry.entry(name)
    values = (name, dict(settings), list(vocabulary), dict(extra))
    try:
        metadata = {
            key: json.dumps(value, ensure_ascii=False, allow_nan=False)
            for key, value in zip(_METADATA_KEYS, values, strict=True)
        }
    except TypeError as error:
        raise ValueError(f"settings and extra must be JSON values: {error}") from error
    # Copies, because safetensors refuses tensors that share memory.
    state = {
        key: tensor.detach().to("cpu", copy=True).contiguous()
        for key, tensor in network.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    try:
        save_file(state, temporary, metadata=metadata)
        _give_usual_rights(Path(temporary))
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint that `save_checkpoint` wrote.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no safetensors file, or lacks the metadata.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state: dict[str, Tensor] = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
    except SafetensorError as error:
        raise ValueError(f"{path} is no whole safetensors file: {error}") from error
    missing = [key for key in _METADATA_KEYS if key not in metadata]
    if missing:
        raise ValueError(
            f"{path} lacks the metadata {', '.join(missing)}: it holds weights, but was not "
            "written by textseg_core.models.checkpoint.save_checkpoint"
        )
    try:
        name, settings, vocabulary, extra = (json.loads(metadata[key]) for key in _METADATA_KEYS)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: metadata is not JSON: {error}") from error
    return Checkpoint(
        path=path,
        name=name,
        settings=settings,
        vocabulary=tuple(vocabulary),
        extra=extra,
        state=state,
    )


def _give_usual_rights(path: Path) -> None:
    """Replace the owner-only rights of a temporary file by those of a new file."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
