"""Every system trained two steps and put into its paper's table, on files of true formats."""

from pathlib import Path

import pytest
from published import (
    corners,
    python2_pickle,
    reference,
    task,
    write_phrasecut,
    write_refer_folder,
    write_referit,
)

from textseg_core.command_line import main
from textseg_core.reproduce.beside import published_table
from textseg_core.reproduce.measured import chosen_part
from textseg_core.reproduce.systems import SYSTEMS

#: The data that each system is asked about, of those that its paper's table has.
DATA = {
    **dict.fromkeys(("per_word", "scrc", "grounder", "segment_proposals"), "referit"),
    **dict.fromkeys(("hu2016", "rmi_lstm"), "referit"),
    "rmi": "refcoco+",
    "mattnet": "refcoco",
    "chen2019": "refcocog",
    **dict.fromkeys(("hulanet", "hulanet_cat", "hulanet_cat_att", "hulanet_cat_rel"), "phrasecut"),
}
#: Narrower still than a small run.
NARROW = {
    "proposals": 5,
    "regions": 8,
    "candidates": 8,
    "pyramid_channels": 8,
    "box_channels": 8,
    "tokens": 5,
    **{
        f"{name}_channels": 8
        for name in (
            *("embedding", "expression", "hidden", "visual", "word", "caption"),
            *("language", "joint", "relation"),
        )
    },
}


def written(system: str, folder: Path) -> Path:
    """A system's data in their own format, with expressions to learn from and others to ask."""
    name = DATA[system]
    if name == "referit":
        made = write_referit(folder)
        for path in sorted(made.glob("*train*")):
            path.with_name(path.name.replace("train", "test")).write_bytes(path.read_bytes())
        return made
    if name == "phrasecut":
        cup = [[corners((4, 4, 30, 30))]]
        for split in ("train", "test"):
            asked = [task(9, "a", "red cup", cup, attributes=["red"]), task(4, "b", "cup", cup)]
            write_phrasecut(folder, asked, split)
        return folder
    made = write_refer_folder(folder, name)
    split, partition = chosen_part(published_table(SYSTEMS[system]), name)
    references = [
        reference(1, 581857, 20, "train", "left cup", "the cup on the left"),
        reference(2, 581857, 30, split, "right cup"),
    ]
    (made / f"refs({partition}).p").write_bytes(python2_pickle(references))
    return made


def changes(name: str) -> list[str]:
    """A system's settings for two steps, as `--set` takes them."""
    system = SYSTEMS[name]
    model = {key: NARROW.get(key, value) for key, value in system.small.items()}
    model |= {"tokens": NARROW["tokens"]}
    told = ["precision=fp32", "workers=0", "validation_scenes=1", "minutes=null"]
    told += [f"model.{key}={value}" for key, value in model.items()]
    for place in range(len(system.stages)):
        told += [f"stages.{place}.{key}" for key in ("input_px=64", "batch=1", "queries=2")]
    return [word for change in told for word in ("--set", change)]


@pytest.mark.parametrize(
    ("system", "data", "given", "part"),
    [
        ("hu2016", "referit", {}, ("test", "")),
        # Its table has val, testA and testB, but not both tests together.
        ("mattnet", "refcoco", {}, ("val", "unc")),
        ("chen2019", "refcocog", {}, ("test", "umd")),
        # Its table has the older partition only, which has no test.
        ("rmi", "refcocog", {}, ("val", "google")),
        ("rmi", "refcocog", {"partition": "umd"}, ("test", "umd")),
        ("mattnet", "refcoco", {"split": "testB"}, ("testB", "unc")),
        ("hu2016", "phrasecut", {}, ("test", "")),
        ("hu2016", "rendered", {}, ("", "")),
    ],
)
def test_what_is_not_named_is_what_the_table_has(
    system: str, data: str, given: dict[str, str], part: tuple[str, str]
) -> None:
    assert chosen_part(published_table(SYSTEMS[system]), data, **given) == part


def test_every_system_that_learns_is_proven_here() -> None:
    assert set(DATA) == {name for name, system in SYSTEMS.items() if system.network}


@pytest.mark.parametrize("name", DATA)
def test_two_steps_of_training_and_an_answer_stand_in_the_paper_s_table(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(name, tmp_path / "data")
    given = ["--system", name, "--data", DATA[name], "--folder", str(folder)]

    status = main(
        ["reproduce", *given, "--steps", "2", "--out", str(tmp_path / "out"), *changes(name)]
    )

    told, error = capsys.readouterr()
    assert status == 0, error
    assert told.startswith(f"## {name} on {DATA[name]} ")
    assert "- trained for 2 steps" in told
    # Where the table has no column for the backbone, a small one is named.
    on = "" if DATA[name].startswith("refcoco") and name != "rmi" else " on mobilenet_v2"
    for row in SYSTEMS[name].rows:
        assert f"| **{row.name}{on}, here** |" in told
    assert ("### Comprehension" in told) == SYSTEMS[name].comprehends
