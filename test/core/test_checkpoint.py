from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.checkpoint import load_checkpoint, save_checkpoint

SETTINGS: dict[str, Any] = {
    "vocabulary_size": 3,
    "input_px": 64,
    "backbone": "mobilenet_v2",
    "visual_channels": 320,
    "embedding_channels": 4,
    "expression_channels": 4,
    "hidden_channels": 4,
}
WORDS = ["<pad>", "<unk>", "Äpfel"]


def small_network() -> SegmentationNetwork:
    torch.manual_seed(0)
    return registry.build("hu2016", **SETTINGS)


def test_network_words_and_extra_come_back(tmp_path: Path) -> None:
    network = small_network()
    path = tmp_path / "new" / "last.safetensors"

    save_checkpoint(path, network, "hu2016", SETTINGS, WORDS, {"step": 7})
    checkpoint = load_checkpoint(path)
    again = checkpoint.network()

    assert (checkpoint.name, checkpoint.settings) == ("hu2016", SETTINGS)
    assert checkpoint.vocabulary == ("<pad>", "<unk>", "Äpfel")
    assert checkpoint.extra == {"step": 7}
    assert not again.training
    for key, value in network.state_dict().items():
        assert torch.equal(again.state_dict()[key], value), key


def test_failed_save_leaves_the_earlier_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.safetensors"
    path.write_bytes(b"earlier")

    def full_disk(state: object, file: str, metadata: object) -> None:
        Path(file).write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr("textseg_core.models.checkpoint.save_file", full_disk)

    with pytest.raises(OSError, match="no space"):
        save_checkpoint(path, small_network(), "hu2016", SETTINGS, WORDS, {})

    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_what_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        save_checkpoint(
            tmp_path / "x.safetensors", small_network(), "hu2016", SETTINGS, WORDS, {"p": tmp_path}
        )
    assert list(tmp_path.iterdir()) == []


def test_unknown_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown network"):
        save_checkpoint(tmp_path / "x.safetensors", small_network(), "mine", SETTINGS, WORDS, {})
    assert list(tmp_path.iterdir()) == []


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.safetensors"):
        load_checkpoint(tmp_path / "absent.safetensors")


def test_file_that_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    path.write_bytes(b"nonsense of some length")

    with pytest.raises(ValueError, match="no whole safetensors file"):
        load_checkpoint(path)


def test_weights_without_our_metadata_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "backbone.safetensors"
    save_file({"weight": torch.zeros(2)}, path)

    with pytest.raises(ValueError, match="lacks the metadata model, settings, vocabulary, extra"):
        load_checkpoint(path)


def test_settings_of_another_network_are_refused_with_the_file_s_name(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    wider = {**SETTINGS, "hidden_channels": 9}
    save_checkpoint(path, small_network(), "hu2016", wider, WORDS, {})

    with pytest.raises(ValueError, match=r"(?s)last\.safetensors.*hidden\.weight"):
        load_checkpoint(path).network()
