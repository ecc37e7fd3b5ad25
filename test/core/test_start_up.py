"""The measurement of a start: its figures, its limits, its errors."""

from pathlib import Path

import pytest

from textseg_core.runtime import start_up


def test_a_new_process_gives_its_seconds(model_directory: Path) -> None:
    imported, loaded, masked, whole = start_up.measure(str(model_directory))

    assert min(imported, loaded, masked) > 0.0
    assert imported + loaded + masked < whole


@pytest.mark.parametrize(
    ("seconds", "status", "said"),
    [
        ((0.4, 0.5, 0.1, 2.9), 0, "within the limits"),
        ((0.5, 0.5, 0.1, 2.0), 1, "import takes 0.50 s, limit 0.5 s"),
        ((0.4, 2.4, 0.1, 3.0), 1, "the first mask takes 3.00 s, limit 3.0 s"),
    ],
)
def test_the_median_is_judged(
    seconds: tuple[float, ...],
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = iter([seconds, (9.0, 9.0, 9.0, 9.0), (0.1, 0.1, 0.1, 0.1)])
    monkeypatch.setattr(start_up, "measure", lambda model: next(runs))

    assert start_up.main(["--times", "3"]) == status
    assert said in capsys.readouterr().out


def test_a_process_that_fails_gives_its_last_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start_up.main(["--model", str(tmp_path / "absent"), "--times", "1"]) == 1
    assert "absent does not exist" in capsys.readouterr().err
