from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textseg_core.arrays import UInt8Array
from textseg_core.runtime.onnx_backend import OnnxBackend, usable_cores
from textseg_core.runtime.onnx_session import session_options

PARTS = ("image_encoder", "expression_encoder", "query_head")
RED_IDS = np.array([[4, 0, 0, 0, 0, 0]], np.int64)


def red_image() -> UInt8Array:
    image = np.zeros((96, 96, 3), np.uint8)
    image[:8, :8, 0] = 255
    return image


def test_parts_meet_in_named_tensors(model_directory: Path) -> None:
    backend = OnnxBackend(model_directory, threads=1)
    seen = backend.encode_image(red_image())
    read = backend.encode_expression(RED_IDS)
    answer = backend.respond(seen, [read])
    assert set(answer) == {"logits", "presence"}
    assert answer["logits"].dtype == np.float32
    assert answer["logits"][0, 0, 0, 0] == pytest.approx(8.0, abs=1e-4)
    assert answer["logits"][0, 0, 5, 5] == pytest.approx(-8.0, abs=1e-4)
    assert answer["presence"] == pytest.approx([8.0], abs=1e-4)


def test_one_image_answers_a_batch_of_expressions(model_directory: Path) -> None:
    backend = OnnxBackend(model_directory, threads=1)
    seen = backend.encode_image(red_image())
    colours = np.array([[16.0, -16.0, -16.0], [-16.0, 16.0, -16.0]], np.float32)
    answer = backend.respond(seen, [{"colour": one[np.newaxis]} for one in colours])
    assert answer["logits"].shape == (2, 1, 12, 12)
    assert answer["logits"][:, 0, 0, 0] == pytest.approx([8.0, -24.0], abs=1e-4)


@pytest.mark.parametrize("part", PARTS)
def test_missing_file_is_named(model_directory: Path, part: str) -> None:
    (model_directory / f"{part}.onnx").unlink()
    with pytest.raises(RuntimeError, match=f"{part}.onnx: no such file"):
        OnnxBackend(model_directory)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("content", [b"", b"no network at all"])
def test_damaged_file_is_named(model_directory: Path, part: str, content: bytes) -> None:
    (model_directory / f"{part}.onnx").write_bytes(content)
    with pytest.raises(RuntimeError, match=f"{part}.onnx: ONNX Runtime .* cannot load it"):
        OnnxBackend(model_directory)


def test_truncated_file_is_named(model_directory: Path) -> None:
    file = model_directory / "query_head.onnx"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(RuntimeError, match=r"query_head\.onnx"):
        OnnxBackend(model_directory)


@pytest.mark.parametrize(
    ("target", "source"),
    [
        ("image_encoder", "expression_encoder"),
        ("expression_encoder", "image_encoder"),
        ("query_head", "image_encoder"),
    ],
)
def test_parts_that_do_not_fit_each_other_are_refused(
    model_directory: Path, target: str, source: str
) -> None:
    other = (model_directory / f"{source}.onnx").read_bytes()
    (model_directory / f"{target}.onnx").write_bytes(other)
    with pytest.raises(RuntimeError, match=f"{target}.onnx: expected the inputs"):
        OnnxBackend(model_directory)


def test_head_with_an_output_that_nobody_knows_is_refused(model_directory: Path) -> None:
    import onnx

    file = model_directory / "query_head.onnx"
    head = onnx.load(file)
    head.graph.node[-1].output[0] = "certainty"
    head.graph.output[1].name = "certainty"
    onnx.save(head, file)
    with pytest.raises(RuntimeError, match=r"none beyond .*, got \['logits', 'certainty'\]"):
        OnnxBackend(model_directory)


def test_image_of_another_size_is_refused_with_both_sizes(model_directory: Path) -> None:
    backend = OnnxBackend(model_directory, threads=1)
    with pytest.raises(
        RuntimeError, match=r"image must be \(1, 96, 96, 3\), got \(1, 64, 64, 3\)"
    ):
        backend.encode_image(np.zeros((64, 64, 3), np.uint8))


def test_expression_of_another_length_is_refused(model_directory: Path) -> None:
    backend = OnnxBackend(model_directory, threads=1)
    with pytest.raises(RuntimeError, match=r"token_ids must be \(1, 6\), got \(1, 7\)"):
        backend.encode_expression(np.zeros((1, 7), np.int64))


def test_failure_inside_the_runtime_names_the_file(model_directory: Path) -> None:
    # Token 99 lies beyond the vocabulary.
    backend = OnnxBackend(model_directory, threads=1)
    with pytest.raises(RuntimeError, match=r"expression_encoder.onnx: ONNX Runtime failed"):
        backend.encode_expression(np.full((1, 6), 99, np.int64))


def test_at_least_one_core_is_usable() -> None:
    assert usable_cores() >= 1


def test_no_expression_is_refused(model_directory: Path) -> None:
    backend = OnnxBackend(model_directory, threads=1)
    with pytest.raises(ValueError, match="at least one encoding, got none"):
        backend.respond(backend.encode_image(red_image()), [])


def test_encodings_of_another_backend_are_refused(model_directory: Path) -> None:
    backend = OnnxBackend(model_directory, threads=1)
    read = backend.encode_expression(RED_IDS)
    with pytest.raises(ValueError, match=r"expects the encodings cells .*, got object"):
        backend.respond(object(), [read])


def test_closed_backend_says_so_and_may_be_closed_twice(model_directory: Path) -> None:
    backend = OnnxBackend(model_directory, threads=1)
    backend.close()
    backend.close()
    with pytest.raises(RuntimeError, match="was closed; load the model again"):
        backend.encode_expression(RED_IDS)


def test_report_says_what_runs_where(model_directory: Path) -> None:
    line = OnnxBackend(model_directory, threads=1).report().line()
    assert line.startswith("backend onnx on cpu in fp32; onnxruntime 1.")
    assert "providers CPUExecutionProvider; threads 1" in line


def test_many_expressions_are_answered_in_turns_of_eight(model_directory: Path) -> None:
    backend = OnnxBackend(model_directory, threads=1)
    seen = backend.encode_image(red_image())
    colours = [backend.encode_expression(np.array([[k, 0, 0, 0, 0, 0]])) for k in (4, 5)]
    asked = [colours[place % 3 == 0] for place in range(19)]
    alone = [backend.respond(seen, [one])["logits"][0] for one in asked]
    head: Any = backend._parts[2] if backend._parts else None
    session, batches = head._session, []

    class Noting:
        def run(self, names: list[str], feeds: dict[str, Any]) -> Any:
            outputs = session.run(names, feeds)
            batches.append(len(outputs[0]))
            return outputs

    head._session = Noting()
    together = backend.respond(seen, asked)

    assert batches == [8, 8, 3]
    assert len(together["logits"]) == 19
    np.testing.assert_allclose(together["logits"], np.stack(alone), atol=1e-5)


def test_sessions_keep_their_memory_and_let_go_of_the_cores() -> None:
    options = session_options(3)
    assert options.intra_op_num_threads == 3
    assert options.enable_cpu_mem_arena
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
