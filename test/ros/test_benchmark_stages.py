"""Messages in and masks out, as the benchmark of stages measures them."""

import os
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cyclonedds", reason="the benchmark publishes over DDS")

from textseg_core.benchmark.frames import draw_picture
from textseg_ros.benchmark import stages
from textseg_ros.rmw_environment import free_domain_id, loopback_environment
from textseg_ros.typestore import TypeStore


def test_a_raw_message_gives_back_the_picture() -> None:
    picture = draw_picture(32, 24)

    np.testing.assert_array_equal(stages.raw_camera(TypeStore("jazzy"), picture)(), picture)


def test_a_jpeg_message_gives_back_nearly_the_picture() -> None:
    picture = np.full((24, 32, 3), (200, 40, 90), np.uint8)

    unpacked = stages.jpeg_camera(TypeStore("jazzy"), picture)()

    assert np.abs(unpacked.astype(int) - picture).max() <= 8


def test_masks_reach_a_reader_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[Any] = []
    start = stages.subprocess.Popen

    def remembered(*arguments: Any, **options: Any) -> Any:
        readers.append(start(*arguments, **options))
        return readers[-1]

    monkeypatch.setattr(stages.subprocess, "Popen", remembered)
    result: Any = SimpleNamespace(mask=np.ones((24, 32), np.bool_))

    with stages.publishing(os.environ | loopback_environment(free_domain_id())) as edges:
        assert edges.publish is not None
        for _ in range(3):
            edges.publish(result)

    (reader,) = readers
    assert reader.returncode == 0
    # Of three in a row the reader may keep the last one only.
    assert 1 <= int(reader.stdout.read()) <= 3
    reader.stdout.close()


def test_a_reader_that_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "_READER", "--help")

    with (
        pytest.raises(RuntimeError, match=r"was not found within 60 s \(its exit status: 0\)"),
        stages.publishing(os.environ | loopback_environment(free_domain_id())),
    ):
        pass
