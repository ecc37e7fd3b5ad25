"""Builds the MuJoCo model of a table with things on it and lets them come to rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import mujoco
import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.scenes.arrange import Arrangement
from textseg_core.scenes.footprint import Placed
from textseg_core.scenes.object_model import ObjectModel, Solid
from textseg_core.scenes.support import find_fallen, find_supports

TABLE_PX = 512
WALL_PX = 256
_STEP_S = 0.004
_LONGEST_S = 1.6
_STILL = 0.02

_XML = """
<mujoco>
  <compiler balanceinertia="true" boundmass="0.001" boundinertia="1e-7"/>
  <option timestep="{step}" integrator="implicitfast" cone="elliptic" iterations="20"/>
  <statistic center="0 0 0" extent="1"/>
  <visual>
    <global offwidth="{px}" offheight="{px}"/>
    <quality shadowsize="2048" offsamples="4"/>
    <map znear="0.05" zfar="6" shadowclip="1" shadowscale="0.7"/>
  </visual>
  <asset>
    <texture name="table" type="2d" builtin="flat" width="{table_px}" height="{table_px}"/>
    <texture name="floor" type="2d" builtin="flat" width="{wall_px}" height="{wall_px}"/>
    <texture name="wall" type="2d" builtin="flat" width="{wall_px}" height="{wall_px}"/>
    <material name="table" texture="table" specular="0.1" texrepeat="1 1"/>
    <material name="floor" texture="floor" specular="0" texrepeat="2 2"/>
    <material name="wall" texture="wall" specular="0" texrepeat="2 2"/>
    {assets}
  </asset>
  <worldbody>
    <light name="key" pos="1 0 2" dir="-0.4 0 -0.9" cutoff="70" exponent="1"/>
    <light name="fill" pos="-1 1 2" dir="0.4 -0.4 -0.8" cutoff="80" exponent="1"
      castshadow="false"/>
    <camera name="view" pos="0 0 1"/>
    <geom name="table" type="box" size="{half_x} {half_y} 0.02" pos="0 0 -0.02" material="table"
      friction="0.9 0.01 0.002"/>
    <geom name="floor" type="plane" size="3 3 0.1" pos="0 0 -0.7" material="floor"
      contype="0" conaffinity="0"/>
    {walls}
    {bodies}
  </worldbody>
</mujoco>
"""
_WALLS = (
    (0.0, -1.0, "1 0 0 0 0 1"),
    (0.0, 1.0, "-1 0 0 0 0 1"),
    (-1.0, 0.0, "0 -1 0 0 0 1"),
    (1.0, 0.0, "0 1 0 0 0 1"),
)


@dataclass(frozen=True, slots=True)
class World:
    """Things that came to rest on a table.

    Attributes:
        model: MuJoCo's model.
        data: Its state, forward kinematics done.
        objects: In the order of the bodies "o0", "o1", ...
        kept: Indices of those that stayed on the table as they should.
        support: For each object the index of what holds it; None for the table.
        inside: For each object whether it lies in its support.
        geom_object: For each geom of the model the object it shows, -1 for none.
    """

    model: Any
    data: Any
    objects: tuple[ObjectModel, ...]
    kept: tuple[int, ...]
    support: tuple[int | None, ...]
    inside: tuple[bool, ...]
    geom_object: tuple[int, ...]

    def pose(self, index: int) -> tuple[Float64Array, Float64Array]:
        """Return (position, rotation (3, 3)) of an object, metres, in the table's frame."""
        return _pose(self.model, self.data, index)

    def vertices(self, index: int) -> Float64Array:
        """Return an object's vertices where it came to rest, (V, 3)."""
        position, rotation = self.pose(index)
        placed: Float64Array = self.objects[index].vertices @ rotation.T + position
        return placed


def mesh_bytes(model: ObjectModel) -> bytes:
    """Return a mesh in MuJoCo's binary MSH format, without normals: MuJoCo finds them."""
    header = np.array([len(model.vertices), 0, len(model.uv), len(model.faces)], np.int32)
    # MuJoCo reads v downwards from the top of the picture in this format.
    uv = np.column_stack([model.uv[:, 0], 1 - model.uv[:, 1]]).astype(np.float32)
    parts = (header, model.vertices.astype(np.float32), uv, model.faces.astype(np.int32))
    return b"".join(part.tobytes() for part in parts)


def _png(model: ObjectModel) -> bytes:
    bgr = cv2.cvtColor(model.texture, cv2.COLOR_RGB2BGR)
    done, buffer = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 0])
    if not done:
        raise RuntimeError("OpenCV could not encode a PNG")
    return buffer.tobytes()


def _solid_xml(solid: Solid) -> str:
    size = " ".join(f"{value:.5f}" for value in solid.size)
    place = " ".join(f"{value:.5f}" for value in solid.center)
    turn = f' euler="0 0 {np.degrees(solid.yaw_rad):.3f}"' if solid.yaw_rad else ""
    rolling = ' condim="6" friction="0.8 0.02 0.004"' if solid.kind != "box" else ""
    return f'<geom type="{solid.kind}" size="{size}" pos="{place}"{turn}{rolling} group="3"/>'


