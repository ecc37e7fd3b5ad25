"""Scenes of conftest's blocks on a wall a metre away, whose depth a noisy camera measures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_scenes import BLOCKS, block_scene, write_scenes

from textseg_core.evaluation.localisation import (
    Case,
    camera_of,
    main,
    measure,
    measured_depths,
    roughened,
    tables_of,
)

#: Blocks 32 x 32 px; each pixel is 10 mm wide.
SCENE = block_scene("000000_0", BLOCKS[0])
RED = SCENE.objects[0].mask


def test_a_perfect_mask_on_a_perfect_depth_has_no_error() -> None:
    assert SCENE.depth is not None

    case = measure(SCENE, RED, RED, SCENE.depth, camera_of(SCENE))

    assert case is not None
    # Rows and columns 8 to 39: mean 23.5, so 24 px of 10 mm from the axis both ways.
    assert case.distance_m == pytest.approx(np.sqrt(1 + 2 * 0.24**2))
    assert case.error_mm == pytest.approx(0.0, abs=1e-3)
    assert case.inside_95
    assert case.is_sure
    assert case.iou == 1.0
    assert case.median_mm == pytest.approx(0.0, abs=1e-3)
    assert case.mean_mm == pytest.approx(0.0, abs=1e-3)


def test_a_mask_shifted_by_two_pixels_errs_by_two_centimetres() -> None:
    assert SCENE.depth is not None
    shifted = np.roll(RED, 2, axis=1)

    case = measure(SCENE, RED, shifted, SCENE.depth, camera_of(SCENE))

    assert case is not None
    assert case.error_mm == pytest.approx(20.0, abs=0.01)
    assert case.iou == pytest.approx(30 / 34)


def test_depth_that_is_wrong_as_a_whole_lies_outside_of_the_ellipsoid() -> None:
    assert SCENE.depth is not None

    case = measure(SCENE, RED, RED, SCENE.depth + np.float32(0.05), camera_of(SCENE))

    assert case is not None
    assert not case.inside_95
    assert case.error_mm == pytest.approx(50 * np.sqrt(1 + 2 * 0.24**2), rel=1e-3)


def test_an_object_without_depth_is_refused_not_wrong() -> None:
    case = measure(SCENE, RED, RED, np.zeros((96, 96), np.float32), camera_of(SCENE))

    assert case is not None
    assert np.isnan(case.error_mm)
    assert np.isnan(case.median_mm)
    assert not case.inside_95


@pytest.mark.parametrize("away", [0.4, 1.3])
def test_objects_too_near_or_too_far_are_not_counted(away: float) -> None:
    scene = replace(SCENE, depth=np.full((96, 96), away, np.float32))
    assert scene.depth is not None

    assert measure(scene, RED, RED, scene.depth, camera_of(scene)) is None


def test_both_encodings_carry_the_same_measurement_and_the_same_every_time() -> None:
    millimetres, metres = measured_depths(SCENE, ["16UC1", "32FC1"])

    np.testing.assert_allclose(millimetres, metres, atol=0.00051)
    np.testing.assert_array_equal(measured_depths(SCENE, ["32FC1"])[0], metres)


def test_a_rough_mask_wanders_around_the_true_one() -> None:
    rough = roughened(RED, np.random.default_rng(0))

    iou = (rough & RED).sum() / (rough | RED).sum()
    assert 0.6 < iou < 0.95
    assert (rough & ~RED).any()
    assert (RED & ~rough).any()


def test_the_table_counts_refusals_apart_and_splits_by_distance() -> None:
    def case(distance_m: float, error_mm: float, inside: bool) -> Case:
        return Case(distance_m, 0.8, error_mm, inside, 7.0, 9.0, error_mm < 2.0)

    cases = [case(0.6, 1.0, True), case(0.6, 3.0, False), case(1.0, np.nan, False)]

    (table,) = tables_of({"16UC1": cases}, "rough")

    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["0.5 to 1.2 m"][:3] == ("3", "1", "2.0")
    assert rows["0.5 to 1.2 m"][6:] == ("50.0%", "7.0", "7.0", "9.0", "9.0")
    assert rows["0.9 to 1.2 m"][:3] == ("1", "1", "")
    assert rows["mask's IoU at least 0.7"][0] == "3"
    assert rows["an arm may move on"][:3] == ("1", "0", "1.0")
    assert rows["mask's IoU at least 0.85"][0] == "0"


def test_the_command_prints_both_encodings_and_stays_within_the_bounds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_scenes(tmp_path / "scenes", "test", *BLOCKS)

    main(["--scenes", str(folder), "--csv", str(tmp_path / "table.csv")])

    page = capsys.readouterr().out
    assert "16UC1, true masks" in page
    assert "32FC1, true masks" in page
    rows = (tmp_path / "table.csv").read_text().splitlines()
    (median,) = [row for row in rows if "16UC1" in row and "0.5 to 1.2 m,median mm" in row]
    assert float(median.rpartition(",")[2]) < 5.0


def test_the_network_s_masks_are_located_too(
    tmp_path: Path, model_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_scenes(tmp_path / "scenes", "test", *BLOCKS)

    main(
        [
            *("--scenes", str(folder), "--encoding", "32FC1"),
            *("--mask", "network", "--weights", str(model_directory)),
        ]
    )

    page = capsys.readouterr().out
    assert "32FC1, network masks" in page
    assert "16UC1" not in page


def test_a_folder_without_scenes_ends_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"localisation: .*scenes.json is missing"):
        main(["--scenes", str(tmp_path)])
