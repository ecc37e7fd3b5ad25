"""Generates a folder of rendered tabletop scenes.

Command: `python -m textseg_core.scenes.generate --out FOLDER --scenes N --split train`.
A scene is drawn by its own generator, seeded with the seed and its number, so the result does
not depend on the number of workers, and an interrupted run goes on where it stopped.
"""

import argparse
import json
import multiprocessing
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from textseg_core.scenes.arrange import arrange
from textseg_core.scenes.cache import (
    SETTINGS_FILE,
    is_complete,
    read_settings,
    save_view,
    view_stem,
    write_atomically,
)
from textseg_core.scenes.camera import draw_camera
from textseg_core.scenes.degrade import degrade
from textseg_core.scenes.packs import load_pack
from textseg_core.scenes.scene import Scene
from textseg_core.scenes.stock import Split, Stock
from textseg_core.scenes.surfaces import Surfaces, load_surfaces

_LEAST_TARGETS = 3
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateSettings:
    """What scenes are generated from; kept beside them in scenes.json.

    Attributes:
        split: Which objects may occur.
        objects: Folders of asset packs.
        surfaces: Folder of textures, "" for drawn ones only.
        shapes: Whether shapes are made too.
        seed: Decides everything.
        views: Pictures of each scene, from other cameras under other light.
        size: Side of the pictures, pixels.
    """

    split: Split
    objects: tuple[str, ...] = ()
    surfaces: str = ""
    shapes: bool = True
    seed: int = 0
    views: int = 4
    size: int = 320

    def __post_init__(self) -> None:
        if self.split not in ("train", "test", "all"):
            raise ValueError(f"split must be train, test or all, got {self.split!r}")
        if not self.objects and not self.shapes:
            raise ValueError("there is nothing to show: give --objects or leave out --no-shapes")
        if self.views < 1 or self.views > 10:
            raise ValueError(f"views must lie in 1..10, got {self.views}")
        if self.size < 64:
            raise ValueError(f"size must be at least 64 pixels, got {self.size}")


class SceneGenerator:
    """Draws, settles and renders scenes in one process.

    Args:
        settings: What they are generated from.

    Raises:
        ValueError: If a pack or texture is missing or damaged.
        RuntimeError: If offscreen OpenGL cannot start.
    """

    def __init__(self, settings: GenerateSettings) -> None:
        self._settings = settings
        items = [item for folder in settings.objects for item in load_pack(Path(folder))]
        self.stock = Stock(items, settings.split, shapes=settings.shapes)
        self._surfaces = (
            load_surfaces(Path(settings.surfaces)) if settings.surfaces else Surfaces()
        )
        self._offscreen = _start_opengl(settings.size)

    def scene(self, number: int) -> list[Scene]:
        """Return the views of one scene; drawn anew where too little can be seen."""
        for attempt in range(_ATTEMPTS):
            rng = np.random.default_rng([self._settings.seed, number, attempt])
            views = self._draw(number, rng)
            if views:
                return views
        raise RuntimeError(
            f"scene {number}: {_ATTEMPTS} tries showed fewer than {_LEAST_TARGETS} objects; "
            "are the pack's objects larger than 0.4 m?"
        )

    def _draw(self, number: int, rng: np.random.Generator) -> list[Scene]:
        from textseg_core.scenes.view import box_corners, describe_view, surface_samples
        from textseg_core.scenes.world import build_world

        arrangement = arrange(self.stock, rng)
        world = build_world(arrangement, rng, self._settings.size)
        if len(world.kept) < _LEAST_TARGETS:
            return []
        samples = tuple(surface_samples(model, rng) for model in world.objects)
        boxes = np.stack([box_corners(world.vertices(index)) for index in world.kept])
        views: list[Scene] = []
        with self._offscreen.show(world) as stage:
            for view in range(self._settings.views):
                for _ in range(4):
                    stage.dress(self._surfaces, rng)
                    pose = draw_camera(boxes, arrangement.row_rad, rng)
                    picture = stage.render(pose)
                    name = f"{number:06d}_{view}"
                    scene = describe_view(world, pose, picture, samples, self.stock.nouns, name)
                    if sum(item.countable for item in scene.objects) >= _LEAST_TARGETS:
                        break
                else:
                    return []
                views.append(
                    Scene(
                        degrade(scene.image, rng),
                        scene.objects,
                        scene.closed_names,
                        scene.hidden_names,
                        scene.scene_id,
                        scene.depth,
                        scene.intrinsics,
                    )
                )
        return views

    def close(self) -> None:
        """Free OpenGL's context."""
        self._offscreen.close()


def _start_opengl(size: int) -> Any:
    """Return an offscreen context, of OSMesa unless `MUJOCO_GL` says otherwise.

    Raises:
        RuntimeError: If it cannot start; it says what to install.
    """
    os.environ.setdefault("MUJOCO_GL", "osmesa")
    try:
        from textseg_core.scenes.render import Offscreen

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GLFW's: what is raised says it all
            return Offscreen(size)
    except Exception as error:
        # MuJoCo looks for the library while it is imported, and raises whatever that raises.
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise RuntimeError(
            f"offscreen OpenGL did not start with MUJOCO_GL={os.environ['MUJOCO_GL']} ({reason}): "
            "install libosmesa6 and set MUJOCO_GL=osmesa, or, with a GPU and its driver's EGL, "
            "set MUJOCO_GL=egl"
        ) from error


def _stems(out: Path, number: int, views: int) -> list[Path]:
    return [view_stem(out, number, view) for view in range(views)]


_worker: dict[str, Any] = {}


def _start_worker(settings: GenerateSettings, out: Path) -> None:
    os.environ.setdefault("LP_NUM_THREADS", "1")
    import cv2

    cv2.setNumThreads(1)
    _worker["generator"] = SceneGenerator(settings)
    _worker["settings"], _worker["out"] = settings, out


def _make(number: int) -> int:
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
        if workers <= 1 and missing:
            _start_worker(settings, out)
            for number in missing:
                _make(number)
                bar.update()
            _worker.pop("generator").close()
        elif missing:
            context = multiprocessing.get_context("spawn")
            with context.Pool(workers, _start_worker, (settings, out)) as pool:
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
