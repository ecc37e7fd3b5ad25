"""All systems in one table: the same for all, resumed where stopped, made of what is kept."""

import fcntl
import json
from pathlib import Path
from typing import Any

import cv2
import pytest

from textseg_core.command_line import main
from textseg_core.evaluation.gallery import CELL_PX
from textseg_core.evaluation.records import Record, write_results
from textseg_core.models import registry
from textseg_core.reproduce import compare, entrants, timing
from textseg_core.reproduce.compared import page
from textseg_core.reproduce.small import write_drawn
from textseg_core.reproduce.strata import BANDS, STRATA_FILE, band
from textseg_core.training.command import parse_command

NAMES = [name for name, one in entrants.ENTRANTS.items() if one.system.network]


def record(expression: str, kind: str, target: int, answer: int, shared: int) -> Record:
    return Record(
        scene="000001_0",
        cluster="000001",
        expression=expression,
        kind=kind,
        several=False,
        targets=int(target > 0),
        picture_px=10_000,
        target_px=target,
        answer_px=answer,
        shared_px=shared,
        score=1.0,
        status="found",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What two finished systems left."""
    records = [
        record("the mug", "category", 100, 100, 50),
        record("the jar", "category", 20, 20, 20),
        record("the table", "stuff", 4000, 5000, 4000),
        record("the cake", "absent", 0, 0, 0),
    ]
    about: dict[str, Any] = {
        "label": "ours, compact",
        "refuses": True,
        "steps": 12,
        "minutes": 7.02,
    }
    about |= {"parameters": 2_500_000, "gmac_image": 0.5, "gmac_query": 0.01}
    write_results(tmp_path / "compact" / "compact.json", records, about)
    whole = [
        record(one.expression, one.kind, one.target_px, 10_000, one.target_px) for one in records
    ]
    about = {"label": "whole image", "refuses": False}
    write_results(tmp_path / "whole_image" / "whole-image.json", whole, about)
    names = {"the mug": "mug", "the jar": "jar", "the table": "table"}
    categories = {f"000001_0 {text}": name for text, name in names.items()}
    strata = {"categories": categories, "shares": {"mug": 0.5, "jar": 0.0, "table": 0.0}}
    (tmp_path / STRATA_FILE).write_text(json.dumps(strata), encoding="utf-8")
    times = {"machine": "a drawn one", "ms": {"ours, compact": {"one": 21.04, "many": 40.0}}}
    (tmp_path / timing.TIMES_FILE).write_text(json.dumps(times), encoding="utf-8")
    return tmp_path


def test_the_table_has_what_its_records_say(folder: Path) -> None:
    told = page(folder)

    (ours,) = [line for line in told.splitlines() if line.startswith("| ours, compact | 12")]
    # Things alone: 70 of 170 pixels; IoU 1/3 and 1; what is absent was refused.
    assert ours.startswith("| ours, compact | 12 | 7.0 | 0.412 | 0.667 | 0.500 |")
    assert ours.endswith("| 1.000 | 2.50 | 0.500 | 0.0100 | 21.0 | 5.0 |")
    (whole,) = [line for line in told.splitlines() if line.startswith("| whole image |  |  |")]
    assert whole.endswith("| 0.000 |  |  |  |  |  |  |")  # it never refuses, and costs nothing
    assert "- 3 expressions about things and 1 about stuff" in told
    assert "- times: a drawn one" in told


def test_answers_are_split_by_what_is_meant(folder: Path) -> None:
    told = page(folder)

    head = "| system | things | stuff | table | small | medium | in no scene | frequent |"
    assert head in told
    assert "| expressions with a target | 2 | 1 | 1 | 1 | 1 | 1 | 1 |" in told
    assert "| ours, compact | 0.667 | 0.800 | 0.800 | 1.000 | 0.333 | 1.000 | 0.333 |" in told
    lines = (folder / "systems.csv").read_text(encoding="utf-8").splitlines()
    assert 'Mean IoU by what is meant,"ours, compact",stuff,0.800' in lines


def test_bands_of_frequency_have_their_marks() -> None:
    assert [band(share) for share in (0.0, 0.049, 0.05, 0.099, 0.1)] == [
        *BANDS[:2],
        *BANDS[2:3] * 2,
        BANDS[3],
    ]


@pytest.mark.parametrize("name", NAMES)
def test_everybody_learns_the_same_for_as_long_and_as_large(name: str) -> None:
    entrant = entrants.ENTRANTS[name]

    command = parse_command(
        entrants.training_arguments(
            entrant, scenes=[Path("a"), Path("b")], data=None, minutes=7.0, input_px=256
        )
    )

    settings = command.settings
    assert settings.network == entrant.system.network in registry.ENTRIES
    assert (settings.minutes, settings.clock, settings.steps) == (7.0, "core", None)
    assert {stage.input_px for stage in settings.stages} == {256}
    assert all(stage.mixture == {"scenes": 0.9, "stuff": 0.1} for stage in settings.stages)
    assert command.folders.scenes == (Path("a"), Path("b"))
    assert len(entrant.labels) == len(entrant.rows)


def test_a_run_is_trained_asked_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compare, "PER_KIND", 3)
    monkeypatch.setattr(compare, "PER_KIND_CHOOSING", 2)
    monkeypatch.setattr(timing, "ROUNDS", 1)
    for place, split, count in (("a", "train", 24), ("b", "train", 2), ("c", "test", 3)):
        write_drawn(tmp_path / place, split, count)
    given = ["reproduce", "--compare", "--scenes", str(tmp_path / "a" / "train")]
    given += ["--valid", str(tmp_path / "b" / "train"), "--test", str(tmp_path / "c" / "test")]
    given += ["--input-px", "64", "--out", str(tmp_path / "out")]
    given += ["--only", "hu2016", "whole_image"]

    assert main([*given, "--minutes", "0.04"]) == 0

    told = capsys.readouterr().out.partition("## ")[2]  # the training has said something first
    rows = [line for line in told.splitlines() if line.startswith("| Hu et al. 2016, ")]
    assert len(rows) == 4  # two rows in two tables
    assert all(line.count("|") == rows[0].count("|") and " |  |" not in line for line in rows[:2])
    assert (tmp_path / "out" / "systems.md").read_text(encoding="utf-8") == f"## {told}"

    again = main([*given, "--minutes", "0.04"])
    told_again = capsys.readouterr()
    assert (again, told_again.out) == (0, f"## {told}")
    assert "hu2016: done before" in told_again.err
    drawn = ["--gallery", str(tmp_path / "gallery.jpg"), "--test", str(tmp_path / "c" / "test")]
    assert main(["reproduce", "--compare", "--render", "--out", given[-4], *drawn]) == 0
    assert (tmp_path / "gallery.jpg").is_file()
    assert capsys.readouterr().out == f"## {told}"

    assert main([*given, "--minutes", "0.05"]) == 2
    assert "one table has one budget" in capsys.readouterr().err


def test_the_gallery_can_show_some_systems_and_pictures_that_nobody_was_asked_about(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = write_drawn(tmp_path / "more", "test", 3)
    gallery = tmp_path / "gallery.jpg"
    given = ["reproduce", "--compare", "--render", "--out", str(folder), "--only", "whole_image"]
    given += ["--gallery", str(gallery), "--pictures", str(pictures)]

    assert main(given) == 0, capsys.readouterr().err
    whole = cv2.imread(str(gallery))
    assert whole.shape[1] == CELL_PX + 4  # one column with its rim, though two are finished
    assert main([*given, "--gallery-width", "81"]) == 0
    small = cv2.imread(str(gallery))
    assert small.shape[:2] == (round(whole.shape[0] / 4), 81)

    assert main(given[:-2]) == 2
    assert "--gallery needs --test with the pictures that were asked" in capsys.readouterr().err
    assert main([*given, "--gallery-width", "0"]) == 2
    assert "a gallery must be at least 1 pixel wide, got 0" in capsys.readouterr().err


def test_two_processes_do_not_train_into_one_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["reproduce", "--compare", "--minutes", "1", "--out", str(tmp_path)]
    given += ["--scenes", "a", "--valid", "b", "--test", "c"]

    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(given) == 2

    assert "another process trains systems in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--minutes", "1"], "--compare needs --scenes, or --render"),
        (["--only", "clip"], "--only names clip; the systems are compact, hu2016"),
        (["--render", "--out", "nowhere"], "nowhere holds no finished system"),
    ],
)
def test_what_cannot_be_compared_ends_with_one_line(
    given: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", "--compare", *given]) == 2

    assert message in capsys.readouterr().err
