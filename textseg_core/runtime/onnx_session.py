"""One ONNX file in one ONNX Runtime session: its options, its checks and its errors."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import onnxruntime  # type: ignore[import-untyped,unused-ignore]

OnnxDevice: TypeAlias = Literal["cpu", "cuda", "tensorrt"]

#: The provider that a device means; what it cannot run goes to those after it, as ONNX Runtime
#: does for shapes and indices, and `OnnxBackend.report` names them all.
PROVIDERS: Mapping[OnnxDevice, tuple[str, ...]] = {
    "cpu": ("CPUExecutionProvider",),
    "cuda": ("CUDAExecutionProvider", "CPUExecutionProvider"),
    "tensorrt": ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"),
}

_OPTIONS: Mapping[str, Mapping[str, str]] = {
    # TF32 would round float32 to 10 bits unasked; who wants speed takes fp16.
    "CUDAExecutionProvider": {"use_tf32": "0", "cudnn_conv_algo_search": "EXHAUSTIVE"},
    "CPUExecutionProvider": {},
}


class OnnxSession:
    """One part of a network on the providers of one device.

    Args:
        path: The ONNX file.
        threads: Threads of the CPU provider.
        device: Whose providers run it.
        cache: Folder for the engines of the TensorRT provider; None keeps none.
        integers: Whether the file computes in int8, instead of only storing weights so.

    Raises:
        RuntimeError: If the file is missing or damaged, or the provider is not there.
    """

    def __init__(
        self,
        path: Path,
        threads: int,
        device: OnnxDevice = "cpu",
        cache: Path | None = None,
        *,
        integers: bool = False,
    ) -> None:
        if not path.is_file():
            raise RuntimeError(
                f"{path}: no such file, expected one of the network's three ONNX parts; export "
                "the model again, or install the package again if these are its own weights"
            )
        self._path = path
        self._device = device
        check_provider(device)
        try:
            self._session = onnxruntime.InferenceSession(
                str(path),
                session_options(threads, integers=integers),
                providers=_providers(device, cache),
            )
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise RuntimeError(
                f"{path}: ONNX Runtime {onnxruntime.__version__} cannot load it, the file is "
                f"damaged or made for a newer version; export the model again ({error})"
            ) from error
        #: Of this session; ONNX Runtime drops a provider whose libraries it cannot load.
        self.providers: list[str] = self._session.get_providers()
        if PROVIDERS[device][0] not in self.providers:
            raise RuntimeError(
                f"ONNX Runtime could not start {PROVIDERS[device][0]}, only "
                f"{', '.join(self.providers)}: its libraries (CUDA, cuDNN, TensorRT) are missing "
                "or of another version; see its message above, or choose device 'cpu'"
            )
        self._inputs = {entry.name: entry for entry in self._session.get_inputs()}
        self._output_names = [entry.name for entry in self._session.get_outputs()]
        self.outputs: dict[str, str] = {e.name: e.type for e in self._session.get_outputs()}

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        """Return the outputs by name, as arrays on the host.

        Args:
            feeds: Inputs by name, arrays.
        """
        self._check(feeds)
        try:
            outputs = self._session.run(self._output_names, feeds)
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise RuntimeError(f"{self._path}: ONNX Runtime failed: {error}") from error
        return dict(zip(self._output_names, outputs, strict=True))

    def run_bound(self, feeds: Mapping[str, Any], *, memory: str, keep: bool) -> dict[str, Any]:
        """Return the outputs by name, without copies between device and host.

        Args:
            feeds: Inputs by name: arrays, or values that a bound run kept.
            memory: Where kept values lie, "cuda" or "cpu".
            keep: Whether the outputs stay there; otherwise they are arrays on the host.
        """
        self._check(feeds)
        try:
            binding = self._session.io_binding()
            for name, value in feeds.items():
                if isinstance(value, onnxruntime.OrtValue):
                    binding.bind_ortvalue_input(name, value)
                else:
                    binding.bind_cpu_input(name, value)
            for name in self._output_names:
                binding.bind_output(name, memory if keep else "cpu")
            self._session.run_with_iobinding(binding)
            outputs = binding.get_outputs() if keep else binding.copy_outputs_to_cpu()
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise RuntimeError(f"{self._path}: ONNX Runtime failed: {error}") from error
        return dict(zip(self._output_names, outputs, strict=True))

    def expect_inputs(self, types_by_name: Mapping[str, str]) -> None:
        """Refuse a file whose inputs are not exactly these."""
        came = {name: entry.type for name, entry in self._inputs.items()}
        if came != types_by_name:
            raise RuntimeError(
                f"{self._path}: expected the inputs {dict(types_by_name)}, got {came}; "
                "export the model's three parts together"
            )

    def expect_outputs(self, needed: str, accepted: Sequence[str]) -> None:
        """Refuse a file that lacks the needed output or has one that is not accepted."""
        if needed not in self._output_names or not set(self._output_names) <= set(accepted):
            raise RuntimeError(
                f"{self._path}: expected the output {needed!r} and none beyond {accepted}, "
                f"got {self._output_names}; export the model again"
            )

    def _check(self, feeds: Mapping[str, Any]) -> None:
        """Refuse arrays whose fixed sides are not those of the file."""
        for name, value in feeds.items():
            if isinstance(value, onnxruntime.OrtValue):
                continue  # made by a session that was checked
            expected, shape = self._inputs[name].shape, value.shape
            if len(shape) != len(expected) or any(
                isinstance(side, int) and side != came
                for side, came in zip(expected, shape, strict=True)
            ):
                raise RuntimeError(
                    f"{self._path}: {name} must be {tuple(expected)}, got {shape}; model.yaml "
                    "and the ONNX files must come from one export"
                )


def check_provider(device: OnnxDevice) -> None:
    """Refuse a device for which this build of ONNX Runtime has no provider.

    Raises:
        RuntimeError: Naming what to install.
    """
    wanted, available = PROVIDERS[device][0], available_providers()
    if wanted not in available:
        raise RuntimeError(
            f"device {device!r} needs ONNX Runtime with {wanted}, this one "
            f"({onnxruntime.__version__}) has {', '.join(available)}: install onnxruntime-gpu in "
            "place of onnxruntime (on a Jetson NVIDIA's own build), or choose device 'cpu'"
        )


def available_providers() -> list[str]:
    """Return the providers that this build of ONNX Runtime has; their libraries may be missing."""
    found: list[str] = onnxruntime.get_available_providers()
    return found


def session_options(threads: int, *, integers: bool = False) -> "onnxruntime.SessionOptions":
    """Return options that keep memory flat and the cores free between runs.

    Args:
        threads: Threads of the CPU provider.
        integers: Whether the file computes in int8, instead of only storing weights so.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3  # errors; warnings are about the exporter's style
    # Kept from run to run. Fetched anew, the 14 MB of an image come and go in the allocator's
    # books (measured: resident memory 7 % up and down), and cost page faults every time.
    options.enable_cpu_mem_arena = True
    # Three sessions and the rest of the robot share the cores: a thread that spins while it waits
    # takes them from the one that works (measured on 2 busy cores: up to 3 times slower).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Stored weights become float32 when the file is loaded. Otherwise ONNX Runtime would round
    # what they are multiplied with as well, or convert them anew in every run.
    options.add_session_config_entry("session.disable_quant_qdq", "0" if integers else "1")
    return options


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _providers(device: OnnxDevice, cache: Path | None) -> list[Any]:
    """Return the providers with their options, as ONNX Runtime takes them."""
    options: dict[str, Mapping[str, str]] = dict(_OPTIONS)
    if device == "tensorrt":
        engine_cache = (
            {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(cache)} if cache else {}
        )
        options["TensorrtExecutionProvider"] = {"trt_fp16_enable": "0", **engine_cache}
    return [(name, dict(options.get(name, {}))) for name in PROVIDERS[device]]
