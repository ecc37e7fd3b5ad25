import pytest

from textseg_ros.demand import LINGER_S, Demand


class Scene:
    """A demand with what it asks and what it does."""

    def __init__(self, *cameras: str) -> None:
        self.now_s = 100.0
        self.listening: set[str] = set()
        self.awaited: set[str] = set()
        self.done: list[tuple[str, bool]] = []
        self.demand = Demand(
            cameras or ("",),
            lambda camera, on: self.done.append((camera, on)),
            self.listening.__contains__,
            lambda: self.now_s,
        )

    def look(self, *, asked: bool = True) -> list[tuple[str, bool]]:
        """Return what one look does."""
        self.done.clear()
        self.demand.look(asked=asked, awaits=self.awaited.__contains__)
        return self.done.copy()


def test_images_are_wanted_only_with_a_query_and_a_listener() -> None:
    scene = Scene()
    assert scene.look() == []
    scene.listening.add("")
    assert scene.look(asked=False) == []
    assert scene.look() == [("", True)]
    assert scene.look() == []
    assert scene.demand.since_s("") == 100.0


def test_without_a_query_images_end_at_once() -> None:
    scene = Scene()
    scene.listening.add("")
    scene.look()

    assert scene.look(asked=False) == [("", False)]
    assert scene.demand.since_s("") is None


def test_without_a_listener_images_end_after_a_while() -> None:
    scene = Scene()
    scene.listening.add("")
    scene.look()
    scene.listening.clear()

    scene.now_s += LINGER_S / 2
    assert scene.look() == []
    scene.now_s += LINGER_S
    assert scene.look() == [("", False)]


def test_a_request_wants_images_without_query_and_listener() -> None:
    scene = Scene()
    scene.awaited.add("")
    assert scene.look(asked=False) == [("", True)]
    scene.awaited.clear()
    assert scene.look(asked=False) == [("", False)]


def test_each_camera_is_looked_at_alone() -> None:
    scene = Scene("left", "right")
    scene.listening.add("right")
    assert scene.look() == [("right", True)]
    scene.awaited.add("left")
    assert scene.look() == [("left", True)]


def test_what_could_not_be_subscribed_is_tried_again() -> None:
    scene = Scene()
    scene.listening.add("")
    scene.demand._watch = lambda camera, on: 1 / 0  # type: ignore[func-returns-value,assignment]
    with pytest.raises(ZeroDivisionError):
        scene.look()

    scene.demand._watch = lambda camera, on: scene.done.append((camera, on))
    assert scene.look() == [("", True)]
