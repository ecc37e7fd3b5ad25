"""Films a table with a camera that moves as a robot's hand does, and knows where all of it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, Float64Array
from textseg_core.evaluation.centroids import surface_centre
from textseg_core.evaluation.depth_noise import as_sent, spoil_depth
from textseg_core.scenes.camera import CameraPose, look
from textseg_core.scenes.generator import GenerateSettings, SceneGenerator
from textseg_core.scenes.scene import Scene
from textseg_core.space.depth_image import depth_to_metres

#: Only things whose centre is so far away count, metres: the distances of localisation.py.
NEAR_M, FAR_M = 0.5, 1.2
#: From the optical frame (x right, y down, z ahead) to OpenGL's (y up, z backwards).
_OPTICAL = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shot:
    """What a moving camera sees at one time.

    Attributes:
        stamp_s: Of the colour image, seconds from the clip's start.
        masks: Visible pixels of each thing, (H, W).
        centres: True means of their visible surfaces, metres in the standing frame, (3,) each.
        depths_m: By how many seconds later it was taken -> measured depth, metres, (H, W).
    """

    stamp_s: float
    masks: tuple[BoolArray, ...]
    centres: tuple[Float64Array, ...]
    depths_m: dict[float, Float32Array]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clip:
    """A few moments of a camera that moves before things that stand still.

    Attributes:
        shots: In the order of time.
        intrinsics: Camera matrix, pixels, (3, 3).
        pose: Seconds from the clip's start -> the camera's optical frame in the standing one,
            (4, 4).
    """

    shots: tuple[Shot, ...]
    intrinsics: Float64Array
    pose: Callable[[float], Float64Array]


@dataclass(frozen=True, slots=True)
class Swing:
    """A way past a point, turning to it a little, with the tremble of an arm.

    Attributes:
        look_at: The point that is looked at at time 0, metres, (3,).
        drift_m_s: How fast that moves, (3,).
        azimuth_rad: Direction of sight at time 0.
        turn_rad_s: How fast that turns.
        elevation_rad: Above the table, in the mean.
        distance_m: From the point, in the mean.
        phases: Of the sways up, ahead and aside, radians, (3,).
    """

    look_at: Float64Array
    drift_m_s: Float64Array
    azimuth_rad: float
    turn_rad_s: float
    elevation_rad: float
    distance_m: float
    phases: Float64Array

    def camera(self, time_s: float) -> CameraPose:
        """Return the camera at a time."""
        up, ahead, aside = np.sin(2.0 * np.pi * np.array([0.7, 0.5, 1.6]) * time_s + self.phases)
        return look(
            self.look_at + time_s * self.drift_m_s + np.array([0.02 * aside, 0.015 * up, 0.0]),
            self.azimuth_rad + self.turn_rad_s * time_s,
            self.elevation_rad + 0.05 * up,
            self.distance_m + 0.03 * ahead,
            45.0,
            0.03 * aside,
        )

    def pose(self, time_s: float) -> Float64Array:
        """Return where the camera's optical frame lies in the table's, (4, 4)."""
        camera = self.camera(time_s)
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = camera.rotation @ _OPTICAL, camera.position
        return pose


def draw_swing(boxes: Float64Array, rng: np.random.Generator, middle_s: float) -> Swing:
    """Draw a way past the middle of things, 0.65 to 0.95 m from them and at about 0.4 m/s.

    Args:
        boxes: Corners of the things' boxes, (N, 8, 3) metres in the table's frame.
        rng: Decides.
        middle_s: When the middle is looked at.
    """
    middle = np.median(boxes.mean(axis=1), axis=0) * [1.0, 1.0, 0.0]
    azimuth, sense = float(rng.uniform(-np.pi, np.pi)), float(rng.choice([-1.0, 1.0]))
    right = np.array([np.sin(azimuth), -np.cos(azimuth), 0.0])
    drift = sense * 0.28 * right
    return Swing(
        middle - middle_s * drift,
        drift,
        azimuth,
        0.2 * sense,
        float(np.radians(rng.uniform(30.0, 60.0))),
        float(rng.uniform(0.65, 0.95)),
        rng.uniform(0.0, 2.0 * np.pi, 3),
    )


def film(
    generator: SceneGenerator, number: int, stamps_s: Sequence[float], gaps_s: Sequence[float]
) -> Clip:
    """Return a clip of one scene.

    Args:
        generator: Of scenes.
        number: Of the scene.
        stamps_s: When colour images are taken.
        gaps_s: By how much later depth images are taken, for each of which every shot has one.
    """
    times_s = [stamp_s + gap_s for stamp_s in stamps_s for gap_s in (0.0, *gaps_s)]
    drawn: list[Swing] = []

    def path(boxes: Float64Array, rng: np.random.Generator) -> list[CameraPose]:
        drawn.append(draw_swing(boxes, rng, float(np.mean(stamps_s))))
        return [drawn[0].camera(time_s) for time_s in times_s]

    scenes = iter(generator.film(number, path))
    shots = []
    for place, stamp_s in enumerate(stamps_s):
        scene = next(scenes)
        rng = np.random.default_rng([number, place])
        depths_m = {gap_s: _measured(next(scenes), rng) for gap_s in gaps_s}
        shots.append(_shot(scene, stamp_s, drawn[0].pose(stamp_s), depths_m))
    intrinsics = scene.intrinsics
    if intrinsics is None:
        raise ValueError("a rendered scene has intrinsics")
    return Clip(shots=tuple(shots), intrinsics=intrinsics, pose=drawn[0].pose)


def film_all(
    objects: Sequence[Path],
    surfaces: Path | None,
    scenes: int,
    stamps_s: Sequence[float],
    gaps_s: Sequence[float],
    seed: int,
) -> list[Clip]:
    """Return clips of unseen scenes; see `film`.

    Args:
        objects: Folders of asset packs.
        surfaces: Folder of textures; None for drawn ones.
        scenes: How many.
        stamps_s: When colour images are taken.
        gaps_s: By how much later depth images are taken.
        seed: Decides everything.
    """
    settings = GenerateSettings(
        split="test",
        objects=tuple(map(str, objects)),
        surfaces=str(surfaces or ""),
        seed=seed,
    )
    generator = SceneGenerator(settings)
    try:
        return [film(generator, number, stamps_s, gaps_s) for number in range(scenes)]
    finally:
        generator.close()


def _measured(scene: Scene, rng: np.random.Generator) -> Float32Array:
    """Return what a depth camera measures, as sent in millimetres."""
    if scene.depth is None or scene.intrinsics is None:
        raise ValueError("a scene without depth cannot be measured")
    spoiled = spoil_depth(scene.depth, scene.intrinsics, rng)
    return depth_to_metres(as_sent(spoiled, "16UC1"), "16UC1")


def _shot(
    scene: Scene, stamp_s: float, pose: Float64Array, depths_m: dict[float, Float32Array]
) -> Shot:
    masks, centres = [], []
    for thing in scene.objects:
        if scene.depth is None or scene.intrinsics is None or not thing.countable:
            continue
        centre = surface_centre(thing.mask, scene.depth, scene.intrinsics)
        if centre is not None and NEAR_M <= float(np.linalg.norm(centre)) <= FAR_M:
            masks.append(thing.mask)
            centres.append(pose[:3, :3] @ centre + pose[:3, 3])
    return Shot(stamp_s=stamp_s, masks=tuple(masks), centres=tuple(centres), depths_m=depths_m)
