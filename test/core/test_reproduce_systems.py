"""A system trained, answered and put beside what was published, on drawn and on true formats."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from drawn_scenes import block_scene
from published import write_referit

from textseg_core.command_line import main
from textseg_core.datasets.described import Described
from textseg_core.evaluation.answering import load_segmenter
from textseg_core.evaluation.records import Record, judge_mask
from textseg_core.models import registry
from textseg_core.reproduce import measured, small
from textseg_core.reproduce.beside import page, published_table
from textseg_core.reproduce.measure import answers, measurements
from textseg_core.reproduce.systems import CONFIGS, LOW_RESOLUTION, SYSTEMS
from textseg_core.scenes.scene import Query
from textseg_core.segmentation import Status
from textseg_core.tokenizer import RESERVED
from textseg_core.training.recipe import ThingRecipe
from textseg_core.training.run import RECIPES
from textseg_core.training.settings_file import load_settings


def records() -> list[Record]:
    """Three answers about a block of 32 x 32: right, its left half and nothing."""
    scene = block_scene("a", (("red", (8, 8, 40, 40)),))
    whole = scene.objects[0].mask
    half = whole.copy()
    half[:, 24:] = False
    masks = (whole, half, np.zeros_like(whole))
    return [judge_mask(scene, Query("red", (0,), "category"), mask) for mask in masks]


def referit_test(folder: Path, *, pictures: bool = True) -> Path:
    """Files of ReferIt's format, to learn from and the same to be asked."""
    write_referit(folder, pictures=pictures)
    for path in sorted(folder.glob("*train*")):
        path.with_name(path.name.replace("train", "test")).write_bytes(path.read_bytes())
    return folder


def test_what_a_model_would_refuse_is_answered_as_in_the_papers(
    model_directory: Path,
) -> None:
    # The network says that a red block is there with 1 / (1 + exp(-8)) = 0.99966.
    description = model_directory / "model.yaml"
    doubting = description.read_text().replace("presence_threshold: 0.5", "presence_threshold: 1")
    description.write_text(doubting)
    scene = block_scene("a", (("red", (8, 8, 40, 40)),))
    asked = Described("drawn", "a", None, (), lambda: (scene, (Query("red", (0,), "category"),)))

    (record,) = answers(model_directory, [asked])

    assert record.iou > 0.9
    assert load_segmenter(model_directory).segment(scene.image, "red").status is Status.NOT_FOUND


def test_every_row_has_a_published_figure_and_every_system_a_network_and_settings() -> None:
    for name, system in SYSTEMS.items():
        table = published_table(system)
        known = {(row.system, row.variant) for row in table.rows}
        assert {(row.system, row.variant) for row in system.rows} <= known, name
        if system.network:
            assert system.network in registry.ENTRIES, name
            assert (CONFIGS / system.config).is_file(), name


@pytest.mark.parametrize("name", [name for name, one in SYSTEMS.items() if one.network])
def test_settings_of_a_small_run_are_those_of_the_network_and_so_are_the_rows(
    name: str, tmp_path: Path
) -> None:
    system = SYSTEMS[name]

    settings = load_settings(small.write_small_settings(tmp_path / "train.yaml", system, 8))

    words = [*RESERVED, *small.COLOURS, *small.SHAPES]
    recipe = RECIPES[settings.network](settings, words, None)
    if isinstance(recipe, ThingRecipe):
        recipe.name_things(small.SHAPES)
    for row in system.rows:
        with torch.device("meta"):
            network = registry.build(settings.network, **{**recipe.model_settings(0), **row.model})
        assert network.input_px == small.SIDE_PX


def test_every_baseline_of_hu_s_table_is_answered_for() -> None:
    table = published_table(SYSTEMS["hu2016"])
    ours = {
        (row.system, row.variant)
        for system in SYSTEMS.values()
        for row in system.rows
        if system.paper == "hu2016"
    }

    assert ours == {(row.system, row.variant) for row in table.rows}


def test_what_a_table_measures_is_measured_by_hand() -> None:
    table = published_table(SYSTEMS["hu2016"])

    found = measurements(records(), table, data="referit", split="test")

    by_mark = {one.condition.at: one.value for one in found}
    assert list(by_mark) == [0.5, 0.6, 0.7, 0.8, 0.9, None]
    assert by_mark[0.5] == pytest.approx(200 / 3)  # a half counts, as the mark itself does
    assert by_mark[0.6] == pytest.approx(100 / 3)
    assert by_mark[None] == pytest.approx(100 * (1024 + 512) / 3072)


