"""The whole evaluation, from a folder of scenes and a model directory to its files."""

import csv
import json
from pathlib import Path

import pytest
from drawn_scenes import BLOCKS, write_scenes

from textseg_core.evaluation import rendered
from textseg_core.evaluation.metrics import MEAN_IOU, N_ACC, OFFSET_MM, T_ACC
from textseg_core.evaluation.questions import read_questions
from textseg_core.evaluation.records import read_results
from textseg_core.evaluation.rendered import count_lines, main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_scenes(tmp_path / "scenes", "test", *BLOCKS)


def test_a_good_eye_for_colours_scores_high_where_a_colour_is_all_that_is_asked(
    folder: Path, model_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    files = [f"--{kind}={out / name}" for kind, name in (("write", "t.md"), ("csv", "t.csv"))]

    main(
        [
            *("--scenes", str(folder), "--weights", str(model_directory), "--per-kind", "6"),
            *("--json", str(out / "r.json"), "--gallery", str(out / "g"), *files),
            *("--write-questions", str(out / "q.json")),
        ]
    )

    records, about = read_results(out / "r.json")
    nouns = [record for record in records if record.kind == "category"]
    absent = [record for record in records if record.absent]
    assert len(nouns) == 6
    assert MEAN_IOU.of(nouns) > 0.93  # enlarging the cells rounds a block's corners off
    assert T_ACC.of(nouns) == 1.0
    assert N_ACC.of(absent) == 1.0
    assert OFFSET_MM.of(nouns) < 5.0
    assert about["name"] == "colours"
    page = (out / "t.md").read_text(encoding="utf-8")
    assert page.strip() == capsys.readouterr().out.strip()
    assert "## Rendered test scenes: colours" in page
    assert "python -m textseg_core.evaluation.rendered --scenes scenes" in page
    assert "**too few expressions**" in page
    with (out / "t.csv").open(encoding="utf-8") as file:
        assert ["By kind of expression", "category", "expressions", "6"] in list(csv.reader(file))
    assert {path.name for path in (out / "g").iterdir()} == {"best.jpg", "worst.jpg", "random.jpg"}
    assert len(read_questions(out / "q.json")) == len(records)


def test_a_written_list_is_asked_again_word_for_word(
    folder: Path, model_directory: Path, tmp_path: Path
) -> None:
    common = ["--scenes", str(folder), "--weights", str(model_directory)]
    questions, first, second = (str(tmp_path / name) for name in ("q.json", "1.json", "2.json"))
    main([*common, "--per-kind", "3", "--write-questions", questions, "--json", first])

    main([*common, "--questions", questions, "--json", second])

    assert read_results(Path(first))[0] == read_results(Path(second))[0]


def test_scenes_that_training_has_seen_are_refused(tmp_path: Path, model_directory: Path) -> None:
    folder = write_scenes(tmp_path / "seen", "train", *BLOCKS)

    with pytest.raises(SystemExit, match=r"seen holds scenes of split 'train', expected 'test'"):
        main(["--scenes", str(folder), "--weights", str(model_directory)])


def test_a_folder_without_scenes_ends_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"textseg_core\.evaluation\.rendered: .*scenes\.json"):
        main(["--scenes", str(tmp_path)])


def test_the_page_names_the_kinds_of_which_there_are_too_few(
    folder: Path, model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "q.json"
    common = ["--scenes", str(folder), "--weights", str(model_directory), "--per-kind", "3"]
    main([*common, "--write-questions", str(path)])
    questions = [q for q in read_questions(path) if q.query.kind in ("category", "absent")]
    assert len(questions) == 6

    (listed, few) = count_lines(questions)

    assert listed == "expressions: 6 that one thing or nothing fits; absent 3, category 3"
    assert few.startswith("**too few expressions**: fewer than 200 of category, synonym")
    monkeypatch.setattr(rendered, "KINDS", {"category": 1.0, "absent": 1.0})
    monkeypatch.setattr(rendered, "LEAST_PER_KIND", 3)
    monkeypatch.setattr(rendered, "LEAST", 6)
    assert "fewer than 3 of ambiguous" in count_lines(questions)[1]
    assert json.loads(path.read_text(encoding="utf-8"))[0]["scene"] == "000000_0"
