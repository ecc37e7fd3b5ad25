"""Renders a world's picture, depth and instance mask under drawn lights and surfaces.

Needs an offscreen OpenGL: `MUJOCO_GL=osmesa` (libosmesa6) or `MUJOCO_GL=egl` (a GPU).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from textseg_core.arrays import Float32Array, Float64Array, Int32Array, UInt8Array
from textseg_core.scenes.camera import CameraPose
from textseg_core.scenes.surfaces import Surfaces
from textseg_core.scenes.world import TABLE_PX, WALL_PX, World

_MAX_GEOMS = 400
_FONT = mujoco.mjtFontScale.mjFONTSCALE_50.value


@dataclass(frozen=True, slots=True)
class Picture:
    """What a camera sees.

    Attributes:
        image: RGB, (H, W, 3).
        depth: Metres along the optical axis, (H, W).
        instances: Index of the object that each pixel shows, -1 for none, (H, W).
    """

    image: UInt8Array
    depth: Float32Array
    instances: Int32Array


class Offscreen:
    """An offscreen OpenGL context, one for a process.

    Args:
        px: Side of the pictures.
    """

    def __init__(self, px: int) -> None:
        self.px = px
        self._context = mujoco.GLContext(px, px)
        self._context.make_current()
        # GLFW reports a failure only here.
        mujoco.MjrContext(mujoco.MjModel.from_xml_string("<mujoco/>"), _FONT).free()

    @contextmanager
    def show(self, world: World) -> Iterator["Stage"]:
        """Load a world into OpenGL; yield what renders it."""
        gl = mujoco.MjrContext(world.model, _FONT)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, gl)
        gl.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR.value
        try:
            yield Stage(world, gl, self.px)
        finally:
            gl.free()

    def close(self) -> None:
        """Free the context."""
        self._context.free()


def _paint(model: Any, gl: Any, name: str, texture: UInt8Array) -> None:
    """Replace a texture of the model and of OpenGL."""
    number = model.texture(name).id
    start = model.tex_adr[number]
    model.tex_data[start : start + texture.size] = texture.reshape(-1)
    mujoco.mjr_uploadTexture(model, gl, number)


def _toward(direction: Float64Array) -> Float64Array:
    unit: Float64Array = direction / np.linalg.norm(direction)
    return unit


class Stage:
    """A world in OpenGL, rendered from any number of cameras."""

    def __init__(self, world: World, gl: Any, px: int) -> None:
        self._world, self._gl, self._px = world, gl, px
        self._scene = mujoco.MjvScene(world.model, _MAX_GEOMS)
        self._option = mujoco.MjvOption()
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED.value
        self._camera.fixedcamid = world.model.camera("view").id

    def dress(self, surfaces: Surfaces, rng: np.random.Generator) -> None:
        """Draw surfaces and lights."""
        model = self._world.model
        for name, px in (("table", TABLE_PX), ("floor", WALL_PX), ("wall", WALL_PX)):
            _paint(model, self._gl, name, surfaces.draw(px, rng))
            repeat = float(np.exp(rng.uniform(np.log(0.7), np.log(3.0))))
            model.mat_texrepeat[model.material(name).id] = repeat
        model.mat_specular[model.material("table").id] = float(rng.uniform(0, 0.4))
        warmth = np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.06, 3)
        ambient = float(rng.uniform(0.38, 0.58))
        model.vis.headlight.ambient[:] = ambient * warmth
        model.vis.headlight.diffuse[:] = float(rng.uniform(0.12, 0.32))
        model.vis.headlight.specular[:] = 0.05
        for name, strength in (
            ("key", rng.uniform(0.25, 0.55)),
            ("fill", rng.uniform(0.0, 0.3)),
        ):
            light = model.light(name).id
            angle, height = rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 2.2)
            away = rng.uniform(0.3, 1.4)
            place = np.array([away * np.cos(angle), away * np.sin(angle), height])
            model.light_pos[light] = place
            model.light_dir[light] = _toward(-place)
            model.light_diffuse[light] = strength * (warmth + rng.normal(0, 0.04, 3))
            model.light_specular[light] = float(rng.uniform(0.1, 0.5))
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW.value] = int(rng.random() < 0.85)

    def render(self, pose: CameraPose) -> Picture:
        """Render picture, depth and instances from a camera."""
        model, data, px = self._world.model, self._world.data, self._px
        camera = self._camera.fixedcamid
        model.cam_pos[camera] = pose.position
        quaternion = np.empty(4)
        mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(pose.rotation).reshape(9))
        model.cam_quat[camera] = quaternion
        model.cam_fovy[camera] = pose.fov_deg
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        everything = mujoco.mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_updateScene(
            model, data, self._option, None, self._camera, everything, self._scene
        )
        area = mujoco.MjrRect(0, 0, px, px)
        image = np.empty((px, px, 3), np.uint8)
        buffer = np.empty((px, px), np.float32)
        mujoco.mjr_render(area, self._scene, self._gl)
        mujoco.mjr_readPixels(image, buffer, area, self._gl)
        codes = np.empty((px, px, 3), np.uint8)
        flags = self._scene.flags
        segment, id_color = mujoco.mjtRndFlag.mjRND_SEGMENT, mujoco.mjtRndFlag.mjRND_IDCOLOR
        flags[segment.value] = flags[id_color.value] = 1
        mujoco.mjr_render(area, self._scene, self._gl)
        mujoco.mjr_readPixels(codes, None, area, self._gl)
        flags[segment.value] = flags[id_color.value] = 0
        return Picture(
            np.ascontiguousarray(image[::-1]),
            self._depth(buffer[::-1]),
            self._instances(codes[::-1]),
        )

    def _depth(self, buffer: Float32Array) -> Float32Array:
        """Return metres along the optical axis from OpenGL's reversed depth buffer."""
        near = self._world.model.vis.map.znear * self._world.model.stat.extent
        far = self._world.model.vis.map.zfar * self._world.model.stat.extent
        # Reversed: 1 at the near plane, 0 at the far one, linear in the inverse distance.
        inverse = buffer.astype(np.float64) * (1 / near - 1 / far) + 1 / far
        depth: Float32Array = (1 / inverse).astype(np.float32)
        return depth

    def _instances(self, codes: UInt8Array) -> Int32Array:
        """Return object indices from the colours of a segmentation rendering."""
        wide = codes.astype(np.int32)
        number = wide[..., 0] | wide[..., 1] << 8 | wide[..., 2] << 16
        table = np.full(self._scene.ngeom + 1, -1, np.int32)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            if geom.objtype == mujoco.mjtObj.mjOBJ_GEOM.value and geom.segid >= 0:
                table[geom.segid + 1] = self._world.geom_object[geom.objid]
        instances: Int32Array = table[np.minimum(number, self._scene.ngeom)]
        return instances
