"""Real and written ReferIt phrases: short, misspelt, without verbs; none may raise or lose words.

The real phrases may not be redistributed. They are read from the folder named by the environment
variable TEXTSEG_DATA, or from shared/data beside the project, and their test says so where the
folder is absent.
"""

import json
import os
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from textseg_core.command import Command, parse_command
from textseg_core.tokenizer import RESERVED, Tokenizer

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
REFERIT = Path(os.environ.get("TEXTSEG_DATA") or _BESIDE) / "referit"

# Written for this test in the style of the game's players: phrase, whether several are meant.
PHRASES = {
    "sky": False, "the sky above the barn": False, "guy in green hat": False,
    "lady far right": False, "2nd tree from left": False, "trees behind the church": True,
    "ppl on bench": True, "bottom left corner": False, "bldg on rt": False,
    "red thing, top middle": False, "the dog's tail": False, "kids w/ ball": True,
    "anything but the road": False, "any cloud": False, "clouds": True, "grass": False,
    "window over door": False, "two guys on the left": True, "second bus": False,
    "TALLEST TOWER": False, "closest sheep": False, "man's left shoe": False,
    "horse (brown one)": False, "dude on the far rt w/ sunglasses": False,
    "the one in the middle": False, "rocks bottom": True, "all of the boats": True,
    "both bikes": True, "the wall. no, the fence": False, "yellow & blue kite": False,
    "water between the ships": False, "left": False, "very top right": False,
    "person facing us not the kid": False, "hand on hip": False, "hand holding the cup": False,
    "can of paint": False, "watch on wrist": False, "set of stairs": False,
    "drop off ramp": False, "place where they sit": False, "point of the roof": False,
    "box lid": False, "light post 3": False, "the '57 chevy": False, "sand/dirt in front": False,
    "umbrella...left": False, "girl - pink skirt": False, "chair #2": False, "sign “EXIT”": False,
    "greenery behind bus": False, "mountains in back": True, "leaves of the plant": True,
    "women talking": True, "glass on tray": False, "glasses on tray": True, "tv": False,
    "building™": False, "☂ on the beach": False, "whats under the table": False,
    "the thing nobody is looking at": False, "cactii left of cactus": False,
}  # fmt: skip


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[^\W_]+", text.lower()))


def _lost_words(command: Command) -> Counter[str]:
    parts = " ".join(
        part
        for part in (
            command.action,
            command.expression,
            command.destination_relation,
            command.destination,
            *command.ignored,
        )
        if part
    )
    return _words(command.text) - _words(parts)


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_player_s_phrase_is_an_expression_and_no_command(phrase: str) -> None:
    command = parse_command(phrase)

    assert command.action is None
    assert not _lost_words(command)
    assert command.plural is PHRASES[phrase]


def _real_phrases() -> list[str]:
    phrases: list[str] = []
    for split in ("train", "val", "test"):
        text = (REFERIT / f"referit_query_{split}.json").read_text(encoding="utf-8")
        for of_region in json.loads(text).values():
            phrases += of_region
    return phrases


@pytest.fixture(scope="module")
def real_phrases() -> list[str]:
    if not REFERIT.is_dir():
        pytest.skip(f"the ReferIt phrases are not here: no folder {REFERIT}; set TEXTSEG_DATA")
    return _real_phrases()


@pytest.mark.data
def test_every_real_phrase_is_parsed_without_loss(real_phrases: list[str]) -> None:
    start_s = time.process_time()
    commands = [parse_command(phrase) for phrase in real_phrases]
    spent_s = time.process_time() - start_s

    assert len(commands) == 120_081
    assert [command for command in commands if _lost_words(command)] == []
    # The game is description: hardly any phrase is a command, hardly any is all filler.
    assert sum(command.action is not None for command in commands) < 0.01 * len(commands)
    assert sum(not command.expression for command in commands) < 10
    assert spent_s < 30.0


@pytest.mark.data
@pytest.mark.parametrize("kind", ["words", "hu2016"])
def test_every_real_phrase_is_encoded_with_the_real_vocabulary(
    real_phrases: list[str], kind: str
) -> None:
    tokenizer = Tokenizer.from_file(
        REFERIT / "vocabulary_referit.txt",
        length=20,
        kind=kind,  # type: ignore[arg-type]
    )

    encodings = [tokenizer.encode(phrase) for phrase in real_phrases[::10]]

    assert tokenizer.size == 8_803
    assert all(one.token_ids.shape == (1, 20) for one in encodings)
    assert all((one.token_ids < tokenizer.size).all() for one in encodings)
    unknown = sum(bool(one.unknown_words) for one in encodings)
    assert unknown < 0.15 * len(encodings)  # misspelt and rare words
    assert RESERVED == ("<pad>", "<go>", "<eos>", "<unk>")
