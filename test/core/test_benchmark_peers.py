"""The networks beside ours, made small, and our own at another size."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the peers run in torch")

from textseg_core import Segmenter
from textseg_core.benchmark import peers
from textseg_core.benchmark.interleave import interleave
from textseg_core.benchmark.lineup import clipseg_name, peer_names
from textseg_core.benchmark.resized import export_resized
from textseg_core.model_info import SHIPPED_WEIGHTS, VOCABULARY_FILE
from textseg_core.runtime.variants import CHECKPOINT_FILE

SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
SETTINGS: dict[str, Any] = {
    "text_config": SMALL,
    "vision": {**SMALL, "image_size": 64},
    "extract_layers": (0, 1),
    "projection_dim": 32,
    "reduce_dim": 16,
}


def test_clipseg_runs_in_both_runtimes_under_the_names_of_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers", reason="CLIPSeg is transformers'")
    monkeypatch.setattr(peers, "CLIPSEG_PX", 64)

    contestants = peers.clipseg(16, tmp_path, **SETTINGS)

    assert [contestant.name for contestant in contestants] == [
        clipseg_name(16, "torch"),
        clipseg_name(16, "ONNX Runtime"),
    ]
    samples = interleave(contestants, rounds=1, turn_s=0.0, pause_s=0.0)
    assert all(sample.ms["total"] > 0.0 for sample in samples)


def test_an_export_that_computes_something_else_is_refused() -> None:
    right = np.ones((1, 4, 4), np.float32)

    peers._check_alike("CLIPSeg", right[0], right + 5e-4)
    with pytest.raises(RuntimeError, match=r"CLIPSeg: torch and ONNX Runtime differ by 1\.00e-02"):
        peers._check_alike("CLIPSeg", right, right + 1e-2)
    with pytest.raises(RuntimeError, match="differ by nan"):
        peers._check_alike("CLIPSeg", right, right * np.nan)


def test_without_transformers_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)

    with pytest.raises(RuntimeError, match=r"pip install 'textseg-ros\[benchmark\]'"):
        peers.clipseg(16, tmp_path)


def test_the_names_of_all_peers() -> None:
    assert peer_names(("clipseg32", "hu2016")) == [
        "CLIPSeg ViT-B/32, 352 px, torch",
        "CLIPSeg ViT-B/32, 352 px, ONNX Runtime",
        "Hu et al. 2016 VGG-16, 512 px, torch",
    ]


def test_our_network_is_exported_at_another_size_with_the_same_words(tmp_path: Path) -> None:
    directory = export_resized("", 64, tmp_path / "small")

    segmenter = Segmenter.load(directory)
    words = [folder / VOCABULARY_FILE for folder in (directory, SHIPPED_WEIGHTS)]
    assert segmenter.model_info.input_px == 64
    assert words[0].read_text() == words[1].read_text()
    assert (directory / CHECKPOINT_FILE).is_file()
    mask = segmenter.segment(np.zeros((48, 64, 3), np.uint8), "the mug").mask
    assert mask.shape == (48, 64)
