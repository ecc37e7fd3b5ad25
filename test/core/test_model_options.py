"""The options that change the answers in every evaluation."""

import argparse

from textseg_core.config import SegmenterConfig
from textseg_core.evaluation.answering import load_segmenter
from textseg_core.evaluation.publish import add_model_options, model_settings


def settings(*arguments: str) -> dict[str, float | None]:
    parser = argparse.ArgumentParser()
    add_model_options(parser)
    return model_settings(parser.parse_args(arguments))


def test_what_is_left_out_stays_as_the_node_has_it() -> None:
    asked = load_segmenter("", **settings("--reasoner", "--threshold", "0.4")).config
    left_out = load_segmenter("", **settings()).config

    assert (asked.reasoner, asked.threshold) == (True, 0.4)
    assert left_out == SegmenterConfig()


def test_only_what_is_given_is_told() -> None:
    assert settings("--min-area-px", "9", "--reasoner") == {
        "presence_threshold": None,
        "threshold": None,
        "min_area_px": 9,
        "dense_crf": False,
        "reasoner": True,
    }
