import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_variant import write_variant

from textseg_core.config import SegmenterConfig
from textseg_core.runtime.load import load_backend
from textseg_core.runtime.machine import Gpu, is_installed, nvidia_gpus
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.segmenter import Segmenter

WITHOUT_GPU = pytest.mark.skipif(bool(nvidia_gpus()), reason="this machine has a GPU")


def test_auto_says_in_the_log_and_in_the_report_what_it_took_and_why(
    model_directory: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textseg_core.runtime.choose.nvidia_gpus", lambda: ())
    with caplog.at_level(logging.INFO, logger="textseg_core"):
        segmenter = Segmenter.load(model_directory)
    assert len(caplog.records) == 1
    assert "auto took onnx on the cpu: no NVIDIA GPU is visible" in caplog.text
    assert "backend onnx on cpu in fp32" in caplog.text
    assert segmenter.report().reason == "auto took onnx on the cpu: no NVIDIA GPU is visible"


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_provider_that_is_not_there_is_an_error_and_no_fallback(
    model_directory: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "textseg_core.runtime.onnx_session.available_providers", lambda: ["CPUExecutionProvider"]
    )
    config = SegmenterConfig(backend="onnx", device=device)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match=f"device '{device}' needs ONNX Runtime with .*-gpu in"):
        load_backend(config, model_directory)


