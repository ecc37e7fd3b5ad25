import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from test_sprites import offscreen_environment

from textseg_core.arrays import AnyArray
from textseg_core.scenes.arrange import Arrangement
from textseg_core.scenes.cache import RenderedScenes
from textseg_core.scenes.footprint import Placed
from textseg_core.scenes.object_model import ObjectModel, Solid
from textseg_core.scenes.view import box_corners, surface_samples
from textseg_core.scenes.world import build_world


def box(x: float, y: float, z: float, rgb: tuple[int, int, int] = (200, 20, 20)) -> ObjectModel:
    """A closed box of one colour."""
    corners = [[i * x / 2, j * y / 2, k * z] for i in (-1, 1) for j in (-1, 1) for k in (0, 1)]
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    vertices = np.array([corners[i] for quad in quads for i in quad], np.float32)
    faces = np.arange(24).reshape(6, 4)[:, [0, 1, 2, 0, 2, 3]].reshape(12, 3)
    return ObjectModel(
        object_id="box",
        names=("box",),
        hypernyms=(),
        colors=("red",),
        material="",
        size_m=(x, y, z),
        vertices=vertices,
        faces=faces.astype(np.int32),
        uv=np.full((24, 2), 0.5, np.float32),
        texture=np.full((8, 8, 3), rgb, np.uint8),
        gloss=0.0,
        solids=(Solid("box", (x / 2, y / 2, z / 2), (0, 0, z / 2)),),
        mass_kg=0.2,
    )


def test_things_come_to_rest_on_the_table_where_they_were_let_go() -> None:
    placed = (Placed(box(0.1, 0.06, 0.2), 0.1, -0.2, 0.01, 0.5),)

    world = build_world(Arrangement(placed, None), np.random.default_rng(0), 64)

    position, rotation = world.pose(0)
    assert world.kept == (0,)
    np.testing.assert_allclose(position, [0.1, -0.2, 0.0], atol=2e-3)
    np.testing.assert_allclose(rotation[:, 0], [np.cos(0.5), np.sin(0.5), 0], atol=0.01)


def test_what_stands_on_another_is_supported_by_it() -> None:
    placed = (
        Placed(box(0.2, 0.2, 0.03), 0, 0, 0.01, 0.0),
        Placed(box(0.05, 0.05, 0.05), 0.04, 0, 0.045, 0.0),
        Placed(box(0.05, 0.05, 0.05), 0.3, 0, 0.01, 0.0),
    )

    world = build_world(Arrangement(placed, None), np.random.default_rng(0), 64)

    assert world.kept == (0, 1, 2)
    assert world.support == (None, 0, None)
    assert world.pose(1)[0][2] == pytest.approx(0.03, abs=3e-3)


def test_what_falls_over_or_off_the_table_is_left_out() -> None:
    placed = (
        Placed(box(0.1, 0.1, 0.1), 0, 0, 0.01, 0.0),
        Placed(box(0.02, 0.02, 0.2), 0.055, 0, 0.12, 0.0),  # half over the edge of the first
        Placed(box(0.05, 0.05, 0.05), 2.0, 0, 0.01, 0.0),
    )

    world = build_world(Arrangement(placed, None), np.random.default_rng(0), 64)

    assert world.kept == (0,)
    assert world.pose(2)[0][2] < -40  # out of sight, farther than it fell


def test_surface_samples_lie_on_the_surface_in_proportion_to_area() -> None:
    points, normals = surface_samples(box(0.3, 0.1, 0.1), np.random.default_rng(0))

    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1)
    ends = np.abs(normals[:, 0]) > 0.9
    np.testing.assert_allclose(np.abs(points[ends, 0]), 0.15, atol=1e-6)
    assert ends.mean() == pytest.approx(2 / 14, abs=0.08)  # 2 of 14 squares of 0.1 m
    assert ((points - [0, 0, 0.05]) * normals).sum(axis=1).min() > 0  # outwards


