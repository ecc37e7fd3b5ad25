"""The weights that a model directory's files hold: those of the training, rounded or not."""

import copy
from pathlib import Path
from typing import Literal

import onnx
from onnx import TensorProto

from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.checkpoint import load_checkpoint
from textseg_core.models.compact import CompactImageEncoder
from textseg_core.runtime.byte_storage import round_to_bytes
from textseg_core.runtime.half_storage import fold_batch_norm, round_to_half
from textseg_core.runtime.half_wide import SMALL_KERNEL
from textseg_core.runtime.mean_correction import correct_means, drawn_pictures
from textseg_core.runtime.variants import PARTS

Storage = Literal["float32", "float16", "int8"]
"""What weights are rounded to and stored as; they are computed with as float32 all the same."""


def stored_form(network: SegmentationNetwork, storage: Storage) -> SegmentationNetwork:
    """Return a copy of a network with the weights that its files will hold.

    Args:
        network: In evaluation mode; not changed.
        storage: What its weights are rounded to.
    """
    stored = copy.deepcopy(network)
    if isinstance(stored.image_encoder, CompactImageEncoder):
        stored.image_encoder.fold_scale()
    if storage == "float32":
        return stored
    fold_batch_norm(stored)
    exact = copy.deepcopy(stored.image_encoder)
    if storage == "float16":
        round_to_half(stored, least_numbers=SMALL_KERNEL)
    else:
        round_to_bytes(stored)
    correct_means(exact, stored.image_encoder, drawn_pictures(network.input_px))
    return stored


def stored_network(checkpoint: Path, storage: Storage) -> SegmentationNetwork:
    """Return the network of a training checkpoint as its files hold it when stored so.

    Raises:
        ValueError: If the checkpoint is damaged or not of its network.
    """
    return stored_form(load_checkpoint(checkpoint).network(), storage)


def storage_of(directory: Path) -> Storage:
    """Return what the float32 files of a model directory store their weights as.

    A directory without files rounds nothing: "float32".
    """
    kinds: set[int] = set()
    for part in PARTS:
        path = directory / f"{part}.onnx"
        if path.is_file():
            kinds |= {constant.data_type for constant in onnx.load(path).graph.initializer}
    if TensorProto.INT8 in kinds:
        return "int8"
    return "float16" if TensorProto.FLOAT16 in kinds else "float32"
