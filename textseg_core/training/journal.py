"""Records a run: log.jsonl with every step, TensorBoard, the progress bar and throughput."""

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from textseg_core.arrays import UInt8Array
from textseg_core.training.state import LOG_FILE, Progress, trim_log

FLUSH_STEPS = 10


class Journal:
    """Collects the losses of steps on the device and writes them now and then.

    Args:
        folder: Of the run.
        first: Step that the run, or its resumed part, begins with.
        active: False for processes that do not report; they only check the losses.
    """

    def __init__(self, folder: Path, first: int, *, active: bool) -> None:
        self._folder = folder
        self._active = active
        self._waiting: list[tuple[dict[str, Any], list[str], Tensor]] = []
        self._scenes = 0
        self._wait_s = 0.0
        self._flushed = time.monotonic()
        if active:
            folder.mkdir(parents=True, exist_ok=True)
            trim_log(folder, first)
            self._log = (folder / LOG_FILE).open("a", encoding="utf-8")
            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=first)
            self._bar = tqdm(total=1000, unit="‰", bar_format="{l_bar}{bar}{postfix}")

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._active:
            self._log.close()
            self._board.close()
            self._bar.close()

    def step(
        self,
        progress: Progress,
        done: float,
        rate: float,
        parts: dict[str, Tensor],
        *,
        scenes: int,
        wait_s: float,
    ) -> None:
        """Take note of a step; its loss stays on the device until `flush`."""
        line = {
            "step": progress.step,
            "minutes": round(progress.run_min, 3),
            "progress": round(done, 5),
            "rate": float(f"{rate:.4g}"),
        }
        values = torch.stack([value.detach().float() for value in parts.values()])
        self._waiting.append((line, list(parts), values))
        self._scenes += scenes
        self._wait_s += wait_s
        if len(self._waiting) >= FLUSH_STEPS:
            self.flush()

    def flush(self) -> None:
        """Write what waits, and make sure that all losses are numbers.

        Throughput is measured from one call to the next.

        Raises:
            RuntimeError: If a loss is infinite or no number.
        """
        if not self._waiting:
            self._flushed = time.monotonic()
            return
        values = torch.stack([losses for _, _, losses in self._waiting]).cpu()
        now = time.monotonic()
        elapsed = max(1e-9, now - self._flushed)
        speed = {
            "scenes_per_s": round(self._scenes / elapsed, 2),
            "waiting": round(self._wait_s / elapsed, 4),
        }
        lines = self._waiting
        self._waiting, self._scenes, self._wait_s, self._flushed = [], 0, 0.0, now
        for (line, names, _), losses in zip(lines, values, strict=True):
            figures = dict(zip(names, (round(v, 6) for v in losses.tolist()), strict=True))
            loss = float(losses.double().sum())
            if not torch.isfinite(losses).all():
                raise RuntimeError(
                    f"the loss is {loss} at step {line['step']} ({figures}); resume from the "
                    "last state with a lower rate, or with --set precision=fp32"
                )
            line = {**line, "loss": round(loss, 6), **figures, **speed}
            if self._active:
                self._log.write(json.dumps(line) + "\n")
        if self._active:
            self._log.flush()
            for name, value in line.items():
                if name != "step":
                    self._board.add_scalar(f"train/{name}", value, line["step"])
            self._bar.n = round(1000 * line["progress"])
            told = ("loss", "mask", "scenes_per_s", "waiting")  # not every network has a mask's
            shown = (f"{name} {line[name]:.3g}" for name in told if name in line)
            self._bar.set_postfix_str(f"step {line['step']}, " + ", ".join(shown))

    def scores(self, step: int, scores: dict[str, float], current: dict[str, float]) -> None:
        """Record a validation.

        Args:
            step: After which.
            scores: Of the averaged weights, by source.
            current: Of the weights that are being trained.
        """
        if self._active and scores:
            rounded = {name: round(value, 4) for name, value in scores.items()}
            plain = {name: round(value, 4) for name, value in current.items()}
            line = {"step": step, "validation": rounded, "validation_unaveraged": plain}
            self._log.write(json.dumps(line) + "\n")
            self._log.flush()
            for name, value in scores.items():
                self._board.add_scalar(f"validation/{name}", value, step)
            for name, value in current.items():
                self._board.add_scalar(f"validation_unaveraged/{name}", value, step)
            self._bar.write(f"step {step}: validation {rounded}, unaveraged {plain}")

    def picture(self, step: int, sheet: UInt8Array | None) -> None:
        """Keep a sheet of sample pictures."""
        if self._active and sheet is not None:
            folder = self._folder / "pictures"
            folder.mkdir(exist_ok=True)
            path = folder / f"step_{step:06d}.jpg"
            if not cv2.imwrite(str(path), sheet[..., ::-1]):
                raise RuntimeError(f"{path} could not be written")
            self._board.add_image("validation", sheet, step, dataformats="HWC")
