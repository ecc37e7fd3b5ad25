"""Draws, settles and renders whole scenes, each by its own seed."""

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.arrange import arrange
from textseg_core.scenes.camera import CameraPose, draw_camera
from textseg_core.scenes.degrade import degrade
from textseg_core.scenes.packs import load_pack
from textseg_core.scenes.scene import Scene
from textseg_core.scenes.stock import Split, Stock
from textseg_core.scenes.surfaces import Surfaces, load_surfaces

_LEAST_TARGETS = 3
_ATTEMPTS = 20

DrawPath: TypeAlias = Callable[[Float64Array, np.random.Generator], Sequence[CameraPose]]
"""Corners of the things' boxes, (N, 8, 3) metres in the table's frame -> cameras."""


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

    def film(self, number: int, path: DrawPath) -> list[Scene]:
        """Return a scene as cameras see it, under one light, in the order of the cameras.

        Args:
            number: Of the scene; the things lie as in `scene` unless that drew them anew.
            path: Draws the cameras once the things have come to rest.

        Raises:
            RuntimeError: If too few things stay on the table.
        """
        from textseg_core.scenes.view import box_corners, describe_view, surface_samples
        from textseg_core.scenes.world import build_world

        for attempt in range(_ATTEMPTS):
            rng = np.random.default_rng([self._settings.seed, number, attempt])
            world = build_world(arrange(self.stock, rng), rng, self._settings.size)
            if len(world.kept) >= _LEAST_TARGETS:
                break
        else:
            raise RuntimeError(f"scene {number}: {_ATTEMPTS} tries left too few things")
        samples = tuple(surface_samples(model, rng) for model in world.objects)
        boxes = np.stack([box_corners(world.vertices(index)) for index in world.kept])
        with self._offscreen.show(world) as stage:
            stage.dress(self._surfaces, rng)
            return [
                describe_view(
                    world,
                    pose,
                    stage.render(pose),
                    samples,
                    self.stock.nouns,
                    f"{number:06d}_{place}",
                )
                for place, pose in enumerate(path(boxes, rng))
            ]

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
                views.append(replace(scene, image=degrade(scene.image, rng)))
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
