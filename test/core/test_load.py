import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from textseg_core.config import SegmenterConfig
from textseg_core.runtime.load import load_backend
from textseg_core.runtime.machine import nvidia_gpus
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
def test_tensorrt_by_name_without_a_gpu_is_an_error(model_directory: Path) -> None:
    config = SegmenterConfig(backend="tensorrt", wait_for_engines=True)
    with pytest.raises(RuntimeError):
        load_backend(config, model_directory)


@WITHOUT_GPU
def test_tensorrt_by_name_that_fails_is_an_error_at_the_next_image(model_directory: Path) -> None:
    backend, reason = load_backend(SegmenterConfig(backend="tensorrt"), model_directory)
    assert reason == "" or "precision auto" in reason
    backend.wait(60.0)  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="the backend could not be built: "):
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
