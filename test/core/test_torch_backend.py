import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.checkpoint import save_checkpoint
from textseg_core.runtime.base import InferenceBackend
from textseg_core.runtime.cuda_graph import Replayed
from textseg_core.runtime.export import export
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.runtime.stored_form import Storage
from textseg_core.runtime.torch_backend import TorchBackend, bucket

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


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_torch_and_onnx_runtime_answer_alike_whatever_the_files_store(
    storage: Storage, tmp_path: Path
) -> None:
    settings = {
        "vocabulary_size": 8,
        "tokens": 4,
        "input_px": 64,
        "width": 32,
        "lexical_width": 16,
    }
    torch.manual_seed(0)
    network = registry.build("compact", **settings).eval()
    with torch.no_grad():
        for parameter in network.parameters():  # answers that differ, and that rounding changes
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    words = ["<pad>", "<go>", "<eos>", "<unk>", "red", "mug", "blue", "left"]
    export(network, words, tmp_path, storage=storage)
    save_checkpoint(tmp_path / "checkpoint.safetensors", network, "compact", settings, words, {})

    def logits_of(backend: InferenceBackend) -> np.ndarray:
        rng = np.random.default_rng(1)
        seen = backend.encode_image(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
        read = [backend.encode_expression(np.array([[4, word, 0, 0]])) for word in (5, 6)]
        return backend.respond(seen, read)["logits"]

    released = logits_of(OnnxBackend(tmp_path))
    np.testing.assert_allclose(
        logits_of(TorchBackend.from_directory(tmp_path)), released, atol=1e-5
    )
    trained = logits_of(TorchBackend.from_checkpoint(tmp_path / "checkpoint.safetensors"))
    assert (np.abs(trained - released).max() < 1e-4) == (storage == "float32")


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


class PlainNetwork(SegmentationNetwork):
    """The image's mean, the sum of the tokens, and their product."""

    def __init__(self) -> None:
        super().__init__()
        self.name, self.input_px, self.stride, self.tokens = "plain", 8, 8, 2
        self.image_outputs, self.expression_outputs = ("cells",), ("words",)
        self.head_outputs = ("logits", "presence")
        self.image_encoder = Plain(lambda image: (image.float().mean().reshape(1, 1, 1, 1),))
        self.expression_encoder = Plain(lambda ids: (ids.float().sum(1),))
        self.query_head = Plain(lambda cells, words: (cells * words[:, None, None, None], words))


class Plain(nn.Module):
    def __init__(self, compute: Any) -> None:
        super().__init__()
        self.compute = compute

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        made: tuple[Tensor, ...] = self.compute(*inputs)
        return made


def test_compiled_parts_answer_any_batch_with_code_for_few_sizes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[int] = []

    def note(graph: Any, inputs: list[Any]) -> Any:
        compiled.append(max(one.shape[0] for one in inputs))
        return graph.forward

    torch.compiler.reset()
    # Torch's own tracing with its own rules of when to compile again; only machine code is left.
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=note))
    backend = TorchBackend(PlainNetwork(), compiled=True)
    image = backend.encode_image(np.full((8, 8, 3), 3, np.uint8))
    ids = [np.array([[value, 1]]) for value in range(17)]
    read = [backend.encode_expression(one) for one in ids]
    compiled.clear()

    for count in (*range(1, 18), 3, 17):
        answer = backend.respond(image, read[:count])
        np.testing.assert_array_equal(answer["presence"], np.arange(count) + 1.0)
        np.testing.assert_array_equal(answer["logits"].ravel(), 3.0 * (np.arange(count) + 1.0))

    # Beyond eight sizes torch would go on uncompiled, and only its log would say so.
    assert compiled == [1, 2, 4, 8, 16, 24]
    assert backend.report().details["compiled"] == "true"


def test_a_batch_is_filled_up_to_a_few_sizes() -> None:
    assert [bucket(count) for count in (1, 2, 3, 4, 5, 8, 9, 16, 17)] == [
        1, 2, 4, 4, 8, 8, 16, 16, 24,
    ]  # fmt: skip


def test_a_replayed_function_is_recorded_once_for_each_set_of_shapes() -> None:
    recorded: list[tuple[int, ...]] = []

    def record(function: Any, inputs: tuple[Tensor, ...], device: torch.device) -> Any:
        recorded.append(tuple(len(one) for one in inputs))
        return function

    replayed = Replayed(lambda a, b: (a + b,), torch.device("cpu"), record)

    for length in (2, 3, 2):
        (total,) = replayed(torch.ones(length), torch.ones(length))
        assert total.tolist() == [2.0] * length
    assert recorded == [(2, 2), (3, 3)]


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_precision_that_torch_has_not_on_a_cpu_is_an_error(precision: Any) -> None:
    with pytest.raises(RuntimeError, match=f"torch does not run in {precision} on 'cpu'"):
        TorchBackend(small_network(), precision=precision)
