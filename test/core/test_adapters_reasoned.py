"""With the reasoner on top, what a model ignores ("left", "next to") decides."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from textseg_core.adapters.base import Answers, Found, found_of, sureness
from textseg_core.adapters.cards import CARDS, Spec, is_hub, parse_spec
from textseg_core.adapters.segmenter import OpenVocabularySegmenter
from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.config import SegmenterConfig
from textseg_core.runtime.base import BackendReport
from textseg_core.segmentation import Segmentation, Status

#: A bowl, three mugs of which the second is red, and a red box, in a row.
ROW = (("bowl", 5, ""), ("mug", 45, ""), ("mug", 85, "red"), ("mug", 150, ""), ("box", 180, "red"))
IMAGE: UInt8Array = np.zeros((100, 210, 3), np.uint8)


def square(x: int) -> BoolArray:
    mask = np.zeros((100, 210), np.bool_)
    mask[40:60, x : x + 20] = True
    return mask


class IgnoresPlaces:
    """Finds every thing whose noun and colour stand in the text; knows no other words."""

    name, threshold = "row", 0.5

    def __init__(self, *, tells_apart: bool = True) -> None:
        self.tells_apart = tells_apart
        self.asked: list[str] = []
        self.open = True

    def find(
        self, image: UInt8Array, expressions: Sequence[str], nouns: Sequence[str] = ()
    ) -> Answers:
        self.asked += [*expressions, *nouns]
        found = tuple(self._one(text) for text in (*expressions, *nouns))
        return Answers(found[: len(expressions)], found[len(expressions) :])

    def _one(self, text: str) -> Found:
        words = text.split()
        fits = [
            square(x)
            for noun, x, color in ROW
            if (noun in words or f"{noun}s" in words or f"{noun}es" in words)
            and ("red" not in words or color == "red")
        ]
        found = found_of(fits, [0.9] * len(fits), (100, 210))
        return found if self.tells_apart else replace(found, instances=())

    def report(self) -> BackendReport:
        return BackendReport(name="torch", device="cpu", precision="fp32")

    def close(self) -> None:
        self.open = False


def ask(text: str, *, reasoner: bool = True, tells_apart: bool = True) -> Segmentation:
    config = SegmenterConfig(reasoner=reasoner)
    model = IgnoresPlaces(tells_apart=tells_apart)
    return OpenVocabularySegmenter(config, model).segment(IMAGE, text)


def columns(mask: BoolArray) -> list[int]:
    """Left edges of what is in a mask."""
    inside = mask.any(axis=0).astype(np.int8)
    return [int(x) for x in np.flatnonzero(np.diff(inside, prepend=0) == 1)]


def test_without_the_reasoner_the_model_s_own_answer_stands() -> None:
    result = ask("the mug on the left", reasoner=False)

    assert result.status is Status.AMBIGUOUS
    assert columns(result.mask) == [45, 85, 150]
    assert result.explanation == ""
    assert result.score == pytest.approx(0.9)


@pytest.mark.parametrize("tells_apart", [True, False])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the mug on the left", [45]),
        ("pick up the mug next to the box", [150]),
        ("second mug from the left", [85]),
        ("the mug right of the red mug", [150]),
        ("the mug next to the bowl that is not red", [45]),
        ("the mug between the bowl and the red mug", [45]),
        ("the two mugs on the left", [45, 85]),
    ],
)
def test_with_it_place_rank_and_relation_decide(
    text: str, expected: list[int], tells_apart: bool
) -> None:
    result = ask(text, tells_apart=tells_apart)

    assert columns(result.mask) == expected
    assert result.status is Status.FOUND
    assert result.explanation
    assert len(result.objects) == len(expected)
    assert result.response_map[50, expected[0] + 10] == pytest.approx(result.score, rel=0.2)
    assert {"encoder", "reasoner"} <= set(result.timings_ms)


def test_a_bare_noun_is_answered_by_the_model_and_what_is_absent_is_not_found() -> None:
    assert columns(ask("the box").mask) == [180]
    assert ask("the kettle").status is Status.NOT_FOUND
    missing = ask("the kettle left of the mug")
    assert missing.status is Status.NOT_FOUND
    assert not missing.mask.any()
    assert missing.explanation == "no kettle is in view"


def test_all_texts_about_one_image_are_asked_in_one_run() -> None:
    model = IgnoresPlaces()
    segmenter = OpenVocabularySegmenter(SegmenterConfig(reasoner=True), model)

    results = segmenter.segment_many(IMAGE, ["box", "the left mug", "mug next to the red box"])

    assert model.asked == ["box", "mug", "box", "red box"]
    assert [columns(one.mask) for one in results] == [[180], [45], [150]]
    assert segmenter.segment_many(IMAGE, []) == []


def test_the_smallest_object_and_the_most_objects_are_kept_to() -> None:
    few = SegmenterConfig(max_objects=2)
    assert len(OpenVocabularySegmenter(few, IgnoresPlaces()).segment(IMAGE, "mugs").objects) == 2
    large = SegmenterConfig(min_area_px=401)
    result = OpenVocabularySegmenter(large, IgnoresPlaces()).segment(IMAGE, "mugs")
    assert result.status is Status.NOT_FOUND
    assert not result.mask.any()


def test_a_threshold_above_what_the_model_is_sure_of_leaves_nothing() -> None:
    config = SegmenterConfig(threshold=0.95)

    result = OpenVocabularySegmenter(config, IgnoresPlaces()).segment(IMAGE, "mugs")

    assert result.status is Status.NOT_FOUND


@pytest.mark.parametrize(
    "changed", [{"dense_crf": True}, {"threads": 2}, {"presence_threshold": 0.3}]
)
def test_settings_of_other_networks_are_refused(changed: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(changed))):
        OpenVocabularySegmenter(SegmenterConfig(**changed), IgnoresPlaces())  # type: ignore[arg-type]
    segmenter = OpenVocabularySegmenter(SegmenterConfig(), IgnoresPlaces())
    segmenter.retune(SegmenterConfig(reasoner=True))
    with pytest.raises(ValueError, match=next(iter(changed))):
        segmenter.retune(SegmenterConfig(**changed))  # type: ignore[arg-type]


def test_bad_images_and_texts_are_refused_as_by_any_segmenter() -> None:
    segmenter = OpenVocabularySegmenter(SegmenterConfig(), IgnoresPlaces())

    with pytest.raises(ValueError, match="must be a uint8 array"):
        segmenter.segment([1, 2], "mug")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must name what to segment"):
        segmenter.segment(IMAGE, "please")
    with pytest.raises(ValueError, match="list of strings"):
        segmenter.segment_many(IMAGE, "mug")


def test_closing_closes_the_model() -> None:
    model = IgnoresPlaces()
    OpenVocabularySegmenter(SegmenterConfig(), model).close()
    assert not model.open


def test_scores_of_all_models_become_one_scale() -> None:
    assert sureness(0.5, 0.5) == pytest.approx(0.6)
    assert sureness(0.55, 0.1) == pytest.approx(0.8)
    assert sureness(1.0, 0.3) == 1.0


def test_a_thing_found_twice_is_kept_once_the_surer() -> None:
    shifted = square(46)
    empty = np.zeros((100, 210), np.bool_)

    found = found_of([shifted, square(45), empty, square(150)], [0.7, 0.9, 1.0, 0.8], (100, 210))

    assert [(one.box[0], one.score) for one in found.instances] == [(45.0, 0.9), (150.0, 0.8)]
    assert found.response[50, 50] == pytest.approx(0.9)
    assert found.response[0, 0] == 0.0


def test_a_model_is_named_with_the_weights_of_its_authors_or_one_s_own() -> None:
    assert is_hub("hub:sam3")
    assert not is_hub("models/hub")
    assert parse_spec("hub:sam3") == Spec("sam3", ("facebook/sam3",))
    assert parse_spec("hub:CLIPSeg=/my/own") == Spec("clipseg", ("/my/own",))
    pair = parse_spec("hub:grounding-dino+sam2=/a, /b")
    assert pair == Spec("grounding-dino+sam2", ("/a", "/b"))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("hub:sam9", "sam9"),
        ("hub:", ", ".join(CARDS).replace("+", r"\+")),
        ("hub:owlv2+sam2=/only/one", "2 network"),
        ("hub:clipseg=/a,/b", "1 network"),
        ("hub:grounding-dino+sam2=/a,", "2 network"),
    ],
)
def test_a_wrong_name_is_refused_with_those_that_there_are(weights: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_spec(weights)
