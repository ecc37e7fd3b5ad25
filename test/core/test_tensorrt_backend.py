"""The TensorRT backend on a GPU in host memory, where ONNX Runtime computes (see host_cuda.py)."""

import gc
import platform
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from host_cuda import GPU, HostCuda, HostTensorRt

from textseg_core.runtime.comparison import greatest_difference
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.runtime.tensorrt import backend as backend_module
from textseg_core.runtime.tensorrt.backend import TensorRtBackend
from textseg_core.runtime.tensorrt.bindings import Flavour, TensorRt
from textseg_core.runtime.tensorrt.build import BuildCancelledError
from textseg_core.runtime.tensorrt.cache import EngineCache, EngineKey
from textseg_core.runtime.tensorrt.cuda import CudaError
from textseg_core.runtime.tensorrt.engines import ENGINES, EngineName, ModelEngines
from textseg_core.runtime.tensorrt.execution import EngineRun
from textseg_core.runtime.tensorrt.target import target_of

RED, GREEN, BLUE = 4, 5, 6
COLOURS = {RED: 0, GREEN: 1, BLUE: 2}


def start(
    directory: Path,
    cuda: HostCuda,
    module: HostTensorRt | None = None,
    *,
    graphs: bool = True,
    folder: Path | None = None,
    flavour: Flavour = "tensorrt",
) -> TensorRtBackend:
    module = HostTensorRt(cuda) if module is None else module
    tensorrt = module.bound(flavour)
    cache = EngineCache(folder or directory / "engines")
    engines = ModelEngines(tensorrt, directory, target_of(tensorrt, cuda.gpu), cache=cache)
    return TensorRtBackend(tensorrt, engines, cuda, graphs=graphs)


