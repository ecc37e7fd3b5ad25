"""The recording that `textseg benchmark-bag` makes, and what it prints."""

from pathlib import Path

import pytest

pytest.importorskip("rosbags", reason="needs rosbags: pip install 'textseg-ros[bag]'")

from recorded import read

from textseg_core.command_line import main
from textseg_ros.benchmark.bag import CAMERA, QUERY, START_NS
from textseg_ros.messages import stamp_ns
from textseg_ros.typestore import TypeStore


def test_three_seconds_are_recorded_answered_and_timed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(
        ["benchmark-bag", "--seconds", "3", "--rate", "4", "--folder", str(tmp_path / "bags")]
    )

    told = capsys.readouterr().out
    assert "12 images of 640 x 480" in told
    assert "times real time" in told
    ratio = float(told.split(" times real time")[0].split()[-1])
    assert status == int(ratio <= 1.0)
    recorded = read(tmp_path / "bags" / "recording", TypeStore("jazzy"))
    assert [stamp_ns(image.header) for _, image in recorded[CAMERA]] == [
        START_NS + number * 250_000_000 for number in range(12)
    ]
    assert len(recorded[QUERY]) == 2