def test_figures_on_the_published_split_stand_beneath_the_published_row() -> None:
    table, (row,) = published_table(SYSTEMS["whole_image"]), SYSTEMS["whole_image"].rows

    told = page(table, {row: measurements(records(), table, data="referit", split="test")})

    lines = told.splitlines()
    published = next(i for i, line in enumerate(lines) if line.startswith("| whole image"))
    assert lines[published + 1].startswith("| **whole-image, here** | 66.67 | 33.33 |")
    assert "Not beside" not in told


def test_all_rows_of_a_system_stand_in_one_table() -> None:
    system = SYSTEMS["per_word"]
    table = published_table(system)
    measured = measurements(records(), table, data="referit", split="test")

    told = page(table, dict.fromkeys(system.rows, measured))

    assert told.count("### ") == 1
    lines = told.splitlines()
    for name in ("average", "intersection", "union"):
        published = next(i for i, one in enumerate(lines) if f"| per-word {name} |" in one)
        assert lines[published + 1].startswith(f"| **{name}, here** | 66.67 |")


def test_a_column_of_backbones_has_ours() -> None:
    table, (row,) = published_table(SYSTEMS["mattnet"]), SYSTEMS["mattnet"].rows
    asked = {"data": "refcoco", "split": "testA", "partition": "unc"}

    told = page(table, {row: measurements(records(), table, **asked)}, "resnet18")

    assert "| **mattnet, here** | resnet18 | testA | 66.67 | 33.33 |" in told


@pytest.mark.parametrize(
    ("backbone", "published", "ours"),
    [
        ("resnet101", "R+RMI", "resnet-rmi"),
        ("deeplab101", "D+RMI", "deeplab-rmi"),
        ("mobilenet_v2", "D+RMI", "deeplab-rmi on mobilenet_v2"),
        ("", "D+RMI", "deeplab-rmi"),
    ],
)
def test_ours_stands_beneath_the_row_of_its_backbone_and_names_another(
    backbone: str, published: str, ours: str
) -> None:
    table, row = published_table(SYSTEMS["rmi"]), SYSTEMS["rmi"].rows[0]
    measured = measurements(records(), table, data="referit", split="test")

    lines = page(table, {row: measured}, backbone).splitlines()

    (mine,) = [i for i, line in enumerate(lines) if ", here**" in line]
    assert lines[mine].startswith(f"| **{ours}, here** |")
    assert lines[mine - 1].startswith(f"| {published} |")


def test_the_four_published_rows_on_resnet_can_all_have_ours() -> None:
    rows = [row.on("resnet101") for name in ("rmi", "rmi_lstm") for row in SYSTEMS[name].rows]

    found = {row.variant: row.dense_crf for row in rows}
    assert found == {
        "resnet-rmi": False,
        "resnet-rmi-dcrf": True,
        "resnet-lstm": False,
        "resnet-lstm-dcrf": True,
    }


def test_the_backbone_of_ours_apart_is_named_too() -> None:
    table, row = published_table(SYSTEMS["hu2016"]), SYSTEMS["hu2016"].rows[1]
    measured = measurements(records(), table, data="referit", split="val")

    assert "\n| high-res on resnet18 | 66.67 |" in page(table, {row: measured}, "resnet18")
    assert "\n| high-res | 66.67 |" in page(table, {row: measured}, "vgg16")


@pytest.mark.parametrize("name", [name for name, one in SYSTEMS.items() if one.network])
def test_the_backbone_of_a_system_is_the_one_of_its_network(name: str) -> None:
    parameters = inspect.signature(registry.entry(SYSTEMS[name].network).network_class())

    assert SYSTEMS[name].backbone == parameters.parameters["backbone"].default


