"""Shows that training can be repeated, and that a killed run goes on as if it had not been.

Command: `python -m textseg_core.training.check_repeat --config config/train_small.yaml
--data FOLDER --scenes FOLDER --out FOLDER [--steps 20]`, with the options of `train` besides; see
docs/training.md.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from textseg_core.training import train
from textseg_core.training.state import LOG_FILE, saved_step

TOLERANCE = 1e-4
RUNS = ("first", "second", "killed")
_POLL_S = 0.02
_EVERY_STEP = ("--set", "save_minutes=1e-9")  # changes nothing of what is learnt


def read_losses(folder: Path) -> dict[int, float]:
    """Return the loss of each step that a run logged; a line that is cut off does not count."""
    path = folder / LOG_FILE
    found: dict[int, float] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            noted = json.loads(line) if line.endswith("\n") else {}
            if "loss" in noted:
                found[noted["step"]] = noted["loss"]
    return found


def greatest_difference(mine: Mapping[int, float], other: Mapping[int, float]) -> float:
    """Return by how much two curves differ at most.

    Raises:
        ValueError: If they have not the same steps.
    """
    if mine.keys() != other.keys() or not mine:
        raise ValueError(f"expected the same steps, got {sorted(mine)} and {sorted(other)}")
    return max(abs(loss - other[step]) for step, loss in mine.items())


def run_and_kill(arguments: Sequence[str], out: Path, steps: int) -> int:
    """Begin a run in a process of its own, and kill it without warning halfway.

    Returns:
        The last step that it logged.

    Raises:
        RuntimeError: If it ended by itself before.
    """
    command = [sys.executable, "-m", "textseg_core.training.train", *arguments, *_EVERY_STEP]
    process = subprocess.Popen([*command, "--out", str(out)])
    try:
        while max(read_losses(out), default=-1) < steps // 2:
            if process.poll() is not None:
                raise RuntimeError(
                    f"the run to be killed ended by itself, with status {process.returncode}; "
                    "if that is 0, give more --steps"
                )
            time.sleep(_POLL_S)
    finally:
        process.kill()
        process.wait()
    return max(read_losses(out))


def report(
    curves: Mapping[str, Mapping[int, float]], killed: int, resumed: int
) -> tuple[str, bool]:
    """Return what was found as Markdown, and whether all is well.

    Args:
        curves: Losses by step of `RUNS`.
        killed: Last step before the kill.
        resumed: First step after it.
    """
    first, second, third = (curves[name] for name in RUNS)
    after = {step: loss for step, loss in third.items() if step >= resumed}
    alone = {step: loss for step, loss in first.items() if step >= resumed}
    rows = [
        ("two runs with one seed", len(first), greatest_difference(first, second)),
        (
            f"killed after step {killed}, resumed at step {resumed}, against not killed",
            len(after),
            greatest_difference(after, alone),
        ),
        ("the same with the steps before", len(third), greatest_difference(third, first)),
    ]
    lines = ["| compared | steps | greatest difference of a loss | |", "|---|---:|---:|---|"]
    for name, steps, difference in rows:
        verdict = "equal" if difference <= TOLERANCE else f"DIFFER by more than {TOLERANCE:g}"
        lines.append(f"| {name} | {steps} | {difference:.1e} | {verdict} |")
    lines += [
        "",
        "| step | first run | second run | killed and resumed |",
        "|---:|---:|---:|---:|",
    ]
    for step, loss in first.items():
        lines.append(f"| {step} | {loss:.6f} | {second[step]:.6f} | {third[step]:.6f} |")
    return "\n".join(lines) + "\n", all(row[2] <= TOLERANCE for row in rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train three times and compare; exit with status 1 if the losses differ."""
    parser = argparse.ArgumentParser(
        prog="python -m textseg_core.training.check_repeat",
        description="Train twice, kill and resume a third run, and compare the losses.",
        epilog="All other options are those of textseg_core.training.train.",
        allow_abbrev=False,
    )
    parser.add_argument("--out", type=Path, required=True, help="new folder for three runs")
    parser.add_argument("--steps", type=int, default=20)
    options, passed = parser.parse_known_args(arguments)
    folders = {name: options.out / name for name in RUNS}
    if options.steps < 4:
        sys.exit(
            f"check_repeat: expected --steps 4 or more, to kill a run between, got {options.steps}"
        )
    if any(folder.exists() for folder in folders.values()):
        sys.exit(f"check_repeat: {options.out} holds runs already; give another --out")
    given = [*passed, "--steps", str(options.steps), "--deterministic"]
    try:
        for name in RUNS[:2]:
            train.main([*given, "--out", str(folders[name])])
        killed = run_and_kill(given, folders["killed"], options.steps)
        resumed = saved_step(folders["killed"])
        train.main([*given, "--out", str(folders["killed"]), "--resume"])
        curves = {name: read_losses(folder) for name, folder in folders.items()}
        page, well = report(curves, killed, resumed)
    except (ValueError, RuntimeError) as error:
        sys.exit(f"check_repeat: {error}")
    (options.out / "repeat.md").write_text(page, encoding="utf-8")
    print(page)
    if not well:
        sys.exit("check_repeat: the losses differ")


if __name__ == "__main__":
    main()
