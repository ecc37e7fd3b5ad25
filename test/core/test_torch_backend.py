from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.checkpoint import save_checkpoint
from textseg_core.runtime.torch_backend import TorchBackend

SETTINGS: dict[str, Any] = {
    "vocabulary_size": 6,
    "input_px": 64,
    "tokens": 4,
    "backbone": "mobilenet_v2",
    "visual_channels": 320,
    "embedding_channels": 4,
    "expression_channels": 5,
    "hidden_channels": 6,
    "stage": "low",
}


def small_network() -> SegmentationNetwork:
    torch.manual_seed(0)
    return registry.build("hu2016", **SETTINGS)


def grey_image() -> np.ndarray:
    return np.full((64, 64, 3), 90, np.uint8)


def test_backend_answers_as_the_network_does() -> None:
    network = small_network()
    ids = np.array([[0, 0, 1, 2], [0, 3, 4, 5]])
    backend = TorchBackend(network)

    image = backend.encode_image(grey_image())
    read = [backend.encode_expression(ids[[i]]) for i in range(2)]
    answer = backend.respond(image, read)

    with torch.inference_mode():
        expected = network(torch.from_numpy(grey_image())[None], torch.from_numpy(ids))["logits"]
    assert answer["logits"].shape == (2, 1, 2, 2)
    assert answer["logits"].dtype == np.float32
    np.testing.assert_allclose(answer["logits"], expected.numpy(), atol=1e-6)


def test_network_is_put_into_evaluation_mode() -> None:
    network = small_network().train()

    TorchBackend(network)

    assert not network.training


def test_image_that_cannot_be_written_to_is_taken_without_a_warning(
    recwarn: pytest.WarningsRecorder,
) -> None:
    image = grey_image()
    image.flags.writeable = False

    TorchBackend(small_network()).encode_image(image)

    assert len(recwarn) == 0


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((32, 64, 3), np.uint8),
        np.zeros((1, 64, 64, 3), np.uint8),
        np.zeros((64, 64, 3), np.float32),
    ],
)
def test_image_of_another_shape_or_type_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"image must be uint8 \(64, 64, 3\), got"):
        TorchBackend(small_network()).encode_image(image)


@pytest.mark.parametrize("ids", [np.zeros((1, 3), np.int64), np.zeros((1, 4), np.int32)])
def test_ids_of_another_shape_or_type_are_refused(ids: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"token_ids must be int64 \(1, 4\), got"):
        TorchBackend(small_network()).encode_expression(ids)


def test_encodings_of_another_network_are_refused() -> None:
    backend = TorchBackend(small_network())
    image = backend.encode_image(grey_image())

    with pytest.raises(ValueError, match=r"expects the encodings expression .*, got words"):
        backend.respond(image, [{"words": np.zeros((1, 5), np.float32)}])


def test_no_expression_is_refused() -> None:
    backend = TorchBackend(small_network())
    with pytest.raises(ValueError, match="at least one encoding, got none"):
        backend.respond(backend.encode_image(grey_image()), [])


def test_closed_backend_says_so_and_may_be_closed_twice() -> None:
    backend = TorchBackend(small_network())
    backend.close()
    backend.close()
    with pytest.raises(RuntimeError, match="was closed; load the model again"):
        backend.encode_image(grey_image())


def test_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="torch cannot use device 'cuda:99' here"):
        TorchBackend(small_network(), "cuda:99")


def test_checkpoint_of_a_model_directory_is_loaded(tmp_path: Path) -> None:
    network = small_network()
    words = ["<pad>", "<go>", "<eos>", "<unk>", "red", "mug"]
    save_checkpoint(tmp_path / "checkpoint.safetensors", network, "hu2016", SETTINGS, words, {})
    ids = np.array([[0, 0, 4, 5]])

    loaded = TorchBackend.from_directory(tmp_path)

    ours, theirs = (
        side.respond(side.encode_image(grey_image()), [side.encode_expression(ids)])["logits"]
        for side in (loaded, TorchBackend(network))
    )
    np.testing.assert_array_equal(ours, theirs)


def test_directory_without_a_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"checkpoint\.safetensors, which does not exist: copy"):
        TorchBackend.from_directory(tmp_path)


def test_threads_are_set_where_they_are_asked_for() -> None:
    before = torch.get_num_threads()
    try:
        TorchBackend(small_network(), threads=before + 1)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)
