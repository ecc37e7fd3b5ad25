"""The engines of one model for one GPU: taken from the folder where they are kept, or built."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from textseg_core.runtime.base import Precision
from textseg_core.runtime.tensorrt.bindings import TensorRt
from textseg_core.runtime.tensorrt.build import (
    WORKSPACE_BYTES,
    BuildCancelledError,
    BuildOrder,
    EngineBuilder,
)
from textseg_core.runtime.tensorrt.cache import EngineCache, EngineKey
from textseg_core.runtime.tensorrt.progress import BuildProgress, ProgressReport
from textseg_core.runtime.tensorrt.target import Target
from textseg_core.runtime.variants import part_paths

#: Numbers of expressions that an engine of the query head answers at once.
BUCKETS = (1, 2, 4, 8)

#: Told how much of all engines is done, in [0, 1], and what is being done.
Listener: TypeAlias = Callable[[float, str], None]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineName:
    """One engine of a model.

    Attributes:
        part: Such as "query_head".
        batch: Expressions that it answers at once.
    """

    part: str
    batch: int = 1

    def __str__(self) -> str:
        return self.part if self.batch == 1 else f"{self.part}, {self.batch} expressions"


#: All engines of a model.
ENGINES = (
    EngineName("image_encoder"),
    EngineName("expression_encoder"),
    *(EngineName("query_head", batch) for batch in BUCKETS),
)


class ModelEngines:
    """The engines of a model directory.

    Attributes:
        cache: Where engines are kept.
        precision: Of the files that they are built from.

    Args:
        tensorrt: The bindings.
        directory: Model directory.
        target: The GPU that the engines are for.
        precision: Which of the directory's files are built.
        cache: Where engines are kept.
        listener: Told of progress.
        use_gpu: Called in each thread that builds, before it does.

    Raises:
        RuntimeError: If a file is missing or of a precision that did not pass its gate.
    """

    def __init__(
        self,
        tensorrt: TensorRt,
        directory: Path,
        target: Target,
        *,
        precision: Precision = "fp32",
        cache: EngineCache | None = None,
        listener: Listener = lambda share, what: None,
        use_gpu: Callable[[], None] = lambda: None,
    ) -> None:
        self.cache = EngineCache() if cache is None else cache
        self._tensorrt = tensorrt
        self._target = target
        self.precision: Precision = precision
        self._listener = listener
        self._files: dict[str, tuple[bytes, str]] = {}
        for part, path in part_paths(directory, precision).items():
            if not path.is_file():
                raise RuntimeError(f"{path}: no such file; export the model again")
            content = path.read_bytes()
            self._files[part] = (content, hashlib.sha256(content).hexdigest())
        self._builder = EngineBuilder(tensorrt, use_gpu)
        self._progress: BuildProgress | None = None
        self._cancelled = False

    def key(self, name: EngineName) -> EngineKey:
        """Return what the engine depends on."""
        return EngineKey(
            part=name.part,
            onnx_sha256=self._files[name.part][1],
            flavour=self._tensorrt.flavour,
            version=self._tensorrt.version,
            gpu=self._target.gpu,
            capability=self._target.capability,
            driver=self._target.driver,
            precision=self.precision,
            shapes=f"batch {name.batch}",
            flags=f"strongly typed; tf32 off; workspace {WORKSPACE_BYTES}",
            platform=self._target.platform,
        )

    def missing(self) -> list[EngineName]:
        """Return the engines that would have to be built."""
        return [name for name in ENGINES if self.cache.load(self.key(name)) is None]

    def obtain(self) -> Iterator[tuple[EngineName, bytes, bool]]:
        """Yield each engine and whether it had to be built, in the order of `ENGINES`.

        Raises:
            RuntimeError: If one cannot be built, or the folder cannot be used.
            BuildCancelledError: After `cancel`.
        """
        for place, name in enumerate(ENGINES):
            self._listener(place / len(ENGINES), str(name))
            engine, built = self.cache.obtain(
                self.key(name), self._build_function(name, place), self._wait_function(name, place)
            )
            yield name, engine, built
        self._listener(1.0, "")

    def rebuild(self, name: EngineName, refused: bytes) -> tuple[bytes, bool]:
        """Replace an engine that does not run here, and return another and whether it was built.

        Of several processes that find the same engine wanting one builds, as in `obtain`.

        Args:
            name: Which engine.
            refused: The one that TensorRT does not take.
        """
        key, place = self.key(name), ENGINES.index(name)
        with self.cache.lock(key, self._wait_function(name, place)):
            engine = self.cache.load(key)
            if engine is not None and engine != refused:
                return engine, False
            _log.warning(
                "%s: TensorRT does not take this engine, though its key fits; it is built anew",
                self.cache.path_of(key),
            )
            engine = self._build_function(name, place)()
            self.cache.store(key, engine)
        return engine, True

    def cancel(self) -> None:
        """Stop building, from another thread; what was built is kept."""
        self._cancelled = True
        if self._progress is not None:
            self._progress.cancel()

    def _wait_function(self, name: EngineName, place: int) -> Callable[[], None]:
        def wait() -> None:
            if self._cancelled:
                raise BuildCancelledError(f"{name}: waiting for another process was stopped")
            self._listener(place / len(ENGINES), f"{name}: another process builds it")

        return wait

    def _build_function(self, name: EngineName, place: int) -> Callable[[], bytes]:
        def build() -> bytes:
            title = f"building engine {place + 1} of {len(ENGINES)} ({name})"
            self._progress = BuildProgress(
                lambda share, phase: self._listener(
                    (place + share) / len(ENGINES), f"{name}: {phase}"
                )
            )
            if self._cancelled:
                self._progress.cancel()
            order = BuildOrder(
                name=str(name),
                onnx=self._files[name.part][0],
                batch=name.batch,
                capability=self._target.capability if self._target.chosen else None,
                tf32=False,
            )
            _log.info("%s for %s", title, self._target.capability)
            with ProgressReport(title, self._progress):
                return self._builder.build(order, self._progress)

        return build
