"""What proposals allow at most, on drawn pictures."""

from pathlib import Path

import pytest
from drawn_scenes import BLOCKS, write_scenes

from textseg_core.evaluation.proposals import main


def test_blocks_are_proposed_as_boxes_and_as_segments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_scenes(tmp_path / "test", "all", *BLOCKS)

    main(["--folder", str(folder), "--size", "96", "--write", str(tmp_path / "page.md")])

    page = capsys.readouterr().out
    rows = {
        line.split(" | ")[0]: line.split(" | ")[1:]
        for line in page.splitlines()
        if line.startswith("| ")
    }
    for name in ("| segment", "| box, with the target's box", "| box, as a mask"):
        assert float(rows[name][1]) > 0.85  # mean IoU; a block is its own box
    assert "Milliseconds of one core, mean of a picture: segment " in page
    assert page.strip() == (tmp_path / "page.md").read_text(encoding="utf-8").strip()


def test_a_missing_folder_ends_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"evaluation\.proposals: .*gone"):
        main(["--folder", str(tmp_path / "gone")])
