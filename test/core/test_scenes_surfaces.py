from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from textseg_core.scenes.degrade import degrade
from textseg_core.scenes.surfaces import Surfaces, draw_surface, load_surfaces


def test_drawn_surfaces_differ_and_need_no_file() -> None:
    drawn = [draw_surface(64, np.random.default_rng(seed)) for seed in range(20)]

    assert {(surface.shape, surface.dtype.name) for surface in drawn} == {((64, 64, 3), "uint8")}
    assert len({surface.tobytes() for surface in drawn}) == 20


def test_a_surface_continues_over_its_edges() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)
    for seed in range(6):
        surface = Surfaces((picture,)).draw(64, np.random.default_rng(seed))

        assert surface.shape == (64, 64, 3)
        np.testing.assert_array_equal(surface[:, 0], surface[:, -1])
        np.testing.assert_array_equal(surface[0], surface[-1])


def test_pictures_of_a_folder_are_used(tmp_path: Path) -> None:
    Image.new("RGB", (800, 600), (10, 200, 30)).save(tmp_path / "green.png")

    surfaces = load_surfaces(tmp_path)

    assert [picture.shape for picture in surfaces.pictures] == [(288, 384, 3)]
    rng = np.random.default_rng(0)
    greens = [surfaces.draw(32, rng).reshape(-1, 3).tolist() for _ in range(40)]
    assert sum(pixels == [[10, 200, 30]] * 1024 for pixels in greens) > 15


def test_a_missing_an_empty_and_a_damaged_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere is missing: expected a folder"):
        load_surfaces(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="expected JPEG or PNG textures, found none"):
        load_surfaces(tmp_path)
    (tmp_path / "wood.jpg").write_bytes(b"bark")
    with pytest.raises(ValueError, match=r"wood\.jpg is missing or not a picture"):
        load_surfaces(tmp_path)


def test_a_degraded_picture_is_decided_by_the_generator_and_stays_alike() -> None:
    image = np.full((40, 50, 3), 120, np.uint8)
    image[10:30, 10:40] = (200, 40, 40)
    kept = image.copy()
    for seed in range(25):
        first = degrade(image, np.random.default_rng(seed))
        second = degrade(image, np.random.default_rng(seed))

        np.testing.assert_array_equal(first, second)
        assert (first.shape, first.dtype) == (image.shape, np.uint8)
        red, green = first[15:25, 15:35].reshape(-1, 3).mean(axis=0)[:2]
        assert red > green + 60  # still red
    np.testing.assert_array_equal(image, kept)
