"""Lists of expressions about drawn scenes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn import scene, thing

from textseg_core.evaluation import questions as questions_module
from textseg_core.evaluation.questions import (
    AMBIGUOUS,
    Question,
    by_picture,
    count_kinds,
    draw_questions,
    read_questions,
    spread,
    write_questions,
)
from textseg_core.scenes.scene import Query, Scene, target_mask

NOUNS = ("mug", "bowl", "plate", "can", "fork")


def table(number: int) -> Scene:
    """Two mugs, a bowl and a can at places that the number decides."""
    at = 8 * number
    things = (
        thing("mug", (5 + at, 20, 25 + at, 45)),
        thing("mug", (120, 20 + at, 150, 60 + at)),
        thing("bowl", (60, 100, 100, 120 + at)),
        thing("can", (140, 130, 150, 160)),
    )
    return replace(scene(*things, closed=NOUNS), scene_id=f"{number:06d}_0")


SCENES = [table(number) for number in range(6)]
KINDS = ["category", "place", "absent"]


def test_the_same_pictures_give_the_same_questions() -> None:
    first, second = (
        draw_questions(SCENES, KINDS, per_kind=5, compositions="all") for _ in range(2)
    )

    assert first == second
    assert draw_questions(SCENES, KINDS, per_kind=5, compositions="all", seed=1) != first


def test_every_kind_comes_as_often_and_from_as_many_pictures_as_can_be() -> None:
    questions = draw_questions(SCENES, KINDS, per_kind=5, compositions="all")

    counts = count_kinds(questions)
    assert {kind: counts[kind] for kind in KINDS} == dict.fromkeys(KINDS, 5)
    for kind in KINDS:
        single = [q for q in questions if q.query.kind == kind and not q.query.several]
        assert len({question.index for question in single}) == 5


def test_what_fits_several_things_is_counted_apart() -> None:
    questions = draw_questions(SCENES, ["category", "ambiguous"], per_kind=6, compositions="all")

    several = [question for question in questions if question.query.several]
    assert len(several) == count_kinds(questions)[AMBIGUOUS] == 6
    assert all(len(question.query.targets) > 1 for question in several)


def test_a_kind_that_fits_several_things_does_not_count_as_that_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def write_mugs(scene: Scene, *_: object, **__: object) -> list[Query]:
        several = scene.scene_id in ("000000_0", "000001_0", "000002_0")
        return [Query("the mug", (0, 1) if several else (0,), "category", several)]

    monkeypatch.setattr(questions_module, "write_expressions", write_mugs)

    questions = draw_questions(SCENES, ["category"], per_kind=3, compositions="all")

    assert count_kinds(questions) == {AMBIGUOUS: 3, "category": 3}


def test_no_expression_is_asked_twice_of_a_picture() -> None:
    questions = draw_questions(SCENES[:1], ["category"], per_kind=50, compositions="all")

    asked = [question.query.expression for question in questions]
    assert len(asked) == len(set(asked)) > 1


def test_a_limit_leaves_later_pictures_out() -> None:
    questions = draw_questions(SCENES, KINDS, per_kind=9, compositions="all", limit=2)

    assert {question.index for question in questions} == {0, 1}


def test_each_picture_comes_once_with_all_that_is_asked() -> None:
    questions = draw_questions(SCENES, KINDS, per_kind=5, compositions="all")

    pictures = list(by_picture(SCENES, questions))

    assert [one.scene_id for one, _ in pictures] == sorted({q.scene for q in questions})
    assert sum(len(queries) for _, queries in pictures) == len(questions)


def test_questions_return_from_their_file(tmp_path: Path) -> None:
    questions = draw_questions(SCENES, KINDS, per_kind=5, compositions="all")
    path = tmp_path / "new" / "questions.json"

    write_questions(path, questions)

    assert read_questions(path) == questions


@pytest.mark.parametrize("content", [None, "[1]", '[{"index": 0}]', "no"])
def test_a_file_without_questions_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "questions.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    with pytest.raises(ValueError, match=r"questions\.json: expected a list of questions"):
        read_questions(path)


def test_other_pictures_than_those_asked_about_are_refused() -> None:
    query = Query("the can", (3,), "category")
    pixels = int(target_mask(SCENES[0], query).sum())
    good = Question(0, "000000_0", query, pixels)
    assert [queries for _, queries in by_picture(SCENES, [good])] == [[query]]

    for wrong in (
        replace(good, scene="000001_0"),
        replace(good, target_px=pixels + 1),
        replace(good, query=replace(query, targets=(9,))),
    ):
        with pytest.raises(ValueError, match="give the folder that the questions were drawn"):
            list(by_picture(SCENES, [wrong]))
    with pytest.raises(ValueError, match=r"picture 6 \(000000_0\), but the folder holds 6"):
        list(by_picture(SCENES, [replace(good, index=6)]))


def test_items_are_spread_over_pictures_before_one_gives_its_second() -> None:
    candidates = {1: ["a", "b", "c"], 2: ["d"], 3: ["e", "f"]}

    found = spread(candidates, 5, np.random.default_rng(0))

    assert set(found[:3]) == {"a", "d", "e"}
    assert set(found[3:]) == {"b", "f"}
    assert spread(candidates, 2, np.random.default_rng(0)) == found[:2]
