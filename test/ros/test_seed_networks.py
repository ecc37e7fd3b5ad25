"""Networks of the seed papers in the running node: loaded by their name, their masks published."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from dds_peers import wait_until
from node_process import TIMEOUT_S, Process
from recording import red_block

from textseg_core.config import SegmenterConfig
from textseg_core.model_info import load_model_info
from textseg_core.models import registry
from textseg_core.runtime.export import export
from textseg_core.segmenter import Segmenter
from textseg_core.tokenizer import RESERVED

WORDS = [*RESERVED, "the", "red", "block"]
NARROW: dict[str, Any] = {
    "vocabulary_size": len(WORDS),
    "input_px": 96,
    "tokens": 6,
    "backbone": "mobilenet_v2",
    "embedding_channels": 8,
    "expression_channels": 8,
    "hidden_channels": 8,
}
NETWORKS: dict[str, dict[str, Any]] = {
    "hu2016": {},
    "rmi": {"cell_stride": 16, "visual_channels": 8},
}


@pytest.fixture(params=list(NETWORKS))
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A network with random weights, in a model directory."""
    torch.manual_seed(0)
    name = str(request.param)
    network = registry.build(name, **NARROW, **NETWORKS[name])
    export(network.eval(), WORDS, tmp_path / name)
    return tmp_path / name


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for process in started:
        process.close()


def test_a_seed_network_answers_in_the_node(exported: Path, processes: list[Process]) -> None:
    assert load_model_info(exported).name == exported.name
    response = Segmenter.load(exported).segment(red_block(), "the red block").response_map
    # Half of what an untrained network responds is foreground.
    threshold = round(float(np.median(response)), 6)
    config = SegmenterConfig(threshold=threshold)
    expected = Segmenter.load(exported, config).segment(red_block(), "the red block").mask
    assert 0.1 < expected.mean() < 0.9
    settings = [f"weights={exported}", f"threshold={threshold}"]
    process = Process("", *(word for one in settings for word in ("--set", one)))
    processes.append(process)

    masks = process.listen("mask")
    process.ask()

    assert wait_until(lambda: bool(masks), TIMEOUT_S)
    mask = np.frombuffer(masks[0].data, np.uint8).reshape(masks[0].height, masks[0].width) == 255
    assert np.array_equal(mask, expected)
    assert process.end() == (0, "")
