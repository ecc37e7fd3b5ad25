import numpy as np
import pytest

from textseg_core.evaluation.tracking import fast_videos, main, run, shows, videos


@pytest.mark.parametrize(
    "kind", ["twins, best one flickers", "twins meet", "taken away, a twin beside"]
)
def test_no_id_goes_to_another_thing_in_a_drawn_video(kind: str) -> None:
    rng = np.random.default_rng(7)
    outcome = run(videos(rng)[kind], rng)
    assert outcome.wrong == 0
    assert outcome.right > 10


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("fast, alone", 0.7),
        ("fast past a resting twin", 0.1),
        ("camera swings fast, two colours", 0.5),
        ("taken away, a twin elsewhere", 0.9),
        ("taken away, a fast twin comes", 0.9),
    ],
)
def test_what_moves_by_more_than_its_width_is_followed_and_not_confused(
    kind: str, least: float
) -> None:
    rng = np.random.default_rng(7)
    outcome = run(fast_videos(rng)[kind], rng)
    assert outcome.wrong == 0
    assert outcome.right >= least * outcome.visible


def test_twins_that_flicker_are_told_apart_in_every_frame() -> None:
    rng = np.random.default_rng(7)
    outcome = run(videos(rng)["twins, best one flickers"], rng)
    assert (outcome.right, outcome.ids) == (outcome.visible, 1)
    assert outcome.frame_right < outcome.visible


def test_a_mask_shows_the_actor_it_holds_most_of_unless_it_holds_two() -> None:
    masks = [np.zeros((4, 12), np.bool_) for _ in range(2)]
    masks[0][:, :6] = True
    masks[1][:, 6:] = True
    part = np.zeros((4, 12), np.bool_)
    part[:, 5:12] = True
    assert shows(part, masks) == 1
    part[:, 2:] = True
    assert shows(part, masks) == -1


def test_the_table_has_a_line_for_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--sequences", "1", "--frames", "5"])
    lines = capsys.readouterr().out.splitlines()
    kinds = [*videos(np.random.default_rng(0)), *fast_videos(np.random.default_rng(0))]
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == kinds
    assert lines[2].startswith("| one alone | 100.0% | 100.0% | 0 | 1.00 |")
