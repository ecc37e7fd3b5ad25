from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from textseg_ros.demo.plan import (
    HERE,
    LISTED,
    Question,
    folder_questions,
    listed_questions,
    live_questions,
    read_plan,
    write_plan,
)

PACKAGES = ("skimage", "sklearn", "matplotlib")


def _listed() -> list[Question]:
    for package in PACKAGES:
        pytest.importorskip(package, reason="the photographs are in the wheels of the extra demo")
    return listed_questions()


def test_twenty_questions_ask_about_twenty_different_pictures() -> None:
    questions = _listed()

    assert len(questions) == 20
    assert len({question.picture for question in questions}) == 20
    assert len({question.frame_id for question in questions}) == 20
    assert len({question.query for question in questions}) == 20


def test_ten_pictures_are_the_projects_own_and_ten_come_with_wheels() -> None:
    own = [q for q in _listed() if Path(q.picture).parent == HERE / "pictures"]

    assert len(own) == 10


def test_every_expected_box_lies_in_its_picture() -> None:
    for question in _listed():
        assert question.box is not None
        x, y, width, height = question.box
        with Image.open(question.picture) as picture:
            assert 0 <= x < x + width <= picture.width, question
            assert 0 <= y < y + height <= picture.height, question


def test_the_box_of_a_scene_is_the_renderers() -> None:
    drawn = yaml.safe_load((HERE / "pictures" / "boxes.yaml").read_text())
    asked = [e for e in yaml.safe_load(LISTED.read_text()) if e["picture"] in drawn]

    assert len(asked) == len(drawn) == 10
    for entry in asked:
        assert entry["box"] in [item["box"] for item in drawn[entry["picture"]]]


def test_shipped_pictures_are_small_and_attributed() -> None:
    pictures = sorted((HERE / "pictures").glob("*.jpg"))
    told = (HERE / "pictures" / "ATTRIBUTION.md").read_text()

    assert all(picture.stat().st_size < 100_000 for picture in pictures)
    assert "CC BY 4.0" in told
    assert "MIT" in told


def test_a_folder_gives_every_query_about_every_image(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "notes.txt"):
        (tmp_path / name).touch()

    questions = folder_questions(tmp_path, ["the cup", "the mug"])

    asked = [(Path(question.picture).name, question.query) for question in questions]
    assert asked == [
        ("a.JPG", "the cup"),
        ("a.JPG", "the mug"),
        ("b.png", "the cup"),
        ("b.png", "the mug"),
    ]


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no picture"):
        folder_questions(tmp_path, ["the cup"])


def test_a_plan_survives_its_file(tmp_path: Path) -> None:
    questions = [Question("picture_01", "a.png", "the cup", (1, 2, 3, 4)), *live_questions(["x"])]

    write_plan(questions, tmp_path / "plan.json")

    assert read_plan(tmp_path / "plan.json") == questions


def test_a_picture_of_a_package_that_is_missing_names_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "queries.yaml"
    path.write_text("- {picture: 'nosuchpackage:a.png', query: the cup, box: [0, 0, 5, 5]}")

    with pytest.raises(RuntimeError, match=r"nosuchpackage is not installed.*make demo"):
        listed_questions(path)


@pytest.mark.parametrize("box", ["[1, 2, 3]", "[1, 2, 0, 4]", "word"])
def test_a_damaged_list_is_refused_by_name(tmp_path: Path, box: str) -> None:
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png")
    path = tmp_path / "queries.yaml"
    path.write_text(f"- {{picture: a.png, query: the cup, box: {box}}}")

    with pytest.raises(ValueError, match=r"queries\.yaml"):
        listed_questions(path)
