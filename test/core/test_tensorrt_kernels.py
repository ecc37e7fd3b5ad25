"""Kernels that TensorRT for RTX compiled, kept for the next start, on a GPU in host memory."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from host_cuda import GPU, HostCuda, HostTensorRt

from textseg_core.runtime.tensorrt.backend import TensorRtBackend
from textseg_core.runtime.tensorrt.cache import EngineCache
from textseg_core.runtime.tensorrt.cuda import Gpu
from textseg_core.runtime.tensorrt.engines import ModelEngines
from textseg_core.runtime.tensorrt.target import target_of


def start(directory: Path, module: HostTensorRt) -> TensorRtBackend:
    tensorrt, cuda = module.bound("tensorrt_rtx"), module.cuda
    cache = EngineCache(directory / "engines")
    engines = ModelEngines(tensorrt, directory, target_of(tensorrt, cuda.gpu), cache=cache)
    return TensorRtBackend(tensorrt, engines, cuda)


def kept(directory: Path, module: HostTensorRt) -> str:
    """Start, let one image through, and return what the report says of kernels."""
    backend = start(directory, module)
    ids = np.array([[4, 0, 0, 0, 0, 0]])
    image = np.full((96, 96, 3), (255, 0, 0), np.uint8)
    answer = backend.respond(backend.encode_image(image), [backend.encode_expression(ids)])
    assert answer["presence"].tolist() == [8.0]
    said = backend.report().details["kernels kept"]
    backend.close()
    assert module.cuda.living() == len(module.engines) == 0
    return said


def made(gpu: Gpu = GPU) -> HostTensorRt:
    return HostTensorRt(HostCuda(gpu))


def test_kernels_are_compiled_once_and_then_taken(model_directory: Path) -> None:
    first, second = made(), made()

    assert kept(model_directory, first) == "0 of 6"
    assert kept(model_directory, second) == "6 of 6"
    assert (first.compiled, second.compiled) == (6, 0)
    assert (first.builds, second.builds) == (6, 0)


def test_files_of_kernels_say_so(model_directory: Path) -> None:
    kept(model_directory, made())

    names = [path.name for path in (model_directory / "engines").glob("*-kernels-*.engine")]
    assert len(names) == 6
    assert sum(name.startswith("query_head-kernels-batch4-sm86-fp32-") for name in names) == 1


@pytest.mark.parametrize("changed", [{"name": "Another GPU"}, {"driver": "2.0"}])
def test_kernels_of_another_gpu_or_driver_are_not_taken(
    model_directory: Path, changed: dict[str, str]
) -> None:
    kept(model_directory, made())
    another = made(replace(GPU, **changed))

    assert kept(model_directory, another) == "0 of 6"
    # The engine serves all GPUs of the kind.
    assert (another.builds, another.compiled) == (0, 6)


def test_a_damaged_file_is_compiled_anew_and_replaced(
    model_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept(model_directory, made())
    path = next((model_directory / "engines").glob("image_encoder-kernels-*.engine"))
    path.write_bytes(path.read_bytes()[:-1])

    with caplog.at_level(logging.WARNING):
        assert kept(model_directory, made()) == "5 of 6"
    assert f"{path}: it has 6 bytes, expected 7; it is made anew" in caplog.text
    assert kept(model_directory, made()) == "6 of 6"


def test_kernels_that_tensorrt_does_not_take_are_compiled_anew(model_directory: Path) -> None:
    old = made()
    old.kernels = b"of another CUDA"
    kept(model_directory, old)

    assert kept(model_directory, made()) == "0 of 6"
    assert kept(model_directory, made()) == "6 of 6"


def test_kernels_that_came_on_top_are_kept_too(model_directory: Path) -> None:
    kept(model_directory, made())
    more, again = made(), made()
    more.kernels = again.kernels = b"kernels and more"

    kept(model_directory, more)
    kept(model_directory, again)

    assert (more.compiled, again.compiled) == (6, 0)


def test_a_file_that_holds_all_kernels_is_left_alone(model_directory: Path) -> None:
    kept(model_directory, made())
    folder = model_directory / "engines"
    before = {path: path.stat().st_ino for path in folder.glob("*.engine")}

    kept(model_directory, made())

    assert {path: path.stat().st_ino for path in folder.glob("*.engine")} == before


def test_a_folder_that_cannot_be_written_is_told_and_does_no_harm(
    model_directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept(model_directory, made())
    for path in (model_directory / "engines").glob("*-kernels-*.engine"):
        path.unlink()

    def refuse(*_: object) -> Path:
        raise RuntimeError("the engines' folder cannot be written")

    monkeypatch.setattr(EngineCache, "store", refuse)

    assert kept(model_directory, made()) == "0 of 6"
    assert "compiled anew at every start: the engines' folder cannot be written" in caplog.text


def test_tensorrt_for_rtx_is_told_its_gpu_and_asked_for_no_timings(model_directory: Path) -> None:
    module = made()
    kept(model_directory, module)

    # NVIDIA: a cache of timings has no effect there and needs a GPU to build.
    assert module.flags == [f"workspace {1 << 30}", "tf32", "sm86 0 of 1"] * 6