@pytest.fixture
def cuda() -> HostCuda:
    return HostCuda()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where most tests keep their engines: the model is the same for all."""
    return tmp_path_factory.mktemp("engines")


@pytest.fixture
def backend(model_directory: Path, cuda: HostCuda, folder: Path) -> Iterator[TensorRtBackend]:
    started = start(model_directory, cuda, folder=folder)
    yield started
    started.close()


def words(*ids: int) -> np.ndarray:
    padded = np.zeros((1, 6), np.int64)
    padded[0, : len(ids)] = ids
    return padded


def filled(colour: int) -> np.ndarray:
    image = np.zeros((96, 96, 3), np.uint8)
    image[..., COLOURS[colour]] = 255
    return image


def presences(backend: TensorRtBackend, image: np.ndarray, *ids: int) -> list[float]:
    read = [backend.encode_expression(words(one)) for one in ids]
    return [float(one) for one in backend.respond(backend.encode_image(image), read)["presence"]]


def test_answers_are_those_of_onnx_runtime(
    backend: TensorRtBackend, model_directory: Path
) -> None:
    difference = greatest_difference(
        backend, OnnxBackend(model_directory), input_px=96, tokens=6, words=9
    )

    assert difference < 1e-6


# The network: 16 (r - g - b) - 8 for "red", 8 on red and -24 on green.
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 17])
def test_any_number_of_expressions_is_answered_in_order(
    backend: TensorRtBackend, count: int
) -> None:
    asked = [(RED, GREEN, BLUE)[place % 3] for place in range(count)]

    assert presences(backend, filled(RED), *asked) == [
        8.0 if colour == RED else -24.0 for colour in asked
    ]


def test_expressions_in_a_new_order_are_not_taken_for_the_old_ones(
    backend: TensorRtBackend,
) -> None:
    red, green = (backend.encode_expression(words(one)) for one in (RED, GREEN))
    seen = backend.encode_image(filled(GREEN))

    first = backend.respond(seen, [red, green])["presence"]
    second = backend.respond(seen, [green, red])["presence"]

    assert first.tolist() == [-24.0, 8.0]
    assert second.tolist() == [8.0, -24.0]


def test_the_same_words_are_copied_once_for_many_frames(
    backend: TensorRtBackend, cuda: HostCuda
) -> None:
    read = [backend.encode_expression(words(one)) for one in (RED, GREEN)]
    backend.respond(backend.encode_image(filled(RED)), read)
    before = cuda.calls["copy"]

    backend.respond(backend.encode_image(filled(RED)), read)

    # Image to the GPU, image into the encoder, two answers back; no word.
    assert cuda.calls["copy"] - before == 4


def test_answers_belong_to_the_caller(backend: TensorRtBackend) -> None:
    read = [backend.encode_expression(words(RED))]
    first = backend.respond(backend.encode_image(filled(RED)), read)

    backend.respond(backend.encode_image(filled(GREEN)), read)

    assert first["presence"].tolist() == [8.0]
    assert first["logits"].dtype == np.float32


def test_frames_under_way_do_not_mix(backend: TensorRtBackend) -> None:
    read = [backend.encode_expression(words(RED))]
    colours = [RED, GREEN, RED, RED, GREEN, BLUE, RED]
    found, tickets = [], []

    for colour in colours:
        image = filled(colour)
        tickets.append(backend.submit(image, read))
        image[:] = 77  # the caller's array is the caller's again
        if len(tickets) == 2:
            found.append(backend.collect(tickets.pop(0))["presence"][0])
    found.append(backend.collect(tickets.pop())["presence"][0])

    assert found == [8.0 if colour == RED else -24.0 for colour in colours]


@pytest.mark.parametrize("hurried", [False, True])
def test_images_on_their_way_wait_for_each_other(
    backend: TensorRtBackend, cuda: HostCuda, hurried: bool
) -> None:
    # The stream of uploads is the second of two; it may be ahead of or behind the other.
    cuda.hurried = max(cuda.queues) if hurried else 0
    read = [backend.encode_expression(words(RED))]
    ticket = backend.submit(filled(RED), read)

    for _ in range(5):
        last = backend.encode_image(filled(GREEN))

    assert backend.collect(ticket)["presence"].tolist() == [8.0]
    assert backend.respond(last, read)["presence"].tolist() == [-24.0]


def test_respond_between_submit_and_collect_leaves_the_frame_alone(
    backend: TensorRtBackend,
) -> None:
    read = [backend.encode_expression(words(RED))]
    ticket = backend.submit(filled(RED), read)

    aside = backend.respond(backend.encode_image(filled(GREEN)), read)

    assert aside["presence"].tolist() == [-24.0]
    assert backend.collect(ticket)["presence"].tolist() == [8.0]


def test_a_third_frame_under_way_is_refused(backend: TensorRtBackend) -> None:
    read = [backend.encode_expression(words(RED))]
    for _ in range(2):
        backend.submit(filled(RED), read)

    with pytest.raises(RuntimeError, match="2 frames are under way; collect the first"):
        backend.submit(filled(RED), read)


def test_frames_are_collected_in_order_and_once(backend: TensorRtBackend) -> None:
    read = [backend.encode_expression(words(RED))]
    first, second = (backend.submit(filled(RED), read) for _ in range(2))

    with pytest.raises(ValueError, match="once each, in the order"):
        backend.collect(second)
    backend.collect(first)
    with pytest.raises(ValueError, match="once each, in the order"):
        backend.collect(first)


def test_submit_takes_no_more_expressions_than_the_largest_engine(
    backend: TensorRtBackend,
) -> None:
    read = [backend.encode_expression(words(RED))] * 9

    with pytest.raises(ValueError, match="at most 8 expressions, got 9"):
        backend.submit(filled(RED), read)


def test_an_image_that_was_overwritten_is_refused(backend: TensorRtBackend) -> None:
    read = [backend.encode_expression(words(RED))]
    old = backend.encode_image(filled(RED))
    backend.encode_image(filled(GREEN))

    with pytest.raises(ValueError, match="overwritten by a later one"):
        backend.respond(old, read)


def test_a_submitted_frame_ends_the_encoding_before_it(backend: TensorRtBackend) -> None:
    read = [backend.encode_expression(words(RED))]
    old = backend.encode_image(filled(RED))
    backend.collect(backend.submit(filled(GREEN), read))

    with pytest.raises(ValueError, match="overwritten by a later one"):
        backend.respond(old, read)


def test_encodings_of_another_backend_are_refused(
    backend: TensorRtBackend, model_directory: Path, folder: Path
) -> None:
    other = start(model_directory, HostCuda(), folder=folder)
    image, expression = (
        backend.encode_image(filled(RED)),
        backend.encode_expression(words(RED)),
    )

    with pytest.raises(ValueError, match="image that it made itself"):
        other.respond(image, [other.encode_expression(words(RED))])
    with pytest.raises(ValueError, match="expressions that it made itself"):
        other.respond(other.encode_image(filled(RED)), [expression])
    with pytest.raises(ValueError, match="at least one"):
        other.respond(other.encode_image(filled(RED)), [])


@pytest.mark.parametrize(
    "image", [np.zeros((96, 95, 3), np.uint8), np.zeros((96, 96, 3), np.float32)]
)
def test_a_wrong_image_is_refused(backend: TensorRtBackend, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"image must be uint8 \(96, 96, 3\), got"):
        backend.encode_image(image)


@pytest.mark.parametrize("ids", [np.zeros((1, 7), np.int64), np.zeros((1, 6), np.int32)])
def test_wrong_token_ids_are_refused(backend: TensorRtBackend, ids: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"token_ids must be int64 \(1, 6\), got"):
        backend.encode_expression(ids)


def test_memory_stands_still_over_many_frames_and_expressions(
    backend: TensorRtBackend, cuda: HostCuda
) -> None:
    presences(backend, filled(RED), RED, GREEN)
    before, allocated = cuda.living(), cuda.calls["allocate"]

    for _ in range(150):
        presences(backend, filled(RED), RED, GREEN)

    assert (cuda.living(), cuda.calls["allocate"]) == (before, allocated)


def test_expressions_that_stay_alive_keep_their_own_memory(backend: TensorRtBackend) -> None:
    kept = [backend.encode_expression(words((RED, GREEN)[place % 2])) for place in range(130)]
    seen = backend.encode_image(filled(RED))

    found = [backend.respond(seen, [one])["presence"][0] for one in kept]

    assert found == [8.0, -24.0] * 65


def test_close_gives_everything_back(model_directory: Path, cuda: HostCuda, folder: Path) -> None:
    backend = start(model_directory, cuda, folder=folder)
    kept = backend.encode_expression(words(RED))
    backend.submit(filled(RED), [kept])

    backend.close()
    backend.close()

    assert cuda.living() == 0
    del kept
    gc.collect()
    with pytest.raises(RuntimeError, match="was closed"):
        backend.encode_image(filled(RED))


def test_a_failed_start_gives_everything_back(model_directory: Path, cuda: HostCuda) -> None:
    import onnx

    path = model_directory / "query_head.onnx"
    model = onnx.load(path)
    for entry in model.graph.input:
        if entry.name == "cells":
            entry.name = "other"
    for node in model.graph.node:
        node.input[:] = ["other" if name == "cells" else name for name in node.input]
    onnx.save(model, path)

    with pytest.raises(RuntimeError, match=r"expected the inputs .*cells.* got .*other"):
        start(model_directory, cuda)
    assert cuda.living() == 0


def test_close_lets_go_of_every_engine(
    model_directory: Path, cuda: HostCuda, folder: Path
) -> None:
    module = HostTensorRt(cuda)
    backend = start(model_directory, cuda, module, folder=folder)
    assert len(module.engines) == 6

    backend.close()

    assert len(module.engines) == 0


@pytest.mark.parametrize("flavour", ["tensorrt", "tensorrt_rtx"])
def test_whoever_keeps_the_error_of_a_failed_start_keeps_no_engine(
    model_directory: Path, cuda: HostCuda, flavour: Flavour
) -> None:
    module = HostTensorRt(cuda)
    module.contexts = 3

    with pytest.raises(RuntimeError, match="for want of memory") as kept:
        start(model_directory, cuda, module, flavour=flavour)

    assert len(module.engines) == 0
    assert kept.tb is not None


def test_a_gpu_that_failed_is_told_once_and_the_backend_is_closed(
    model_directory: Path, folder: Path
) -> None:
    class Failing(HostCuda):
        failed = False

        def wait(self, stream: int) -> None:
            if self.failed:
                raise CudaError("cudaStreamSynchronize: cudaErrorIllegalAddress, gone")
            super().wait(stream)

    cuda = Failing()
    module = HostTensorRt(cuda)
    backend = start(model_directory, cuda, module, folder=folder)
    cuda.failed = True

    with pytest.raises(CudaError):
        backend.close()
    backend.close()
    with pytest.raises(RuntimeError, match="was closed"):
        backend.report()


def test_an_integrated_gpu_reads_the_image_where_the_host_wrote_it(
    model_directory: Path, folder: Path
) -> None:
    cuda = HostCuda(replace(GPU, integrated=True))
    backend = start(model_directory, cuda, folder=folder)
    read = [backend.encode_expression(words(RED))]
    backend.respond(backend.encode_image(filled(RED)), read)
    before = cuda.calls["copy"]

    tickets = [backend.submit(filled(colour), read) for colour in (RED, GREEN)]
    found = [backend.collect(ticket)["presence"][0] for ticket in tickets]

    assert found == [8.0, -24.0]
    # A frame: into the encoder, two answers back; none to the GPU.
    assert cuda.calls["copy"] - before == 6
    backend.close()


def test_an_integrated_gpu_has_read_an_image_before_the_next_takes_its_place(
    model_directory: Path, folder: Path
) -> None:
    backend = start(model_directory, HostCuda(replace(GPU, integrated=True)), folder=folder)
    read = [backend.encode_expression(words(RED))]
    ticket = backend.submit(filled(RED), read)

    for _ in range(5):
        backend.encode_image(filled(GREEN))

    assert backend.collect(ticket)["presence"].tolist() == [8.0]
    backend.close()


@pytest.mark.parametrize(("kind", "shape"), [("FLOAT", (-1, 4)), ("BF16", (1, 4))])
def test_an_engine_with_open_sides_or_unknown_numbers_is_refused(
    kind: str, shape: tuple[int, ...]
) -> None:
    engine = SimpleNamespace(
        num_io_tensors=1,
        get_tensor_name=lambda index: "cells",
        get_tensor_dtype=lambda name: SimpleNamespace(name=kind),
        get_tensor_shape=lambda name: shape,
        get_tensor_mode=lambda name: "in",
        create_execution_context=object,
    )
    runtime = SimpleNamespace(deserialize_cuda_engine=lambda data: engine)

    with pytest.raises(RuntimeError, match=rf"head: cells is {kind} .*expected fixed sides"):
        EngineRun(HostTensorRt(HostCuda()).bound(), runtime, b"", "head")


def test_every_engine_runs_as_a_graph_after_one_plain_run(
    backend: TensorRtBackend, cuda: HostCuda
) -> None:
    assert backend.report().details["cuda graphs"] == "yes"
    assert len(cuda.graphs) == 6
    before = cuda.calls["launch"]
    presences(backend, filled(RED), RED)
    assert cuda.calls["launch"] - before == 3


@pytest.mark.parametrize("refused", ["", "refuses_capture", "refuses_runs"])
def test_answers_are_the_same_without_graphs(
    model_directory: Path, cuda: HostCuda, folder: Path, refused: str
) -> None:
    setattr(cuda, refused or "unused", True)
    backend = start(model_directory, cuda, graphs=bool(refused), folder=folder)

    assert presences(backend, filled(GREEN), RED, GREEN) == [-24.0, 8.0]
    assert backend.report().details["cuda graphs"] == "no"
    backend.close()
    assert cuda.living() == 0


def test_a_directory_is_loaded_with_what_the_arguments_say(
    model_directory: Path, tmp_path: Path, cuda: HostCuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, asked = HostTensorRt(cuda), []

    def bindings(flavour: Flavour) -> TensorRt:
        asked.append(flavour)
        return module.bound(flavour)

    def calls(index: int) -> HostCuda:
        asked.append(index)
        return cuda

    told: list[float] = []
    monkeypatch.setattr(backend_module, "load_tensorrt", bindings)
    monkeypatch.setattr(backend_module, "Cuda", calls)

    backend = TensorRtBackend.load(
        model_directory,
        flavour="tensorrt_rtx",
        gpu=3,
        cache=tmp_path / "kept",
        graphs=False,
        listener=lambda share, what: told.append(share),
    )

    assert presences(backend, filled(RED), RED) == [8.0]
    report = backend.report()
    assert asked == ["tensorrt_rtx", 3]
    assert (report.name, report.details["cuda graphs"]) == ("tensorrt_rtx", "no")
    assert report.details["engines"] == str(tmp_path / "kept")
    assert told[-1] == 1.0
    # CUDA keeps the GPU in use per thread, and builds have threads of their own.
    assert module.built_on_gpu
    backend.close()


def test_every_thread_that_calls_uses_the_backends_gpu(
    model_directory: Path, cuda: HostCuda, folder: Path
) -> None:
    started: list[TensorRtBackend] = []
    users: list[int] = []

    def run(work: Callable[[], object]) -> None:
        cuda.users.clear()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        users.extend(cuda.users)

    run(lambda: started.append(start(model_directory, cuda, folder=folder)))
    run(lambda: started[0].encode_image(filled(RED)))
    run(lambda: started[0].encode_expression(words(RED)))
    run(started[0].close)

    assert len(users) == 4
    assert threading.get_ident() not in users


def test_the_key_of_an_engine_holds_all_that_it_depends_on(
    model_directory: Path, cuda: HostCuda
) -> None:
    tensorrt = HostTensorRt(cuda).bound()
    engines = ModelEngines(tensorrt, model_directory, target_of(tensorrt, GPU))

    assert engines.key(EngineName("query_head", 4)) == EngineKey(
        part="query_head",
        onnx_sha256=sha256((model_directory / "query_head.onnx").read_bytes()).hexdigest(),
        flavour="tensorrt",
        version="10.9.0",
        gpu="Host GPU",
        capability="SM86",
        driver="1.0",
        precision="fp32",
        shapes="batch 4",
        flags=f"strongly typed; tf32 off; workspace {1 << 30}",
        platform=f"{platform.system()} {platform.machine()}",
    )


def test_engines_are_built_once_and_then_taken_from_the_folder(
    model_directory: Path, cuda: HostCuda
) -> None:
    module = HostTensorRt(cuda)
    for built in ("6", "0"):
        backend = start(model_directory, cuda, module)
        assert backend.report().details["built now"] == built
        backend.close()
    assert module.builds == 6


def test_an_engine_that_tensorrt_does_not_take_is_built_anew(
    model_directory: Path, cuda: HostCuda
) -> None:
    module = HostTensorRt(cuda)
    module.stamp = "of another GPU"
    start(model_directory, cuda, module).close()
    module.stamp = "of this GPU"

    backend = start(model_directory, cuda, module)

    assert presences(backend, filled(RED), RED) == [8.0]
    assert module.builds == 12
    backend.close()
    start(model_directory, cuda, module).close()
    assert module.builds == 12


def test_an_engine_that_another_process_built_anew_meanwhile_is_taken(
    model_directory: Path, cuda: HostCuda
) -> None:
    module = HostTensorRt(cuda)
    tensorrt = module.bound()
    engines = ModelEngines(
        tensorrt,
        model_directory,
        target_of(tensorrt, cuda.gpu),
        cache=EngineCache(model_directory / "engines"),
    )
    name, kept, _ = next(engines.obtain())

    assert engines.rebuild(name, b"what was refused") == (kept, False)
    assert engines.rebuild(name, kept) == (kept, True)


def test_a_wait_for_another_process_is_told_and_ends_with_cancel(
    model_directory: Path, cuda: HostCuda
) -> None:
    tensorrt = HostTensorRt(cuda).bound()
    told: list[str] = []

    def listen(share: float, what: str) -> None:
        told.append(what)
        if "another process" in what:
            engines.cancel()

    engines = ModelEngines(
        tensorrt,
        model_directory,
        target_of(tensorrt, cuda.gpu),
        cache=EngineCache(model_directory / "engines"),
        listener=listen,
    )

    with (
        engines.cache.lock(engines.key(ENGINES[0])),
        pytest.raises(BuildCancelledError, match="waiting for another process was stopped"),
    ):
        next(engines.obtain())
    assert told == ["image_encoder", "image_encoder: another process builds it"]


def test_the_builder_is_told_to_compute_float32_exactly(
    model_directory: Path, cuda: HostCuda
) -> None:
    module = HostTensorRt(cuda)
    start(model_directory, cuda, module).close()

    asked = [flag for flag in module.flags if "timings" not in flag]
    assert asked == [f"workspace {1 << 30}", "tf32"] * 6


def test_timings_of_one_build_serve_the_next(model_directory: Path, cuda: HostCuda) -> None:
    module = HostTensorRt(cuda)
    start(model_directory, cuda, module).close()

    timings = [flag for flag in module.flags if "timings" in flag]
    assert timings == ["no timings yet"] + ["timings"] * 5


def test_the_report_names_gpu_versions_and_memory(backend: TensorRtBackend, folder: Path) -> None:
    report = backend.report()

    assert (report.name, report.device) == ("tensorrt", "Host GPU (SM86)")
    assert report.versions == {"tensorrt": "10.9.0", "cuda": "13.0", "driver": "1.0"}
    assert report.details["engines"] == str(folder)
    assert report.memory_bytes["vram"] == report.memory_bytes["vram for buffers"] > 0
    # Two images, one expression, and three times the answers of 15 rows of 12 x 12 cells.
    pinned = 2 * 96 * 96 * 3 + 6 * 8 + 3 * 15 * (12 * 12 + 1) * 4
    assert report.memory_bytes["pinned ram"] == pinned
