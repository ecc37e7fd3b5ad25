from collections import Counter

import numpy as np
import pytest

from textseg_core.arrays import Float64Array, Int32Array
from textseg_core.scenes import shapes
from textseg_core.scenes.object_model import ObjectModel, Solid
from textseg_core.scenes.shapes import bodies, solids
from textseg_core.scenes.shapes.form import Slot, assemble
from textseg_core.scenes.shapes.mesh import Patch, box, circle, lathe, smooth, tube

CATEGORIES = [kind.category for kind in shapes.catalogue()]


def made(object_id: str) -> ObjectModel:
    return shapes.build_shape(object_id, np.random.default_rng(0))


def joined(patches: list[Patch]) -> tuple[Float64Array, Int32Array]:
    starts = np.cumsum([0, *(len(patch.vertices) for patch in patches[:-1])])
    faces = [patch.faces + start for patch, start in zip(patches, starts, strict=True)]
    return np.concatenate([p.vertices for p in patches]), np.concatenate(faces).astype(np.int32)


def volume(vertices: Float64Array, faces: Int32Array) -> float:
    a, b, c = np.moveaxis(vertices[faces].astype(np.float64), 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def open_edges(vertices: Float64Array, faces: Int32Array) -> int:
    """Count the edges that no face passes the other way."""
    _, same = np.unique(np.round(vertices, 6), axis=0, return_inverse=True)
    merged = same.reshape(-1)[faces]
    edges = Counter(
        (int(face[a]), int(face[b])) for face in merged for a, b in ((0, 1), (1, 2), (2, 0))
    )
    return sum(1 for (a, b), count in edges.items() if edges[(b, a)] != count)


def bounds(solid: Solid) -> tuple[Float64Array, Float64Array]:
    cosine, sine = abs(np.cos(solid.yaw_rad)), abs(np.sin(solid.yaw_rad))
    if solid.kind == "cylinder":
        half = np.array([solid.size[0], solid.size[0], solid.size[1]])
    elif solid.kind == "box":
        x, y, z = solid.size
        half = np.array([cosine * x + sine * y, sine * x + cosine * y, z])
    else:
        half = np.array(solid.size)
    return np.array(solid.center) - half, np.array(solid.center) + half


def test_a_turned_cylinder_is_closed_and_faces_outwards() -> None:
    can = lathe([(0, 0), (1, 0), (1, 3), (0, 3)], "side", circle(200))
    vertices, faces = joined(can)

    assert open_edges(vertices, faces) == 0
    assert volume(vertices, faces) == pytest.approx(3 * np.pi, rel=1e-3)


def test_sharp_edges_are_not_shared_and_soft_ones_are() -> None:
    assert len(lathe([(0, 0), (1, 0), (1, 1)], "side")) == 2
    assert len(lathe([(1, 0), (1.1, 1), (1.2, 2.1)], "side")) == 1


def test_a_wrapped_texture_runs_once_round_and_from_foot_to_rim() -> None:
    (wall,) = lathe([(1, 0), (1, 2)], "side")

    at_front = np.isclose(wall.vertices[:, 1], -1) & np.isclose(wall.vertices[:, 2], 2)
    assert wall.uv[at_front] == pytest.approx(np.array([[0.75, 1.0]]))


def test_a_box_has_its_volume_and_six_faces_outwards() -> None:
    vertices, faces = joined(box((2.0, 3.0, 4.0), ("side",) * 6, base=1.0))

    assert volume(vertices, faces) == pytest.approx(24)
    assert open_edges(vertices, faces) == 0
    assert vertices[:, 2].min() == 1.0


def test_a_bent_tube_is_closed_and_faces_outwards() -> None:
    angle = np.linspace(0, np.pi, 60)
    path = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    vertices, faces = joined(tube(path, 0.1, (0.0, 0.0, 1.0), "side", circle(60)))

    assert open_edges(vertices, faces) == 0
    assert volume(vertices, faces) == pytest.approx(np.pi * np.pi * 0.01, rel=0.02)


def test_an_ellipsoid_has_its_volume() -> None:
    vertices, faces = joined(bodies.ellipsoid((1, 2, 3), "skin", (5, 0, 0), 40, 60))

    assert volume(vertices, faces) == pytest.approx(4 / 3 * np.pi * 6, rel=0.02)


def test_a_smooth_curve_passes_its_points_and_never_sinks_below_them() -> None:
    curve = smooth([(1, 0), (1, 0.1), (3, 5), (2, 9)], 31)

    assert curve[[0, 10, 20, 30]] == pytest.approx(np.array([[1, 0], [1, 0.1], [3, 5], [2, 9]]))
    assert curve[:, 1].min() == 0
    assert curve[:, 1].max() == 9


def test_turning_about_x_lifts_what_lay_behind() -> None:
    patch = Patch(np.array([[0.0, 1.0, 0.0]]), np.zeros((0, 3), np.int32), np.zeros((1, 2)), "s")

    assert patch.turned("x", 90).vertices == pytest.approx(np.array([[0.0, 0.0, 1.0]]))


def test_a_form_is_put_on_the_table_and_its_solids_with_it() -> None:
    form = assemble(
        [patch.moved(x=5, z=-3) for patch in box((2.0, 2.0, 2.0), ("side",) * 6)],
        {"side": Slot(4, 4)},
        [solids.block((2.0, 2.0, 2.0), (5.0, 0.0, -2.0))],
        mass_kg=1,
        centered=True,
    )

    assert form.vertices.min(axis=0) == pytest.approx([-1, -1, 0])
    assert form.solids[0].center == pytest.approx((0, 0, 1))


def test_slots_that_do_not_fit_the_atlas_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit 16 x 16 cells"):
        assemble(
            box((1, 1, 1), ("side",) * 6),
            {"side": Slot(16, 10), "top": Slot(10, 8)},
            [],
            mass_kg=1,
        )


def test_a_ring_of_boxes_leaves_the_middle_free() -> None:
    staves = solids.ring(0.05, 0.004, 0.0, 0.1)

    assert len(staves) == 8
    for stave in staves:
        assert np.hypot(*stave.center[:2]) == pytest.approx(0.048)
        assert stave.size[0] == pytest.approx(0.002)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_surface_is_closed_solid_and_on_the_table(category: str) -> None:
    for number in (0, 13, 37):
        model = made(f"{category}-{number:03d}")
        corner = model.vertices[model.faces].astype(np.float64)
        normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])

        assert open_edges(model.vertices, model.faces) == 0
        assert volume(model.vertices, model.faces) > 1e-6
        assert np.linalg.norm(normal, axis=1).min() > 0
        assert len(model.faces) <= 1600
        assert model.vertices[:, 2].min() == pytest.approx(0, abs=1e-6)
        extents = model.vertices.max(axis=0) - model.vertices.min(axis=0)
        assert model.size_m == pytest.approx(extents)
        assert 0 < model.uv.min() <= model.uv.max() < 1
        assert model.texture.shape == (256, 256, 3)


