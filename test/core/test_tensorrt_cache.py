"""The folder of engines: found again, checked, written whole, built once."""

import fcntl
import json
import logging
import multiprocessing
import os
from dataclasses import fields, replace
from pathlib import Path

import pytest

from textseg_core.runtime.tensorrt import cache as cache_module
from textseg_core.runtime.tensorrt.cache import (
    MAGIC,
    EngineCache,
    EngineKey,
    default_folder,
    pack,
    unpack,
)

KEY = EngineKey(
    part="query_head",
    onnx_sha256="0" * 64,
    flavour="tensorrt",
    version="10.3.0",
    gpu="NVIDIA Orin",
    capability="SM87",
    driver="R36",
    precision="fp16",
    shapes="batch 4",
    flags="none",
    platform="Linux aarch64",
)
ENGINE = bytes(range(256)) * 8


def never() -> bytes:
    raise AssertionError("an engine was built that lay in the folder")


def test_an_engine_comes_back_as_it_was(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path / "new" / "folder")

    assert cache.load(KEY) is None
    assert cache.obtain(KEY, lambda: ENGINE) == (ENGINE, True)
    assert EngineCache(cache.folder).obtain(KEY, never) == (ENGINE, False)


def test_the_name_of_the_file_tells_part_shapes_gpu_and_precision(tmp_path: Path) -> None:
    name = EngineCache(tmp_path).store(KEY, ENGINE).name

    assert name == f"query_head-batch4-sm87-fp16-{KEY.digest()[:16]}.engine"


@pytest.mark.parametrize("field", [field.name for field in fields(EngineKey)])
def test_a_key_that_differs_in_anything_finds_nothing(tmp_path: Path, field: str) -> None:
    cache = EngineCache(tmp_path)
    cache.store(KEY, ENGINE)

    assert cache.load(replace(KEY, **{field: "another"})) is None


@pytest.mark.parametrize("field", [field.name for field in fields(EngineKey)])
def test_a_file_put_in_the_place_of_another_is_refused(field: str) -> None:
    content = pack(replace(KEY, **{field: "another"}), ENGINE)

    with pytest.raises(ValueError, match=f"it was built for {field} 'another', not"):
        unpack(content, KEY)


def test_every_truncation_is_refused() -> None:
    content = pack(KEY, ENGINE)

    for length in [*range(0, len(content) - len(ENGINE) + 2), len(content) - 1]:
        with pytest.raises(ValueError, match=r"no engine|header|has \d+ bytes"):
            unpack(content[:length], KEY)


def test_every_flipped_byte_is_refused() -> None:
    content = pack(KEY, ENGINE)

    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 0x20
        with pytest.raises(ValueError, match=r"no engine|header|layout|built for|bytes|checksum"):
            unpack(bytes(damaged), KEY)


def test_bytes_behind_the_engine_are_refused() -> None:
    with pytest.raises(ValueError, match="2049 bytes, expected 2048"):
        unpack(pack(KEY, ENGINE) + b"x", KEY)


def test_another_layout_is_refused() -> None:
    header, engine = pack(KEY, ENGINE)[len(MAGIC) :].split(b"\n", 1)
    later = json.dumps({**json.loads(header), "layout": 2}).encode()

    with pytest.raises(ValueError, match="layout 2, expected 1"):
        unpack(MAGIC + later + b"\n" + engine, KEY)


def test_a_damaged_engine_is_built_anew_and_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = EngineCache(tmp_path)
    path = cache.store(KEY, ENGINE)
    path.write_bytes(path.read_bytes()[:-1])

    with caplog.at_level(logging.WARNING):
        assert cache.obtain(KEY, lambda: ENGINE) == (ENGINE, True)

    assert f"{path}: it has 2047 bytes, expected 2048; it is made anew" in caplog.text
    assert cache.load(KEY) == ENGINE


