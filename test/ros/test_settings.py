from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from textseg_core.config import SegmenterConfig
from textseg_ros.parameters import parameter_table
from textseg_ros.settings import (
    PARAMETERS,
    LiveSettings,
    NodeSettings,
    change,
    load_settings,
    settings_from_values,
    values_of,
)

SHIPPED = Path(__file__).parents[2] / "config" / "segmenter.yaml"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_file_holds_every_parameter_with_its_default() -> None:
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))

    given = content["/**"]["ros__parameters"]

    defaults = {parameter.name: parameter.default for parameter in PARAMETERS}
    as_file = {n: list(v) if isinstance(v, tuple) else v for n, v in defaults.items()}
    assert list(given) == list(as_file)
    assert given == as_file
    assert [type(value) for value in given.values()] == [type(value) for value in as_file.values()]
    assert load_settings(SHIPPED) == NodeSettings()


def test_every_setting_is_a_parameter() -> None:
    names = {parameter.name for parameter in PARAMETERS}

    of_segmenter = {field.name for field in fields(SegmenterConfig)}
    of_node = {field.name for field in fields(NodeSettings)} - {"segmenter"}

    assert names == of_segmenter | of_node


def test_values_reach_the_node_and_the_segmenter(tmp_path: Path) -> None:
    path = write(
        tmp_path / "p.yaml",
        "/textseg/segmenter:\n  ros__parameters:\n    max_age_s: 0.25\n    threads: 2\n"
        "    threshold: 0.75\n    overlay: false\n",
    )

    settings = load_settings(path)

    assert settings.max_age_s == 0.25
    assert settings.overlay is False
    assert settings.segmenter.threads == 2
    assert settings.segmenter.threshold == 0.75
    assert settings.segmenter.presence_threshold is None


@pytest.mark.parametrize(
    "section",
    ["/**", "/textseg/segmenter", "textseg/segmenter", "/*/segmenter", "/textseg/*",
     "/**/segmenter"],
)  # fmt: skip
def test_sections_match_as_in_rcl(tmp_path: Path, section: str) -> None:
    path = write(tmp_path / "p.yaml", f"{section}:\n  ros__parameters:\n    threads: 3\n")

    assert load_settings(path).segmenter.threads == 3


def test_a_namespace_may_be_a_level_of_its_own(tmp_path: Path) -> None:
    text = "textseg:\n  segmenter:\n    ros__parameters:\n      threads: 3\n"

    assert load_settings(write(tmp_path / "p.yaml", text)).segmenter.threads == 3


def test_the_later_section_wins_and_other_nodes_are_passed_over(tmp_path: Path) -> None:
    path = write(
        tmp_path / "p.yaml",
        "/**:\n  ros__parameters:\n    threads: 1\n"
        "/textseg/segmenter:\n  ros__parameters:\n    threads: 4\n"
        "/camera:\n  ros__parameters:\n    exposure: 12\n",
    )

    assert load_settings(path).segmenter.threads == 4


def test_a_file_without_a_section_for_the_node_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "p.yaml", "segmenter:\n  ros__parameters:\n    threads: 1\n")

    with pytest.raises(
        ValueError, match=r"p\.yaml: no section for node /textseg/segmenter, .*: /segmenter;"
    ):
        load_settings(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("max_age: 1.0", "unknown parameter 'max_age'; accepted are weights, .*max_age_s"),
        ("max_age_s: 1", r"max_age_s must be a number such as 1\.0, got 1 \(int\); write 1\.0"),
        ("max_age_s: soon", r"max_age_s must be a number such as 1\.0, got 'soon' \(str\)"),
        ("threads: 2.0", r"threads must be a whole number such as 0, got 2\.0 \(float\)"),
        ("threads: true", r"threads must be a whole number such as 0, got True \(bool\)"),
        ("overlay: 1", r"overlay must be true or false such as True, got 1 \(int\)"),
        ("weights:", r"weights must be text such as '', got None"),
        ("max_age_s: 0.0", r"max_age_s must lie in 0\.001 to inf, got 0\.0"),
        ("max_age_s: .nan", "max_age_s must lie in"),
        ("max_age_s: .inf", "max_age_s must lie in"),
        ("threads: -1", "threads must lie in 0 to inf, got -1"),
        ("threshold: 1.5", r"threshold must lie in -1\.0 to 1\.0, got 1\.5"),
        ("threshold: -0.5", r"threshold must lie in \(0, 1\), got -0\.5"),
        ("backend: tensorflow", "backend must be one of auto, .*, got 'tensorflow'"),
    ],
)
def test_wrong_values_are_refused_naming_file_and_parameter(
    tmp_path: Path, line: str, message: str
) -> None:
    path = write(tmp_path / "p.yaml", f"/**:\n  ros__parameters:\n    {line}\n")

    with pytest.raises(ValueError, match=rf"p\.yaml: {message}"):
        load_settings(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("threads: 1\n", "expected 'ros__parameters:' below '/threads', got 1"),
        ("/**:\n  threads: 1\n", r"expected 'ros__parameters:' below '/\*\*/threads', got 1"),
        ("/**:\n  ros__parameters: 5\n", r"expected lines 'name: value'.*got 5"),
        ("/**: [\n", "expected YAML in UTF-8"),
        ("- 1\n", "expected lines .*got list at the top"),
    ],
)
def test_what_is_no_parameter_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"p\.yaml: {message}"):
        load_settings(write(tmp_path / "p.yaml", text))


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent\.yaml: expected a readable YAML file"):
        load_settings(tmp_path / "absent.yaml")


