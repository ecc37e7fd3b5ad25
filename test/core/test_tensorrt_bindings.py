"""Names, versions and errors of NVIDIA's bindings."""

import importlib
import logging
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import get_type_hints

import pytest
import yaml

from textseg_core.runtime.tensorrt import cuda, interface
from textseg_core.runtime.tensorrt.bindings import (
    RTX_CAPABILITIES,
    TensorRt,
    load_tensorrt,
    make_logger,
    version_of,
)
from textseg_core.runtime.tensorrt.execution import _TYPES
from textseg_core.runtime.tensorrt.interface import CLASSES, RTX_CLASSES, Bindings
from textseg_core.runtime.tensorrt.target import capability_of, target_named, target_of

NAMES: dict[str, dict[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "tensorrt_names.yaml").read_text(encoding="utf-8")
)


def members(protocol: type) -> set[str]:
    """Return what a protocol asks of a class."""
    own = set(get_type_hints(protocol)) | set(vars(protocol))
    return {name for name in own if not name.startswith("_")}


@pytest.mark.parametrize("version", NAMES)
@pytest.mark.parametrize("protocol", CLASSES)
def test_every_name_in_use_is_bound_in_tensorrt(version: str, protocol: type) -> None:
    bound = set(NAMES[version][CLASSES[protocol]].split())
    if protocol is interface.DataType:
        bound.add("name")  # pybind11 gives it to every enumeration

    assert members(protocol) - bound == set()


@pytest.mark.parametrize(("protocol", "name"), [*CLASSES.items(), *RTX_CLASSES.items()], ids=str)
def test_every_name_in_use_is_bound_in_the_installed_tensorrt_rtx(
    protocol: type, name: str
) -> None:
    found = pytest.importorskip("tensorrt_rtx", reason="tensorrt_rtx is not installed")
    for step in name.split("."):
        found = getattr(found, step)

    assert members(protocol) - set(dir(found)) == set()


@pytest.mark.parametrize("version", NAMES)
def test_every_type_of_numbers_in_use_is_one_of_tensorrt(version: str) -> None:
    assert set(_TYPES) <= set(NAMES[version]["DataType"].split())


def test_the_protocols_name_every_class_that_the_package_reaches_for() -> None:
    real = {name.split(".")[0] for name in CLASSES.values()}

    assert members(Bindings) <= real


def test_all_protocols_are_checked() -> None:
    protocols = {
        value
        for value in vars(interface).values()
        if isinstance(value, type) and value.__module__ == interface.__name__
    }

    assert protocols == {*CLASSES, *RTX_CLASSES, Bindings}


def test_every_call_of_cuda_is_bound_in_the_installed_cuda_python() -> None:
    runtime = pytest.importorskip("cuda.bindings.runtime", reason="cuda-python is not installed")

    assert [name for name in cuda.NAMES if not hasattr(runtime, name)] == []


def test_the_list_of_cuda_calls_is_that_of_the_calls() -> None:
    text = Path(cuda.__file__).read_text(encoding="utf-8")
    used = re.findall(r'_call\(\s*"(\w+)"|self\._cuda\.(\w+)', text)

    assert {"".join(pair) for pair in used} == set(cuda.NAMES)


def test_every_constant_of_cuda_exists() -> None:
    runtime = pytest.importorskip("cuda.bindings.runtime", reason="cuda-python is not installed")

    assert hasattr(runtime.cudaMemcpyKind, "cudaMemcpyDefault")
    assert hasattr(runtime.cudaStreamCaptureMode, "cudaStreamCaptureModeThreadLocal")
    for name in ("ComputeCapabilityMajor", "ComputeCapabilityMinor", "Integrated"):
        assert hasattr(runtime.cudaDeviceAttr, f"cudaDevAttr{name}")


def test_every_kind_of_gpu_named_is_one_of_the_installed_tensorrt_rtx() -> None:
    rtx = pytest.importorskip("tensorrt_rtx", reason="tensorrt_rtx is not installed")
    known = {name for name in dir(rtx.ComputeCapability) if name.startswith("SM")}

    assert known == set(RTX_CAPABILITIES)


