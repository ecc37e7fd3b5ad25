"""Loads a model's engines on the GPU: kept ones, built ones, and those that must be built anew."""

import traceback
from dataclasses import dataclass, replace

from textseg_core.runtime.tensorrt.bindings import TensorRt
from textseg_core.runtime.tensorrt.cuda import Cuda
from textseg_core.runtime.tensorrt.engines import EngineName, ModelEngines
from textseg_core.runtime.tensorrt.execution import EngineRun, ForeignEngineError
from textseg_core.runtime.tensorrt.interface import Runtime
from textseg_core.runtime.tensorrt.kernels import KeptKernels


@dataclass(slots=True, kw_only=True)
class LoadedEngines:
    """A model's engines, ready to be given memory.

    Attributes:
        runtime: Engines do not outlive what loaded them.
        runs: The engines.
        built: How many were built now.
        kernels: By engine, of TensorRT for RTX; empty for TensorRT.
    """

    runtime: Runtime
    runs: dict[EngineName, EngineRun]
    built: int
    kernels: dict[EngineName, KeptKernels]

    def details(self) -> dict[str, str]:
        """Return what the start took, for a report."""
        told = {"built now": str(self.built)}
        if self.kernels:
            kept = sum(one.were_kept for one in self.kernels.values())
            told["kernels kept"] = f"{kept} of {len(self.kernels)}"
        return told


def load_engines(tensorrt: TensorRt, engines: ModelEngines, cuda: Cuda) -> LoadedEngines:
    """Load every engine of a model, having built those that are missing or not taken.

    Raises:
        RuntimeError: If an engine cannot be built or loaded; none stays loaded then.
        BuildCancelledError: If `engines` was cancelled.
    """
    try:
        runtime = tensorrt.module.Runtime(tensorrt.logger)
    except TypeError as error:  # what the bindings raise where the library returns nothing
        raise RuntimeError(f"{tensorrt.flavour} {tensorrt.version} cannot start") from error
    loaded = LoadedEngines(runtime=runtime, runs={}, built=0, kernels={})
    try:
        for name, data, built in engines.obtain():
            loaded.built += built
            if tensorrt.compiles_at_start:
                key = replace(engines.key(name), gpu=cuda.gpu.name, driver=cuda.gpu.driver)
                key = replace(key, part=f"{name.part}-kernels")
                loaded.kernels[name] = KeptKernels(engines.cache, key)
            loaded.runs[name] = _load(tensorrt, engines, loaded, name, data)
    except BaseException as error:
        # Whoever keeps the error must not keep the GPU's memory with it.
        traceback.clear_frames(error.__traceback__)
        for run in loaded.runs.values():
            run.close(cuda)
        for kernels in loaded.kernels.values():
            kernels.close()
        raise
    return loaded


def _load(
    tensorrt: TensorRt, engines: ModelEngines, loaded: LoadedEngines, name: EngineName, data: bytes
) -> EngineRun:
    """Return a loaded engine; one that TensorRT does not take is built anew, once."""
    kernels = loaded.kernels.get(name)
    try:
        return EngineRun(tensorrt, loaded.runtime, data, str(name), kernels)
    except ForeignEngineError:
        data, built = engines.rebuild(name, data)
        loaded.built += built
        return EngineRun(tensorrt, loaded.runtime, data, str(name), kernels)