@pytest.mark.parametrize(
    ("system", "model", "told"),
    [
        ("rmi", {"backbone": "resnet101"}, "**resnet-rmi, here**"),
        ("rmi", {}, "**deeplab-rmi, here**"),
        ("grounder", {}, "**bbox on resnet101, here**"),
    ],
)
def test_what_a_model_says_of_its_training_chooses_the_row(
    system: str,
    model: dict[str, str],
    told: str,
    model_directory: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = referit_test(tmp_path / "referit")
    description = model_directory / "model.yaml"
    said = yaml.safe_load(description.read_text())
    said |= {"name": system, "about": {"step": 3, "minutes": 1, "training": {"model": model}}}
    description.write_text(yaml.safe_dump(said))
    given = ["--weights", str(model_directory), "--data", "referit", "--folder", str(folder)]

    assert main(["reproduce", "--system", system, *given]) == 0, capsys.readouterr().err

    assert f"| {told} |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"data": "refcoco"}, "the data set differs: published referit, ours refcoco"),
        ({"split": "val"}, "the split differs: published test, ours val"),
        ({"part": "the first 3 pictures"}, "ours is not the whole split: the first 3 pictures"),
    ],
)
def test_figures_on_other_data_stand_apart_with_the_reason(
    changes: dict[str, Any], told: str
) -> None:
    table, (row,) = published_table(SYSTEMS["whole_image"]), SYSTEMS["whole_image"].rows
    asked = {"data": "referit", "split": "test", **changes}

    written = page(table, {row: measurements(records(), table, **asked)})

    beside, _, apart = written.partition("### Here, in %")
    assert "here**" not in beside
    assert "| whole-image | 66.67 | 33.33 |" in apart
    assert told in apart


def test_the_whole_image_on_files_of_referit_s_format_stands_beside_the_paper(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = referit_test(tmp_path / "referit")

    status = main(
        ["reproduce", "--system", "whole_image", "--data", "referit", "--folder", str(folder)]
    )

    told = capsys.readouterr().out
    assert status == 0
    assert "## whole_image on referit test" in told
    assert "- 4 expressions about 2 pictures" in told
    assert "| **whole-image, here** | 0.00 |" in told


def test_masks_that_are_missing_are_told_in_one_line_before_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = referit_test(tmp_path / "referit", pictures=False)
    given = ["--system", "hu2016", "--data", "referit", "--folder", str(folder), "--steps", "1"]

    assert main(["reproduce", *given, "--out", str(tmp_path / "out")]) == 2

    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"textseg reproduce: {folder / 'mask'} is missing: expected")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--small", "--data", "referit"], "--small draws its own pictures, got --data referit"),
        (["--data", "referit"], "expected --data NAME and --folder FOLDER, or --small"),
        (["--small", "--variant", "third"], "--variant must be one of low-res, high-res"),
        (["--small", "--weights", "gone"], "gone: expected a model directory or a .safetensors"),
        (["--data", "cityscapes", "--folder", "."], "unknown data set 'cityscapes'; expected"),
    ],
)
def test_what_cannot_be_asked_ends_with_one_line(
    given: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", "--system", "hu2016", *given]) == 2

    assert message in capsys.readouterr().err


def test_drawn_pictures_are_the_same_for_the_same_numbers_and_name_their_shapes() -> None:
    first, again = small.drawn_scene(3, 0), small.drawn_scene(3, 0)

    assert np.array_equal(first.image, again.image)
    assert not np.array_equal(first.image, small.drawn_scene(3, 1).image)
    assert 2 <= len(first.objects) <= 4
    assert {item.names[0] for item in first.objects} <= set(small.SHAPES)
    assert not np.logical_and.reduce([item.mask for item in first.objects]).any()


def test_a_small_run_trains_answers_and_says_why_it_stands_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measured, "TRAIN_SCENES", 24)
    monkeypatch.setattr(measured, "TEST_SCENES", 2)
    given = ["reproduce", "--system", "hu2016", "--small", "--steps", "5"]

    assert main([*given, "--out", str(tmp_path)]) == 0

    told = capsys.readouterr().out
    assert "| Ours (high resolution) | 34.02% |" in told
    assert "Not beside the published rows: the data set differs: published referit" in told
    rows = [line for line in told.splitlines() if line.startswith(("| low-res", "| high-res"))]
    assert len(rows) == 2
    assert "- trained for 5 steps, " in told
    assert "min on mobilenet_v2, from scratch" in told
    assert (tmp_path / "run" / "low_resolution.safetensors").exists()
    assert LOW_RESOLUTION in {row.weights for row in SYSTEMS["hu2016"].rows}

    best = str(tmp_path / "run" / "best.safetensors")
    more = ["--weights", best, "--out", str(tmp_path / "again")]
    assert main(["reproduce", "--system", "hu2016", "--small", *more]) == 0
    again = capsys.readouterr().out
    assert rows[1] in again
    assert rows[0] not in again

    assert main(["reproduce", "--system", "rmi", "--small", *more]) == 2
    assert "is a network 'hu2016', expected 'rmi'" in capsys.readouterr().err