def test_a_build_that_fails_leaves_nothing_but_its_lock(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        EngineCache(tmp_path).obtain(KEY, fail)

    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = EngineCache(tmp_path)
    path = cache.store(KEY, ENGINE)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RuntimeError, match=r"cannot be written .No space left.*TEXTSEG_CACHE"):
        cache.store(KEY, b"new")

    assert list(tmp_path.iterdir()) == [path]
    assert cache.load(KEY) == ENGINE


def test_an_engine_can_be_read_by_other_users(tmp_path: Path) -> None:
    assert EngineCache(tmp_path).store(KEY, ENGINE).stat().st_mode & 0o777 == 0o644


def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with pytest.raises(RuntimeError, match=r"file/engines.* set TEXTSEG_CACHE to another"):
        EngineCache(tmp_path / "file" / "engines").store(KEY, ENGINE)


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEXTSEG_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/robot")
    assert default_folder() == Path("/home/robot/.cache/textseg/engines")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_folder() == Path("/home/robot/.cache/textseg/engines")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache")
    assert default_folder() == Path("/var/cache/textseg/engines")
    monkeypatch.setenv("TEXTSEG_CACHE", "~/engines")
    assert default_folder() == Path("/home/robot/engines")


def _build_slowly(folder: Path, gate: "multiprocessing.synchronize.Barrier") -> None:
    """Build as one of several processes; a file with this process's number tells that it did."""

    def build() -> bytes:
        (folder / f"built.{os.getpid()}").touch()
        # Longer than it takes the others to find the folder empty.
        ready = folder / "waited"
        for _ in range(20):
            ready.touch()
            os.sched_yield()
        return ENGINE

    gate.wait()
    engine, _ = EngineCache(folder).obtain(KEY, build)
    assert engine == ENGINE


def test_of_three_processes_that_want_an_engine_at_once_one_builds(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(3)
    processes = [context.Process(target=_build_slowly, args=(tmp_path, gate)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(list(tmp_path.glob("built.*"))) == 1


def test_a_folder_without_locks_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: object, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)

    with pytest.raises(RuntimeError, match=r"No locks available.* set TEXTSEG_CACHE to another"):
        EngineCache(tmp_path).obtain(KEY, lambda: ENGINE)


def test_who_waits_for_another_builder_says_so_and_can_give_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cache_module, "LOG_EVERY_S", 0.0)
    monkeypatch.setattr(cache_module, "_POLL_S", 0.001)
    cache, asked = EngineCache(tmp_path), []

    def give_up() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise RuntimeError("enough")

    # Locks bind open files, so this process can stand in for another.
    with (
        cache.lock(KEY),
        caplog.at_level(logging.INFO),
        pytest.raises(RuntimeError, match="enough"),
    ):
        cache.obtain(KEY, never, give_up)

    assert [record.message.split(";")[0] for record in caplog.records] == [
        f"another process builds {KEY.file_name()}"
    ] * 2
    # Who gave up holds no lock.
    assert cache.obtain(KEY, lambda: ENGINE) == (ENGINE, True)


def test_what_a_killed_writer_left_is_swept_by_the_next_builder(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path)
    process = multiprocessing.get_context("fork").Process(
        target=_die_while_writing, args=(tmp_path,)
    )
    process.start()
    process.join(30)
    assert len(list(tmp_path.glob(".*.part"))) == 1
    another = tmp_path / ".another.x.part"
    another.touch()

    assert cache.obtain(KEY, lambda: ENGINE) == (ENGINE, True)

    assert list(tmp_path.glob(".*.part")) == [another]


def _die_while_writing(folder: Path) -> None:
    os.fsync = lambda descriptor: os._exit(3)
    EngineCache(folder).store(KEY, ENGINE)


def _hold_and_die(folder: Path) -> None:
    with EngineCache(folder).lock(KEY):
        os._exit(3)


def test_a_builder_that_dies_does_not_block_the_next(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_hold_and_die, args=(tmp_path,))
    process.start()
    process.join(30)

    assert process.exitcode == 3
    assert EngineCache(tmp_path).obtain(KEY, lambda: ENGINE) == (ENGINE, True)
