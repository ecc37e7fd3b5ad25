"""How MAttNet is trained: stages, rate, weights, eight samples by heart, and one whole run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from by_heart import learn_by_heart, reached
from drawn import scene, thing
from drawn_data import write_data
from drawn_squares import squares, squares_with_things
from safetensors.torch import save_file
from torch import optim
from torchvision.models import resnet18  # type: ignore[import-untyped,unused-ignore]
from torchvision.models.detection import (  # type: ignore[import-untyped,unused-ignore]
    maskrcnn_resnet50_fpn,
)

from textseg_core.arrays import BoolArray
from textseg_core.evaluation import comprehension
from textseg_core.evaluation.records import judge_mask
from textseg_core.models.detection.proposals import ProposalEncoder
from textseg_core.models.mattnet import MattNetwork
from textseg_core.runtime import export
from textseg_core.scenes.scene import Query, Scene, SceneObject
from textseg_core.segmenter import Segmenter
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.detector_recipe import load_detector
from textseg_core.training.mattnet_recipe import MattRecipe, falling_share
from textseg_core.training.settings import Stage, TrainSettings
from textseg_core.training.train import main

CONFIG = Path(__file__).parents[2] / "config" / "train_mattnet2018.yaml"
WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "blue", "square"]
TWO = (Stage(share=0.5, input_px=64), Stage(share=0.5, input_px=64))
MODEL = {
    "backbone": "mobilenet_v2",
    "tokens": 5,
    "proposals": 6,
    "regions": 16,
    "candidates": 24,
    "pyramid_channels": 32,
    "box_channels": 64,
    "mask_layers": 1,
    "least_score": 0.5,
    "embedding_channels": 8,
    "language_channels": 12,
    "visual_channels": 16,
    "joint_channels": 16,
}


def recipe(backbones: Path | None = None, **changes: Any) -> MattRecipe:
    settings: dict[str, Any] = {
        "network": "mattnet",
        "steps": 10,
        "rate": 4e-4,
        "backbone_share": 0.5,
        "stages": TWO,
        "model": MODEL,
        **changes,
    }
    made = MattRecipe(TrainSettings(**settings), WORDS, backbones)
    made.name_things(["square", "mug", "square"])
    return made


def test_the_rate_stays_for_a_third_and_then_falls_by_ten_each_third() -> None:
    shares = [falling_share(done) for done in (0.0, 1 / 3, 2 / 3, 1.0)]

    assert shares == pytest.approx([1, 1, 0.1, 0.01])
    assert recipe().rate_share(0.5) == pytest.approx(1)  # the second stage begins anew
    assert recipe().rate_share(0.5 + 1 / 3) == pytest.approx(0.1)


def test_the_detector_tells_the_sources_nouns_apart() -> None:
    settings = recipe().model_settings(0)

    assert settings["categories"] == ["thing", "square", "mug"]
    assert "red" in recipe().things.attributes
    agnostic = recipe(model={**MODEL, "categories": ["thing"]})
    assert agnostic.things.categories == ("thing",)


def test_the_first_stage_teaches_the_detector_alone_and_the_second_the_modules_alone() -> None:
    made = recipe(model={**MODEL, "attributes": ["red", "blue"]})
    network = made.build(0).train()
    batch = squares_with_things()
    detector = network.image_encoder.detector

    parts = made.losses(network, batch)
    assert sorted(parts) == ["boxes", "categories", "masks", "region_boxes", "regions"]
    torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
    taught = {name for name, p in network.named_parameters() if p.grad is not None}
    assert taught == {n for n, _ in network.named_parameters() if ".detector." in n}

    network.zero_grad()
    assert made.enter(network, 1) is network
    network.train()
    kept = {name: value.clone() for name, value in detector.state_dict().items()}
    parts = made.losses(network, batch)
    assert sorted(parts) == ["attributes", "presence", "ranking"]
    torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
    taught = {name for name, p in network.named_parameters() if p.grad is not None}
    assert taught == {n for n, _ in network.named_parameters() if ".detector." not in n}
    assert all(torch.equal(v, kept[name]) for name, v in detector.state_dict().items())
    assert network.image_encoder.modules_of.attribute_counts.tolist() == [4, 4]


def test_a_stage_may_keep_the_backbone_as_it_is() -> None:
    first = Stage(share=0.5, input_px=64, frozen_layers=1)
    network = recipe(stages=(first, TWO[1])).build(0)
    detector = network.image_encoder.detector

    assert not any(p.requires_grad for p in detector.backbone.body.parameters())
    assert all(p.requires_grad for p in detector.rpn.parameters())


def test_adam_has_every_parameter_and_the_backbone_its_share() -> None:
    made = recipe(weight_decay=0.1)
    network = made.build(0)
    optimiser = made.optimiser(network)

    assert type(optimiser) is optim.Adam
    found = {
        parameter: (group["top"], group["weight_decay"])
        for group in optimiser.param_groups
        for parameter in group["params"]
    }
    assert set(found) == set(network.parameters())
    first = network.image_encoder.detector.backbone.body["0"][0].weight
    assert found[first] == (2e-4, 0.1)
    assert found[network.query_head.least] == (4e-4, 0.0)


def test_stages_of_several_sizes_a_third_stage_and_weak_labels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"keeps its size through all stages, got \[32, 64\]"):
        recipe(stages=(Stage(share=0.5, input_px=32), TWO[1]))
    with pytest.raises(ValueError, match="a stage for its detector and one for its modules"):
        recipe(stages=tuple(Stage(share=1 / 3, input_px=64) for _ in range(3)))
    with pytest.raises(ValueError, match="no loss for weak labels"):
        recipe(stages=(Stage(mixture={"weak": 1}),))


def test_a_backbone_s_weights_are_torchvision_s(tmp_path: Path) -> None:
    torch.manual_seed(1)
    state = resnet18(weights=None).state_dict()
    save_file(state, tmp_path / "resnet18.safetensors")

    network = recipe(tmp_path, model={**MODEL, "backbone": "resnet18"}).build(0)

    detector = network.image_encoder.detector
    for name, value in detector.backbone.body.state_dict().items():
        assert torch.equal(value, state[name]), name
    assert not detector.train().backbone.body.training  # its statistics stay
    with pytest.raises(ValueError, match="backbone must be one of"):
        load_detector(detector, tmp_path, "vgg16")


def test_all_but_the_last_layers_of_torchvision_s_mask_rcnn_has_a_place_here() -> None:
    with torch.device("meta"):
        theirs = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None).state_dict()
        detector = ProposalEncoder(categories=("thing",), input_px=64, backbone="resnet50")
    mine = detector.state_dict()

    shared = {name for name in theirs if not name.split(".")[1].endswith("_predictor")}

    assert {n for n in mine if not n.split(".")[1].endswith("_predictor")} == shared
    assert all(mine[name].shape == theirs[name].shape for name in shared)


def test_a_whole_mask_rcnn_s_weights_are_taken_though_its_norms_were_frozen(
    tmp_path: Path,
) -> None:
    def detector(seed: int, **changes: Any) -> ProposalEncoder:
        torch.manual_seed(seed)
        sizes = {"regions": 8, "proposals": 5, "pyramid_channels": 8, "box_channels": 8, **changes}
        return ProposalEncoder(categories=("thing",), input_px=64, backbone="resnet18", **sizes)

    state = detector(1).state_dict()
    left_out = ("num_batches_tracked", "cls_score.weight", "cls_score.bias")
    saved = {name: value for name, value in state.items() if not name.endswith(left_out)}
    save_file(saved, tmp_path / "maskrcnn_resnet18_fpn.safetensors")
    network = detector(2)
    own = network.roi_heads["box_predictor"].cls_score.weight.clone()

    load_detector(network, tmp_path, "resnet18")

    found = network.state_dict()
    for name in ("backbone.body.conv1.weight", "rpn.head.cls_logits.bias"):
        assert torch.equal(found[name], state[name])
    assert torch.equal(network.roi_heads["box_predictor"].cls_score.weight, own)
    with pytest.raises(ValueError, match=r"not of this detector: .* box_channels 1024"):
        load_detector(detector(3, box_channels=16), tmp_path, "resnet18")


@pytest.fixture(scope="module")
def learnt() -> MattNetwork:
    torch.manual_seed(0)
    made = recipe(rate=2e-3, model={**MODEL, "attributes": ["red", "blue"]}, ablate=("backbone",))
    return learn_by_heart(made, squares_with_things(), (160, 60))


def test_eight_samples_are_learnt_by_heart(learnt: MattNetwork) -> None:
    assert reached(learnt, squares_with_things()).mean() >= 0.9


def two_squares() -> Scene:
    """The first of those pictures: a red square and a blue one."""
    images, _, masks = squares()
    things = [SceneObject(("square",), masks[place, 0].numpy() > 0) for place in range(2)]
    return Scene(images[0].numpy(), tuple(things), frozenset())


def test_what_was_learnt_chooses_among_true_things_and_among_found_ones(
    learnt: MattNetwork,
) -> None:
    tokenizer = Tokenizer(WORDS, 5, "right", "words")
    right = [Query("red square", (0,), "colour"), Query("blue square", (1,), "colour")]
    # What is asked for here is the red one, but the blue one is called the truth.
    wrong = Query("red square", (1,), "colour")

    answers = comprehension.comprehend(learnt, tokenizer, two_squares(), [*right, wrong])

    assert [(a.given, a.found, a.reachable) for a in answers] == [
        (True, True, True),
        (True, True, True),
        (False, False, True),
    ]
    assert [a.true_mask.iou for a in answers] == [1, 1, 0]
    for record in (a for answer in answers[:2] for a in (answer.given_mask, answer.found_mask)):
        assert 0.8 < record.iou < 1
    assert max(answers[2].given_mask.iou, answers[2].found_mask.iou) < 0.2


def test_tables_of_comprehension_by_hand() -> None:
    table = two_squares()
    whole, none = table.objects[0].mask, np.zeros_like(table.objects[0].mask)
    half = whole.copy()
    half[:, 16:] = False

    def answer(given: bool, found: bool, *masks: BoolArray) -> comprehension.Comprehended:
        query = Query("red square", (0,), "colour")
        records = [judge_mask(table, query, mask) for mask in masks]
        return comprehension.Comprehended(
            "colour", given, found, True, (0.5, 0.25, 0.25), *records
        )

    answers = [answer(True, True, whole, whole, half), answer(True, False, whole, half, none)]

    (everything, _) = comprehension.accuracy_table(answers).rows
    assert everything == ("all", "2", "1.000", "0.500", "1.000", "0.500", "0.250", "0.250")
    true, given, found = comprehension.mask_table(answers).rows
    # Overall and mean IoU, then the precision from 0.5 on.
    assert true[1:] == ("2", *["1.000"] * 7)
    assert given[1:5] == ("2", "0.750", "0.750", "1.000")
    assert given[5:] == ("0.500",) * 4
    assert found[1:] == ("2", "0.250", "0.250", "0.500", *["0.000"] * 4)


def test_box_iou_by_hand() -> None:
    assert comprehension.box_iou((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    assert comprehension.box_iou((0, 0, 2, 2), (5, 5, 6, 6)) == 0


def test_comprehension_asks_what_means_one_thing() -> None:
    network = recipe(model={**MODEL, "attributes": ["red"]}).build(0).eval()
    table = scene(thing("square", (20, 40, 60, 100)), thing("mug", (100, 100, 140, 140)))
    queries = [
        Query("red square", (0,), "colour"),
        Query("blue", (0, 1), "plural"),
        Query("square", (1,), "size", several=True),
        Query("mug", (), "absent"),
    ]

    answers = comprehension.comprehend(
        network, Tokenizer(WORDS, 5, "left", "hu2016"), table, queries
    )

    assert [answer.kind for answer in answers] == ["colour"]
    assert sum(answers[0].weights) == pytest.approx(1)
    assert answers[0].reachable >= answers[0].found
    rows = comprehension.accuracy_table(answers).rows
    assert [row[:2] for row in rows] == [("all", "1"), ("colour", "1")]


def test_a_run_by_the_configuration_becomes_a_model_that_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_data(tmp_path / "data")
    tiny: dict[str, object] = {f"model.{key}": value for key, value in MODEL.items()}
    for stage in (0, 1):
        tiny |= {f"stages.{stage}.input_px": 64, f"stages.{stage}.batch": 2}
        tiny |= {f"stages.{stage}.queries": 2}
    tiny |= {"workers": 0, "validation_scenes": 1, "minutes": "null", "steps": 4}
    tiny |= {"ablate": "[backbone]"}
    given = ["--config", str(CONFIG), "--data", str(data), "--scenes", str(data / "scenes")]
    given += ["--out", str(tmp_path / "run"), "--device", "cpu"]
    given += [part for key, value in tiny.items() for part in ("--set", f"{key}={value}")]

    main(given)
    last = tmp_path / "run" / "last.safetensors"
    assert export.main(["--checkpoint", str(last), "--out", str(tmp_path / "model")]) == 0

    answer = Segmenter.load(tmp_path / "model").segment(
        np.zeros((48, 64, 3), np.uint8), "the red one"
    )
    assert answer.response_map.shape == (48, 64)
    capsys.readouterr()
    comprehension.main(
        ["--checkpoint", str(last), "--folder", str(data / "scenes"), "--limit", "2"]
    )
    told = capsys.readouterr().out
    assert "| all |" in told
    assert "| annotated things, their true masks |" in told
