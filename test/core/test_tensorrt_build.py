"""Real engines by TensorRT for RTX, on a machine with no GPU, and what goes wrong with them."""

import _thread
import logging
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from textseg_core.command_line import main
from textseg_core.model_info import SHIPPED_WEIGHTS
from textseg_core.runtime.tensorrt import build_engine
from textseg_core.runtime.tensorrt.bindings import TensorRt, load_tensorrt
from textseg_core.runtime.tensorrt.build import (
    BuildCancelledError,
    BuildOrder,
    EngineBuilder,
    _complaints,
)
from textseg_core.runtime.tensorrt.cache import EngineCache
from textseg_core.runtime.tensorrt.engines import ENGINES, EngineName, ModelEngines
from textseg_core.runtime.tensorrt.progress import BuildProgress
from textseg_core.runtime.tensorrt.target import target_named

pytest.importorskip(
    "tensorrt_rtx", reason="needs TensorRT for RTX: pip install 'textseg-ros[tensorrt-rtx]'"
)


@pytest.fixture(scope="module")
def rtx() -> TensorRt:
    return load_tensorrt("tensorrt_rtx")


def order(onnx: bytes, *, name: str = "part", batch: int = 1, sm: str = "SM89") -> BuildOrder:
    return BuildOrder(name=name, onnx=onnx, batch=batch, capability=sm, tf32=False)


