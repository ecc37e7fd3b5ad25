"""Whole runs of the small configuration: repeated, killed, taken up again, exported."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from drawn_data import write_data
from drawn_scenes import BLOCKS, write_scenes
from trained import STEPS, arguments, command, losses, run_until

from textseg_core.models.checkpoint import load_checkpoint
from textseg_core.runtime import export
from textseg_core.segmenter import Segmenter
from textseg_core.training.journal import Journal
from textseg_core.training.parallel import join_team
from textseg_core.training.run import open_run
from textseg_core.training.state import LOG_FILE, STATE_FILE
from textseg_core.training.train import main, set_determinism


@pytest.fixture(scope="module", autouse=True)
def deterministic() -> Iterator[None]:
    set_determinism()
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run from its beginning to its end."""
    out = tmp_path_factory.mktemp("whole") / "run"
    main(arguments(data, out, "--deterministic"))
    return out


def test_two_runs_with_one_seed_have_the_same_losses(
    data: Path, whole: Path, tmp_path: Path
) -> None:
    main(arguments(data, tmp_path, "--deterministic"))

    assert [step for step, _ in losses(whole)] == list(range(STEPS))
    assert losses(tmp_path) == losses(whole)


def test_another_seed_has_other_losses(data: Path, whole: Path, tmp_path: Path) -> None:
    run_until(command(data, tmp_path, "--seed", "1"), 3)

    pairs = zip(losses(tmp_path), losses(whole), strict=False)
    assert [mine[1] != other[1] for mine, other in pairs] == [True] * 3


