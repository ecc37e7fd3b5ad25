"""`textseg doctor` names each fault of a machine that is planted for real, and what to do."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from doctored import fault, look

from textseg_core.command_line import main
from textseg_core.model_info import SHIPPED_WEIGHTS
from textseg_core.runtime.machine import nvidia_gpus
from textseg_core.runtime.tensorrt.cache import EngineKey, pack
from textseg_ros.doctor.examine import CHECKS
from textseg_ros.doctor.finding import Surroundings
from textseg_ros.doctor.listening import Ear
from textseg_ros.settings import NodeSettings

KEY = EngineKey(
    part="query_head",
    onnx_sha256="0" * 64,
    flavour="tensorrt",
    version="9.1.0",
    gpu="any",
    capability="SM89",
    driver="any",
    precision="fp32",
    shapes="batch 1",
    flags="",
    platform="Linux x86_64",
)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED_WEIGHTS, tmp_path / "weights"))


def test_a_healthy_machine_has_nothing_broken(capsys: pytest.CaptureFixture[str]) -> None:
    quick = [name for name in CHECKS if name not in ("camera", "packages")]
    only = [word for name in quick for word in ("--only", name)]

    status = main(["doctor", *only])

    told = capsys.readouterr().out
    assert status == 0, told
    assert "nothing is broken" in told
    assert told.split()[:2] == ["ok", "python"]


def test_packages_are_imported_and_their_versions_said() -> None:
    findings = look("packages", os.environ)

    assert {finding.verdict for finding in findings} == {"ok"}
    assert findings[0].found == f"numpy {np.__version__}"


def test_faults_are_named_on_the_command_line_with_exit_status_1(
    weights: Path, tmp_path: Path
) -> None:
    (weights / "query_head.onnx").write_bytes(b"damaged")
    (tmp_path / "file").write_text("")
    planted = {
        "TEXTSEG_CACHE": str(tmp_path / "file" / "engines"),
        "RMW_IMPLEMENTATION": "rmw_fastdds",
        "ROS_DOMAIN_ID": "300",
        "CYCLONEDDS_URI": "<CycloneDDS><Domain>",
    }
    checks = ["weights", "cache", "rmw", "domain", "cyclonedds", "python"]
    only = [word for name in checks for word in ("--only", name)]
    command = [sys.executable, "-m", "textseg_core", "doctor", "--json", *only]

    ran = subprocess.run(
        [*command, "--set", f"weights={weights}"],
        capture_output=True,
        text=True,
        env=os.environ | planted,
        check=False,
    )

    assert ran.returncode == 1, ran.stderr
    told = json.loads(ran.stdout)
    assert told["broken"] == 5
    verdicts = {one["check"]: one["verdict"] for one in told["findings"]}
    assert verdicts.pop("python") == "ok"
    assert set(verdicts.values()) == {"broken"}


def test_one_flipped_bit_in_the_weights_is_found(weights: Path) -> None:
    file = weights / "image_encoder.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    found = fault("weights", assignments=[f"weights={weights}"])

    assert f"{file} is damaged" in found.found


@pytest.mark.parametrize(
    ("check", "name", "said"),
    [
        ("weights", "query_head.onnx", "no such file"),
        ("weights", "model.yaml", "holds no model.yaml"),
        ("vocabulary", "vocabulary.txt", "does not exist"),
        ("answer", "image_encoder.onnx", "does not load"),
    ],
)
def test_a_missing_file_of_the_model_is_named(
    weights: Path, check: str, name: str, said: str
) -> None:
    (weights / name).unlink()

    assert said in fault(check, assignments=[f"weights={weights}"]).found


def test_a_vocabulary_with_a_word_twice_is_refused(weights: Path) -> None:
    words = (weights / "vocabulary.txt").read_text(encoding="utf-8")
    (weights / "vocabulary.txt").write_text(f"{words}the\n", encoding="utf-8")

    assert "vocabulary.txt" in fault("vocabulary", assignments=[f"weights={weights}"]).found


def test_the_doctor_listens_where_the_node_would() -> None:
    given = Surroundings(
        environment={}, camera="/rgb/image", depth="/ir/image", remaps=["/clock:=/sim/clock"]
    )
    ear = Ear(given, NodeSettings(cameras=("left", "right"), info_qos="reliable"))

    keys = ("image", "camera_info", "depth", "depth_info")
    heard = [ear.names[f"left/{key}"] for key in keys]
    assert heard == ["/rgb/image", "/rgb/camera_info", "/ir/image", "/ir/camera_info"]
    assert ear.clock == "/sim/clock"
    assert [ear.reliable(f"left/{key}") for key in keys] == [False, True, False, True]
    assert (ear.reliable("left/click"), ear.reliable("query")) == (True, True)


def test_a_parameter_that_does_not_exist_is_named(tmp_path: Path) -> None:
    (tmp_path / "node.yaml").write_text("/**:\n  ros__parameters:\n    speed: 3\n")

    found = fault("settings", params_file=tmp_path / "node.yaml")

    assert "unknown parameter 'speed'" in found.found


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "engines"

    assert "cannot be written" in fault("cache", {"TEXTSEG_CACHE": str(place)}).found
    assert "cannot be written" in fault("cache", assignments=[f"engine_cache={place}"]).found


def test_a_disk_without_room_is_named(tmp_path: Path) -> None:
    there = shutil.disk_usage(tmp_path).free

    found = fault("cache", {"TEXTSEG_CACHE": str(tmp_path)}, cache_bytes=2 * there)

    assert "engines may need" in found.found
    assert list(tmp_path.iterdir()) == []


def test_damaged_engines_and_those_of_another_tensorrt_are_told_apart(tmp_path: Path) -> None:
    module = tmp_path / "python" / "tensorrt"
    module.mkdir(parents=True)
    (module / "__init__.py").write_text("__version__ = '10.3.0'\n")
    engines = tmp_path / "engines"
    engines.mkdir()
    (engines / "old.engine").write_bytes(pack(KEY, b"engine"))
    new = dataclasses.replace(KEY, version="10.3.0")
    (engines / "new.engine").write_bytes(pack(new, b"engine"))
    (engines / "half.engine").write_bytes(pack(new, b"engine")[:-2])
    environment = {"TEXTSEG_CACHE": str(engines), "PYTHONPATH": str(module.parent)}

    findings = look("tensorrt", os.environ | environment)

    told = {finding.verdict: finding.found for finding in findings[-3:]}
    assert "half.engine cannot be used: it has 4 bytes, expected 6" in told["broken"]
    assert "1 engines" in told["note"]
    assert "tensorrt 9.1.0, which is not the one installed" in told["note"]
    assert told["ok"].startswith("1 engines")


def test_a_tensorrt_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    (tmp_path / "tensorrt").mkdir()
    text = "raise ImportError('libnvinfer.so.10: cannot open shared object file')\n"
    (tmp_path / "tensorrt" / "__init__.py").write_text(text)

    found = fault("tensorrt", os.environ | {"PYTHONPATH": str(tmp_path)})

    assert "libnvinfer.so.10" in found.found
    assert "JetPack" in found.do


@pytest.mark.skipif(bool(nvidia_gpus()), reason="this machine has a GPU")
def test_a_gpu_that_is_asked_for_and_not_there_is_named() -> None:
    assert "device is 'cuda'" in fault("gpu", assignments=["device=cuda"]).found
    (hidden,) = look("gpu", {"CUDA_VISIBLE_DEVICES": "-1"})
    assert (hidden.verdict, "CUDA_VISIBLE_DEVICES" in hidden.do) == ("note", True)


def test_packages_that_are_old_broken_or_crash_are_each_named(tmp_path: Path) -> None:
    modules = {
        "numpy": "__version__ = '1.20.3'",
        "cv2": "raise ImportError('libGL.so.1: cannot open shared object file')",
        "onnxruntime": "import os; os.abort()",
        "PIL": "raise ModuleNotFoundError(\"No module named 'PIL'\", name='PIL')",
        "yaml": "__version__ = '6.0.2'; print('hello')",
    }
    for name, text in modules.items():
        (tmp_path / f"{name}.py").write_text(f"{text}\n")

    findings = look("packages", os.environ | {"PYTHONPATH": str(tmp_path)})

    told = dict(zip(modules, findings, strict=False))
    assert [told[name].verdict for name in modules] == [*["broken"] * 4, "ok"]
    assert "1.20.3" in told["numpy"].found
    assert "numpy>=1.24" in told["numpy"].do
    assert "opencv-python-headless" in told["cv2"].do
    assert "SIGABRT" in told["onnxruntime"].found
    assert "pip install 'pillow>=10.1'" in told["PIL"].do


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PYTHONPATH": "/opt/ros/old/lib/python3.8/site-packages"}, "of Python 3.8"),
        (
            {"AMENT_PREFIX_PATH": "/opt/ros/humble:/opt/ros/jazzy", "ROS_DISTRO": "jazzy"},
            "humble and jazzy are sourced together",
        ),
        ({"AMENT_PREFIX_PATH": "/nowhere/install"}, "which does not exist"),
    ],
)
def test_mixed_up_installations_are_named(environment: dict[str, str], said: str) -> None:
    found = [one for one in look("paths", environment) if one.verdict == "broken"]

    assert said in found[0].found
    assert "shell" in found[0].do


def test_the_receive_buffers_are_those_of_the_kernel() -> None:
    bytes_ = int(Path("/proc/sys/net/core/rmem_max").read_text())

    (found,) = look("buffers")

    assert found.verdict == ("ok" if bytes_ >= 8_388_608 else "note")
    assert f"{bytes_ / 1e6:.1f} MB" in found.found


def test_a_clock_before_the_making_of_the_program_is_named() -> None:
    found = fault("clock", now_s=lambda: 1e9)

    assert "2001-09-09" in found.found


def test_a_check_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textseg_ros.doctor.clock.datetime", None)

    (found,) = look("clock")

    assert found.verdict == "broken"
    assert "the check itself failed: AttributeError" in found.found
