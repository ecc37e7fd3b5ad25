from pathlib import Path

import pytest

from textseg_core.training.command import Command, parse_command

CONFIG = Path(__file__).parents[2] / "config" / "train_small.yaml"


def parsed(*given: str) -> Command:
    return parse_command(["--config", str(CONFIG), *given])


def test_the_file_alone_is_enough() -> None:
    command = parsed()

    assert command.settings.minutes == 55
    assert command.folders.scenes == ()
    assert (command.resume, command.init, command.deterministic) == (False, None, False)
    assert (command.device, command.threads) == (None, 0)


def test_options_name_folders() -> None:
    command = parsed("--data", "d", "--scenes", "s1", "s2", "--sprites", "p", "--out", "o")

    assert command.folders.data == Path("d")
    assert command.folders.scenes == (Path("s1"), Path("s2"))
    assert command.folders.sprites == Path("p")
    assert command.out == Path("o")


def test_options_change_settings_and_come_after_set() -> None:
    settings = parsed(
        *("--set", "seed=3", "--set", "rate=1e-4", "--seed", "7", "--part-minutes", "8")
    ).settings

    assert (settings.seed, settings.rate, settings.part_minutes) == (7, 1e-4, 8.0)


def test_a_run_is_as_long_as_the_last_word_says() -> None:
    assert (parsed("--steps", "9").settings.minutes, parsed("--steps", "9").settings.steps) == (
        None,
        9,
    )
    assert parsed("--minutes", "2.5").settings.minutes == 2.5


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ((), None),
        (("--licenses", "permissive"), (4, 5, 7)),
        (("--licenses", "all", "--set", "licences=[1]"), None),
        (("--licences", "4", "8"), (4, 8)),
    ],
)
def test_licences_are_chosen_by_name_or_number(
    given: tuple[str, ...], ids: tuple[int, ...] | None
) -> None:
    assert parsed(*given).settings.licences == ids


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--steps", "1", "--minutes", "1"), "--minutes or --steps, got both"),
        (("--licenses", "all", "--licences", "4"), "--licenses or --licences, got both"),
        (("--resume", "--init", "x"), "--resume or --init, got both"),
        (("--deterministic",), "no clock runs twice the same: give --steps N"),
        (("--steps", "0"), "steps must be a whole number >= 1, got 0"),
        (("--set", "rate"), "expected key=value, got 'rate'"),
    ],
)
def test_contradictions_are_refused(given: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parsed(*given)


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.yaml"):
        parse_command(["--config", str(tmp_path / "gone.yaml")])
