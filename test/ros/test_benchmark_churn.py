import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from trials import over_each_transport, try_node

from textseg_ros.benchmark.churn import Asked, Got, faults, texts

BOX, OTHER_BOX = (1, 2, 3, 4), (5, 6, 7, 8)
ASKED = [Asked("the red can", 10), Asked("grab the mug", 20), Asked("the box", 30)]
EXPECTED = {
    "the red can": (0.5, (BOX,)),
    "the mug": (0.25, ()),
    "the box": (0.75, (OTHER_BOX,)),
}
GOOD = [
    Got(15, 1, 1, "the red can", "the red can", (0.5, (BOX,)), (2.0, 3.0)),
    Got(25, 2, 2, "grab the mug", "the mug", (0.25, ())),
    Got(26, 3, 2, "grab the mug", "the mug", (0.25, ())),
    Got(35, 4, 3, "the box", "the box", (0.75, (OTHER_BOX,)), (6.0, 7.0)),
]


def test_right_results_have_no_fault() -> None:
    assert faults(ASKED, GOOD, EXPECTED, [(1, (2.0, 3.0))]) == ([], 0)


@pytest.mark.parametrize(
    ("index", "change", "told"),
    [
        (1, {"text": "the fork"}, "this was never asked"),
        (1, {"query_id": 3}, "it was the query 2"),
        (1, {"query_id": 1}, "of which 1 were lost before"),
        (2, {"query_id": 1, "text": "the red can", "expression": "the red can"}, "came after"),
        (1, {"at_ns": 19}, "before it was asked"),
        (1, {"expression": "the red can"}, "says that it looked for 'the red can'"),
        (1, {"shown": (0.5, (BOX,))}, "shows"),
        (3, {"shown": (0.75, (BOX,))}, "shows"),
        (3, {"shown": (0.76, (OTHER_BOX,))}, "shows"),
    ],
)
def test_a_result_of_another_query_is_told(
    index: int, change: dict[str, object], told: str
) -> None:
    results = list(GOOD)
    results[index] = replace(results[index], **change)  # type: ignore[arg-type]

    wrong, _ = faults(ASKED, results, EXPECTED)

    assert any(told in line for line in wrong), wrong


@pytest.mark.parametrize("point", [(4, (2.0, 3.0)), (2, (2.0, 3.0)), (9, (2.0, 3.0))])
def test_a_centroid_of_another_image_is_told(point: tuple[int, tuple[float, float]]) -> None:
    wrong, _ = faults(ASKED, GOOD, EXPECTED, [point])

    assert len(wrong) == 1
    assert "is not of the result with its stamp" in wrong[0]


def test_queries_that_the_node_never_got_shift_its_numbers() -> None:
    results = [GOOD[0], replace(GOOD[3], query_id=2)]

    assert faults(ASKED, results, EXPECTED) == ([], 1)


def test_a_number_never_comes_back_from_what_was_lost() -> None:
    results = [replace(GOOD[1], query_id=1), GOOD[3]]

    assert len(faults(ASKED, results, EXPECTED)[0]) == 1


def test_there_are_texts_for_90_seconds_and_neighbours_name_different_things() -> None:
    sentences = texts()

    nouns = [text.removesuffix(" on the left").removesuffix(" on the right") for text in sentences]
    assert len(set(sentences)) == 1800
    assert all(one.split()[-1] != other.split()[-1] for one, other in itertools.pairwise(nouns))


@over_each_transport
def test_no_result_has_another_query_s_id_text_or_content_while_queries_change(
    tmp_path: Path, transport: str
) -> None:
    run = try_node(tmp_path, "churn", transport, "--seconds", "3")

    assert run.returncode == 0, run.stdout + run.stderr
    assert "queries sent: 60," in run.stdout
    assert run.stderr == ""
