from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped,unused-ignore]
import pytest
import torch
from torch import Tensor

from textseg_core.models.compact import CompactNetwork
from textseg_core.models.folded_head import FoldedQueryHead, folded
from textseg_core.runtime.export import export
from textseg_core.runtime.half_graph import convert_to_half

WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "green", "mug", "left"]
TOKENS = 6
IDS = torch.tensor(
    [[4, 6, 0, 0, 0, 0], [5, 6, 7, 4, 5, 6], [7, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost a network this small far more than they bring, on busy cores most of all."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def drawn(*, input_px: int = 96, **ablation: bool | int) -> CompactNetwork:
    """A network in which every weight counts: biases and scales too are drawn at random."""
    torch.manual_seed(0)
    network = CompactNetwork(
        vocabulary_size=len(WORDS),
        tokens=TOKENS,
        input_px=input_px,
        width=32,
        lexical_width=16,
        **ablation,  # type: ignore[arg-type]
    )
    with torch.no_grad():
        torch.nn.init.normal_(network.expression_encoder.lexicon.weight)
        for parameter in network.query_head.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return network.eval()


def encodings(network: CompactNetwork, ids: Tensor) -> tuple[Tensor, ...]:
    """One picture, whose cells and nouns are large enough to count, and expressions."""
    side = network.input_px
    picture = torch.randint(0, 256, (1, side, side, 3), dtype=torch.uint8)
    with torch.no_grad():
        cells, lexical, detail = network.image_encoder(picture)
        cells = cells + torch.randn_like(cells)
        detail = detail + torch.randn_like(detail)
        lexical = torch.nn.functional.normalize(torch.randn_like(lexical), dim=-1)
        return (cells, lexical, detail, *network.expression_encoder(ids))


@pytest.mark.parametrize(
    "ablation",
    [{}, {"layers": 1}, {"layers": 3}, {"coordinates": False}, {"presence": False}],
    ids=str,
)
def test_the_folded_head_answers_as_the_trained_one(ablation: dict[str, bool | int]) -> None:
    network = drawn(**ablation)
    inputs = encodings(network, IDS)

    with torch.no_grad():
        expected = network.query_head(*inputs)
        came = folded(network.query_head, TOKENS)(*inputs)

    assert expected[0].std() > 0.1  # so that equal answers say something
    assert (expected[0][0] - expected[0][1]).abs().max() > 0.1
    for one, other in zip(expected, came, strict=True):
        torch.testing.assert_close(other, one, atol=1e-4, rtol=1e-5)


def test_it_answers_for_the_cells_that_the_network_was_resized_to() -> None:
    network = drawn()
    network.resize(128)
    inputs = encodings(network, IDS[:2])

    with torch.no_grad():
        expected = network.query_head(*inputs)[0]
        came = folded(network.query_head, TOKENS)(*inputs)[0]

    assert came.shape == (2, 1, 32, 32)
    torch.testing.assert_close(came, expected, atol=1e-4, rtol=1e-5)


def test_a_head_without_attention_is_exported_as_it_is() -> None:
    head = drawn(attention=False).query_head

    assert folded(head, TOKENS) is head


def test_folding_leaves_the_weights_where_and_as_they_were() -> None:
    network = drawn()
    before = {name: value.clone() for name, value in network.state_dict().items()}

    fold = folded(network.query_head, TOKENS)

    assert isinstance(fold, FoldedQueryHead)
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    own = {name for name, _ in fold.named_parameters()}
    assert own == {f"head.{name}" for name, _ in network.query_head.named_parameters()}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[CompactNetwork, Path]:
    network = drawn()
    directory = tmp_path_factory.mktemp("model") / "compact"
    export(network, WORDS, directory)
    return network, directory / "query_head.onnx"


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_exported_head_takes_any_number_of_expressions(
    exported: tuple[CompactNetwork, Path], count: int
) -> None:
    network, path = exported
    inputs = encodings(network, IDS[:count])
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feeds = {
        entry.name: value.numpy()
        for entry, value in zip(session.get_inputs(), inputs, strict=True)
    }

    came = session.run(None, feeds)

    with torch.no_grad():
        expected = network.query_head(*inputs)
    for one, other in zip(expected, came, strict=True):
        np.testing.assert_allclose(other, one.numpy(), atol=1e-4, rtol=1e-5)


def test_the_exported_head_holds_the_weights_as_they_were_trained(
    exported: tuple[CompactNetwork, Path],
) -> None:
    # A weight that was scaled or cut up by the exporter could not be stored in fewer bits.
    network, path = exported
    kept = {
        entry.name.removeprefix("head.")
        for entry in onnx.load(path).graph.initializer
        if len(entry.dims) > 1
    }
    matrices = {name for name, value in network.query_head.named_parameters() if value.ndim > 1}

    assert matrices <= kept


def test_the_exported_head_uses_standard_operators_and_is_static_but_for_its_expressions(
    exported: tuple[CompactNetwork, Path],
) -> None:
    _, path = exported
    model = onnx.load(path)

    assert {node.domain for node in model.graph.node} == {""}
    assert not any(node.op_type in ("If", "Loop", "Scan") for node in model.graph.node)
    open_sides = {
        (value.name, place, side.dim_param)
        for value in model.graph.input
        for place, side in enumerate(value.type.tensor_type.shape.dim)
        if side.dim_param
    }
    assert open_sides == {(name, 0, "expressions") for name in ("words", "hidden", "noun")}


def test_tensorrt_builds_the_exported_head_in_float16(
    exported: tuple[CompactNetwork, Path], tmp_path: Path
) -> None:
    pytest.importorskip(
        "tensorrt_rtx", reason="needs TensorRT for RTX: pip install 'textseg-ros[tensorrt-rtx]'"
    )
    from textseg_core.runtime.tensorrt.bindings import load_tensorrt
    from textseg_core.runtime.tensorrt.build import BuildOrder, EngineBuilder
    from textseg_core.runtime.tensorrt.progress import BuildProgress

    path = tmp_path / "half.onnx"
    convert_to_half(exported[1], path, float32_outputs=True)
    order = BuildOrder(name="head", onnx=path.read_bytes(), batch=2, capability="SM89", tf32=False)

    engine = EngineBuilder(load_tensorrt("tensorrt_rtx")).build(order, BuildProgress())

    assert engine[:4] == b"vtrt"  # TensorRT's own mark
