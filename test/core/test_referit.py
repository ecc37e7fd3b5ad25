import json
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from published import box_mask, write_referit, write_region_mask

from textseg_core.datasets.referit import load_referit, read_mask, read_referit
from textseg_core.scenes.scene import target_mask

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "referit"


def test_language_needs_neither_pictures_nor_masks(tmp_path: Path) -> None:
    described = load_referit(write_referit(tmp_path, pictures=False))

    assert [item.key for item in described] == ["38.jpg", "5.jpg"]
    assert described[1].expressions == ("the  man", "Tallest BLDNG", "red roof")


def test_boxes_get_the_pixel_after_the_last_one(tmp_path: Path) -> None:
    index = read_referit(write_referit(tmp_path, pictures=False), "train")

    assert index.boxes["5_2"] == (20.0, 4.0, 30.0, 14.0)
    assert index.sizes["5.jpg"] == (60, 40)
    assert index.regions["5.jpg"] == ("5_1", "5_2")


def test_expressions_mean_the_region_where_the_file_has_0(tmp_path: Path) -> None:
    scene, queries = load_referit(write_referit(tmp_path))[1].load()

    assert [query.expression for query in queries] == ["the  man", "Tallest BLDNG", "red roof"]
    np.testing.assert_array_equal(target_mask(scene, queries[0]), box_mask((0, 0, 10, 10)))
    np.testing.assert_array_equal(target_mask(scene, queries[2]), box_mask((20, 4, 30, 14)))
    assert scene.closed_names == frozenset()


def test_pictures_and_masks_may_lie_in_the_release_folder(tmp_path: Path) -> None:
    folder = write_referit(tmp_path / "data")
    release = tmp_path / "referit-dataset"
    release.mkdir()
    for name in ("mask", "images"):
        (folder / name).rename(release / name)

    assert len(load_referit(folder)[0].load()[1]) == 1
    release.rename(tmp_path / "elsewhere")
    assert len(load_referit(folder, images=tmp_path / "elsewhere")[0].load()[1]) == 1


def test_missing_masks_are_told_only_when_they_are_needed(tmp_path: Path) -> None:
    described = load_referit(write_referit(tmp_path, pictures=False))[0]

    with pytest.raises(ValueError, match=r"/mask is missing: .*referitdata\.tar\.gz"):
        described.load()


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    folder = write_referit(tmp_path)
    (folder / "mask" / "5_2.mat").unlink()

    with pytest.raises(ValueError, match=r"5_2\.mat is missing: expected a MATLAB file"):
        load_referit(folder)[1].load()


@pytest.mark.parametrize("keep", [0, 60, 140, 170])
def test_a_damaged_mask_is_named(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "1.mat"
    write_region_mask(path, box_mask((0, 0, 10, 10)))
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(ValueError, match=r"1\.mat is not a MATLAB file with the matrix segimg_t"):
        read_mask(path)


def test_another_matrix_is_no_mask(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "1.mat", {"other": np.zeros((2, 2))})
    scipy.io.savemat(tmp_path / "2.mat", {"segimg_t": np.array(["text"])})

    with pytest.raises(ValueError, match=r"1\.mat is not .*: it has no such matrix"):
        read_mask(tmp_path / "1.mat")
    with pytest.raises(ValueError, match=r"2\.mat is not "):
        read_mask(tmp_path / "2.mat")


def test_a_mask_of_another_size_than_its_picture_is_refused(tmp_path: Path) -> None:
    folder = write_referit(tmp_path)
    write_region_mask(folder / "mask" / "38_1.mat", box_mask((0, 0, 5, 5), 30, 30))

    with pytest.raises(ValueError, match=r"38_1\.mat is not of the picture's 60 x 40 .* 30 x 30"):
        load_referit(folder)[0].load()


@pytest.mark.parametrize("name", ["query_train", "bbox", "imcrop", "imsize"])
def test_a_missing_or_damaged_table_is_named(tmp_path: Path, name: str) -> None:
    path = write_referit(tmp_path) / f"referit_{name}.json"

    path.write_text("[]")
    with pytest.raises(ValueError, match=rf"referit_{name}\.json is not .*it holds a list"):
        load_referit(tmp_path)
    path.unlink()
    with pytest.raises(ValueError, match=rf"referit_{name}\.json is missing.*text_objseg"):
        load_referit(tmp_path)


def test_tables_of_different_releases_are_refused(tmp_path: Path) -> None:
    folder = write_referit(tmp_path)
    (folder / "referit_bbox.json").write_text(json.dumps({"5_1": [0, 0, 1, 1]}))

    with pytest.raises(ValueError, match=r"query_train\.json is not of one release .*'38_1'"):
        load_referit(folder)


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="splits are train, val, trainval, test, got 'testA'"):
        load_referit(tmp_path, "testA")


@pytest.mark.data
@pytest.mark.parametrize(
    ("split", "pictures", "expressions"),
    [
        ("train", 8995, 54134),
        ("val", 1000, 5842),
        ("trainval", 9995, 59976),
        ("test", 9994, 60105),
    ],
)
def test_the_real_files_have_the_published_counts(
    split: str, pictures: int, expressions: int
) -> None:
    if not SHARED.is_dir():
        pytest.skip(f"needs ReferIt's language in {SHARED}, which may not be redistributed")

    described = load_referit(SHARED, split)

    assert len(described) == pictures
    assert sum(len(item.expressions) for item in described) == expressions
    with pytest.raises(ValueError, match="/mask is missing"):
        described[0].load()


@pytest.mark.data
def test_the_real_regions_are_those_of_the_queries() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"needs ReferIt's language in {SHARED}, which may not be redistributed")

    index = read_referit(SHARED, "val")

    assert len(index.expressions) == sum(map(len, index.regions.values())) == 4866
    assert all(
        x1 <= index.sizes[f"{region.split('_')[0]}.jpg"][0]
        for region, (_, _, x1, _) in index.boxes.items()
    )
