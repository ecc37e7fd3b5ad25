import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textseg_core.arrays import UInt8Array
from textseg_core.config import SegmenterConfig
from textseg_core.segmentation import Status
from textseg_core.segmenter import KEPT_EXPRESSIONS, Segmenter

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
Build = Callable[..., Segmenter]
MakeBackend = Callable[..., Any]
DrawBlocks = Callable[..., UInt8Array]


@pytest.fixture
def red_block(draw_blocks: DrawBlocks) -> UInt8Array:
    """192 x 96 with a red block in columns 64..127 and rows 32..63, as four by two cells."""
    return draw_blocks(96, 192, (64, 32, 64, 32, RED))


@pytest.fixture
def two_red_blocks(draw_blocks: DrawBlocks) -> UInt8Array:
    return draw_blocks(96, 192, (16, 32, 32, 32, RED), (128, 32, 32, 32, RED))


def test_mask_returns_to_the_pixels_of_an_oblong_image(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    result = build_segmenter(colour_backend()).segment(red_block, "the red block")
    assert result.status is Status.FOUND
    assert result.mask.shape == result.response_map.shape == (96, 192)
    assert result.mask.dtype == np.bool_
    assert result.response_map.dtype == np.float32
    # Logits are 8 inside and -8 outside, so the border lies midway between cell centres, which
    # is where it was drawn; only the corners are rounded.
    assert result.centroid == pytest.approx((95.5, 47.5))
    assert result.objects[0].box == (64, 32, 64, 32)
    red = red_block[..., 0] > 0
    assert (result.mask & red).sum() / (result.mask | red).sum() > 0.95
    assert not (result.mask & ~red).any()


def test_score_is_the_probability_of_presence(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    # The greatest logit is 8.
    result = build_segmenter(colour_backend()).segment(red_block, "red")
    assert result.score == pytest.approx(1.0 / (1.0 + np.exp(-8.0)))


def test_without_presence_the_score_is_the_greatest_response(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    result = build_segmenter(colour_backend(presence=False)).segment(red_block, "red")
    assert result.status is Status.FOUND
    assert result.score == pytest.approx(float(result.response_map.max()))


def test_what_is_absent_is_not_found_and_its_response_is_kept(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    result = build_segmenter(colour_backend()).segment(red_block, "the blue block")
    assert result.status is Status.NOT_FOUND
    assert result.objects == ()
    assert result.centroid is None
    assert not result.mask.any()
    assert result.mask.shape == (96, 192)
    assert result.response_map.max() == pytest.approx(1.0 / (1.0 + np.exp(8.0)))


def test_the_response_map_is_one_array_however_often_it_is_asked_for(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    result = build_segmenter(colour_backend()).segment(red_block, "red")
    assert result.response_map is result.response_map
    assert np.array_equal(result.response_map > 0.5, result.mask)


def test_presence_below_the_setting_empties_the_mask_but_not_the_response(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    segmenter = build_segmenter(colour_backend(), presence_threshold=0.9999)
    result = segmenter.segment(red_block, "red")
    assert result.status is Status.NOT_FOUND
    assert not result.mask.any()
    assert result.response_map.max() > 0.99


def test_threshold_and_least_area_come_from_the_settings(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    loose = build_segmenter(colour_backend(), threshold=0.01).segment(red_block, "red")
    tight = build_segmenter(colour_backend(), threshold=0.99).segment(red_block, "red")
    none = build_segmenter(colour_backend(), min_area_px=5000).segment(red_block, "red")
    assert loose.mask.sum() > tight.mask.sum() > 0
    assert none.status is Status.NOT_FOUND


def test_a_dense_field_draws_the_mask_to_the_edge_of_what_is_seen(
    colour_backend: MakeBackend, build_segmenter: Build, draw_blocks: DrawBlocks
) -> None:
    # The block's sides lie within cells of 16 pixels, of which the network answers for the whole.
    image = draw_blocks(96, 192, (70, 36, 64, 32, RED))
    red = image[..., 0] > 0
    segmenter = build_segmenter(colour_backend())

    plain = segmenter.segment(image, "the red block")
    segmenter.retune(replace(segmenter.config, dense_crf=True))
    refined, absent = segmenter.segment_many(image, ["the red block", "the blue block"])

    def iou(mask: Any) -> float:
        return float((mask & red).sum() / (mask | red).sum())

    assert refined.mask.shape == refined.response_map.shape == (96, 192)
    assert iou(plain.mask) < 0.9 < 0.97 < iou(refined.mask)
    assert absent.status is Status.NOT_FOUND


def test_two_alike_are_ambiguous_for_a_singular_and_found_for_a_plural(
    colour_backend: MakeBackend, build_segmenter: Build, two_red_blocks: UInt8Array
) -> None:
    segmenter = build_segmenter(colour_backend())
    one, both = segmenter.segment_many(two_red_blocks, ["the red block", "the red blocks"])
    assert one.status is Status.AMBIGUOUS
    assert both.status is Status.FOUND
    assert len(one.objects) == len(both.objects) == 2


def test_the_networks_own_word_on_several_goes_before_the_count(
    colour_backend: MakeBackend,
    build_segmenter: Build,
    two_red_blocks: UInt8Array,
    red_block: UInt8Array,
) -> None:
    denies = build_segmenter(colour_backend(several=-3.0))
    affirms = build_segmenter(colour_backend(several=3.0))
    assert denies.segment(two_red_blocks, "the red block").status is Status.FOUND
    assert affirms.segment(red_block, "the red block").status is Status.AMBIGUOUS


def test_target_of_a_command_is_segmented(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    result = build_segmenter(colour_backend()).segment(red_block, "Pick up the red block!")
    assert result.expression == "the red block"
    assert result.command.action == "pick up"
    assert result.unknown_words == ()
    assert result.status is Status.FOUND


def test_words_that_the_network_does_not_know_are_reported(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    result = build_segmenter(colour_backend()).segment(red_block, "the red mug")
    assert result.unknown_words == ("mug",)
    assert result.status is Status.FOUND


def test_words_that_the_network_has_no_room_for_are_reported(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    # Six tokens have room.
    text = "the red block the red block the red"
    result = build_segmenter(colour_backend()).segment(red_block, text)
    assert result.truncated_words == ("the", "red")


def test_many_texts_give_what_each_gives_alone(
    colour_backend: MakeBackend, build_segmenter: Build, draw_blocks: DrawBlocks
) -> None:
    image = draw_blocks(90, 130, (10, 10, 40, 30, RED), (70, 40, 30, 40, GREEN))
    texts = ["the red block", "green", "the blue block", "the red block"]
    together = build_segmenter(colour_backend()).segment_many(image, texts)
    for text, result in zip(texts, together, strict=True):
        alone = build_segmenter(colour_backend()).segment(image, text)
        assert np.allclose(result.response_map, alone.response_map, atol=1e-5)
        assert np.array_equal(result.mask, alone.mask)
        assert (result.status, result.expression) == (alone.status, alone.expression)
        assert result.score == pytest.approx(alone.score, abs=1e-5)


def test_many_texts_encode_the_image_once_and_run_the_head_once(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    backend = colour_backend()
    build_segmenter(backend).segment_many(red_block, ["red", "green", "blue"])
    assert backend.images == 1
    assert backend.expressions == 3
    assert backend.batches == [3]


def test_an_expression_is_encoded_once_over_many_images(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    backend = colour_backend()
    segmenter = build_segmenter(backend)
    for _ in range(3):
        segmenter.segment(red_block, "the red block")
    assert (backend.images, backend.expressions) == (3, 1)


def test_only_the_last_expressions_are_kept(
    colour_backend: MakeBackend, build_segmenter: Build, draw_blocks: DrawBlocks
) -> None:
    backend = colour_backend()
    segmenter = build_segmenter(backend)
    image = draw_blocks(8, 8)
    names = [f"mug{number}" for number in range(KEPT_EXPRESSIONS + 1)]
    segmenter.segment_many(image, names)
    segmenter.segment(image, names[-1])
    assert backend.expressions == KEPT_EXPRESSIONS + 1
    segmenter.segment(image, names[0])
    assert backend.expressions == KEPT_EXPRESSIONS + 2


def test_no_texts_give_no_results(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    assert build_segmenter(colour_backend()).segment_many(red_block, []) == []


@pytest.mark.parametrize("text", ["", "   ", "?!"])
def test_text_that_names_nothing_is_refused(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array, text: str
) -> None:
    with pytest.raises(ValueError, match="text must name what to segment"):
        build_segmenter(colour_backend()).segment(red_block, text)


def test_one_string_in_place_of_a_list_is_refused(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    with pytest.raises(ValueError, match="texts must be a list of strings"):
        build_segmenter(colour_backend()).segment_many(red_block, "red")


def test_text_of_another_type_is_refused(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    with pytest.raises(ValueError, match="text must be a string, got bytes"):
        build_segmenter(colour_backend()).segment(red_block, b"red")  # type: ignore[arg-type]


def test_what_is_no_image_is_refused_before_the_network_runs(
    colour_backend: MakeBackend, build_segmenter: Build
) -> None:
    backend = colour_backend()
    with pytest.raises(ValueError, match="image must be uint8 RGB"):
        build_segmenter(backend).segment(np.zeros((4, 4), np.uint8), "red")
    assert backend.images == 0


def test_views_are_accepted_and_left_as_they_were(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    bgr = red_block[..., ::-1].copy()
    before = bgr.copy()
    result = build_segmenter(colour_backend()).segment(bgr[..., ::-1], "red")
    assert result.centroid == pytest.approx((95.5, 47.5))
    assert np.array_equal(bgr, before)


def test_nan_in_the_response_is_refused_and_the_next_image_answered(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    backend = colour_backend()
    segmenter = build_segmenter(backend)
    backend.override = lambda outputs: {**outputs, "logits": outputs["logits"] * np.nan}
    with pytest.raises(ValueError, match="response holds NaN"):
        segmenter.segment(red_block, "red")
    backend.override = lambda outputs: outputs
    assert segmenter.segment(red_block, "red").status is Status.FOUND


def test_logits_that_do_not_fit_the_description_are_refused(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    backend = colour_backend()
    backend.override = lambda outputs: {"logits": outputs["logits"][..., :6, :6]}
    with pytest.raises(RuntimeError, match=r"must return logits \(1, 1, 12, 12\)"):
        build_segmenter(backend).segment(red_block, "red")


def test_every_stage_is_timed(
    colour_backend: MakeBackend, build_segmenter: Build, red_block: UInt8Array
) -> None:
    timings = build_segmenter(colour_backend()).segment(red_block, "red").timings_ms
    assert set(timings) == {"preprocess", "encoder", "text", "head", "postprocess"}
    assert all(spent >= 0.0 for spent in timings.values())


def test_a_model_directory_answers_like_the_same_network_in_numpy(
    colour_backend: MakeBackend,
    build_segmenter: Build,
    model_directory: Path,
    draw_blocks: DrawBlocks,
) -> None:
    image = draw_blocks(90, 130, (10, 10, 40, 30, RED), (70, 40, 30, 40, GREEN))
    texts = ["the red block", "pick up the green block", "blue"]
    expected = build_segmenter(colour_backend()).segment_many(image, texts)
    loaded = Segmenter.load(model_directory)
    assert loaded.model_info.about == {"trained": "not at all"}
    for one, other in zip(loaded.segment_many(image, texts), expected, strict=True):
        assert one.status is other.status
        assert np.allclose(one.response_map, other.response_map, atol=1e-5)
        assert one.score == pytest.approx(other.score, abs=1e-5)


def test_weights_may_come_from_the_settings(model_directory: Path) -> None:
    segmenter = Segmenter.load(config=SegmenterConfig(weights=str(model_directory), threads=1))
    assert segmenter.model_info.name == "colours"
    assert segmenter.config.threads == 1


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"absent does not exist; expected model\.yaml"):
        Segmenter.load(tmp_path / "absent")


def test_missing_vocabulary_is_named(model_directory: Path) -> None:
    (model_directory / "vocabulary.txt").unlink()
    with pytest.raises(RuntimeError, match=r"vocabulary\.txt: no such file"):
        Segmenter.load(model_directory)


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from textseg_core import (
    Segmentation, SegmentedObject, Segmenter, SegmenterConfig, Status, load_config, parse_command
)
Segmenter.load(sys.argv[1])
try:
    Segmenter.load(sys.argv[1], SegmenterConfig(backend="torch"))
except RuntimeError as error:
    print(error)
"""


def test_all_but_the_torch_backend_works_without_torch(model_directory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(model_directory)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "backend 'torch' needs the package 'torch'" in done.stdout


def test_thresholds_and_limits_change_while_the_network_stays_loaded(
    colour_backend: MakeBackend, build_segmenter: Build, two_red_blocks: UInt8Array
) -> None:
    segmenter = build_segmenter(colour_backend())
    assert len(segmenter.segment(two_red_blocks, "the red blocks").objects) == 2

    segmenter.retune(replace(segmenter.config, max_objects=1))
    assert len(segmenter.segment(two_red_blocks, "the red blocks").objects) == 1
    segmenter.retune(replace(segmenter.config, presence_threshold=1.0))
    assert segmenter.segment(two_red_blocks, "the red blocks").status is Status.NOT_FOUND


def test_what_needs_loading_again_is_refused_by_name(
    colour_backend: MakeBackend, build_segmenter: Build
) -> None:
    segmenter = build_segmenter(colour_backend())

    with pytest.raises(ValueError, match="weights, threads cannot change without loading again"):
        segmenter.retune(replace(segmenter.config, weights="other", threads=2))
