"""One process, or several that `torchrun` started, as one team."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True, slots=True)
class Team:
    """The processes of a run.

    Attributes:
        device: Of this process.
        rank: Number of this process, 0 for the one that writes.
        world: Number of processes.
    """

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Tell whether this process writes files and reports."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return a module whose gradients are averaged over the team."""
        if self.world == 1:
            return module
        ids = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=ids)

    def agreed(self, value: float) -> float:
        """Return the leader's value: clocks differ, and all must take the same turn."""
        if self.world == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.broadcast(shared, src=0)
        return float(shared)

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self.world > 1:
            dist.barrier()


@contextmanager
def join_team(device: str | None = None) -> Iterator[Team]:
    """Join the processes that `torchrun` started, or be alone.

    Args:
        device: "cpu" or "cuda"; None for CUDA where torch sees a device.

    Raises:
        ValueError: If CUDA is asked for and torch sees no device.
    """
    sees_cuda = torch.cuda.is_available()
    kind = device or ("cuda" if sees_cuda else "cpu")
    if kind == "cuda" and not sees_cuda:
        raise ValueError("expected a CUDA device, but torch sees none; use --device cpu")
    world = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    place = torch.device("cuda", local) if kind == "cuda" else torch.device("cpu")
    if kind == "cuda":
        torch.cuda.set_device(place)
    if world == 1:
        yield Team(place)
        return
    dist.init_process_group("nccl" if kind == "cuda" else "gloo")
    try:
        yield Team(place, dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