@pytest.mark.parametrize("category", CATEGORIES)
def test_solids_stand_on_the_table_within_the_surface(category: str) -> None:
    for number in (0, 13, 37):
        model = made(f"{category}-{number:03d}")
        low, high = (np.stack(values) for values in zip(*map(bounds, model.solids), strict=True))

        assert low[:, 2].min() == pytest.approx(0, abs=0.003)
        assert (low.min(axis=0) > model.vertices.min(axis=0) - 0.006).all()
        assert (high.max(axis=0) < model.vertices.max(axis=0) + 0.006).all()


def test_what_holds_things_has_room_for_them() -> None:
    held = Counter[str]()
    for category in CATEGORIES:
        for number in (3, 17, 29, 51):
            model = made(f"{category}-{number:03d}")
            held[model.holds] += 1
            assert (model.inner_m > 0) == (model.holds != "")
            assert model.inner_m < max(model.size_m) + 1e-6  # a block's top is its whole width
            if model.holds == "in":
                middle = np.array([0, 0, 0.6 * model.solids[1].center[2] + 0.01])
                inside = [
                    (bounds(solid)[0] < middle).all() and (middle < bounds(solid)[1]).all()
                    for solid in model.solids
                    if solid.kind != "box" or abs(solid.yaw_rad) % (np.pi / 2) < 1e-6
                ]
                assert not any(inside), model.object_id
    assert held["in"] > 12
    assert held["on"] > 12


@pytest.mark.parametrize("category", CATEGORIES)
def test_mujoco_compiles_every_category(category: str) -> None:
    mujoco = pytest.importorskip("mujoco")
    model = made(f"{category}-009")
    spec = mujoco.MjSpec()
    mesh = spec.add_mesh(name="mesh")
    mesh.uservert = model.vertices.ravel().tolist()
    mesh.userface = model.faces.ravel().tolist()
    mesh.usertexcoord = model.uv.ravel().tolist()
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname="mesh")

    assert spec.compile().nmesh == 1
