import threading
from types import SimpleNamespace
from typing import Any

import pytest

from textseg_ros.pairing import PairingCounts, RgbdPairing, Unpaired


def image(stamp_ms: float, name: str = "") -> Any:
    nanoseconds = round(stamp_ms * 1e6)
    stamp = SimpleNamespace(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
    return SimpleNamespace(header=SimpleNamespace(stamp=stamp, frame_id="camera"), name=name)


class Cameras:
    """A pairing that has its CameraInfo, on a clock that stands still."""

    def __init__(self, **options: Any) -> None:
        self.now_s = 0.0
        self.pairing = RgbdPairing(clock_s=lambda: self.now_s, **options)
        self.pairing.on_info("info")

    def colour(self, *stamps_ms: float) -> None:
        for stamp_ms in stamps_ms:
            self.pairing.on_colour(image(stamp_ms, f"c{stamp_ms:g}"))

    def depth(self, *stamps_ms: float) -> None:
        for stamp_ms in stamps_ms:
            self.pairing.on_depth(image(stamp_ms, f"d{stamp_ms:g}"))

    def newest(self) -> tuple[str, str] | None:
        found = self.pairing.newest()
        return None if found is None else (found.colour.name, found.depth.name)


def test_a_colour_image_gets_the_depth_image_nearest_in_time() -> None:
    cameras = Cameras()
    cameras.depth(1000, 1033, 1066, 1100)

    for stamp_ms, expected in (
        (1034, "d1033"),
        (1049, "d1033"),
        (1049.5, "d1066"),
        (1110, "d1100"),
    ):
        assert cameras.pairing.match(image(stamp_ms)).depth.name == expected


def test_a_set_holds_both_infos_and_the_gap() -> None:
    cameras = Cameras()
    assert cameras.pairing.newest() is None
    cameras.depth(1012)
    cameras.pairing.on_depth_info("depth info")

    found = cameras.pairing.match(image(1000, "c"))

    assert (found.colour.name, found.depth.name) == ("c", "d1012")
    assert (found.info, found.depth_info) == ("info", "depth info")
    assert found.gap_s == pytest.approx(0.012)


def test_the_last_info_counts() -> None:
    cameras = Cameras()
    cameras.depth(1000)
    cameras.pairing.on_info("zoomed")

    assert cameras.pairing.match(image(1000)).info == "zoomed"


@pytest.mark.parametrize(("gap_ms", "fits"), [(20.0, True), (20.001, False), (-20.0, True)])
def test_the_slop_is_a_limit_on_both_sides(gap_ms: float, fits: bool) -> None:
    cameras = Cameras(slop_s=0.02)
    cameras.depth(1000 + gap_ms)

    if fits:
        assert cameras.pairing.match(image(1000)).gap_s == pytest.approx(gap_ms / 1e3)
    else:
        with pytest.raises(Unpaired, match=r"nearest depth image is 20\.0 ms after"):
            cameras.pairing.match(image(1000))


def test_the_reason_says_what_is_missing() -> None:
    cameras = Cameras()
    with pytest.raises(Unpaired, match="no depth image came"):
        cameras.pairing.match(image(1000))
    cameras.depth(900)
    with pytest.raises(Unpaired, match=r"100\.0 ms before the colour image, at most 20 ms"):
        cameras.pairing.match(image(1000))
    with pytest.raises(Unpaired, match="stamp of zero"):
        cameras.pairing.match(image(0))
    without_info = RgbdPairing()
    without_info.on_depth(image(1000))
    with pytest.raises(Unpaired, match="no CameraInfo"):
        without_info.match(image(1000))


def test_the_newest_complete_set_is_given_once_and_what_is_older_never() -> None:
    cameras = Cameras()
    cameras.colour(1000, 1033, 1066)
    cameras.depth(1001, 1034)  # that of 1066 is on its way

    assert cameras.newest() == ("c1033", "d1034")
    assert cameras.newest() is None
    cameras.depth(1067)
    assert cameras.newest() == ("c1066", "d1067")
    assert cameras.newest() is None
    assert cameras.pairing.counts() == PairingCounts(
        colour=3, depth=3, sets=2, dropped_colour=1, dropped_depth=0
    )


def test_a_nearer_depth_image_is_awaited_but_not_for_ever() -> None:
    cameras = Cameras()
    cameras.depth(990)
    cameras.colour(1000)
    assert cameras.newest() is None
    cameras.depth(1002)
    assert cameras.newest() == ("c1000", "d1002")

    cameras.depth(1090)
    cameras.colour(1100)
    cameras.now_s += 0.019
    assert cameras.newest() is None
    cameras.now_s += 0.002
    assert cameras.newest() == ("c1100", "d1090")


def test_queues_are_bounded_and_what_falls_out_is_counted() -> None:
    cameras = Cameras(queue=3, colour_queue=3)
    cameras.colour(*range(1000, 1100, 10))
    cameras.depth(*range(2000, 2050, 10))

    counts = cameras.pairing.counts()
    assert (counts.colour, counts.dropped_colour) == (10, 7)
    assert (counts.depth, counts.dropped_depth) == (5, 2)
    assert cameras.newest() is None


def test_a_depth_image_that_was_used_is_not_counted_as_dropped() -> None:
    cameras = Cameras(queue=1)
    cameras.depth(1000)
    cameras.pairing.match(image(1000))
    cameras.depth(1033, 1066)

    assert cameras.pairing.counts().dropped_depth == 1


def test_images_of_two_runs_never_meet() -> None:
    cameras = Cameras()
    cameras.colour(5000)
    cameras.depth(1000, 5000)
    # A bag begins again: the depth image of the first run at 1000 must not be found.
    cameras.colour(1000)

    assert cameras.newest() is None
    with pytest.raises(Unpaired, match="no depth image came"):
        cameras.pairing.match(image(1000))
    cameras.depth(1001)
    assert cameras.newest() == ("c1000", "d1001")
    assert cameras.pairing.counts().jumps == 1


def test_colour_images_that_nobody_asks_for_are_not_kept_but_watched() -> None:
    cameras = Cameras(colour_queue=0)
    cameras.depth(1000, 1010)
    cameras.colour(1010, 1005)  # back in time

    with pytest.raises(Unpaired, match="no depth image came"):
        cameras.pairing.match(image(1005))
    counts = cameras.pairing.counts()
    assert (counts.colour, counts.dropped_colour, counts.jumps) == (2, 0, 1)


def test_images_without_a_stamp_are_not_paired_with_each_other() -> None:
    cameras = Cameras()
    cameras.colour(0)
    cameras.depth(0)

    assert cameras.newest() is None
    assert cameras.pairing.counts().unstamped == 2


def test_a_depth_image_on_its_way_is_waited_for() -> None:
    pairing = RgbdPairing()
    pairing.on_info("info")
    pairing.on_depth(image(985, "before"))
    found: list[Any] = []
    waiter = threading.Thread(
        target=lambda: found.append(pairing.match(image(1000), timeout_s=60.0))
    )
    waiter.start()
    pairing.on_depth(image(1003, "after"))
    waiter.join(30.0)

    assert found[0].depth.name == "after"


def test_waiting_ends_with_the_nearest_there_is() -> None:
    pairing = RgbdPairing()
    pairing.on_info("info")
    pairing.on_depth(image(985, "before"))

    assert pairing.match(image(1000), timeout_s=0.01).depth.name == "before"


def test_closing_ends_the_waiting() -> None:
    pairing = RgbdPairing()
    reasons: list[str] = []

    def wait() -> None:
        try:
            pairing.match(image(1000), timeout_s=60.0)
        except Unpaired as error:
            reasons.append(str(error))

    waiter = threading.Thread(target=wait)
    waiter.start()
    pairing.close()
    waiter.join(30.0)

    assert reasons == ["the node stops"]
    with pytest.raises(Unpaired, match="the node stops"):
        pairing.match(image(1000))


def test_clearing_keeps_what_is_known_of_the_camera() -> None:
    cameras = Cameras()
    cameras.colour(1000)
    cameras.depth(1000)
    cameras.pairing.clear()
    assert cameras.newest() is None
    cameras.depth(500)

    assert cameras.pairing.match(image(500)).info == "info"
    assert cameras.pairing.counts().jumps == 0


@pytest.mark.parametrize("options", [{"slop_s": -0.1}, {"queue": 0}, {"colour_queue": -1}])
def test_wrong_settings_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected slop_s >= 0, queue >= 1"):
        RgbdPairing(**options)
