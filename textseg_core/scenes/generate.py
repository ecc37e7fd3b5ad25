"""Generates a folder of rendered tabletop scenes.

Command: `python -m textseg_core.scenes.generate --out FOLDER --scenes N --split train`.
A scene is drawn by its own generator, seeded with the seed and its number, so the result does
not depend on the number of workers, and an interrupted run goes on where it stopped.
"""

import argparse
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from textseg_core.scenes.cache import (
    SETTINGS_FILE,
    is_complete,
    read_settings,
    save_view,
    view_stem,
    write_atomically,
)
from textseg_core.scenes.generator import GenerateSettings, SceneGenerator
from textseg_core.scenes.packs import load_pack
from textseg_core.scenes.stock import Stock


def _stems(out: Path, number: int, views: int) -> list[Path]:
    return [view_stem(out, number, view) for view in range(views)]


_worker: dict[str, Any] = {}


def _start_worker(settings: GenerateSettings, out: Path) -> None:
    os.environ.setdefault("LP_NUM_THREADS", "1")  # of Mesa's software renderer
    _worker["settings"], _worker["out"] = settings, out


def _start_process(settings: GenerateSettings, out: Path) -> None:
    # The parent hears Ctrl-C too, and ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _start_worker(settings, out)


def _make(number: int) -> int:
    if "generator" not in _worker:
        # Not at the start of a worker: a pool starts failing ones again and again.
        _worker["generator"] = SceneGenerator(_worker["settings"])
    generator: SceneGenerator = _worker["generator"]
    stems = _stems(_worker["out"], number, _worker["settings"].views)
    for scene, stem in zip(generator.scene(number), stems, strict=True):
        save_view(scene, stem)
    return number


def generate(out: Path, scenes: int, settings: GenerateSettings, workers: int = 1) -> int:
    """Write `scenes` scenes to a folder, keeping those that are there; return the new ones.

    Raises:
        ValueError: If the folder holds scenes of other settings, or a source is damaged.
        RuntimeError: If offscreen OpenGL cannot start.
    """
    wanted: dict[str, Any] = json.loads(json.dumps(asdict(settings)))
    items = [item for folder in settings.objects for item in load_pack(Path(folder))]
    nouns = sorted(Stock(items, settings.split, shapes=settings.shapes).nouns)
    wanted["nouns"] = nouns
    if (out / SETTINGS_FILE).exists():
        there = read_settings(out)
        differing = sorted(key for key in wanted if there.get(key) != wanted[key])
        if differing:
            raise ValueError(
                f"{out} holds scenes of other settings ({', '.join(differing)}): "
                "choose another folder or the same settings"
            )
    else:
        write_atomically(out / SETTINGS_FILE, json.dumps(wanted, indent=1).encode())
    missing = [
        number
        for number in range(scenes)
        if not all(is_complete(stem) for stem in _stems(out, number, settings.views))
    ]
    with tqdm(total=scenes, initial=scenes - len(missing), unit="scene") as bar:
        if workers <= 1:
            _start_worker(settings, out)
            try:
                for number in missing:
                    _make(number)
                    bar.update()
            finally:
                if "generator" in _worker:
                    _worker.pop("generator").close()
        elif missing:
            context = multiprocessing.get_context("spawn")
            with context.Pool(workers, _start_process, (settings, out)) as pool:
                for _ in pool.imap_unordered(_make, missing):
                    bar.update()
    return len(missing)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m textseg_core.scenes.generate",
        description="Render tabletop scenes with masks, depth and descriptions.",
        epilog="Needs an offscreen OpenGL: MUJOCO_GL=osmesa (libosmesa6) or egl (a GPU).",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the scenes")
    parser.add_argument("--scenes", type=int, required=True, help="number of scenes")
    parser.add_argument("--split", choices=("train", "test", "all"), required=True)
    parser.add_argument("--objects", type=Path, nargs="*", default=[], help="asset packs")
    parser.add_argument("--surfaces", type=Path, help="folder of textures (else drawn ones)")
    parser.add_argument("--no-shapes", action="store_true", help="pack objects only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--views", type=int, default=4, help="pictures of each scene")
    parser.add_argument("--size", type=int, default=320, help="side of the pictures, pixels")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate what the command line asks for; return the exit status."""
    options = _parse(arguments)
    try:
        settings = GenerateSettings(
            split=options.split,
            objects=tuple(str(folder) for folder in options.objects),
            surfaces=str(options.surfaces or ""),
            shapes=not options.no_shapes,
            seed=options.seed,
            views=options.views,
            size=options.size,
        )
        made = generate(options.out, options.scenes, settings, options.workers)
    except (ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command to go on", file=sys.stderr)
        return 130
    print(f"{made} new scenes, {options.scenes * options.views} views in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
