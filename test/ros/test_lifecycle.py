import pytest

from textseg_ros.lifecycle import Lifecycle, Transition


class Steps:
    """Writes down what was done; the steps named in `faults` raise."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.faults: dict[str, Exception] = {}

    def _do(self, name: str) -> None:
        if name in self.faults:
            raise self.faults[name]
        self.done.append(name)

    def configure(self) -> None:
        self._do("configure")

    def activate(self) -> None:
        self._do("activate")

    def deactivate(self) -> None:
        self._do("deactivate")

    def cleanup(self) -> None:
        self._do("cleanup")

    def shutdown(self) -> None:
        self._do("shutdown")


def led(steps: Steps, *transitions: Transition) -> tuple[Lifecycle, list[str]]:
    lines: list[str] = []
    lifecycle = Lifecycle(steps, lambda level, text: lines.append(f"{level}: {text}"))
    for transition in transitions:
        lifecycle.do(transition)
    return lifecycle, lines


def test_the_whole_life_goes_through_its_states() -> None:
    steps = Steps()
    lifecycle, lines = led(steps)
    order: tuple[Transition, ...] = (
        "configure", "activate", "deactivate", "activate", "deactivate", "cleanup", "configure",
        "shutdown",
    )  # fmt: skip

    states = []
    for transition in order:
        assert lifecycle.do(transition) == "done"
        states.append(lifecycle.state)

    assert states == [
        "inactive", "active", "inactive", "active", "inactive", "unconfigured", "inactive",
        "finalized",
    ]  # fmt: skip
    assert steps.done == list(order)
    assert lines == [
        "info: configured: the node is inactive",
        "info: activated: the node is active",
        "info: deactivated: the node is inactive",
        "info: activated: the node is active",
        "info: deactivated: the node is inactive",
        "info: cleaned up: the node is unconfigured",
        "info: configured: the node is inactive",
        "info: shut down: the node is finalized",
    ]


@pytest.mark.parametrize(
    ("before", "transition", "message"),
    [
        ((), "activate", "activate is possible from inactive, the node is unconfigured"),
        (("configure",), "configure", "configure is possible from unconfigured, the node is ina"),
        (("configure", "activate"), "cleanup", "cleanup is possible from inactive, .* is active"),
        (("shutdown",), "configure", "the node is finalized"),
        (("shutdown",), "shutdown", "unconfigured or inactive or active, the node is finalized"),
    ],
)
def test_a_transition_that_does_not_lead_on_is_refused(
    before: tuple[Transition, ...], transition: Transition, message: str
) -> None:
    lifecycle, _ = led(Steps(), *before)
    state = lifecycle.state

    with pytest.raises(ValueError, match=message):
        lifecycle.do(transition)

    assert lifecycle.state == state


@pytest.mark.parametrize("error", [ValueError("bad yaml"), RuntimeError("no weights")])
def test_a_step_that_cannot_be_done_leaves_the_state_and_may_be_tried_again(
    error: Exception,
) -> None:
    steps = Steps()
    steps.faults["configure"] = error
    lifecycle, _ = led(steps)

    assert lifecycle.do("configure") == "refused"
    assert (lifecycle.state, lifecycle.fault) == ("unconfigured", error)
    steps.faults.clear()
    assert lifecycle.do("configure") == "done"
    assert lifecycle.fault is None


def test_an_error_cleans_up() -> None:
    steps = Steps()
    steps.faults["deactivate"] = TimeoutError("the network hangs")
    lifecycle, lines = led(steps, "configure", "activate")

    assert lifecycle.do("deactivate") == "failed"

    assert (lifecycle.state, lifecycle.fault) == ("unconfigured", steps.faults["deactivate"])
    assert steps.done == ["configure", "activate", "cleanup"]
    assert lines[2:] == [
        "error: deactivate failed, the node is cleaned up: TimeoutError: the network hangs"
    ]


def test_an_error_that_cannot_be_cleaned_up_ends_the_node() -> None:
    steps = Steps()
    steps.faults = {"activate": MemoryError("none left"), "cleanup": OSError("nor this")}
    lifecycle, lines = led(steps, "configure")

    assert lifecycle.do("activate") == "failed"

    assert lifecycle.state == "finalized"
    assert lines[-1] == "error: cleaning up failed, the node is finalized: OSError: nor this"


def test_the_end_comes_from_any_state_and_only_once() -> None:
    for before in ((), ("configure",), ("configure", "activate")):
        steps = Steps()
        lifecycle, _ = led(steps, *before)  # type: ignore[arg-type]
        lifecycle.finish()
        lifecycle.finish()
        assert lifecycle.state == "finalized"
        assert steps.done == [*before, "shutdown"]


def test_an_end_that_is_not_clean_is_the_end_all_the_same() -> None:
    steps = Steps()
    steps.faults["shutdown"] = OSError("the device is gone")
    lifecycle, lines = led(steps, "configure")

    lifecycle.finish()

    assert lifecycle.state == "finalized"
    assert lines[1:] == ["error: shutdown was not clean: OSError: the device is gone"]
