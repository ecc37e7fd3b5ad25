from pathlib import Path
from typing import Any

import pytest

from textseg_core.training.settings import LOSSES, Stage, TrainSettings
from textseg_core.training.settings_file import load_settings, plain, settings_from

CONFIG = Path(__file__).parents[2] / "config"
TEXT = """
minutes: 10
losses: {mask: 2}
stages:
  - {share: 0.25, input_px: 64, mixture: {scenes: 1}}
  - {share: 0.75, input_px: 96, mixture: {scenes: 1, weak: 0.5}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "train.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_a_file_changes_what_it_names_and_nothing_else(config: Path) -> None:
    settings = load_settings(config)

    assert (settings.minutes, settings.steps, settings.rate) == (10, None, 1e-3)
    assert [stage.input_px for stage in settings.stages] == [64, 96]
    assert settings.stages[1].mixture == {"scenes": 1, "weak": 0.5}
    assert settings.loss_weight("mask") == 2
    assert settings.loss_weight("coarse") == LOSSES["coarse"]


def test_the_command_line_reaches_every_setting(config: Path) -> None:
    settings = load_settings(
        config,
        [
            "rate=2e-4",
            "stages.1.batch=3",
            "stages.0.mixture.photographs=2",
            "losses.coarse=0",
            "ablate=[attention]",
            "licences=[4, 5]",
        ],
    )

    assert settings.rate == pytest.approx(2e-4)  # YAML 1.1 itself takes 2e-4 for a word
    assert [stage.batch for stage in settings.stages] == [Stage().batch, 3]
    assert settings.stages[0].mixture == {"scenes": 1, "photographs": 2}
    assert settings.loss_weight("coarse") == 0
    assert settings.ablate == ("attention",)
    assert settings.licences == (4, 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("learning_rate=1", "learning_rate; accepted are network"),
        ("stages.0.size=1", "unknown size"),
        ("stages.2.batch=1", "no stages.2.batch"),
        ("minutes.top=1", "no minutes.top"),
        ("rate", "expected key=value, got 'rate'"),
        ("rate=[1", "is not YAML"),
        ("rate=0", "rate must be a number above 0, got 0"),
        ("rate=.nan", "rate must be a number above 0"),
        ("steps=5", "either minutes or steps"),
        ("minutes=null", "either minutes or steps"),
        ("precision=fp16", "fp16"),
        ("ablate=[colour]", "unknown colour; accepted are coordinates"),
        ("ablate=colour", "must be a list"),
        ("losses.dice=1", "unknown dice"),
        ("losses.mask=-1", "losses.mask must be a number >= 0"),
        ("stages.0.mixture.books=1", "'books'; sources are scenes"),
        ("stages.0.mixture.scenes=0", "a weight above 0"),
        ("stages.0.share=0.5", "sum to 1, got 1.25"),
        ("stages.0.batch=0", "batch must be a whole number >= 1, got 0"),
        ("stages.0.batch=2.5", "batch must be a whole number"),
        ("stages=3", "stages must be a list"),
        ("average=2", "average must lie in"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(config: Path, change: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_settings(config, [change])


def test_an_error_in_the_file_names_the_file(config: Path) -> None:
    config.write_text("minutes: -1", encoding="utf-8")

    with pytest.raises(ValueError, match=r"train\.yaml: minutes"):
        load_settings(config)


def test_plain_values_rebuild_the_settings(config: Path) -> None:
    settings = load_settings(config, ["ablate=[presence]", "licences=[4]", "model.width=64"])

    assert settings_from(plain(settings)) == settings


def test_stages_follow_their_shares() -> None:
    settings = TrainSettings(
        steps=8, stages=(Stage(share=0.5), Stage(share=0.25), Stage(share=0.25))
    )

    stages = [settings.stage_at(progress) for progress in (0, 0.49, 0.5, 0.74, 0.75, 1.0)]

    assert stages == [0, 0, 1, 1, 2, 2]


def test_without_presence_nothing_teaches_it() -> None:
    settings = TrainSettings(steps=1, ablate=("presence",))

    weights: dict[str, Any] = {name: settings.loss_weight(name) for name in LOSSES}

    assert weights == {**LOSSES, "presence": 0.0, "agreement": 0.0}


@pytest.mark.parametrize("path", sorted(CONFIG.glob("train*.yaml")), ids=lambda path: path.name)
def test_every_configuration_of_the_repository_loads(path: Path) -> None:
    settings = load_settings(path)

    assert all(stage.input_px % 32 == 0 for stage in settings.stages)
