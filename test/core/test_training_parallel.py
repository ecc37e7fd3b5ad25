import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import two_processes
from drawn_data import write_data
from torch import nn
from trained import losses

from textseg_core.training.parallel import Team, join_team

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_a_single_process_decides_alone() -> None:
    module = nn.Linear(1, 1)
    with join_team("cpu") as team:
        assert (team.rank, team.world, team.leads) == (0, 1, True)
        assert team.wrap(module) is module
        assert team.agreed(0.25) == 0.25
        team.wait()


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch sees a CUDA device")
def test_a_missing_gpu_is_an_error() -> None:
    with (
        pytest.raises(ValueError, match="torch sees none; use --device cpu"),
        join_team("cuda"),
    ):
        pass


def test_only_the_first_process_leads() -> None:
    device = torch.device("cpu")

    assert [Team(device, rank, 2).leads for rank in range(2)] == [True, False]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_two_processes_learn_the_same_from_different_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "run"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), str(HERE))))
    for name, value in (
        ("WORLD_SIZE", 2),
        ("MASTER_ADDR", "127.0.0.1"),
        ("MASTER_PORT", free_port()),
    ):
        monkeypatch.setenv(name, str(value))
    other = subprocess.Popen(
        [sys.executable, str(HERE / "two_processes.py"), str(data), str(out)],
        env={**os.environ, "RANK": "1", "LOCAL_RANK": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    for name in ("RANK", "LOCAL_RANK"):
        monkeypatch.setenv(name, "0")
    try:
        two_processes.main(data, out)
        said = other.communicate(timeout=60)[1]
    finally:
        other.kill()

    assert other.returncode == 0, said
    first, second = (
        torch.load(tmp_path / f"rank_{rank}.pt", weights_only=True) for rank in range(2)
    )
    assert first["drawn"] == second["drawn"] == 2 * 2 * 2  # steps, scenes, processes
    assert all(torch.equal(v, second["weights"][k]) for k, v in first["weights"].items())
    assert [step for step, _ in losses(out)] == [0, 1]  # written by one of them
