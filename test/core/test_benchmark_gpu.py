"""The fixed frame without a GPU, where it calls the network instead of replaying a graph."""

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the GPU benchmark runs in torch")

from textseg_core.benchmark.fixed_frame import FixedFrame, contestants  # noqa: E402
from textseg_core.benchmark.gpu import QUERIES, floor_table, main  # noqa: E402
from textseg_core.benchmark.interleave import Sample  # noqa: E402
from textseg_core.benchmark.peaks import Peaks  # noqa: E402
from textseg_core.evaluation.flops import Cost  # noqa: E402
from textseg_core.models.registry import build  # noqa: E402


def test_a_fixed_frame_answers_as_the_network_does() -> None:
    torch.manual_seed(0)
    network = build("compact", vocabulary_size=3000, input_px=64).eval()
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)

    logits = FixedFrame(network, 2, "cpu", compiled=False).answer(image)

    with torch.inference_mode():
        token_ids = torch.ones(2, network.tokens, dtype=torch.int64)
        expected = network(torch.from_numpy(image[None]), token_ids)["logits"]
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-5)


def test_whole_frames_have_the_stages_around_the_network() -> None:
    network = build("compact", vocabulary_size=3000, input_px=64).eval()
    frame = FixedFrame(network, 2, "cpu", compiled=False)

    alone, whole = (contestant.run() for contestant in contestants(frame, 2, 64))

    assert set(alone) == {"total"}
    assert set(whole) == {"preprocess", "encoder", "postprocess", "total"}


def test_the_command_runs_on_the_cpu_and_judges_nothing_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--device", "cpu", "--input-px", "64", "--no-compile", "--rounds", "1"]

    assert main([*arguments, "--turn-s", "0"]) == 0

    page = capsys.readouterr().out
    assert "float32 on cpu, no graph, not compiled" in page
    assert "| host image to masks, 16 queries |" in page
    assert "verdict" not in page
    assert "peaks measured on the device: " in page
    assert "### Network on the roofline" in page


def test_the_floor_is_the_longer_of_arithmetic_and_weights() -> None:
    cost = Cost("compact", 1.0, 9.0, 0.5, 0.25, (3_000_000, 7_000_000, 1_000_000))
    samples = [
        Sample(f"encoder + head, {count} queries", 0, {"total": 0.1 * count}) for count in QUERIES
    ]

    # 2 x (1.0 + 0.5 + 0.25) GFLOP take 0.0035 ms; 4 million weights of 2 bytes 0.008 ms.
    rows = floor_table(cost, Peaks("g", 1e15, 1e12), samples, value_bytes=2).rows
    assert rows[0][1:] == ("3.50", "8.0", "0.0080", "0.100", "8.0%")
    # 16 expressions: 2 x (1.5 + 16 x 0.25) GFLOP are the longer at a tenth of the speed.
    rows = floor_table(cost, Peaks("g", 1e14, 1e12), samples, value_bytes=2).rows
    assert rows[-1][1:] == ("11.00", "8.0", "0.1100", "1.600", "6.9%")


def test_without_torch_the_command_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "textseg_core.benchmark.fixed_frame", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)

    assert main(["--device", "cpu"]) == 1
    assert "pip install 'textseg-ros[benchmark]'" in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_the_command_ends_with_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 1
    assert "torch cannot use 'cuda' here" in capsys.readouterr().err