@pytest.mark.parametrize("sm", ["SM86", "SM89", "SM120"])
def test_engines_of_all_shipped_parts_are_built_kept_and_found_damaged(
    rtx: TensorRt, sm: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = EngineCache(tmp_path)
    engines = ModelEngines(rtx, SHIPPED_WEIGHTS, target_named(rtx, sm), cache=cache)
    builder = EngineBuilder(rtx)
    for name in (
        EngineName("image_encoder"),
        EngineName("expression_encoder"),
        EngineName("query_head", 4),
    ):
        onnx = (SHIPPED_WEIGHTS / f"{name.part}.onnx").read_bytes()
        made = order(onnx, name=str(name), batch=name.batch, sm=sm)
        key = engines.key(name)

        engine, built = cache.obtain(key, lambda made=made: builder.build(made, BuildProgress()))

        assert built
        assert engine[:4] == b"vtrt"  # TensorRT's own mark
        assert len(engine) > 1_000_000
        assert cache.load(key) == engine
        path = cache.path_of(key)
        content = bytearray(path.read_bytes())
        content[-1000] ^= 1
        path.write_bytes(content)
        assert cache.load(key) is None
        assert "it is damaged: its checksum is another" in caplog.text
        path.write_bytes(content[: len(content) // 2])
        assert cache.load(key) is None
        path.unlink()


def test_the_command_builds_every_engine_once(
    model_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["build-engine", "--model", str(model_directory), "--device", "8.6", "sm_120"]
    arguments += ["--out", str(tmp_path / "engines")]

    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert main(arguments) == 0
    second = capsys.readouterr().out

    assert f"SM86 fp32: {len(ENGINES)} engines" in first
    assert first.count("6 built in") == 2
    assert second.count("0 built in") == 2
    names = sorted(path.name for path in (tmp_path / "engines").glob("*.engine"))
    assert len(names) == 12
    assert {name.split("-sm")[0] for name in names} == {
        "expression_encoder-batch1",
        "image_encoder-batch1",
        "query_head-batch1",
        "query_head-batch2",
        "query_head-batch4",
        "query_head-batch8",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--device", "SM87"], "does not run on SM87, but on SM75, SM80, SM86, SM89, SM120"),
        (["--device", "sm89", "--model", "/nowhere"], "/nowhere/image_encoder.onnx: no such file"),
        (["--device", "sm89", "--precision", "fp16"], "fp16"),
        (["--device", "ada"], "expected a kind of GPU such as SM89 or 8.9, got 'ada'"),
    ],
)
def test_the_command_says_what_is_wrong(
    arguments: list[str], said: str, model_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "--model" not in arguments:
        arguments = [*arguments, "--model", str(model_directory)]

    assert main(["build-engine", *arguments]) == 1
    assert said in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_told(
    model_directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)

    assert main(["build-engine", "--model", str(model_directory), "--device", "SM89"]) == 1
    assert "Permission denied" in (said := capsys.readouterr().err)
    assert str(model_directory) in said


@pytest.mark.parametrize(
    ("device", "runtime", "asked"),
    [
        ("SM89", "auto", "tensorrt_rtx"),  # the one that builds for GPUs elsewhere
        ("this", "auto", "auto"),
        ("SM89", "tensorrt", "tensorrt"),  # a choice is never changed
    ],
)
def test_the_command_takes_the_bindings_that_the_device_needs(
    device: str, runtime: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    def load(flavour: str) -> TensorRt:
        loaded.append(flavour)
        raise RuntimeError("enough")

    monkeypatch.setattr(build_engine, "load_tensorrt", load)

    assert main(["build-engine", "--device", device, "--runtime", runtime]) == 1
    assert loaded == [asked]


def test_on_a_machine_without_a_gpu_the_command_asks_which(
    model_directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    assert main(["build-engine", "--model", str(model_directory)]) == 1
    said = capsys.readouterr().err
    assert "no NVIDIA GPU can be used" in said
    assert "or name the kind of GPU that the engines are for" in said


def test_ctrl_c_ends_the_command_and_keeps_what_was_finished(
    model_directory: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build = EngineBuilder.build

    def interrupted(builder: EngineBuilder, order: BuildOrder, progress: BuildProgress) -> bytes:
        if order.name == "query_head":
            raise KeyboardInterrupt
        return build(builder, order, progress)

    monkeypatch.setattr(EngineBuilder, "build", interrupted)
    arguments = ["--model", str(model_directory), "--device", "SM89", "--out", str(tmp_path)]

    assert main(["build-engine", *arguments]) == 130
    assert "finished engines are kept" in capsys.readouterr().err
    assert len(list(tmp_path.glob("*.engine"))) == 2


def test_what_is_missing_is_told_without_building(
    rtx: TensorRt, model_directory: Path, tmp_path: Path
) -> None:
    engines = ModelEngines(
        rtx, model_directory, target_named(rtx, "SM89"), cache=EngineCache(tmp_path)
    )
    assert engines.missing() == list(ENGINES)

    told: list[tuple[float, str]] = []
    engines = ModelEngines(
        rtx,
        model_directory,
        target_named(rtx, "SM89"),
        cache=EngineCache(tmp_path),
        listener=lambda share, what: told.append((share, what)),
    )
    assert [built for _, _, built in engines.obtain()] == [True] * 6
    assert engines.missing() == []
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert any(what.startswith("query_head, 4 expressions: ") for _, what in told)


def test_a_changed_file_needs_new_engines(
    rtx: TensorRt, model_directory: Path, tmp_path: Path
) -> None:
    target = target_named(rtx, "SM89")
    before = ModelEngines(rtx, model_directory, target, cache=EngineCache(tmp_path))
    path = model_directory / "query_head.onnx"
    path.write_bytes(path.read_bytes() + b"\x08\x09")  # the same version of ONNX, said again

    after = ModelEngines(rtx, model_directory, target, cache=EngineCache(tmp_path))

    changed = [name.part for name in ENGINES if before.key(name) != after.key(name)]
    assert changed == ["query_head"] * 4


@pytest.mark.parametrize("content", [b"", b"this is no ONNX"])
def test_what_is_no_onnx_is_refused_by_name(rtx: TensorRt, content: bytes) -> None:
    with pytest.raises(RuntimeError, match=r"^query_head: tensorrt_rtx 1\..* cannot build .*SM89"):
        EngineBuilder(rtx).build(order(content, name="query_head"), BuildProgress())


def test_a_file_that_transposes_uint8_is_told_to_be_exported_again(rtx: TensorRt) -> None:
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node("Cast", ["planes"], ["cells"], to=kinds.FLOAT),
        ],
        "part",
        [helper.make_tensor_value_info("image", kinds.UINT8, [1, 8, 8, 3])],
        [helper.make_tensor_value_info("cells", kinds.FLOAT, [1, 3, 8, 8])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9

    with pytest.raises(RuntimeError, match=r"UInt8.*a cast that comes first: export the model"):
        EngineBuilder(rtx).build(order(model.SerializeToString()), BuildProgress())


def test_the_parsers_first_complaint_is_told_without_the_lack_of_a_gpu() -> None:
    complaint = SimpleNamespace(
        node_name=lambda: "head/Resize",
        node_operator=lambda: "Resize",
        desc=lambda: (
            "antialias is not taken\n[checkMacros.cpp::catchCudaError::250] (no GPU)\nend"
        ),
    )
    parser = SimpleNamespace(num_errors=2, get_error=lambda index: (complaint, None)[index])

    assert _complaints(parser) == "node 'head/Resize' (Resize): antialias is not taken; end"


def test_an_unknown_kind_of_gpu_is_refused_with_those_known(
    rtx: TensorRt, model_directory: Path
) -> None:
    onnx = (model_directory / "image_encoder.onnx").read_bytes()

    with pytest.raises(RuntimeError, match="cannot build for SM90, but for SM75, SM80, SM86"):
        EngineBuilder(rtx).build(order(onnx, sm="SM90"), BuildProgress())


def test_a_build_stops_when_told_and_leaves_no_thread(rtx: TensorRt) -> None:
    onnx = (SHIPPED_WEIGHTS / "expression_encoder.onnx").read_bytes()
    progress = BuildProgress(lambda share, phase: progress.cancel())
    before = threading.active_count()

    with pytest.raises(BuildCancelledError, match="part: the build of the engine was stopped"):
        EngineBuilder(rtx).build(order(onnx), progress)
    assert threading.active_count() == before


@pytest.fixture
def ctrl_c_raises() -> Iterator[None]:
    """Python's own handler, whatever an earlier test has put in its place."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_stops_the_build_before_it_comes_out(rtx: TensorRt) -> None:
    onnx = (SHIPPED_WEIGHTS / "expression_encoder.onnx").read_bytes()
    pressed: list[str] = []

    def press(share: float, phase: str) -> None:
        if not pressed:
            _thread.interrupt_main()
        pressed.append(phase)

    progress, before = BuildProgress(press), threading.active_count()

    with pytest.raises(KeyboardInterrupt):
        EngineBuilder(rtx).build(order(onnx), progress)
    assert progress.cancelled
    assert threading.active_count() == before


def test_what_a_listener_raises_stops_the_build_and_comes_out(rtx: TensorRt) -> None:
    onnx = (SHIPPED_WEIGHTS / "expression_encoder.onnx").read_bytes()
    heard: list[str] = []

    def refuse(share: float, phase: str) -> None:
        heard.append(phase)
        raise RuntimeError("the build was called off")

    with pytest.raises(RuntimeError, match=r"^the build was called off$"):
        EngineBuilder(rtx).build(order(onnx), BuildProgress(refuse))
    assert len(heard) == 1


def test_engines_that_were_cancelled_are_not_built(
    rtx: TensorRt, model_directory: Path, tmp_path: Path
) -> None:
    cache = EngineCache(tmp_path)
    engines = ModelEngines(rtx, model_directory, target_named(rtx, "SM89"), cache=cache)
    found: Iterator[tuple[EngineName, bytes, bool]] = engines.obtain()
    next(found)
    engines.cancel()

    with pytest.raises(BuildCancelledError):
        next(found)
    assert len(engines.missing()) == 5


def test_a_build_says_how_far_it_is(
    model_directory: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        main(
            [
                *("build-engine", "--model", str(model_directory)),
                *("--device", "sm89", "--out", str(tmp_path)),
            ]
        )

    said = [record.message for record in caplog.records]
    assert "building engine 1 of 6 (image_encoder) for SM89" in said
    assert any(
        line.startswith("building engine 6 of 6 (query_head, 8 expressions): done after")
        for line in said
    )
