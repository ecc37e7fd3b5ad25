"""`textseg models`: weights and systems, with licence, size and figures."""

import json
import shutil
from pathlib import Path

import pytest

from textseg_core.command_line import main
from textseg_core.model_card import find_card, read_card
from textseg_core.model_info import SHIPPED_WEIGHTS

CARD = """# Card

| | |
|---|---|
| Task | finds [things](things.md) |
| Licence | MIT |

Words | with a bar.

| | this version | the one before |
|---|---:|---:|
| mean IoU | 0.5 | 0.4 |
| refused | 0.9 | - |
"""


def test_a_card_is_read_by_its_tables(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text(CARD)

    card = read_card(tmp_path / "card.md")

    assert card.facts == {"Task": "finds things", "Licence": "MIT"}
    assert card.figures == {"mean IoU": "0.5", "refused": "0.9"}


@pytest.mark.parametrize("text", ["no table", CARD.replace("this version", "now")])
def test_a_card_without_its_tables_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "card.md").write_text(text)

    with pytest.raises(ValueError, match="expected a table of facts"):
        read_card(tmp_path / "card.md")


def test_the_first_place_that_holds_a_card_counts(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text(CARD)

    assert find_card((tmp_path / "a.md", tmp_path / "b.md")) == tmp_path / "b.md"
    assert find_card((tmp_path / "a.md",)) is None


def test_shipped_weights_pretrained_models_and_systems_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "models--CIDAS--clipseg-rd64-refined" / "snapshots" / "abc").mkdir(parents=True)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))

    assert main(["models", "--json"]) == 0

    listed = json.loads(capsys.readouterr().out)
    (weights,) = listed["weights"]
    assert (weights["name"], weights["fault"]) == ("compact", "")
    assert weights["licence"].startswith("Apache-2.0")
    assert weights["megabytes"] == pytest.approx(
        sum(file.stat().st_size for file in SHIPPED_WEIGHTS.iterdir()) / 1e6, abs=0.05
    )
    assert any("mean IoU" in what for what in weights["figures"])
    here = {
        one["weights"]: [network["here"] for network in one["networks"]]
        for one in listed["pretrained"]
    }
    assert here["hub:clipseg"] == [True]
    assert here["hub:sam3"] == [False]
    assert {one["name"] for one in listed["systems"]} >= {"hu2016", "rmi", "mattnet", "hulanet"}


def test_weights_of_ones_own_are_listed_and_damaged_ones_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = Path(shutil.copytree(SHIPPED_WEIGHTS, tmp_path / "own"))

    assert main(["models", str(own)]) == 0
    assert f"compact: {own}" in capsys.readouterr().out

    (own / "vocabulary.txt").write_text("the\n")
    assert main(["models", str(own)]) == 1
    printed = capsys.readouterr()
    assert f"{own}: cannot be used; see below\n" in printed.out
    assert printed.err.startswith(f"textseg models: {own / 'vocabulary.txt'} is damaged")
