"""`textseg segment`: pictures, folders and videos in, masks, overlays and JSON out."""

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from textseg_core.command_line import main

QUERIES = ["--query", "the red ball", "--query", "pick up the blue ball"]


def picture(shift: int = 0) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """Return a red ball left and a blue one right on gray, 96 x 160."""
    pixels = np.full((96, 160, 3), 128, np.uint8)
    cv2.circle(pixels, (40 + shift, 48), 20, (200, 20, 20), -1)
    cv2.circle(pixels, (120, 48), 20, (20, 20, 200), -1)
    return pixels


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Settings with which something is found in every picture."""
    file = tmp_path_factory.mktemp("settings") / "eager.yaml"
    file.write_text("presence_threshold: 0.0\nthreshold: 0.01\n")
    return ["--config", str(file)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with pictures, one in a folder of its own, and files that are none."""
    inner = tmp_path / "photos" / "inner"
    inner.mkdir(parents=True)
    Image.fromarray(picture()).save(inner.parent / "a.png")
    Image.fromarray(picture()).save(inner.parent / "a.jpg")
    Image.fromarray(picture()[..., 0]).save(inner / "gray.png")
    (inner.parent / "notes.txt").write_text("no picture")
    return inner.parent


def results(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return found


def test_a_folder_becomes_masks_overlays_and_json(
    folder: Path, tmp_path: Path, eager: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    assert main(["segment", str(folder), *QUERIES, "--out", str(out), *eager]) == 0

    told = results(out)
    assert told["complete"]
    assert told["faults"] == []
    assert told["queries"] == ["the red ball", "pick up the blue ball"]
    files = [Path(record["file"]).relative_to(folder).as_posix() for record in told["pictures"]]
    assert files == ["a.jpg", "a.png", "inner/gray.png"]
    masks = sorted(path.relative_to(out / "masks") for path in (out / "masks").rglob("*.png"))
    names = ["a-1.png", "a-2.png", "a-png-1.png", "a-png-2.png"]
    assert [str(path) for path in masks] == [*names, "inner/gray-1.png", "inner/gray-2.png"]
    for record in told["pictures"]:
        assert (record["width"], record["height"], record["frame"]) == (160, 96, None)
        for answer in record["answers"]:
            check(answer, out)
    assert told["pictures"][0]["answers"][1]["expression"] == "the blue ball"
    for record in told["pictures"][:2]:
        (red, _), (blue, _) = (answer["centroid"] for answer in record["answers"])
        assert (red, blue) == pytest.approx((40, 120), abs=4)
    assert "3 pictures: " in capsys.readouterr().out


def check(answer: dict[str, Any], out: Path) -> None:
    """All that is said of an answer must be of the same mask."""
    mask = np.asarray(Image.open(out / answer["mask"])) == 255
    assert mask.shape == (96, 160)
    assert np.array_equal(coco.decode(answer["segmentation"]), mask)
    assert answer["area"] == mask.sum()
    assert sum(found["area"] for found in answer["objects"]) == mask.sum()
    if answer["status"] == "not_found":
        assert (answer["area"], answer["box"], answer["centroid"]) == (0, None, None)
        return
    best = answer["objects"][0]
    assert (answer["centroid"], answer["box"]) == (best["centroid"], best["box"])
    own = coco.decode(best["segmentation"])
    assert list(coco.toBbox(best["segmentation"])) == best["box"]
    u, v = best["centroid"]
    assert own[round(v), round(u)]
    assert 0.0 <= answer["score"] <= 1.0
    assert answer["status"] in ("found", "ambiguous")
    assert answer["latency_ms"]["encoder"] > 0.0
    with Image.open(out / answer["overlay"]) as overlay:
        assert (overlay.format, overlay.size) == ("JPEG", (160, 96))


def test_nothing_that_exists_is_overwritten_unless_asked(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["segment", str(folder / "a.png"), *QUERIES, "--out", str(out)]
    (out / "masks").mkdir(parents=True)
    (out / "masks" / "a-2.png").write_text("mine")

    assert main(arguments) == 1
    assert (out / "masks" / "a-2.png").read_text() == "mine"
    assert "add --overwrite" in results(out)["faults"][0]["error"]

    assert main(arguments) == 2
    assert "results.json exists" in capsys.readouterr().err

    assert main([*arguments, "--overwrite"]) == 0
    assert results(out)["faults"] == []
    assert (out / "masks" / "a-2.png").read_bytes()[1:4] == b"PNG"
    assert list(out.rglob("*.partial")) == []


def test_answers_that_lie_in_the_folder_are_no_pictures_to_answer(folder: Path) -> None:
    arguments = ["segment", str(folder), "--query", "the red ball", "--out", str(folder / "out")]
    main(arguments)

    assert main([*arguments, "--overwrite"]) == 0

    assert len(results(folder / "out")["pictures"]) == 3


def test_a_damaged_file_is_told_of_and_the_others_are_answered(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (folder / "a.png").read_bytes()
    (folder / "b.png").write_bytes(whole[: len(whole) // 2])
    (folder / "c.png").write_text("no picture at all")
    Image.fromarray(np.zeros((9, 9), np.uint16)).save(folder / "d.png")
    (folder / "e.mp4").write_bytes(b"no video at all")
    out = tmp_path / "out"

    assert main(["segment", str(folder), *QUERIES, "--out", str(out), "--no-overlays"]) == 1

    told = results(out)
    assert told["complete"]
    assert len(told["pictures"]) == 3
    faults = {Path(fault["file"]).name: fault["error"] for fault in told["faults"]}
    assert list(faults) == ["b.png", "c.png", "d.png", "e.mp4"]
    assert "cannot be read as a picture" in faults["b.png"]
    assert "is no picture" in faults["c.png"]
    assert "more than 8 bits" in faults["d.png"]
    assert "cannot be opened as a video" in faults["e.mp4"]
    err = capsys.readouterr().err
    assert all(error in err for error in faults.values())
    assert not (out / "overlays").exists()


def test_a_picture_is_turned_as_its_camera_said(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(picture()).save(tmp_path / "turned.jpg", exif=exif)

    main(["segment", str(tmp_path / "turned.jpg"), *QUERIES, "--out", str(tmp_path / "out")])

    (record,) = results(tmp_path / "out")["pictures"]
    assert (record["width"], record["height"]) == (96, 160)
    assert record["answers"][0]["segmentation"]["size"] == [160, 96]


def write_video(path: Path, frames: int) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (160, 96))
    assert writer.isOpened()
    for number in range(frames):
        writer.write(picture(number)[..., ::-1])
    writer.release()


def test_every_third_frame_of_a_video_is_answered_with_its_time(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.avi", 7)
    out = tmp_path / "out"

    assert main(["segment", str(tmp_path), *QUERIES, "--out", str(out), "--every", "3"]) == 0

    records = results(out)["pictures"]
    times = [(record["frame"], record["time_s"]) for record in records]
    assert times == [(0, 0.0), (3, pytest.approx(0.3)), (6, pytest.approx(0.6))]
    assert records[1]["answers"][0]["mask"] == "masks/clip/000003-1.png"
    with Image.open(out / "overlays/clip/000000-1.jpg") as overlay:
        red, _, blue = overlay.getpixel((40, 48))  # type: ignore[misc]
    assert red > blue


def test_a_video_that_is_cut_off_is_told_of_and_its_frames_are_kept(tmp_path: Path) -> None:
    write_video(tmp_path / "whole.avi", 40)
    content = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "clip.avi").write_bytes(content[: len(content) // 2])
    (tmp_path / "whole.avi").unlink()
    out = tmp_path / "out"

    assert main(["segment", str(tmp_path / "clip.avi"), *QUERIES, "--out", str(out)]) == 1

    told = results(out)
    assert 0 < len(told["pictures"]) < 38
    assert "cut off" in told["faults"][0]["error"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{folder}/none.png", *QUERIES], "does not exist"),
        (["{folder}/empty", *QUERIES], "holds no picture"),
        (["{folder}/a.png", "--query", "please"], "must name what to find"),
        (["{folder}/a.png"], "Missing option '--query'"),
        (["{folder}/a.png", *QUERIES, "--weights", "{folder}"], "holds no model.yaml"),
        (["{folder}/a.png", *QUERIES, "--weights", "nothere"], "as `textseg export` writes them"),
        (["{folder}/a.png", *QUERIES, "--weights", "hub:foo"], "'hub:foo'"),
        (["{folder}/a.png", *QUERIES, "--out", "{folder}/a.png/out"], "--out must be a folder"),
        (["{folder}/a.png", *QUERIES, "--out", "/proc/self"], "--out must be a folder"),
    ],
)
def test_wrong_arguments_are_explained(
    arguments: list[str], said: str, folder: Path, tmp_path: Path, capsys: Any
) -> None:
    (folder / "empty").mkdir()
    given = [argument.format(folder=folder) for argument in arguments]

    assert main(["segment", "--out", str(tmp_path / "out"), *given]) == 2

    told = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert said in told
    assert not (tmp_path / "out").exists()


def test_words_that_the_network_does_not_know_are_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(folder / "inner")

    main(["segment", str(folder), "--query", "the zorblax", "--out", str(tmp_path / "out")])

    assert "does not know: zorblax" in capsys.readouterr().err
