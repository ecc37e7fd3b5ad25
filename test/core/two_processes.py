"""Trains two steps as one process of two, in the environment that torchrun sets."""

import sys
from pathlib import Path

import torch
from trained import command

from textseg_core.training.parallel import join_team
from textseg_core.training.run import open_run
from textseg_core.training.train import train


def main(data: Path, out: Path) -> None:
    with join_team("cpu") as team:
        run = open_run(command(data, out, "--steps", "2"), team)
        train(run)
        found = {"weights": dict(run.network.named_parameters()), "drawn": run.progress.drawn}
        torch.save(found, out.parent / f"rank_{team.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
