import math
import threading
from typing import Any

import numpy as np
import pytest

from textseg_core.transforms import (
    Fault,
    Quaternion,
    TransformBuffer,
    TransformPending,
    TransformUnavailable,
    Vector,
    buffer,
    stamped_transform,
)

HALF = math.sqrt(0.5)
IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)
QUARTER_ABOUT_Z: Quaternion = (0.0, 0.0, HALF, HALF)
S = 1_000_000_000
T0 = 1_700_000_000 * S  # a stamp whose nanoseconds a float64 of seconds does not hold


def put(
    frames: TransformBuffer,
    parent: str,
    child: str,
    stamp_s: float = 0.0,
    at: Vector = (0.0, 0.0, 0.0),
    turned: Quaternion = IDENTITY,
    static: bool = False,
) -> float:
    stamp_ns = T0 + round(stamp_s * S)
    return frames.insert(stamped_transform(parent, child, stamp_ns, at, turned), static=static)


def look(
    frames: TransformBuffer, target: str, source: str, stamp_s: float, **options: Any
) -> np.ndarray:
    return frames.lookup(target, source, T0 + round(stamp_s * S), **options)


def fault_of(frames: TransformBuffer, target: str, source: str, stamp_s: float) -> Fault:
    with pytest.raises(TransformUnavailable) as caught:
        look(frames, target, source, stamp_s)
    return caught.value.fault


@pytest.fixture
def arm() -> TransformBuffer:
    """Return map > base (moving) > camera (fixed), and map > table (fixed)."""
    frames = TransformBuffer()
    put(frames, "map", "base", 1.0, (0.0, 0.0, 0.0))
    put(frames, "map", "base", 3.0, (2.0, 4.0, -2.0), QUARTER_ABOUT_Z)
    put(frames, "base", "camera", 0.0, (1.0, 0.0, 0.5), static=True)
    put(frames, "map", "table", 0.0, (0.0, 3.0, 0.0), QUARTER_ABOUT_Z, static=True)
    return frames