def test_an_empty_section_gives_the_defaults(tmp_path: Path) -> None:
    path = write(tmp_path / "p.yaml", "/**:\n  ros__parameters:\n")

    assert load_settings(path) == NodeSettings()


def test_values_from_elsewhere_name_their_source() -> None:
    with pytest.raises(ValueError, match="parameters of /a/b: unknown parameter 'x', 'y'"):
        settings_from_values({"x": 1, "y": 2}, "parameters of /a/b")


def test_the_documented_table_is_the_one_of_the_code() -> None:
    page = SHIPPED.parents[1] / "docs" / "parameters.md"

    assert f"\n\n{parameter_table()}\n" in page.read_text(encoding="utf-8")


def test_values_of_settings_make_the_same_settings_again() -> None:
    settings = change(NodeSettings(), {"threshold": 0.25, "overlay": False})

    assert settings_from_values(values_of(settings), "again") == settings
    assert list(values_of(settings)) == [parameter.name for parameter in PARAMETERS]


def test_live_parameters_change_together() -> None:
    before = NodeSettings()

    after = change(before, {"presence_threshold": 0.75, "max_objects": 3, "max_rate_hz": 5.0})

    assert (after.segmenter.presence_threshold, after.segmenter.max_objects) == (0.75, 3)
    assert after.max_rate_hz == 5.0
    assert before == NodeSettings()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": "/models/other"}, "weights cannot change while the node runs; put it into"),
        ({"max_age_s": 0.5, "backend": "torch"}, "backend cannot change"),
        ({"max_age": 0.5}, "unknown parameter 'max_age'; accepted are weights, "),
        ({"max_age_s": 1}, r"max_age_s must be a number such as 1\.0, got 1 \(int\); write 1\.0"),
        ({"overlay": False, "max_objects": 0}, "max_objects must lie in 1 to inf, got 0"),
        ({"threshold": -0.5}, r"threshold must lie in \(0, 1\), got -0\.5"),
    ],
)
def test_a_change_that_is_refused_changes_nothing(
    changes: dict[str, object], message: str
) -> None:
    applied: list[NodeSettings] = []
    live = LiveSettings(NodeSettings(), applied.append)

    with pytest.raises(ValueError, match=message):
        live.change(changes)

    assert live.now == NodeSettings()
    assert applied == []


def test_a_change_that_cannot_be_applied_keeps_the_old_settings() -> None:
    def fail(_: NodeSettings) -> None:
        raise ValueError("the network does not take it")

    live = LiveSettings(NodeSettings(), fail)

    with pytest.raises(ValueError, match="does not take it"):
        live.change({"overlay": False})

    assert live.now.overlay is True


@pytest.mark.parametrize(
    "names", [[], ["left", "left"], ["2nd"], ["left/eye"], ["left", "right "]]
)
def test_wrong_names_of_cameras_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="cameras must be a list of different names"):
        settings_from_values({"cameras": names}, "test")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("cameras", "left", r"cameras must be a list of texts such as \[''\], got 'left'"),
        ("cameras", [1], r"cameras must be a list of texts such as \[''\], got \[1\]"),
        ("image_qos", "best", "image_qos must be one of sensor_data, reliable, best_available"),
        ("max_queries", 257, "max_queries must lie in 1 to 256, got 257"),
        ("autostart", "no", "autostart must be true or false such as True, got 'no'"),
    ],
)
def test_every_kind_of_parameter_has_its_refusal(name: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings_from_values({name: value}, "test")
