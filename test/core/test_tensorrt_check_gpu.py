"""The checks that a GPU is to run, on a GPU in host memory (see host_cuda.py)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from host_cuda import HostCuda, HostTensorRt

from textseg_core.command_line import main
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.runtime.tensorrt import gpu_checks
from textseg_core.runtime.tensorrt.backend import TensorRtBackend
from textseg_core.runtime.tensorrt.bindings import FLAVOURS, Flavour
from textseg_core.runtime.tensorrt.cache import EngineCache, EngineKey
from textseg_core.runtime.tensorrt.check_gpu import run_checks
from textseg_core.runtime.tensorrt.engines import ModelEngines
from textseg_core.runtime.tensorrt.gpu_checks import CHECKS, Setting
from textseg_core.runtime.tensorrt.handles import ExpressionHandle
from textseg_core.runtime.tensorrt.kernels import KeptKernels
from textseg_core.runtime.tensorrt.target import target_of
from textseg_core.runtime.tensorrt.wiring import Wiring


@pytest.fixture
def checked(model_directory: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """`checked(cuda)` or `checked(cuda, flavour)`: the names of the checks that fail."""

    def check(cuda: HostCuda, flavour: Flavour = "tensorrt") -> list[str]:
        module = HostTensorRt(cuda)

        def start(graphs: bool) -> TensorRtBackend:
            tensorrt, cache = module.bound(flavour), EngineCache(tmp_path / "engines")
            target = target_of(tensorrt, cuda.gpu)
            engines = ModelEngines(tensorrt, model_directory, target, cache=cache)
            return TensorRtBackend(tensorrt, engines, cuda, graphs=graphs)

        results = run_checks(
            Setting(
                start=start,
                reference=OnnxBackend(model_directory),
                input_px=96,
                tokens=6,
                words=9,
                precision="fp32",
                frames=40,
                folder=tmp_path / "engines",
            )
        )
        assert len(results) == len(CHECKS)
        return [name for name, passed, _ in results if not passed]

    return check


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_all_checks_pass_where_all_is_well(
    checked: Callable[..., list[str]], flavour: Flavour
) -> None:
    assert checked(HostCuda(), flavour) == []


def test_an_engine_that_is_built_at_every_start_is_noticed(
    checked: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = EngineCache.load

    def forget_one(cache: EngineCache, key: EngineKey) -> bytes | None:
        return None if key.part == "expression_encoder" else load(cache, key)

    monkeypatch.setattr(EngineCache, "load", forget_one)

    assert checked(HostCuda()) == ["kept_engines"]


def test_answers_in_a_wrong_order_are_noticed(
    checked: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    respond = Wiring.respond

    def turned(wiring: Wiring, expressions: list[ExpressionHandle], place: int) -> int:
        return respond(wiring, expressions[::-1], place)

    monkeypatch.setattr(Wiring, "respond", turned)

    assert {"parity", "batches"} <= set(checked(HostCuda()))


def test_kernels_that_are_not_kept_are_noticed(
    checked: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeptKernels, "keep", lambda kernels: None)

    assert checked(HostCuda(), "tensorrt_rtx") == ["kernels"]


def test_missing_graphs_are_noticed(checked: Callable[..., list[str]]) -> None:
    cuda = HostCuda()
    cuda.refuses_capture = True

    assert checked(cuda) == ["graphs"]


class Leaking(HostCuda):
    """Frees nothing, and takes more with every event that is put into a stream."""

    def free(self, address: int) -> None:
        pass

    def record(self, event: int, stream: int) -> None:
        super().record(event, stream)
        self.allocate(20_000)


def test_leaks_are_noticed(
    checked: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_checks, "SLACK_BYTES", 0)

    assert checked(Leaking()) == ["memory", "unload"]


class Hasty(HostCuda):
    """Does not keep the order of streams: nobody waits for the upload of an image."""

    def stream_waits(self, stream: int, event: int) -> None:
        pass


def test_a_missing_wait_is_noticed(checked: Callable[..., list[str]]) -> None:
    assert {"parity", "frames"} <= set(checked(Hasty()))


def test_without_a_gpu_the_command_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorrt_rtx", reason="tensorrt_rtx is not installed")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    assert main(["check-gpu"]) == 1
    assert "no NVIDIA GPU can be used" in capsys.readouterr().err
