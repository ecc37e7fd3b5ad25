from pathlib import Path

import numpy as np
import pytest
import torch

from textseg_core.models import registry
from textseg_core.models.checkpoint import save_checkpoint
from textseg_core.runtime.export import export
from textseg_core.runtime.reference import as_trained, reference_backend, segmenter_on
from textseg_core.runtime.stored_form import Storage

SETTINGS = {"vocabulary_size": 6, "tokens": 4, "input_px": 64, "width": 32, "lexical_width": 16}
WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "mug"]


def exported(directory: Path, storage: Storage, checkpoint: Path) -> None:
    torch.manual_seed(0)
    network = registry.build("compact", **SETTINGS).eval()
    export(network, WORDS, directory, storage=storage)
    save_checkpoint(checkpoint, network, "compact", SETTINGS, WORDS, {})


def test_the_reference_has_the_weights_of_the_files_and_what_storing_costs_is_shown(
    tmp_path: Path,
) -> None:
    model, checkpoint = tmp_path / "model", tmp_path / "trained.safetensors"
    exported(model, "int8", checkpoint)

    backend, name = reference_backend(model, checkpoint, threads=1)
    ((shown, (trained, precision)),) = as_trained(model, checkpoint).items()

    assert name == "torch in float32, weights rounded to int8 as in the files"
    assert (shown, precision) == ("weights as trained, torch", "int8")
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    files, _ = reference_backend(model, None, threads=1)
    ours, rounded, exact = (
        segmenter_on(one, model).segment(image, "red mug").response_map
        for one in (files, backend, trained)
    )
    assert np.abs(ours - rounded).max() < 1e-5
    assert np.abs(ours - exact).max() > 1e-5


def test_weights_that_are_not_rounded_are_shown_once(tmp_path: Path) -> None:
    exported(tmp_path, "float32", tmp_path / "checkpoint.safetensors")
    _, name = reference_backend(tmp_path, None, threads=1)
    assert name == "torch in float32"
    assert as_trained(tmp_path, None) == {}


def test_without_a_checkpoint_the_files_are_the_reference(model_directory: Path) -> None:
    _, name = reference_backend(model_directory, None, threads=1)
    assert name == "exported float32 files (no checkpoint for torch)"
    assert as_trained(model_directory, None) == {}


def test_a_checkpoint_that_is_named_and_not_there_is_an_error(
    model_directory: Path, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        reference_backend(model_directory, tmp_path / "none.safetensors", threads=1)
