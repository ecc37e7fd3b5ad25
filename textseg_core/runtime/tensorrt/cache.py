"""Keeps built engines in a folder: found again by what they were built from and for, and checked.

A file is a line of JSON (what it was built from, its checksum), then the engine. What is damaged,
stale or of another kind is built anew and replaced. Processes that want the same engine at once
wait for the one that builds it.
"""

import fcntl
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from textseg_core.runtime.tensorrt.progress import LOG_EVERY_S

#: Changes with the layout of the files or with what the builder does beyond the key.
LAYOUT = 1
MAGIC = b"textseg engine\n"
FOLDER_VARIABLE = "TEXTSEG_CACHE"
_MOST_HEADER_BYTES = 1 << 16
#: Who waits for another process looks this often whether it is done, or whether to go on.
_POLL_S = 0.1

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKey:
    """What an engine depends on; two engines with the same key are the same.

    Attributes:
        part: Such as "query_head", for the file's name.
        onnx_sha256: Checksum of the ONNX file.
        flavour: "tensorrt" or "tensorrt_rtx".
        version: Of TensorRT, in full.
        gpu: Name of the GPU; "any" where only its kind counts.
        capability: Such as "SM89".
        driver: Of the GPU; "any" where it does not count.
        precision: "fp32", "fp16" or "int8".
        shapes: Of all inputs, such as "batch 4".
        flags: Whatever else the builder was told.
        platform: System and processor, such as "Linux x86_64".
    """

    part: str
    onnx_sha256: str
    flavour: str
    version: str
    gpu: str
    capability: str
    driver: str
    precision: str
    shapes: str
    flags: str
    platform: str

    def digest(self) -> str:
        """Return a checksum of all of it, hexadecimal."""
        text = json.dumps([LAYOUT, asdict(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def file_name(self) -> str:
        """Return the name of the engine's file."""
        shapes = self.shapes.replace(" ", "")
        kind = f"{self.capability.lower()}-{self.precision}"
        return f"{self.part}-{shapes}-{kind}-{self.digest()[:16]}.engine"


class EngineCache:
    """Engines in a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = default_folder() if folder is None else folder

    def path_of(self, key: EngineKey) -> Path:
        """Return where the engine of this key lies, or would."""
        return self.folder / key.file_name()

    def load(self, key: EngineKey) -> bytes | None:
        """Return the engine; None where there is none, or none that is whole and of this key."""
        path = self.path_of(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RuntimeError(
                f"{path}: the engine cannot be read ({error.strerror}); mend the folder's "
                f"permissions, or set {FOLDER_VARIABLE} to another"
            ) from error
        try:
            return unpack(content, key)
        except ValueError as error:
            # As text: a handler that keeps the error would keep its frames, and their engines.
            _log.warning("%s: %s; it is made anew", path, str(error))
            return None

    def store(self, key: EngineKey, engine: bytes) -> Path:
        """Write an engine, whole or not at all, and return its path.

        Raises:
            RuntimeError: If the folder cannot be written.
        """
        path = self.path_of(key)
        with self._writing():
            prefix = f".{key.digest()[:16]}."
            handle, name = tempfile.mkstemp(dir=self.folder, prefix=prefix, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    # Readable by the node's user, who need not be the one who built.
                    os.fchmod(file.fileno(), 0o644)
                    file.write(pack(key, engine))
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        return path

    def obtain(
        self,
        key: EngineKey,
        build: Callable[[], bytes],
        waiting: Callable[[], None] = lambda: None,
    ) -> tuple[bytes, bool]:
        """Return the engine and whether it had to be built.

        Of several processes that ask at once one builds; the others wait and load.

        Args:
            key: What the engine depends on.
            build: Called where no good engine lies in the folder.
            waiting: Called again and again while another process builds; ends the wait by raising.

        Raises:
            RuntimeError: If the folder cannot be used.
            Exception: What `build` or `waiting` raised.
        """
        engine = self.load(key)
        if engine is not None:
            return engine, False
        with self.lock(key, waiting):
            engine = self.load(key)
            if engine is not None:
                return engine, False
            engine = build()
            self.store(key, engine)
            return engine, True

    @contextmanager
    def lock(self, key: EngineKey, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the right to write this file; it ends with the process, however that ends."""
        name = f".{key.digest()[:16]}"
        with self._writing():
            file = (self.folder / f"{name}.lock").open("a")
        with file:
            started = logged = monotonic()
            while not self._try_to_lock(file):
                waiting()
                if logged == started or monotonic() - logged >= LOG_EVERY_S:
                    logged = monotonic()
                    _log.info(
                        "another process builds %s; waiting for it since %.0f s",
                        self.path_of(key).name,
                        logged - started,
                    )
                sleep(_POLL_S)
            with self._writing():
                # Half a file, of a process that was killed while it wrote.
                for left in self.folder.glob(f"{name}.*.part"):
                    left.unlink(missing_ok=True)
            yield

    def _try_to_lock(self, file: IO[str]) -> bool:
        with self._writing():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Make the folder, and say what to do where it cannot be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise RuntimeError(
                f"{self.folder}: the engines' folder cannot be written ({error.strerror}); make "
                f"room or mend its permissions, or set {FOLDER_VARIABLE} to another"
            ) from error


def default_folder() -> Path:
    """Return $TEXTSEG_CACHE, else textseg/engines under $XDG_CACHE_HOME or ~/.cache."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    # The XDG specification tells to ignore a relative path.
    base = Path(os.environ.get("XDG_CACHE_HOME") or "-")
    return (base if base.is_absolute() else Path.home() / ".cache") / "textseg" / "engines"


def pack(key: EngineKey, engine: bytes) -> bytes:
    """Return the content of an engine's file."""
    header = {
        "layout": LAYOUT,
        "key": asdict(key),
        "bytes": len(engine),
        "sha256": hashlib.sha256(engine).hexdigest(),
    }
    return MAGIC + json.dumps(header, sort_keys=True).encode() + b"\n" + engine


def read_header(content: bytes) -> tuple[dict[str, object], bytes]:
    """Return what an engine's file says of itself, and the engine, which is whole.

    Raises:
        ValueError: If it is no engine's file, or damaged; says which.
    """
    if not content.startswith(MAGIC):
        raise ValueError("this is no engine of textseg")
    end = content.find(b"\n", len(MAGIC), len(MAGIC) + _MOST_HEADER_BYTES)
    try:
        header = json.loads(content[len(MAGIC) : end]) if end >= 0 else None
    except ValueError:  # of JSON or of UTF-8
        header = None
    if not isinstance(header, dict):
        raise ValueError("its header is damaged")
    if header.get("layout") != LAYOUT:
        raise ValueError(f"it has layout {header.get('layout')!r}, expected {LAYOUT}")
    engine = content[end + 1 :]
    if len(engine) != header.get("bytes"):
        raise ValueError(f"it has {len(engine)} bytes, expected {header.get('bytes')}")
    if hashlib.sha256(engine).hexdigest() != header.get("sha256"):
        raise ValueError("it is damaged: its checksum is another")
    return header, engine


def unpack(content: bytes, key: EngineKey) -> bytes:
    """Return the engine in a file's content.

    Raises:
        ValueError: If it is no engine's file, or damaged, or of another key; says which.
    """
    header, engine = read_header(content)
    if header.get("key") != asdict(key):
        raise ValueError(f"it was built for {_difference(header.get('key'), asdict(key))}")
    return engine


def _difference(came: object, expected: dict[str, str]) -> str:
    """Return what differs between two keys, in words."""
    if not isinstance(came, dict):
        return "nothing that can be told"
    return ", ".join(
        f"{name} {came.get(name)!r}, not {value!r}"
        for name, value in expected.items()
        if came.get(name) != value
    )
