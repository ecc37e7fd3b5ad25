"""What the trial of more cameras finds wrong, and that it runs."""

from pathlib import Path

from trials import over_each_transport, try_node

from textseg_ros.benchmark.cameras import Held, each_mb, faults


def test_a_further_camera_costs_its_share_of_what_all_further_ones_cost() -> None:
    rows = [Held(1, 200.0, 9, (5,)), Held(2, 290.0, 9, (5, 5)), Held(4, 215.0, 9, (5, 5, 5, 5))]

    assert each_mb(rows) == 5.0
    assert faults(rows) == []


def test_a_network_for_each_camera_would_be_told() -> None:
    rows = [Held(1, 200.0, 9, (5,)), Held(4, 233.0, 9, (5, 5, 5, 5))]

    assert faults(rows) == ["each further camera costs 11.0 MB, at most 10 MB"]


def test_a_camera_without_results_is_told() -> None:
    rows = [Held(1, 200.0, 9, (5,)), Held(2, 200.0, 9, (5, 0))]

    assert faults(rows) == ["with 2 cameras one of them got no result: (5, 0)"]


@over_each_transport
def test_the_memory_of_the_node_is_shown_for_each_number_of_cameras(
    tmp_path: Path, transport: str
) -> None:
    run = try_node(tmp_path, "cameras", transport, "--seconds", "1", "--most", "2")

    # So soon after the start not all may have been answered, which is status 1.
    assert run.returncode in (0, 1), run.stdout + run.stderr
    assert "\n| 1 | " in run.stdout
    assert "\n| 2 | " in run.stdout
    assert "| 4 | " not in run.stdout
    assert "- a further camera: " in run.stdout
    assert run.stderr == ""