@WITHOUT_GPU
def test_a_provider_whose_libraries_do_not_load_is_an_error(
    model_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # ONNX Runtime drops such a provider with a message and goes on without it.
    monkeypatch.setattr("textseg_core.runtime.onnx_session.check_provider", lambda device: None)
    message = "could not start CUDAExecutionProvider, only "
    with (
        pytest.warns(UserWarning, match="Specified provider"),
        pytest.raises(RuntimeError, match=message),
    ):
        OnnxBackend(model_directory, device="cuda")


def test_outputs_may_stay_on_the_device_between_the_parts(model_directory: Path) -> None:
    backend = OnnxBackend(model_directory, threads=1)
    plain = backend.respond(
        backend.encode_image(np.full((96, 96, 3), 200, np.uint8)),
        [backend.encode_expression(np.array([[index, 0, 0, 0, 0, 0]])) for index in (4, 5)],
    )
    backend._memory = "cpu"  # the path of a GPU, on the host
    bound = backend.respond(
        backend.encode_image(np.full((96, 96, 3), 200, np.uint8)),
        [backend.encode_expression(np.array([[index, 0, 0, 0, 0, 0]])) for index in (4, 5)],
    )
    np.testing.assert_array_equal(bound["logits"], plain["logits"])


@WITHOUT_GPU
@pytest.mark.parametrize("wait", [True, False])
def test_tensorrt_by_name_without_a_gpu_is_an_error_before_anything_else_answers(
    model_directory: Path, monkeypatch: pytest.MonkeyPatch, wait: bool
) -> None:
    monkeypatch.setattr("textseg_core.runtime.load.load_tensorrt", lambda flavour: None)
    monkeypatch.setattr("textseg_core.runtime.load.is_installed", lambda *names: True)
    config = SegmenterConfig(backend="tensorrt", wait_for_engines=wait)
    with pytest.raises(RuntimeError, match=r"backend 'tensorrt' needs an NVIDIA GPU.*nvidia-smi"):
        load_backend(config, model_directory)


@pytest.mark.skipif(is_installed("tensorrt"), reason="TensorRT is installed")
def test_tensorrt_by_name_that_is_not_installed_says_how(model_directory: Path) -> None:
    with pytest.raises(RuntimeError, match=r"tensorrt is not installed. Install TensorRT 10"):
        load_backend(SegmenterConfig(backend="tensorrt"), model_directory)


def test_tensorrt_by_name_without_cuda_python_says_how(
    model_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textseg_core.runtime.load.load_tensorrt", lambda flavour: None)
    monkeypatch.setattr("textseg_core.runtime.load.is_installed", lambda *names: False)
    with pytest.raises(RuntimeError, match=r"needs cuda-python: .*pip install 'cuda-python"):
        load_backend(SegmenterConfig(backend="tensorrt"), model_directory)


@pytest.fixture
def with_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that seems to have a GPU and CUDA in ONNX Runtime, but starts neither."""
    monkeypatch.setattr("textseg_core.runtime.choose.nvidia_gpus", lambda: (Gpu("Ada", "SM89"),))
    monkeypatch.setattr("textseg_core.runtime.choose.is_installed", lambda *names: False)
    monkeypatch.setattr(
        "textseg_core.runtime.choose.available_providers",
        lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
    )


@WITHOUT_GPU
def test_cuda_that_auto_took_and_that_does_not_start_leaves_the_cpu_and_says_so(
    model_directory: Path, with_gpu: None, caplog: pytest.LogCaptureFixture
) -> None:
    segmenter = Segmenter.load(model_directory)
    report = segmenter.report()
    assert (report.device, report.precision) == ("cpu", "fp32")
    assert "auto took onnx with CUDA beside Ada (SM89)" in report.reason
    assert "it failed, so onnx on the cpu answers: device 'cuda' needs" in report.reason
    assert [record.levelname for record in caplog.records][:1] == ["WARNING"]


@WITHOUT_GPU
@pytest.mark.parametrize("named", [{"device": "cuda"}, {"precision": "fp16"}])
def test_cuda_that_does_not_start_is_an_error_where_something_was_named(
    model_directory: Path, with_gpu: None, named: dict[str, Any]
) -> None:
    write_variant(model_directory)
    with pytest.raises(RuntimeError, match="device 'cuda' needs ONNX Runtime with CUDA"):
        load_backend(SegmenterConfig(**named), model_directory)


@pytest.fixture
def failing_tensorrt(with_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which TensorRT seems to run, but no engine can be built."""
    from textseg_core.runtime.tensorrt.backend import TensorRtBackend

    def load(*_: Any, **__: Any) -> None:
        raise RuntimeError("no memory for engines")

    monkeypatch.setattr("textseg_core.runtime.choose.is_installed", lambda *names: True)
    monkeypatch.setattr(TensorRtBackend, "load", load)
    monkeypatch.setattr("textseg_core.runtime.load._check_tensorrt", lambda *_: None)


@pytest.mark.parametrize("wait", [True, False])
def test_tensorrt_that_auto_took_and_that_fails_leaves_the_cpu_and_says_so(
    model_directory: Path,
    failing_tensorrt: None,
    caplog: pytest.LogCaptureFixture,
    wait: bool,
) -> None:
    segmenter = Segmenter.load(model_directory, SegmenterConfig(wait_for_engines=wait))
    if not wait:
        segmenter._backend.wait(60.0)  # type: ignore[attr-defined]
    segmenter.segment(np.zeros((96, 96, 3), np.uint8), "red")
    report = segmenter.report()
    assert (report.name, report.device) == ("onnx", "cpu")
    assert report.reason.startswith("auto took tensorrt for Ada (SM89); ")
    assert report.reason.endswith(": no memory for engines")
    assert any("no memory" in r.message and r.levelname == "WARNING" for r in caplog.records)
    segmenter.close()


@pytest.mark.parametrize(
    "named", [{"backend": "tensorrt"}, {"device": "cuda"}, {"precision": "fp16"}]
)
def test_tensorrt_that_fails_is_an_error_where_something_was_named(
    model_directory: Path, failing_tensorrt: None, named: dict[str, Any]
) -> None:
    write_variant(model_directory)
    with pytest.raises(RuntimeError, match="no memory for engines"):
        load_backend(SegmenterConfig(**named, wait_for_engines=True), model_directory)
    backend, _ = load_backend(SegmenterConfig(**named), model_directory)
    backend.wait(60.0)  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="could not be built: no memory for engines"):
        backend.encode_image(np.zeros((96, 96, 3), np.uint8))
    backend.close()


def test_a_closed_segmenter_says_so(model_directory: Path) -> None:
    segmenter = Segmenter.load(model_directory)
    segmenter.close()
    with pytest.raises(RuntimeError, match="was closed"):
        segmenter.segment(np.zeros((96, 96, 3), np.uint8), "red")


def test_importing_the_package_loads_no_runtime() -> None:
    code = (
        "import sys, textseg_core; "
        "print([name for name in ('torch', 'onnx', 'onnxruntime', 'tensorrt_rtx', 'cuda') "
        "if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
