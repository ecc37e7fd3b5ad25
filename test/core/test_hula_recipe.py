"""How HULANet is trained: names, roles, losses and stages by hand, and one run to its answer."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from by_heart import learn_by_heart, reached
from configured import assert_answers, run_of
from drawn_squares import BLUE, RED, SQUARE, squares_with_things
from published import corners, task, write_phrasecut

from textseg_core.language.word_roles import ATTRIBUTE, CATEGORY, NOTHING, RoleReader
from textseg_core.preprocess import letterbox_image
from textseg_core.scenes.scene import Query, Scene, SceneObject
from textseg_core.training.hula_recipe import (
    HulaRecipe,
    PhraseAnnotator,
    attribute_loss,
    word_channels,
)
from textseg_core.training.settings import Stage, TrainSettings
from textseg_core.training.things import ThingEncoder, Things

WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "mug", "mugs", "wooden", "glass"]
MODEL: dict[str, Any] = {
    "backbone": "mobilenet_v2",
    "map_stride": 8,
    "proposals": 2,
    "regions": 4,
    "candidates": 4,
    "pyramid_channels": 8,
    "box_channels": 8,
    "mask_layers": 1,
    "embedding_channels": 4,
    "language_channels": 4,
    "relation_channels": 2,
}


def recipe(words: Sequence[str] = WORDS, **changes: Any) -> HulaRecipe:
    settings: dict[str, Any] = {
        "network": "hulanet",
        "steps": 10,
        "stages": (Stage(share=0.5, input_px=64), Stage(share=0.5, input_px=64)),
        "model": MODEL,
        **changes,
    }
    made = HulaRecipe(TrainSettings(**settings), words, None)
    made.name_things(["mug", "wine glass"])
    return made


def test_words_stand_for_names_their_plurals_and_their_last_words() -> None:
    ids = {word: place for place, word in enumerate(WORDS)}

    assert word_channels(("thing", "mug", "wine glass"), ids, {}) == [[5, 1], [6, 1], [8, 2]]
    assert word_channels(("red", "wood"), ids, {"wooden": "wood"}) == [[4, 0], [7, 1]]


def test_the_run_s_nouns_and_phrasecut_s_commonest_names_are_the_categories(
    tmp_path: Path,
) -> None:
    cup = corners((2, 3, 11, 12))
    tasks = [
        task(9, "a", "old dog", [[cup]], name="dog", attributes=["old"]),
        task(9, "b", "mug", [[cup]]),
        task(4, "c", "dog", [[cup]]),
    ]
    folder = write_phrasecut(tmp_path, tasks, "train")

    settings = recipe(described=({"format": "phrasecut", "folder": str(folder)},))
    found = settings.model_settings(0)

    assert found["categories"] == ["thing", "dog", "mug", "wine glass"]
    assert isinstance(found["attributes"], list)
    assert found["attributes"][:2] == ["old", "red"]


def test_a_sample_knows_the_roles_of_its_words() -> None:
    mask = np.zeros((8, 8), np.bool_)
    mask[2:5, 2:5] = True
    scene = Scene(np.zeros((8, 8, 3), np.uint8), (SceneObject(("mug",), mask),), frozenset())
    annotator = PhraseAnnotator(ThingEncoder(("thing", "mug"), ("red",)), RoleReader(WORDS, 4))
    asked = [
        Query("the red mug", (0,), "color"),
        Query("red mug", (0,), "attribute", parts=(("category", "red mug"),)),
    ]
    _, letterbox = letterbox_image(scene.image, 16)

    found = annotator.encode(scene, asked, letterbox, 16)

    assert found["roles"].tolist() == [
        [NOTHING, ATTRIBUTE, CATEGORY, NOTHING],
        [CATEGORY, CATEGORY, NOTHING, NOTHING],
    ]
    assert found["thing_labels"].tolist() == [1]


def test_attributes_are_learnt_where_they_are_known() -> None:
    logits = torch.tensor([[[2.0, 0.0], [5.0, 5.0], [7.0, 7.0]]])
    nothing = torch.zeros(1, 3, 4)
    things = Things(
        boxes=nothing,
        labels=torch.tensor([[0, 0, -1]]),
        attributes=torch.tensor([[[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]]),
        described=torch.tensor([[1.0, 0.0, 1.0]]),
        masks=nothing,
        members=nothing,
    )

    loss = attribute_loss(logits, things)

    assert loss.item() == pytest.approx((math.log1p(math.exp(-2)) + math.log(2)) / 2)


def test_the_first_stage_teaches_the_detector_and_the_second_the_modules() -> None:
    made = recipe()
    network = made.build(0)
    detector = network.image_encoder.detector
    modules = (*network.expression_encoder.parameters(), *network.query_head.parameters())

    assert all(p.requires_grad for p in detector.parameters())
    assert not any(p.requires_grad for p in modules)

    later = made.enter(network, 1).train()

    assert later is network
    assert not any(p.requires_grad for p in detector.parameters())
    assert not detector.training
    assert all(p.requires_grad for p in modules)
    assert network.image_encoder.attributes is not None
    assert not network.image_encoder.attributes.weight.requires_grad


def test_the_modules_learn_as_fast_as_the_detector_did() -> None:
    made = recipe(warm_up=0.1)

    for begun in (0.0, 0.5):
        assert made.rate_share(begun) == pytest.approx(0.01)
        assert made.rate_share(begun + 0.05) == pytest.approx(1.0)
        # Half way between the warm-up and the end of a stage, half way from 1 to 0.01.
        assert made.rate_share(begun + 0.275) == pytest.approx(0.505)
    assert made.rate_share(1.0) == pytest.approx(0.01)


def test_three_stages_are_refused() -> None:
    with pytest.raises(ValueError, match="one for its modules, got 3 stages"):
        recipe(stages=(Stage(share=0.25), Stage(share=0.25), Stage(share=0.5)))


def test_eight_samples_are_learnt_by_heart_with_its_own_detector() -> None:
    """Its detector's stage first, from random weights; then the modules upon what it finds."""
    torch.manual_seed(0)
    sizes = {"map_stride": 4, "proposals": 4, "regions": 16, "candidates": 24, "tokens": 5}
    sizes |= {"pyramid_channels": 32, "box_channels": 64}
    sizes |= {"embedding_channels": 12, "language_channels": 12, "relation_channels": 4}
    words = ["<pad>", "<go>", "<eos>", "<unk>", "red", "blue", "square"]
    model = {**MODEL, **sizes, "attributes": ["red", "blue"]}
    made = recipe(words, rate=2e-3, model=model, ablate=("backbone",))
    made.name_things(["square", "mug"])
    assert [words[place] for place in (RED, BLUE, SQUARE)] == ["red", "blue", "square"]
    batch = squares_with_things()

    network = learn_by_heart(made, batch, (80, 80))

    assert reached(network, batch).mean() >= 0.9


def test_a_run_by_the_configuration_becomes_a_model_that_answers(tmp_path: Path) -> None:
    run = run_of("train_hulanet2020.yaml", tmp_path, MODEL, stages=2, batch=1, steps=3)

    assert_answers(run / "best.safetensors", tmp_path / "model")
