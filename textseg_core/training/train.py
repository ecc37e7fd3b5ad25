"""Trains a network: one loop, the same on a CPU core, a GPU and many of them under `torchrun`.

Command: `python -m textseg_core.training.train --config config/train.yaml --data FOLDER
--scenes FOLDER --out FOLDER`; see docs/training.md.
"""

import os
import signal
import sys
import time
from collections.abc import Callable

import cv2
import torch
from torch import nn

from textseg_core.training.augment import prepare
from textseg_core.training.command import parse_command
from textseg_core.training.journal import Journal
from textseg_core.training.parallel import Team, join_team
from textseg_core.training.recipe import whole_loss
from textseg_core.training.run import Run, open_run
from textseg_core.training.schedule import Clock, progress_of
from textseg_core.training.weights import update_average


def train(run: Run, stopped: Callable[[], bool] = lambda: False) -> bool:
    """Train until the run, or its part, is over; tell whether the run is.

    Args:
        run: Left where the training ended; all of it is on disk then.
        stopped: Asked before every step; once True, the part ends cleanly.

    Raises:
        RuntimeError: If a loss is no finite number.
    """
    settings, team, progress = run.command.settings, run.team, run.progress
    clock = Clock(progress.run_min, settings.clock)
    saved = checked = progress.run_min
    bf16 = settings.precision == "bf16"
    with Journal(run.command.out, progress.step, active=team.leads) as journal:
        while True:
            losses, batches = run.begin_stage()
            while True:
                ends = stopped() or clock.part_min >= (settings.part_minutes or float("inf"))
                progress.run_min = team.agreed(clock.run_min)
                ends = team.agreed(ends) > 0
                done = progress_of(
                    progress.step,
                    progress.run_min,
                    steps=settings.steps,
                    minutes=settings.minutes,
                )
                if ends or done >= 1.0 or settings.stage_at(done) != progress.stage:
                    break
                for group in run.optimiser.param_groups:
                    group["lr"] = group["top"] * run.recipe.rate_share(done)

                began = time.monotonic()
                drawn = next(batches)
                wait_s = time.monotonic() - began
                generator = seed_step(settings.seed, progress.step, team)
                on_device = {
                    name: value.to(team.device, non_blocking=True) for name, value in drawn.items()
                }
                batch = prepare(on_device, generator)
                with torch.autocast(team.device.type, torch.bfloat16, enabled=bf16):
                    parts = losses(batch)
                run.optimiser.zero_grad(set_to_none=True)
                whole_loss(parts).backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(run.network.parameters(), settings.clip)
                run.optimiser.step()
                update_average(run.average, run.network, progress.step, settings.average)

                scenes = run.stage.batch * team.world
                rate = settings.rate * run.recipe.rate_share(done)
                journal.step(progress, done, rate, parts, scenes=scenes, wait_s=wait_s)
                progress.step += 1
                progress.drawn += scenes
                if progress.run_min - checked >= settings.validate_minutes:
                    run.keep(journal, check=True)
                    saved = checked = progress.run_min
                elif progress.run_min - saved >= settings.save_minutes:
                    run.keep(journal, check=False)
                    saved = progress.run_min
            del batches  # ends its workers
            run.keep(journal, check=not ends or done >= 1.0)
            if ends or done >= 1.0:
                return done >= 1.0
            run.next_stage()


def seed_step(seed: int, step: int, team: Team) -> torch.Generator:
    """Make the randomness of a step follow from the run's seed and the step alone.

    Returns:
        A generator for the augmentation on the device; dropout takes torch's own.
    """
    mixed = ((seed * 1_000_003 + step) * 4_099 + team.rank) % 2**63
    torch.manual_seed(mixed)
    return torch.Generator(team.device).manual_seed(mixed)


def set_determinism() -> None:
    """Make torch give the same numbers twice, or refuse what it cannot."""
    # cuBLAS reads it when it starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False


def main(arguments: list[str] | None = None) -> None:
    """Train as the command line asks; an error in it ends with one line."""
    interrupts: list[int] = []
    try:
        command = parse_command(arguments)
        # Before workers are forked: OpenCV's own threads would not live on in them, and the
        # first call there would wait for them for ever. The training needs the cores anyway.
        cv2.setNumThreads(1)
        if command.threads:
            torch.set_num_threads(command.threads)
        if command.deterministic:
            set_determinism()
        else:
            torch.backends.cudnn.benchmark = True
        with join_team(command.device) as team:
            run = open_run(command, team)
            if team.leads:
                counts = ", ".join(f"{n} {name}" for name, n in run.sources.counts.items())
                print(f"{counts}; {len(run.words)} words; {team.world} x {team.device}")
            earlier = {
                name: signal.signal(name, lambda number, _: interrupts.append(number))
                for name in (signal.SIGINT, signal.SIGTERM)
            }
            try:
                finished = train(run, lambda: bool(interrupts))
            finally:
                for name, handler in earlier.items():
                    signal.signal(name, handler)
    except ValueError as error:
        sys.exit(f"train: {error}")
    if team.leads:
        how = "is finished" if finished else "goes on with --resume"
        print(f"step {run.progress.step}: the run {how}; weights are in {command.out}")


if __name__ == "__main__":
    main()
