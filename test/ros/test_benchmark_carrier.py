"""How a trial starts the node over plain DDS and over rclpy, and what it says where one lacks."""

from pathlib import Path

import pytest

from textseg_ros.benchmark import carrier
from textseg_ros.benchmark.carrier import Carrier, carrier_of
from textseg_ros.benchmark.churn import main as churn
from textseg_ros.node_command import rclpy_is_there

SETTINGS = {"tracking": "false", "cameras": "[left,right]"}


def a_carrier(*, ros: bool) -> Carrier:
    """Return one that joins nothing."""

    def nothing(*_: object) -> object:
        raise AssertionError("not asked for")

    return Carrier("any", ("node",), nothing, nothing, nothing, nothing, "", ros)  # type: ignore[arg-type]


def test_settings_become_options_of_the_dds_node() -> None:
    assert a_carrier(ros=False).node_command(Path("p.yaml"), SETTINGS) == [
        *("node", "--params-file", "p.yaml"),
        *("--set", "tracking=false", "--set", "cameras=[left,right]"),
    ]
    assert a_carrier(ros=False).node_command(None, {}, ["other", "start"]) == ["other", "start"]


def test_settings_become_ros_arguments_of_the_rclpy_node() -> None:
    command = a_carrier(ros=True).node_command(Path("p.yaml"), SETTINGS)

    assert command[:4] == ["node", "--ros-args", "--params-file", "p.yaml"]
    assert command[4:8] == ["-p", "tracking:=false", "-p", "cameras:=[left,right]"]


def test_a_name_that_no_carrier_has_is_refused() -> None:
    with pytest.raises(ValueError, match="one of dds, rclpy, not by 'ddds'"):
        carrier_of("ddds")


@pytest.mark.usefixtures("kept_signals")
def test_a_trial_over_rclpy_where_it_is_not_installed_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(carrier, "rclpy_is_there", lambda: False)
    assert churn(["--transport", "rclpy", "--seconds", "1"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("churn: rclpy or our messages are not found; source install/setup.bash")


@pytest.mark.skipif(rclpy_is_there(), reason="rclpy is installed")
def test_there_is_no_trial_over_rclpy_without_rclpy() -> None:
    with pytest.raises(RuntimeError, match="take --transport dds"):
        carrier_of("rclpy")
