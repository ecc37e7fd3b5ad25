"""What is asked about what: the questions of a run, as all its processes read them."""

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from textseg_core.picture_file import pictures_in

Box = tuple[int, int, int, int]

HERE = Path(__file__).parent
LISTED = HERE / "queries.yaml"
LIVE_FRAME = "camera_optical_frame"


@dataclass(frozen=True, slots=True)
class Question:
    """A picture and what is asked about it.

    Attributes:
        frame_id: Names the picture in the header of its frames, and so in the answers.
        picture: Image file; empty for a live stream.
        query: The command as typed.
        box: Where the answer's centroid must lie: x, y, width, height in pixels; None if nobody
            has said so.
    """

    frame_id: str
    picture: str
    query: str
    box: Box | None = None


def listed_questions(path: Path = LISTED) -> list[Question]:
    """Return the questions of a list such as queries.yaml.

    A picture is a file beside the list in `pictures/`, or `package:path` inside an installed
    package.

    Raises:
        ValueError: If the list is damaged; names the file.
        RuntimeError: If a picture is not on this machine.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        rows = [(str(e["picture"]), str(e["query"]), [int(v) for v in e["box"]]) for e in entries]
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: expected a list of picture, query and box: {error}") from error
    questions = []
    for index, (picture, query, numbers) in enumerate(rows, 1):
        if len(numbers) != 4 or min(numbers[2:]) < 1:
            raise ValueError(f"{path}: box must be x, y, width, height, got {numbers}")
        x, y, width, height = numbers
        file = str(_locate(picture, path.parent / "pictures"))
        questions.append(Question(f"picture_{index:02d}", file, query, (x, y, width, height)))
    return questions


def folder_questions(folder: Path, queries: Sequence[str]) -> list[Question]:
    """Return every query about every image of a folder, by name.

    Raises:
        ValueError: If it is no folder or holds no picture.
    """
    pairs = [(file, query) for file in pictures_in(folder) for query in queries]
    return [
        Question(f"picture_{index:02d}", str(file), query)
        for index, (file, query) in enumerate(pairs, 1)
    ]


def live_questions(queries: Sequence[str]) -> list[Question]:
    """Return the queries about a live stream, which are asked in turn."""
    return [Question(LIVE_FRAME, "", query) for query in queries]


def write_plan(questions: Sequence[Question], path: Path) -> None:
    """Write the questions where the other processes read them."""
    path.write_text(json.dumps([asdict(question) for question in questions], indent=1))


def read_plan(path: Path) -> list[Question]:
    """Return the questions that `write_plan` wrote."""
    entries = json.loads(path.read_text())
    return [
        Question(entry["frame_id"], entry["picture"], entry["query"], _as_box(entry["box"]))
        for entry in entries
    ]


def _as_box(values: list[int] | None) -> Box | None:
    if values is None:
        return None
    x, y, width, height = values
    return x, y, width, height


def _locate(picture: str, folder: Path) -> Path:
    package, colon, inside = picture.partition(":")
    if not colon:
        file = folder / picture
    else:
        # Found without importing the package, which would take seconds.
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeError(
                f"{package} is not installed, and its wheel holds {inside}; "
                "run make demo, or pip install 'textseg-ros[demo]'"
            )
        file = Path(spec.submodule_search_locations[0]) / inside
    if not file.is_file():
        raise RuntimeError(f"{file} is missing; install the versions of .ci/requirements/demo.txt")
    return file