def test_a_moving_frame_is_interpolated_in_place_and_angle(arm: TransformBuffer) -> None:
    got = look(arm, "map", "base", 2.0)

    expected = [
        [HALF, -HALF, 0.0, 1.0],
        [HALF, HALF, 0.0, 2.0],
        [0.0, 0.0, 1.0, -1.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
    np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize(("stamp_s", "x"), [(1.0, 0.0), (1.5, 0.5), (3.0, 2.0)])
def test_the_ends_of_the_history_are_answered_too(
    arm: TransformBuffer, stamp_s: float, x: float
) -> None:
    assert look(arm, "map", "base", stamp_s)[0, 3] == pytest.approx(x, abs=1e-12)


def test_frames_are_joined_through_their_common_ancestor(arm: TransformBuffer) -> None:
    # At 3 s the camera lies at base (2, 4, -2) + quarter turn of (1, 0, 0.5) = (2, 5, -1.5) of
    # the map; from the table at (0, 3, 0), itself a quarter turned, that is (2, -2, -1.5).
    camera = look(arm, "table", "camera", 3.0)

    np.testing.assert_allclose(camera[:3, 3], (2.0, -2.0, -1.5), atol=1e-12)
    np.testing.assert_allclose(camera[:3, :3], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(look(arm, "camera", "table", 3.0) @ camera, np.eye(4), atol=1e-12)


def test_a_fixed_frame_needs_no_time(arm: TransformBuffer) -> None:
    for stamp_ns in (0, 5, T0 + 99 * S):
        assert arm.lookup("map", "table", stamp_ns)[1, 3] == 3.0


def test_frames_below_the_common_ancestor_are_enough() -> None:
    frames = TransformBuffer()
    put(frames, "map", "base", 1.0)  # not known at 50 s
    put(frames, "base", "camera", 0.0, (0.0, 0.0, 1.0), static=True)
    put(frames, "base", "gripper", 0.0, (0.0, 0.0, 0.25), static=True)

    assert look(frames, "gripper", "camera", 50.0)[2, 3] == 0.75


def test_a_frame_is_itself_without_any_transform() -> None:
    np.testing.assert_array_equal(TransformBuffer().lookup("a", "/a", 0), np.eye(4))


def test_leading_slashes_do_not_count() -> None:
    frames = TransformBuffer()
    put(frames, "/map", "/base", 1.0, (7.0, 0.0, 0.0))

    assert look(frames, "map", "/base", 1.0)[0, 3] == 7.0


def test_nanoseconds_of_large_stamps_count() -> None:
    frames = TransformBuffer()
    for stamp_ns, x in ((T0, 0.0), (T0 + 10, 10.0)):
        frames.insert(stamped_transform("map", "base", stamp_ns, (x, 0.0, 0.0), IDENTITY))

    assert frames.lookup("map", "base", T0 + 3)[0, 3] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("target", "source", "stamp_s", "fault"),
    [
        ("map", "camera", 3.000000001, "not yet"),
        ("map", "camera", 0.999999999, "too old"),
        ("camera", "map", 0.5, "too old"),
        ("map", "lamp", 2.0, "unknown frame"),
        ("lamp", "map", 2.0, "unknown frame"),
        ("map", "", 2.0, "no frame"),
        ("", "map", 2.0, "no frame"),
        ("map", "island", 2.0, "not connected"),
        ("map", "camera", -T0 / S, "no stamp"),
    ],
)
def test_what_is_not_known_is_not_made_up(
    arm: TransformBuffer, target: str, source: str, stamp_s: float, fault: Fault
) -> None:
    put(arm, "ocean", "island", 0.0, static=True)

    assert fault_of(arm, target, source, stamp_s) == fault


def test_one_moving_transform_is_an_answer_for_its_own_time_only() -> None:
    frames = TransformBuffer()
    put(frames, "map", "base", 2.0, (5.0, 0.0, 0.0))

    assert look(frames, "map", "base", 2.0)[0, 3] == 5.0
    assert fault_of(frames, "map", "base", 1.9) == "too old"
    assert fault_of(frames, "map", "base", 2.1) == "not yet"


def test_messages_name_frames_times_and_the_gap(arm: TransformBuffer) -> None:
    with pytest.raises(TransformPending) as caught:
        look(arm, "map", "camera", 3.08)

    assert str(caught.value) == (
        "no transform from camera to map yet: frame base is known until 1700000003.000000000 s, "
        "asked for 1700000003.080000000 s, 80.0 ms later"
    )


def test_what_no_waiting_helps_is_told_rather_than_what_waiting_may() -> None:
    frames = TransformBuffer()
    put(frames, "map", "left", 1.0)
    put(frames, "map", "right", 9.0)

    assert fault_of(frames, "left", "right", 5.0) == "too old"
    assert fault_of(frames, "right", "left", 5.0) == "too old"


def test_a_loop_is_refused() -> None:
    frames = TransformBuffer()
    put(frames, "a", "b", static=True)
    put(frames, "b", "c", static=True)
    put(frames, "c", "a", static=True)
    put(frames, "x", "y", static=True)

    assert fault_of(frames, "c", "b", 0.0) == "loop"
    assert fault_of(frames, "x", "b", 0.0) == "loop"
    assert fault_of(frames, "b", "y", 0.0) == "loop"


def test_between_two_parents_there_is_no_answer() -> None:
    frames = TransformBuffer()
    put(frames, "table", "mug", 1.0, (1.0, 0.0, 0.0))
    put(frames, "gripper", "mug", 2.0, (0.0, 0.0, 0.1))
    put(frames, "gripper", "mug", 3.0, (0.0, 0.0, 0.3))

    assert look(frames, "table", "mug", 1.0)[0, 3] == 1.0
    assert fault_of(frames, "gripper", "mug", 1.5) == "parent changed"
    assert fault_of(frames, "table", "mug", 1.5) == "parent changed"
    assert look(frames, "gripper", "mug", 2.5)[2, 3] == pytest.approx(0.2)


def test_ten_seconds_are_kept() -> None:
    frames = TransformBuffer()
    for stamp_s in range(1, 31):
        put(frames, "map", "base", float(stamp_s), (float(stamp_s), 0.0, 0.0))

    assert look(frames, "map", "base", 20.0)[0, 3] == 20.0
    assert fault_of(frames, "map", "base", 19.9) == "too old"


def test_memory_is_bounded_however_long_it_runs() -> None:
    frames = TransformBuffer(history_s=0.5)
    for tick in range(2000):
        put(frames, "map", "base", tick * 0.01)

    history: Any = frames._frames["base"]
    assert len(history) == 51


def test_a_frame_may_become_static_and_moving_again() -> None:
    frames = TransformBuffer()
    put(frames, "map", "base", 1.0, (1.0, 0.0, 0.0))
    put(frames, "map", "base", 1.0, (2.0, 0.0, 0.0), static=True)
    assert look(frames, "map", "base", 50.0)[0, 3] == 2.0
    put(frames, "map", "base", 3.0, (3.0, 0.0, 0.0))
    assert fault_of(frames, "map", "base", 50.0) == "not yet"


def test_the_last_of_two_transforms_for_one_time_counts() -> None:
    frames = TransformBuffer()
    put(frames, "map", "base", 1.0, (1.0, 0.0, 0.0))
    put(frames, "map", "base", 1.0, (2.0, 0.0, 0.0))

    assert look(frames, "map", "base", 1.0)[0, 3] == 2.0


def test_a_small_step_back_forgets_what_was_later() -> None:
    frames = TransformBuffer()
    for stamp_s in (1.0, 1.2, 1.4):
        put(frames, "map", "base", stamp_s, (1.0, 0.0, 0.0))
    # The clock was set back by 0.3 s: at 1.1 s the robot is elsewhere than before at 1.2 s.
    assert put(frames, "map", "base", 1.1, (2.0, 0.0, 0.0)) == 0.0

    assert fault_of(frames, "map", "base", 1.15) == "not yet"
    put(frames, "map", "base", 1.3, (2.0, 0.0, 0.0))
    assert look(frames, "map", "base", 1.2)[0, 3] == 2.0


def test_a_step_back_of_a_second_forgets_all_that_moves(arm: TransformBuffer) -> None:
    put(arm, "map", "person", 40.0)
    put(arm, "map", "person", 41.0)

    assert put(arm, "map", "base", 0.5, (9.0, 0.0, 0.0)) == 2.5

    assert look(arm, "map", "base", 0.5)[0, 3] == 9.0
    assert fault_of(arm, "map", "base", 2.0) == "not yet"
    assert fault_of(arm, "map", "person", 40.5) == "unknown frame"
    assert look(arm, "map", "table", 2.0)[1, 3] == 3.0


def test_clearing_keeps_the_fixed_frames(arm: TransformBuffer) -> None:
    arm.clear()

    assert look(arm, "base", "camera", 2.0)[0, 3] == 1.0
    assert fault_of(arm, "map", "base", 2.0) == "not connected"


def test_waiting_ends_as_soon_as_the_transform_is_there(arm: TransformBuffer) -> None:
    found: list[np.ndarray] = []
    waiter = threading.Thread(
        target=lambda: found.append(look(arm, "map", "base", 4.0, timeout_s=60.0))
    )
    waiter.start()
    put(arm, "map", "base", 3.5, (2.0, 0.0, 0.0))  # not yet
    put(arm, "map", "base", 4.5, (4.0, 0.0, 0.0))
    waiter.join(30.0)

    assert not waiter.is_alive()
    assert found[0][0, 3] == pytest.approx(3.0)


def test_waiting_ends_at_the_timeout(arm: TransformBuffer) -> None:
    with pytest.raises(TransformPending, match=r"waited 0\.02 s"):
        look(arm, "map", "base", 4.0, timeout_s=0.02)


def test_nobody_waits_for_a_frame_without_a_name_on_tf(arm: TransformBuffer) -> None:
    # The whole test would last an hour else.
    with pytest.raises(TransformUnavailable, match="nobody has published frame lamp"):
        look(arm, "map", "lamp", 2.0, timeout_s=3600.0)


def test_closing_ends_the_waiting(arm: TransformBuffer) -> None:
    faults: list[str] = []

    def wait() -> None:
        try:
            look(arm, "map", "base", 4.0, timeout_s=60.0)
        except TransformUnavailable as error:
            faults.append(error.fault)

    waiter = threading.Thread(target=wait)
    waiter.start()
    arm.close()
    waiter.join(30.0)

    assert faults == ["closed"]


@pytest.mark.parametrize(
    ("parent", "child", "at", "turned", "reason"),
    [
        ("map", "", (0, 0, 0), IDENTITY, "two different frames"),
        ("", "base", (0, 0, 0), IDENTITY, "two different frames"),
        ("base", "/base", (0, 0, 0), IDENTITY, "two different frames"),
        ("map", "base", (math.nan, 0, 0), IDENTITY, "finite"),
        ("map", "base", (0, math.inf, 0), IDENTITY, "finite"),
        ("map", "base", (0, 0, 0), (0, 0, 0, math.nan), "finite"),
        ("map", "base", (0, 0, 0), (0, 0, 0, 0), "length 1"),
        ("map", "base", (0, 0, 0), (0, 0, 0, 1.1), "length 1"),
    ],
)
def test_what_is_no_transform_is_refused(
    parent: str, child: str, at: Vector, turned: Quaternion, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        stamped_transform(parent, child, T0, at, turned)


def test_a_quaternion_of_nearly_length_one_is_made_so() -> None:
    transform = stamped_transform("map", "base", T0, (0, 0, 0), (0.0, 0.0, 0.0, 1.004))

    assert transform.placement.rotation == IDENTITY


def test_ever_new_names_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffer, "MAX_FRAMES", 3)
    frames = TransformBuffer()
    put(frames, "map", "a", 1.0)
    put(frames, "map", "b", 1.0)
    for parent, child in (("map", "c"), ("c", "b")):
        with pytest.raises(ValueError, match="3 frames already"):
            put(frames, parent, child, 1.0)

    put(frames, "map", "b", 2.0)
    assert look(frames, "a", "b", 1.0)[0, 3] == 0.0


def test_a_history_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="history_s"):
        TransformBuffer(history_s=0.0)


def test_a_chain_agrees_with_brute_force() -> None:
    spatial = pytest.importorskip("scipy.spatial.transform", reason="scipy is not installed")
    rng = np.random.default_rng(6)
    frames = TransformBuffer()
    expected = np.eye(4)
    for link in range(6):
        stamps = np.sort(rng.uniform(0.0, 2.0, 5))
        stamps[0], stamps[-1] = 0.0, 2.0
        places = rng.normal(size=(5, 3))
        turns = spatial.Rotation.random(5, random_state=rng.integers(1 << 30))
        for stamp_s, place, turn in zip(stamps, places, turns, strict=True):
            put(frames, f"f{link}", f"f{link + 1}", stamp_s, tuple(place), tuple(turn.as_quat()))
        at = np.eye(4)
        at[:3, 3] = [np.interp(1.25, stamps, axis) for axis in places.T]
        at[:3, :3] = spatial.Slerp(stamps, turns)([1.25]).as_matrix()[0]
        expected = expected @ at

    np.testing.assert_allclose(look(frames, "f0", "f6", 1.25), expected, atol=1e-7)
    np.testing.assert_allclose(look(frames, "f6", "f0", 1.25), np.linalg.inv(expected), atol=1e-7)
