from pathlib import Path

import pytest

from textseg_core.runtime.start_up import main as start_up
from textseg_core.runtime.start_up import measure
from textseg_core.runtime.tune import Setting, main, settings, time_frames


def test_every_number_of_threads_is_tried_with_and_without_spinning() -> None:
    tried = list(settings(3))
    pairs = {(one.threads, one.spin) for one in tried if one.level == "all" and one.arena}
    assert pairs == {(threads, spin) for threads in (1, 2, 3) for spin in (False, True)}
    assert {one.level for one in tried} == {"all", "extended", "basic"}
    assert sum(not one.arena for one in tried) == 1
    assert len(set(tried)) == len(tried)


def test_the_settings_take_turns() -> None:
    calls: list[str] = []

    class Rig:
        def __init__(self, name: str) -> None:
            self.name = name

        def frame(self, queries: int):  # type: ignore[no-untyped-def]
            return lambda: calls.append(f"{self.name}{queries}")

    one, two = (
        Setting(threads=threads, spin=False, level="all", arena=True) for threads in (1, 2)
    )
    times = time_frames({one: Rig("a"), two: Rig("b")}, 8, 2)  # type: ignore[dict-item]
    assert calls == ["a8", "b8"] * 4
    assert all(wall >= 0.0 and processor >= 0.0 for wall, processor in times.values())


def test_a_table_of_all_settings_is_printed(
    model_directory: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("textseg_core.runtime.tune.usable_cores", lambda: 1)
    assert main(["--model", str(model_directory), "--rounds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(list(settings(1)))
    assert lines[2].startswith("| 1 | no | all | yes | ")


def test_a_model_that_is_not_there_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", str(tmp_path)]) == 1
    assert "cannot be run" in capsys.readouterr().err


def test_the_first_mask_of_a_new_process_is_timed(model_directory: Path) -> None:
    imported, loaded, masked, whole = measure(str(model_directory))
    assert min(imported, loaded, masked) > 0.0
    assert whole > imported + loaded + masked


def test_a_process_that_fails_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert start_up(["--model", str(tmp_path / "absent"), "--times", "1"]) == 1
    assert "does not exist; expected model.yaml" in capsys.readouterr().err
