import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from published import box_mask, python2_pickle, reference, write_picture, write_refer_folder

from textseg_core.datasets.drawing import TARGET_RGB, draw_query
from textseg_core.datasets.show import main, spread
from textseg_core.scenes.scene import Query, Scene, SceneObject


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """RefCOCO with two pictures and three expressions for training."""
    folder = write_refer_folder(tmp_path)
    references = [
        reference(1, 581857, 20, "train", "left cup", "a cup near it"),
        reference(2, 7, 40, "train", "cup"),
    ]
    (folder / "refs(unc).p").write_bytes(python2_pickle(references))
    return folder


def test_counts_are_printed_without_opening_a_picture(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in folder.parent.rglob("*.jpg"):
        path.unlink()

    main(["refcoco", str(folder)])

    # 2 + 4 + 1 words of three expressions.
    assert capsys.readouterr().out == "2 pictures, 3 expressions of 2.33 words in the mean\n"


def test_samples_are_drawn_with_their_masks(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["refcoco", str(folder), "--out", str(tmp_path / "new" / "out")])

    drawn = sorted(path.name for path in (tmp_path / "new" / "out").iterdir())
    assert drawn == ["581857_0.png", "581857_1.png", "7_0.png"]
    assert "referring 3" in capsys.readouterr().out
    picture = cv2.imread(str(tmp_path / "new" / "out" / "7_0.png"))
    assert picture is not None
    assert picture.shape[1] == 60


def test_written_expressions_are_said_to_be_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_refer_folder(tmp_path)

    main(["photos", str(folder), "--split", "all", "--licenses", "4,5"])

    assert capsys.readouterr().out == "2 pictures; expressions are written while they are loaded\n"


def test_a_data_set_that_cannot_be_read_ends_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["phrasecut", str(tmp_path)])

    assert str(ended.value.code).startswith(f"error: {tmp_path}/refer_train.json is missing")


def test_labelled_photographs_are_counted_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"fine": "granny smith", "category": "apple", "group": "fruit"}
    records = [{"image": f"images/{n}.jpg"} | names for n in range(3)]
    (tmp_path / "labels.json").write_text(json.dumps(records))
    for record in records:
        write_picture(tmp_path / record["image"])

    main(
        [
            "grocery",
            str(tmp_path),
            "--split",
            "all",
            "--samples",
            "2",
            "--out",
            str(tmp_path / "o"),
        ]
    )

    printed = capsys.readouterr().out
    assert printed == "3 photographs without masks, of 1 classes\nfruit 3\n"
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["0.png", "2.png"]


@pytest.mark.parametrize(
    ("count", "chosen"), [(1, [0]), (2, [0, 9]), (4, [0, 3, 6, 9]), (99, list(range(10)))]
)
def test_samples_are_spread_evenly(count: int, chosen: list[int]) -> None:
    assert spread(range(10), count) == chosen


def test_no_samples_of_nothing() -> None:
    assert spread([], 4) == []


def scene() -> Scene:
    """A cup at the left and a dog at the right of a black picture."""
    objects = tuple(
        SceneObject((name,), box_mask(box, 80, 120))
        for name, box in (("cup", (10, 20, 40, 60)), ("dog", (70, 20, 100, 60)))
    )
    return Scene(np.zeros((80, 120, 3), np.uint8), objects, frozenset())


def test_the_target_is_tinted_and_others_only_outlined() -> None:
    drawn = draw_query(scene(), Query("the cup", (0,), "category"))[-80:]

    assert drawn[40, 25].tolist() == [int(0.45 * level) for level in TARGET_RGB]
    assert drawn[40, 85].tolist() == [0, 0, 0]
    assert drawn[40, 70].any()
    assert not drawn[5, 55].any()


def test_the_scene_itself_is_not_drawn_on() -> None:
    what = scene()

    draw_query(what, Query("the cup", (0,), "category"))

    assert not what.image.any()


def test_the_caption_stands_above_the_picture() -> None:
    drawn = draw_query(scene(), Query("a bird", (), "absent"))

    assert drawn.shape[0] > 80
    assert drawn.shape[1] == 120
    assert drawn[:-80].any()