def test_a_box_has_eight_corners() -> None:
    corners = box_corners(np.array([[0.0, 1, 2], [3, -1, 5]]))

    assert len({tuple(corner) for corner in corners.tolist()}) == 8
    assert corners.min(axis=0).tolist() == [0, -1, 2]
    assert corners.max(axis=0).tolist() == [3, 1, 5]


# A process of its own: MuJoCo chooses its OpenGL once, when it is imported.
_STAGED = """
import sys, numpy as np
from test_scenes_world import box
from textseg_core.scenes.arrange import Arrangement
from textseg_core.scenes.camera import look
from textseg_core.scenes.footprint import Placed
from textseg_core.scenes.render import Offscreen
from textseg_core.scenes.surfaces import Surfaces
from textseg_core.scenes.view import describe_view, surface_samples
from textseg_core.scenes.world import build_world
grey = np.full((64, 64, 3), 128, np.uint8)
placed = [Placed(box(0.1, 0.1, 0.1), 0, 0, 0.01, 0), Placed(box(0.1, 0.1, 0.1), 0, 0.2, 0.01, 0),
          Placed(box(0.03, 0.03, 0.05), 0.0, 0.1, 0.01, 0)]
world = build_world(Arrangement(tuple(placed), None), np.random.default_rng(0), 160)
samples = tuple(surface_samples(m, np.random.default_rng(1)) for m in world.objects)
out = {}
with Offscreen(160).show(world) as stage:
    stage.dress(Surfaces((grey,)), np.random.default_rng(2))
    for name, elevation in (("down", np.pi / 2), ("low", 0.2)):
        pose = look(np.zeros(3), np.pi / 2, elevation, 1.1, 40.0, 0.0)
        picture = stage.render(pose)
        scene = describe_view(world, pose, picture, samples, frozenset(), "scene")
        out |= {name + "_" + k: getattr(picture, k) for k in ("image", "depth", "instances")}
        out[name + "_hidden"] = np.array(sorted(scene.hidden_names))
        out[name + "_countable"] = np.array([o.countable for o in scene.objects])
        out[name + "_centers"] = np.array([o.placement.center for o in scene.objects])
        out[name + "_matrix"] = scene.intrinsics
np.savez(sys.argv[1], **out)
"""


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    here = Path(__file__)
    paths = (str(here.parent), str(here.parents[2]))
    return {**offscreen_environment(), "PYTHONPATH": os.pathsep.join(paths)}


