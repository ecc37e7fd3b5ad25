from pathlib import Path
from typing import Any

import pytest
from drawn_variant import write_variant

from textseg_core.config import SegmenterConfig
from textseg_core.runtime.choose import Choice, Machine, choose, this_machine
from textseg_core.runtime.machine import Gpu, is_installed, nvidia_gpus

ORIN, ADA = Gpu("Orin", "SM87"), Gpu("RTX 4090", "SM89")
CPU_ONLY = ("CPUExecutionProvider",)
CUDA = ("CUDAExecutionProvider", "CPUExecutionProvider")


def machine(*gpus: Gpu, installed: str = "", providers: tuple[str, ...] = CPU_ONLY) -> Machine:
    return Machine(gpus, frozenset(installed.split()), providers)


def chosen(on: Machine, directory: Path = Path("absent"), **settings: Any) -> Choice:
    return choose(SegmenterConfig(**settings), directory, on)


@pytest.mark.parametrize(
    ("on", "backend", "device", "reason"),
    [
        (machine(installed="tensorrt"), "onnx", "cpu", "no NVIDIA GPU is visible"),
        (machine(ORIN, installed="tensorrt tensorrt_rtx"), "tensorrt", "cuda", "for Orin (SM87)"),
        (
            machine(ADA, installed="tensorrt_rtx", providers=CUDA),
            "tensorrt_rtx",
            "cuda",
            "for RTX 4090 (SM89): tensorrt with cuda-python is not installed",
        ),
        (
            machine(ORIN, installed="tensorrt_rtx", providers=CUDA),
            "onnx",
            "cuda",
            "onnx with CUDA beside Orin (SM87): tensorrt with cuda-python is not installed; "
            "tensorrt_rtx does not run on SM87",
        ),
        (machine(ADA), "onnx", "cpu", "this ONNX Runtime has no CUDA provider"),
    ],
)
def test_auto_takes_the_fastest_that_runs_and_says_why(
    on: Machine, backend: str, device: str, reason: str
) -> None:
    choice = chosen(on)
    assert (choice.backend, choice.device, choice.automatic) == (backend, device, True)
    assert choice.reason.startswith("auto took ")
    assert reason in choice.reason


def test_auto_on_the_cpu_leaves_the_gpu_alone() -> None:
    choice = chosen(machine(ORIN, installed="tensorrt"), device="cpu")
    assert (choice.backend, choice.device) == ("onnx", "cpu")
    assert choice.reason == "auto took onnx: the setting device is cpu"


@pytest.mark.parametrize(
    ("on", "message"),
    [
        (machine(), "device 'cuda' needs an NVIDIA GPU"),
        (machine(ADA), "device 'cuda': nothing installed runs on RTX 4090: tensorrt with"),
    ],
)
def test_auto_on_a_gpu_does_not_fall_back_to_the_cpu(on: Machine, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        chosen(on, device="cuda")


@pytest.mark.parametrize("backend", ["tensorrt", "tensorrt_rtx"])
def test_a_backend_by_name_is_taken_wherever_it_is(backend: str) -> None:
    choice = chosen(machine(), backend=backend)
    assert (choice.backend, choice.device, choice.automatic) == (backend, "cuda", False)


def test_a_device_by_name_is_taken_wherever_it_is() -> None:
    choice = chosen(machine(), backend="onnx", device="cuda")
    assert (choice.backend, choice.device) == ("onnx", "cuda")


@pytest.mark.parametrize(
    ("backend", "on", "device"),
    [
        ("onnx", machine(ADA, providers=CUDA), "cuda"),
        ("onnx", machine(ADA), "cpu"),
        ("onnx", machine(providers=CUDA), "cpu"),
        ("torch", machine(ADA), "cuda"),
        ("torch", machine(), "cpu"),
    ],
)
def test_a_device_left_open_is_the_gpu_that_the_backend_can_use(
    backend: str, on: Machine, device: str
) -> None:
    choice = chosen(on, backend=backend)
    assert choice.device == device
    assert f"device auto took {device}" in choice.reason


def test_precision_left_open_is_half_on_a_gpu_only_where_files_were_measured(
    model_directory: Path,
) -> None:
    on = machine(ORIN, installed="tensorrt")
    bare = chosen(on, model_directory)
    write_variant(model_directory)
    half = chosen(on, model_directory)
    assert bare.precision == "fp32"
    assert "has no measured fp16 files" in bare.reason
    assert half.precision == "fp16"
    assert "precision auto took fp16: its files passed their gate" in half.reason
    assert chosen(machine(), model_directory).precision == "fp32"
    assert chosen(on, model_directory, backend="torch").precision == "fp32"


@pytest.mark.parametrize("backend", ["auto", "tensorrt"])
def test_precision_left_open_is_not_half_where_its_files_are_refused(
    model_directory: Path, backend: str
) -> None:
    write_variant(model_directory, iou=0.9)
    choice = chosen(machine(ORIN, installed="tensorrt"), model_directory, backend=backend)
    assert (choice.backend, choice.precision) == ("tensorrt", "fp32")
    assert "took fp32: " in choice.reason
    assert "mask IoU 0.9000 (required 0.99)" in choice.reason


def test_precision_left_open_is_not_half_where_its_gate_cannot_be_read(
    model_directory: Path,
) -> None:
    (write_variant(model_directory) / "gate.yaml").write_text("iou: 1.0", encoding="utf-8")
    choice = chosen(machine(ORIN, installed="tensorrt"), model_directory)
    assert choice.precision == "fp32"
    assert "gate.yaml: expected the keys" in choice.reason


@pytest.mark.parametrize(
    ("settings", "automatic"),
    [
        ({}, True),
        ({"precision": "fp32"}, True),
        ({"device": "cuda"}, False),
        ({"precision": "fp16"}, False),
        ({"precision": "int8"}, False),
        ({"backend": "tensorrt"}, False),
    ],
)
def test_only_what_is_left_open_may_be_replaced(settings: dict[str, str], automatic: bool) -> None:
    choice = chosen(machine(ORIN, installed="tensorrt"), **settings)
    assert choice.backend == "tensorrt"
    assert choice.automatic is automatic


def test_precision_by_name_is_taken() -> None:
    assert chosen(machine(), precision="int8").precision == "int8"


def test_settings_that_leave_nothing_open_need_no_reason() -> None:
    assert chosen(machine(), backend="onnx", device="cpu").reason == ""


def test_this_machine_has_the_cpu_provider() -> None:
    assert "CPUExecutionProvider" in this_machine().providers


def test_gpus_have_a_name_and_a_capability() -> None:
    assert all(gpu.name and gpu.capability.startswith("SM") for gpu in nvidia_gpus())


def test_modules_are_found_without_importing_them() -> None:
    assert is_installed("numpy", "json.decoder")
    assert not is_installed("numpy", "textseg_no_such_module")
    assert not is_installed("textseg_no_such_module.inner")