def test_without_bindings_the_error_says_what_to_install_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> ModuleType:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", missing)

    with pytest.raises(RuntimeError) as raised:
        load_tensorrt()
    text = str(raised.value)
    assert "tensorrt is not installed; tensorrt_rtx is not installed" in text
    assert "python3-libnvinfer" in text
    assert "pip install 'textseg-ros[tensorrt-rtx]'" in text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ModuleNotFoundError("no", name="tensorrt_libs"),
            "tensorrt lacks the package 'tensorrt_libs'",
        ),
        (
            OSError("libnvinfer.so.10: cannot open shared object file"),
            r"does not load \(libnvinfer",
        ),
    ],
)
def test_broken_bindings_are_told_from_missing_ones(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def broken(name: str) -> ModuleType:
        raise error

    monkeypatch.setattr(importlib, "import_module", broken)

    with pytest.raises(RuntimeError, match=said):
        load_tensorrt("tensorrt")


def fake(version: str) -> ModuleType:
    module = ModuleType("tensorrt")
    severity = SimpleNamespace(INTERNAL_ERROR=0, ERROR=1, WARNING=2, INFO=3)
    module.__dict__.update(
        __version__=version, ILogger=type("ILogger", (), {"Severity": severity})
    )
    return module


def test_an_old_tensorrt_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", fake("8.6.1"))

    with pytest.raises(RuntimeError, match=r"tensorrt is 8\.6\.1, needed is 10\.0 or newer"):
        load_tensorrt("tensorrt")


def test_auto_takes_tensorrt_before_tensorrt_rtx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", fake("10.3.0"))
    monkeypatch.setitem(sys.modules, "tensorrt_rtx", fake("1.7.1.116"))

    assert load_tensorrt().flavour == "tensorrt"


def test_what_auto_passes_over_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", fake("8.6.2"))
    monkeypatch.setitem(sys.modules, "tensorrt_rtx", fake("1.7.1.116"))

    with caplog.at_level(logging.INFO):
        assert load_tensorrt().flavour == "tensorrt_rtx"
    assert "auto took tensorrt_rtx: tensorrt is 8.6.2, needed is 10.0" in caplog.text


def test_tensorrt_has_one_logger_however_often_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", fake("10.3.0"))

    assert load_tensorrt("tensorrt").logger is load_tensorrt("auto").logger


@pytest.mark.parametrize(
    ("written", "capability"),
    [("SM89", "SM89"), ("sm_86", "SM86"), ("8.9", "SM89"), ("12.0", "SM120"), ("sm121", "SM121")],
)
def test_kinds_of_gpu_may_be_written_as_nvidia_does(written: str, capability: str) -> None:
    assert capability_of(written) == capability


@pytest.mark.parametrize("written", ["", "ada", "8", "SM", "8.9.1", "sm8a"])
def test_what_is_no_kind_of_gpu_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="expected a kind of GPU such as SM89"):
        capability_of(written)


def test_errors_of_tensorrt_are_kept_for_the_one_who_raises(
    caplog: pytest.LogCaptureFixture,
) -> None:
    module = fake("10.3.0")
    logger = make_logger(module)

    with caplog.at_level(logging.INFO):
        logger.log(1, "first")
        logger.log(2, "warning")
        logger.log(3, "chatter")

    assert logger.errors == ["first"]
    assert [record.message for record in caplog.records] == [
        "TensorRT: first",
        "TensorRT: warning",
    ]


def flags(version: str, **known: int) -> int:
    module = SimpleNamespace(
        __version__=version, NetworkDefinitionCreationFlag=SimpleNamespace(**known)
    )
    return TensorRt("tensorrt", module, None).network_flags()  # type: ignore[arg-type]


def test_strongly_typed_networks_are_asked_for_while_there_is_a_flag() -> None:
    assert flags("10.3.0", STRONGLY_TYPED=1) == 2
    assert flags("11.1.0", STRONGLY_TYPED=1) == 2
    assert flags("12.0.0") == 0
    with pytest.raises(RuntimeError, match="no strongly typed networks"):
        flags("10.3.0")


def test_versions_are_compared_as_numbers() -> None:
    assert version_of("10.13.3.9") > version_of("10.3.0.26")
    with pytest.raises(RuntimeError, match="expected a version"):
        version_of("unknown")


def test_tensorrt_builds_for_its_own_machine_alone() -> None:
    tensorrt = TensorRt("tensorrt", fake("10.3.0"), None)  # type: ignore[arg-type]

    with pytest.raises(RuntimeError, match="for the GPU of its own machine alone"):
        target_named(tensorrt, "SM89")


def gpu(capability: str) -> cuda.Gpu:
    return cuda.Gpu(
        index=0, name="G", capability=capability, integrated=False, driver="550", cuda="12.6"
    )


def test_an_engine_of_tensorrt_is_bound_to_gpu_and_driver_one_of_rtx_to_the_kind() -> None:
    tensorrt = TensorRt("tensorrt", fake("10.3.0"), None)  # type: ignore[arg-type]
    rtx = TensorRt("tensorrt_rtx", fake("1.7.1"), None)  # type: ignore[arg-type]

    narrow, wide = target_of(tensorrt, gpu("SM87")), target_of(rtx, gpu("SM89"))

    assert (narrow.gpu, narrow.capability, narrow.driver) == ("G", "SM87", "550")
    assert (wide.gpu, wide.capability, wide.driver) == ("any", "SM89", "any")
    assert wide == target_named(rtx, "SM89")


@pytest.mark.parametrize("capability", ["SM87", "SM90"])
def test_rtx_refuses_orin_and_hopper(capability: str) -> None:
    rtx = TensorRt("tensorrt_rtx", fake("1.7.1"), None)  # type: ignore[arg-type]

    with pytest.raises(RuntimeError, match=f"does not run on {capability}.*package tensorrt"):
        target_of(rtx, gpu(capability))