def test_a_killed_run_continues_its_curve(data: Path, whole: Path, tmp_path: Path) -> None:
    asked, again = command(data, tmp_path), command(data, tmp_path, "--resume")
    run_until(asked, 4)
    saved = (tmp_path / STATE_FILE).read_bytes()
    run_until(again, 7)
    # As kill -9 leaves it: a state of step 4 and a log of which the last line is cut off.
    (tmp_path / STATE_FILE).write_bytes(saved)
    log = tmp_path / LOG_FILE
    log.write_bytes(log.read_bytes()[:-25])

    run_until(again, 15)  # into the second stage, which begins at step 12
    run = run_until(again)

    assert losses(tmp_path) == losses(whole)
    assert run.progress.drawn == 12 * 2 + 8 * 1
    states = [load_checkpoint(f / "last.safetensors").state for f in (tmp_path, whole)]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_a_finished_run_stays_as_it_is(
    data: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shutil.copytree(whole, tmp_path / "run")

    main(arguments(data, out, "--resume"))

    assert "step 20: the run is finished" in capsys.readouterr().out
    assert losses(out) == losses(whole)


def test_a_part_ends_cleanly_and_says_how_to_go_on(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(arguments(data, tmp_path, "--part-minutes", "1e-9"))

    assert "step 0: the run goes on with --resume" in capsys.readouterr().out
    assert (tmp_path / STATE_FILE).exists()


def test_a_run_that_ends_together_with_a_part_is_validated(data: Path, tmp_path: Path) -> None:
    run = run_until(command(data, tmp_path, "--steps", "1"), 1)

    assert run.progress.best >= 0
    assert (tmp_path / "best.safetensors").exists()


@pytest.mark.parametrize("averaged_is_loud", [True, False])
def test_the_better_of_averaged_and_trained_weights_is_kept(
    data: Path, tmp_path: Path, averaged_is_loud: bool
) -> None:
    with join_team("cpu") as team:
        run = open_run(command(data, tmp_path), team)
        biases = {}
        for network, loud in (
            (run.average, averaged_is_loud),
            (run.network, not averaged_is_loud),
        ):
            # Loud: all of the picture is always found. Silent: nothing is.
            last = network.get_parameter("query_head.answer.2.bias")
            with torch.no_grad():
                last.fill_(50.0 if loud else -50.0)
                network.get_parameter("query_head.coarse_bias").fill_(50.0)
            biases["validation" if network is run.average else "validation_unaveraged"] = last

        run.begin_stage()
        with Journal(tmp_path, 0, active=True) as journal:
            run.keep(journal, check=True)

    (line,) = (json.loads(text) for text in (tmp_path / LOG_FILE).read_text().splitlines())
    scores = {name: line[name]["score"] for name in biases}
    better = max(scores, key=scores.__getitem__)
    best = load_checkpoint(tmp_path / "best.safetensors").state["query_head.answer.2.bias"]
    assert scores["validation"] != scores["validation_unaveraged"]
    assert torch.equal(best, biases[better].detach())
    assert run.network.training


def test_a_run_is_never_begun_over_another(data: Path, whole: Path) -> None:
    with pytest.raises(SystemExit, match=r"holds a run already: give --resume .* another --out"):
        main(arguments(data, whole))


def test_other_settings_are_refused_at_resuming(data: Path, whole: Path) -> None:
    with pytest.raises(SystemExit, match=r"keeps its settings, but rate was 0\.001, is 0\.002"):
        main(arguments(data, whole, "--resume", "--set", "rate=0.002"))


def test_other_words_are_refused_at_resuming(data: Path, whole: Path) -> None:
    more = with_gramophones(data, "more")

    with pytest.raises(
        SystemExit, match=r"the run does not know gramophone, gramophones \(2 words"
    ):
        main(arguments(data, whole, "--resume", scenes=more))


def with_gramophones(data: Path, name: str) -> str:
    """Write scenes whose catalogue knows a gramophone too; return the folder's name."""
    folder = data / name
    if not folder.exists():
        write_scenes(folder, "train", *BLOCKS)
        settings = folder / "scenes.json"
        settings.write_text(settings.read_text().replace('"red"', '"red", "gramophone"'))
    return name


def test_a_run_from_trained_weights_keeps_their_words_and_learns_new_ones(
    data: Path, whole: Path, tmp_path: Path
) -> None:
    start = load_checkpoint(whole / "last.safetensors")
    given = ("--init", str(start.path), "--set", "ablate=[]")
    scenes = with_gramophones(data, "others")
    only_scenes = ("stages.0.mixture={scenes: 1}", "stages.1.mixture={scenes: 1}")
    given += tuple(part for change in only_scenes for part in ("--set", change))

    run = run_until(command(data, tmp_path, *given, scenes=scenes), 0)

    assert tuple(run.words[: len(start.vocabulary)]) == start.vocabulary
    assert "dog" in run.words  # of photographs that this run has not
    assert set(run.words) - set(start.vocabulary) == {"gramophone", "gramophones"}
    learnt = run.network.state_dict()["expression_encoder.embedding.weight"]
    before = start.state["expression_encoder.embedding.weight"]
    assert torch.equal(learnt[: len(before)], before)
    # Going on needs neither the first weights nor ImageNet's.
    again = run_until(command(data, tmp_path, *given[2:], "--resume", scenes=scenes), 1)
    assert again.words == run.words
    assert not again.network.expression_encoder.lexicon.weight.requires_grad


def test_a_missing_start_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"gone\.safetensors is missing: --init wants"):
        main(arguments(data, tmp_path, "--init", str(tmp_path / "gone.safetensors")))


def test_an_unknown_network_is_refused(data: Path, tmp_path: Path) -> None:
    asked = command(data, tmp_path, "--set", "network=resnet")

    with (
        join_team("cpu") as team,
        pytest.raises(ValueError, match=r"must be one of .*compact, .*hu2016.*, got 'resnet'"),
    ):
        open_run(asked, team)


def test_what_a_run_leaves_becomes_a_model_that_answers(whole: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    best = whole / "best.safetensors"

    assert export.main(["--checkpoint", str(best), "--out", str(model)]) == 0

    about = yaml.safe_load((model / "model.yaml").read_text(encoding="utf-8"))["about"]
    # As evaluation.curve reads them: neither those for validation nor those kept out.
    assert (about["photographs"], about["rendered_scenes"]) == (3, 9)
    assert set(about["validation"]) == {"scenes", "photographs", "score"}
    assert about["training"]["steps"] == STEPS
    segmenter = Segmenter.load(model)
    answer = segmenter.segment(np.zeros((48, 64, 3), np.uint8), "the red one")
    assert answer.response_map.shape == (48, 64)
    assert answer.unknown_words == ()


def test_a_run_leaves_pictures_and_curves(whole: Path) -> None:
    assert [path.name for path in sorted((whole / "pictures").iterdir())] == [
        "step_000012.jpg",
        "step_000020.jpg",
    ]
    assert list((whole / "tensorboard").glob("events.*"))
    assert not list(whole.glob(".*"))  # no temporary file is left