def _body_xml(index: int, thing: Placed, asset: int) -> str:
    x, y, z = thing.model.size_m
    mass = thing.model.mass_kg
    inertia = " ".join(f"{mass * (a * a + b * b) / 12:.4e}" for a, b in ((y, z), (x, z), (x, y)))
    half = thing.yaw_rad / 2
    return (
        f'<body name="o{index}" pos="{thing.x:.5f} {thing.y:.5f} {thing.z:.5f}"'
        f' quat="{np.cos(half):.6f} 0 0 {np.sin(half):.6f}">'
        f'<joint type="free" damping="{0.002 * mass:.6f}"/>'
        f'<inertial pos="0 0 {0.4 * z:.5f}" mass="{mass:.4f}" diaginertia="{inertia}"/>'
        f'<geom name="v{index}" type="mesh" mesh="m{asset}" material="m{asset}"'
        ' contype="0" conaffinity="0" mass="0"/>'
        + "".join(_solid_xml(solid) for solid in thing.model.solids)
        + "</body>"
    )


def _compile(placed: Sequence[Placed], half: tuple[float, float], walls_m: float, px: int) -> Any:
    files: dict[str, bytes] = {}
    assets: list[str] = []
    numbers: dict[int, int] = {}
    for thing in placed:
        if id(thing.model) in numbers:
            continue
        number = numbers[id(thing.model)] = len(numbers)
        files[f"m{number}.msh"] = mesh_bytes(thing.model)
        files[f"m{number}.png"] = _png(thing.model)
        gloss = thing.model.gloss
        assets.append(
            f'<mesh name="m{number}" file="m{number}.msh" inertia="shell"/>'
            f'<texture name="m{number}" type="2d" file="m{number}.png"/>'
            f'<material name="m{number}" texture="m{number}" specular="{gloss:.3f}"'
            f' shininess="{0.2 + 0.6 * gloss:.3f}"/>'
        )
    walls = "".join(
        f'<geom type="plane" size="4 2 0.1" pos="{-x * walls_m} {-y * walls_m} 0.5"'
        f' xyaxes="{axes}" material="wall" contype="0" conaffinity="0"/>'
        for x, y, axes in _WALLS
    )
    bodies = "".join(
        _body_xml(index, thing, numbers[id(thing.model)]) for index, thing in enumerate(placed)
    )
    xml = _XML.format(
        step=_STEP_S,
        px=px,
        table_px=TABLE_PX,
        wall_px=WALL_PX,
        assets="".join(assets),
        half_x=half[0],
        half_y=half[1],
        walls=walls,
        bodies=bodies,
    )
    return mujoco.MjModel.from_xml_string(xml, files)


def _settle(model: Any, data: Any) -> None:
    """Step until nothing moves, or until the longest time."""
    for _ in range(int(_LONGEST_S / _STEP_S / 25)):
        mujoco.mj_step(model, data, 25)
        if np.abs(data.qvel).max() < _STILL:
            break
    data.qvel[:] = 0
    mujoco.mj_forward(model, data)


def build_world(arrangement: Arrangement, rng: np.random.Generator, px: int) -> World:
    """Put an arrangement on a table, let it settle and find out what holds what.

    Args:
        arrangement: What is let go where.
        rng: Draws the size of table and room.
        px: Side of the pictures that will be rendered.
    """
    placed = arrangement.placed
    half = (float(rng.uniform(0.5, 1.0)), float(rng.uniform(0.5, 1.0)))
    model = _compile(placed, half, float(rng.uniform(1.3, 2.4)), px)
    data = mujoco.MjData(model)
    _settle(model, data)
    geom_object = _geom_objects(model, len(placed))
    objects = tuple(thing.model for thing in placed)
    poses = [_pose(model, data, index) for index in range(len(placed))]
    points = [
        thing.vertices @ rotation.T + position
        for thing, (position, rotation) in zip(objects, poses, strict=True)
    ]
    boxes = np.array([[cloud.min(axis=0), cloud.max(axis=0)] for cloud in points])
    positions, rotations = (np.array([pose[i] for pose in poses]) for i in range(2))
    support, inside = find_supports(
        objects, positions, rotations, boxes, _touching(data, geom_object)
    )
    gone = find_fallen(objects, positions, rotations, half, support)
    for index in sorted(gone):
        address = model.jnt_qposadr[model.body_jntadr[model.body(f"o{index}").id]]
        data.qpos[address : address + 3] = (0.0, 0.0, -50.0 - index)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_camlight(model, data)
    kept = tuple(index for index in range(len(placed)) if index not in gone)
    return World(model, data, objects, kept, tuple(support), tuple(inside), geom_object)


def _pose(model: Any, data: Any, index: int) -> tuple[Float64Array, Float64Array]:
    body = model.body(f"o{index}").id
    return data.xpos[body].copy(), data.xmat[body].reshape(3, 3).copy()


def _geom_objects(model: Any, count: int) -> tuple[int, ...]:
    """Return for each geom the object that it belongs to, -1 for none."""
    owner = {model.body(f"o{index}").id: index for index in range(count)}
    return tuple(owner.get(int(body), -1) for body in model.geom_bodyid)


def _touching(data: Any, geom_object: Sequence[int]) -> set[tuple[int, int]]:
    """Return pairs of objects in contact, each both ways; -1 is the table."""
    pairs = set()
    for index in range(data.ncon):
        contact = data.contact[index]
        a, b = geom_object[int(contact.geom1)], geom_object[int(contact.geom2)]
        pairs |= {(a, b), (b, a)}
    return pairs
