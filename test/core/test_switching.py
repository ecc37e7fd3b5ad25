import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from textseg_core.arrays import UInt8Array
from textseg_core.runtime.switching import SwitchingBackend

IDS = np.array([[1, 4, 0, 0, 0, 0]])
MakeBackend = Callable[..., Any]
TIMEOUT_S = 20.0


def black() -> UInt8Array:
    return np.zeros((96, 96, 3), np.uint8)


def logits_of(backend: SwitchingBackend, expression: object) -> float:
    answer = backend.respond(backend.encode_image(black()), [expression])
    return float(answer["logits"][0, 0, 0, 0])


def doubled(outputs: dict[str, Any]) -> dict[str, Any]:
    return {name: 2.0 * value for name, value in outputs.items()}


class Workshop:
    """Builds a backend when it is told to, or fails."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.go_on = threading.Event()

    def __call__(self) -> Any:
        assert self.go_on.wait(TIMEOUT_S)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def test_the_first_backend_answers_until_the_other_is_built(colour_backend: MakeBackend) -> None:
    first, second = colour_backend(), colour_backend()
    second.override = doubled
    workshop = Workshop(second)
    backend = SwitchingBackend(first, workshop, required=True)
    red = backend.encode_expression(IDS)
    before = logits_of(backend, red)
    workshop.go_on.set()
    assert backend.wait(TIMEOUT_S)
    after = logits_of(backend, red)
    assert (before, after) == (-8.0, -16.0)
    assert (first.images, second.images) == (1, 1)


def test_an_expression_outlives_the_switch_and_is_encoded_once_for_each(
    colour_backend: MakeBackend,
) -> None:
    first, second = colour_backend(), colour_backend()
    workshop = Workshop(second)
    backend = SwitchingBackend(first, workshop, required=True)
    red = backend.encode_expression(IDS)
    logits_of(backend, red)
    logits_of(backend, red)
    workshop.go_on.set()
    backend.wait(TIMEOUT_S)
    logits_of(backend, red)
    logits_of(backend, red)
    assert (first.expressions, second.expressions) == (1, 1)


def test_an_image_under_way_at_the_switch_is_answered_by_who_encoded_it(
    colour_backend: MakeBackend,
) -> None:
    first, second = colour_backend(), colour_backend()
    second.override = doubled
    workshop = Workshop(second)
    backend = SwitchingBackend(first, workshop, required=True)
    red = backend.encode_expression(IDS)
    old = backend.encode_image(black())
    workshop.go_on.set()
    backend.wait(TIMEOUT_S)
    backend.encode_image(black())
    assert backend.respond(old, [red])["logits"].max() == -8.0


def test_the_old_backend_is_closed_when_its_images_are_through(
    colour_backend: MakeBackend,
) -> None:
    first, workshop = colour_backend(), Workshop(colour_backend())
    backend = SwitchingBackend(first, workshop, required=True)
    red = backend.encode_expression(IDS)
    old = backend.encode_image(black())
    workshop.go_on.set()
    backend.wait(TIMEOUT_S)
    logits_of(backend, red)
    logits_of(backend, red)
    assert not first.closed
    logits_of(backend, red)
    assert first.closed
    with pytest.raises(ValueError, match="has been replaced since"):
        backend.respond(old, [red])


def test_a_required_backend_that_fails_is_an_error_at_the_next_image(
    colour_backend: MakeBackend,
) -> None:
    workshop = Workshop(RuntimeError("no memory"))
    backend = SwitchingBackend(colour_backend(), workshop, required=True)
    workshop.go_on.set()
    backend.wait(TIMEOUT_S)
    with pytest.raises(RuntimeError, match="the backend could not be built: no memory"):
        backend.encode_image(black())


def test_a_backend_that_auto_took_and_that_fails_leaves_the_first_and_says_so(
    colour_backend: MakeBackend, caplog: pytest.LogCaptureFixture
) -> None:
    workshop = Workshop(RuntimeError("no memory"))
    backend = SwitchingBackend(colour_backend(), workshop, required=False)
    workshop.go_on.set()
    backend.wait(TIMEOUT_S)
    assert logits_of(backend, backend.encode_expression(IDS)) == -8.0
    assert "could not be built: no memory" in caplog.text
    assert "could not be built: no memory" in backend.report().reason


def test_the_report_says_how_far_the_build_is(colour_backend: MakeBackend) -> None:
    workshop = Workshop(colour_backend())
    backend = SwitchingBackend(
        colour_backend(), workshop, required=True, progress=lambda: "(40 %, query_head)"
    )
    assert backend.report().reason == "until the faster backend is built (40 %, query_head)"
    workshop.go_on.set()
    backend.wait(TIMEOUT_S)
    assert backend.report().reason == "until the next image: the faster backend is built"
    backend.encode_image(black())
    assert backend.report().reason == ""


def test_close_calls_the_build_off_and_closes_both(colour_backend: MakeBackend) -> None:
    first, second = colour_backend(), colour_backend()
    workshop = Workshop(second)
    backend = SwitchingBackend(first, workshop, required=True, cancel=workshop.go_on.set)
    backend.close()
    backend.close()
    assert first.closed
    assert second.closed
    with pytest.raises(RuntimeError, match="was closed"):
        backend.encode_image(black())


def test_a_build_that_was_called_off_is_no_news(
    colour_backend: MakeBackend, caplog: pytest.LogCaptureFixture
) -> None:
    workshop = Workshop(RuntimeError("called off"))
    backend = SwitchingBackend(
        colour_backend(), workshop, required=False, cancel=workshop.go_on.set
    )
    backend.close()
    assert caplog.text == ""


def test_a_process_that_ends_calls_a_build_off_and_waits_for_it() -> None:
    code = """
import threading
from textseg_core.runtime.switching import SwitchingBackend

stop = threading.Event()

def build():
    print("called off" if stop.wait(60.0) else "forgotten", flush=True)
    raise RuntimeError("called off")

backend = SwitchingBackend(None, build, required=True, cancel=stop.set)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "called off\n"


def test_encodings_of_another_backend_are_refused(colour_backend: MakeBackend) -> None:
    workshop = Workshop(colour_backend())
    workshop.go_on.set()
    backend = SwitchingBackend(colour_backend(), workshop, required=True)
    with pytest.raises(ValueError, match="expects encodings that this backend made itself"):
        backend.respond({"cells": 1}, [backend.encode_expression(IDS)])
