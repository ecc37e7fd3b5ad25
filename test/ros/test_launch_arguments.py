"""The launch arguments as launch/*.launch.py declares them, read without ROS."""

import ast
import re
from pathlib import Path

import pytest

from textseg_ros.topics import info_topic, logger_name

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "launch").glob("*.launch.py"))
PAGE = ROOT / "docs" / "ros2.md"
_ROW = re.compile(r"\| `(\w+)` \| (.*?) \| (.*?) \|")


def declared(path: Path) -> dict[str, tuple[str | None, str]]:
    """Return default and text by argument; None for a default that is worked out."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ARGUMENTS":
            assert isinstance(node.value, ast.Dict)
            found: dict[str, tuple[str | None, str]] = {}
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                assert isinstance(key, ast.Constant)
                assert isinstance(value, ast.Tuple)
                default, text = value.elts
                plain = str(default.value) if isinstance(default, ast.Constant) else None
                found[str(key.value)] = (plain, ast.literal_eval(text))
            return found
    raise AssertionError(f"{path} has no ARGUMENTS")


def table() -> list[tuple[str, str, str]]:
    """Return name, default and text of each row of the page's table."""
    section = PAGE.read_text(encoding="utf-8").split("## Launch arguments")[1]
    lines = section.split("\n\n")[2].strip().splitlines()
    assert lines[0] == "| Argument | Default | What |"
    rows = [_ROW.fullmatch(line) for line in lines[2:]]
    assert all(rows), lines
    return [(row[1], row[2], row[3]) for row in rows if row]


def test_there_is_one_launch_file() -> None:
    """The table of docs/ros2.md is that of one file."""
    assert [path.name for path in FILES] == ["segment.launch.py"]


def test_the_page_s_table_has_each_launch_argument_in_order() -> None:
    assert [name for name, _, _ in table()] == list(declared(FILES[0]))


def test_the_page_s_table_has_the_defaults_of_the_launch_file() -> None:
    """An empty or worked-out default is told in words or as a pattern, never as a value."""
    arguments = declared(FILES[0])
    for name, default, text in table():
        given = arguments[name][0]
        if given:
            assert default == f"`{given}`", name
        else:
            assert default, name
            assert not re.fullmatch("`[^<`]*`", default), name
        assert text, name


@pytest.mark.parametrize("level", ["debug", "info", "warn", "error", "fatal"])
def test_the_page_says_each_level_of_the_log(level: str) -> None:
    (text,) = [text for name, _, text in table() if name == "log_level"]
    assert f"`{level}`" in text


@pytest.mark.parametrize(
    ("image", "info"),
    [
        ("/camera/image_raw", "/camera/camera_info"),
        ("/camera/depth/image_raw", "/camera/depth/camera_info"),
        ("/image_raw", "/camera_info"),
        ("image_raw", "camera_info"),
        ("left/image_raw", "left/camera_info"),
    ],
)
def test_the_camera_info_lies_beside_the_image(image: str, info: str) -> None:
    """A relative name stays relative, so that both follow the node's namespace."""
    assert info_topic(image) == info


@pytest.mark.parametrize(
    ("node", "logger"),
    [
        ("/textseg/segmenter", "textseg.segmenter"),
        ("/arm/left/eye", "arm.left.eye"),
        ("/segmenter", "segmenter"),
    ],
)
def test_a_node_s_logger_is_named_as_rcl_names_it(node: str, logger: str) -> None:
    assert logger_name(node) == logger
