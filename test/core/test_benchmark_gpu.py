"""The fixed frame without a GPU, where it calls the network instead of replaying a graph."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the GPU benchmark runs in torch")

from textseg_core.benchmark.gpu import FixedFrame, contestants, main  # noqa: E402
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


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_the_command_ends_with_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 1
    assert "torch cannot use 'cuda' here" in capsys.readouterr().err
