"""Keeps what TensorRT for RTX compiles when an engine starts, so that the next start need not."""

import logging
from typing import cast

from textseg_core.runtime.tensorrt.cache import EngineCache, EngineKey
from textseg_core.runtime.tensorrt.interface import RtxEngine, RuntimeCache, RuntimeConfig

_log = logging.getLogger(__name__)


class KeptKernels:
    """The kernels of one engine on one GPU, in a file beside the engine's.

    Attributes:
        were_kept: Whether the file was there and TensorRT took it.

    Args:
        cache: The engines' folder.
        key: What the kernels depend on: the engine, and GPU and driver by name.

    Source:
        NVIDIA, TensorRT for RTX, "Working with Runtime Cache". TensorRT checks by itself that
        kernels fit GPU, driver and version; key and checksum of the folder come on top.
    """

    def __init__(self, cache: EngineCache, key: EngineKey) -> None:
        self.were_kept = False
        self._folder, self._key = cache, key
        self._kept_bytes = 0
        self._config: RuntimeConfig | None = None
        self._kernels: RuntimeCache | None = None

    def configure(self, engine: object) -> RuntimeConfig:
        """Return how a context of `engine` is made so that it uses and collects kernels.

        Args:
            engine: Of TensorRT for RTX, loaded.

        Raises:
            RuntimeError: If TensorRT refuses, or the file is there and cannot be read.
        """
        config = cast(RtxEngine, engine).create_runtime_config()
        kernels = config.create_runtime_cache()
        kept = self._folder.load(self._key)
        if kept is not None:
            self.were_kept = kernels.deserialize(kept)
            self._kept_bytes = len(kept)
            if not self.were_kept:
                _log.info(
                    "%s: TensorRT does not take these kernels; they are compiled anew",
                    self._folder.path_of(self._key),
                )
        if not config.set_runtime_cache(kernels):
            raise RuntimeError(f"{self._key.part}: TensorRT for RTX refused to keep kernels")
        # Both must outlive the context.
        self._config, self._kernels = config, kernels
        return config

    def keep(self) -> None:
        """Write what was compiled, once the engine has run; a file that holds all of it stays.

        A folder that cannot be written costs time at every start and is no reason not to run.
        """
        if self._kernels is None:
            return
        kernels = bytes(self._kernels.serialize())
        if self.were_kept and len(kernels) <= self._kept_bytes:
            return
        try:
            with self._folder.lock(self._key):
                self._folder.store(self._key, kernels)
        except RuntimeError as error:
            _log.warning("kernels are compiled anew at every start: %s", str(error))

    def close(self) -> None:
        """Let go of TensorRT's objects, after the context and before the engine."""
        self._kernels = self._config = None