@pytest.fixture(scope="module")
def seen(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Mapping[str, AnyArray]:
    path = tmp_path_factory.mktemp("staged") / "staged.npz"
    command = [sys.executable, "-c", _STAGED, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(path) as arrays:
        return dict(arrays)


@pytest.mark.render
def test_picture_depth_and_instances_show_the_world(seen: Mapping[str, AnyArray]) -> None:
    # From 1.1 m above, the first box's top is 1 m away: focal / 1 m * 0.1 m wide.
    focal = 80 / np.tan(np.radians(20))
    side = 0.1 * focal
    first = seen["down_instances"] == 0
    assert seen["down_matrix"][0, 0] == pytest.approx(focal)
    assert seen["down_depth"][80, 80] == pytest.approx(1.0, abs=2e-3)
    assert seen["down_depth"][80, 20] == pytest.approx(1.1, abs=2e-3)
    assert first.sum() == pytest.approx(side**2, rel=0.1)
    assert np.argwhere(first).mean(axis=0) == pytest.approx([79.5, 79.5], abs=1)
    # The second one is 0.2 m farther along the camera's up.
    second = np.argwhere(seen["down_instances"] == 1).mean(axis=0)
    assert second == pytest.approx([79.5 - 0.2 * focal, 79.5], abs=4)
    v, u = np.rint(second).astype(int)
    assert seen["down_depth"][v, u] == pytest.approx(1.0, abs=2e-3)
    red, green, _ = seen["down_image"][v, u].astype(int)
    assert red > 2 * green
    assert seen["down_centers"][1] == pytest.approx([0, 0.2, 0.05], abs=3e-3)
    red, green, blue = seen["down_image"][first].mean(axis=0)
    assert red > 2 * max(green, blue)
    assert seen["down_countable"].all()
    assert seen["down_hidden"].size == 0


@pytest.mark.render
def test_what_is_mostly_hidden_is_no_target(seen: Mapping[str, AnyArray]) -> None:
    # From 11 degrees above, the first box hides the small one wholly and four fifths of the
    # second, which is large enough to be asked for.
    assert (seen["low_instances"] == 0).sum() > 400
    assert 12 < (seen["low_instances"] == 1).sum() < 100
    assert (seen["low_instances"] == 2).sum() == 0
    assert seen["low_countable"].tolist() == [True, False]
    assert seen["low_hidden"].tolist() == ["box"]


def generate(
    out: Path, environment: dict[str, str], *more: str
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "textseg_core.scenes.generate", "--out", str(out)]
    defaults = ["--split", "train", "--views", "2", "--size", "96", *more]
    return subprocess.run([*command, *defaults], env=environment, capture_output=True, text=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.render
def test_scenes_do_not_depend_on_workers_and_are_resumed(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for out, more in ((one, ["--scenes", "2"]), (two, ["--scenes", "2", "--workers", "2"])):
        done = generate(out, environment, *more)
        assert done.returncode == 0, done.stderr
        assert "2 new scenes, 4 views" in done.stdout
    whole = contents(one)
    assert whole == contents(two)

    (one / "000" / "000001_1.json").unlink()
    done = generate(one, environment, "--scenes", "2")

    assert "1 new scenes" in done.stdout
    assert contents(one) == whole
    scenes = RenderedScenes(one)
    assert len(scenes) == 4
    for scene in (scenes[index] for index in range(4)):
        assert scene.depth is not None
        assert sum(item.countable for item in scene.objects) >= 3
        assert all(0.1 < np.median(scene.depth[item.mask]) < 3 for item in scene.objects)
    again = generate(one, environment, "--scenes", "2", "--seed", "5")
    assert again.returncode == 1
    assert "holds scenes of other settings" in again.stderr
    assert "seed): choose another folder" in again.stderr


@pytest.mark.render
def test_a_damaged_mesh_ends_the_generation_with_one_line(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    from test_scenes_packs import write_pack

    pack = write_pack(tmp_path / "pack")
    (pack / "block.obj").write_text("v 0 0\n", encoding="utf-8")

    for workers in ("1", "2"):
        done = generate(
            tmp_path / "out",
            environment,
            "--scenes",
            "2",
            "--no-shapes",
            "--split",
            "all",
            "--objects",
            str(pack),
            "--workers",
            workers,
        )

        assert done.returncode == 1
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1
        assert "block.obj: expected an OBJ mesh" in lines[0]
        assert "Traceback" not in done.stderr


def test_a_missing_opengl_is_said_in_one_line_with_what_to_install(tmp_path: Path) -> None:
    environment = {**os.environ, "MUJOCO_GL": "nonsense"}

    done = generate(tmp_path / "out", environment, "--scenes", "1")

    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: offscreen OpenGL did not start with MUJOCO_GL=nonsense")
    assert "install libosmesa6" in last
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--no-shapes"], "there is nothing to show: give --objects"),
        (["--views", "0"], "views must lie in 1..10"),
        (["--size", "10"], "size must be at least 64"),
        (["--objects", "nowhere"], "manifest.json is missing"),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, more: list[str], reason: str) -> None:
    done = generate(tmp_path / "out", dict(os.environ), "--scenes", "1", *more)

    assert done.returncode == 1
    assert reason in done.stderr
    assert not (tmp_path / "out").exists()
