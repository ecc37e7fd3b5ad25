"""Builds a model's engines ahead of time: `textseg build-engine`."""

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from textseg_core.model_info import SHIPPED_WEIGHTS
from textseg_core.runtime.tensorrt.bindings import FLAVOURS, RTX_CAPABILITIES, load_tensorrt
from textseg_core.runtime.tensorrt.cache import FOLDER_VARIABLE, EngineCache
from textseg_core.runtime.tensorrt.cuda import Cuda
from textseg_core.runtime.tensorrt.engines import ENGINES, ModelEngines
from textseg_core.runtime.tensorrt.target import capability_of, target_named, target_of

THIS = "this"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build engines from the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="textseg build-engine",
        description=(
            "Build the TensorRT engines of a model and keep them, so that the node need not at "
            "its first start. TensorRT for RTX (package tensorrt_rtx) also builds for other "
            "GPUs, on a machine with none; TensorRT itself builds for the GPU of its machine."
        ),
    )
    parser.add_argument(
        "--model", type=Path, default=SHIPPED_WEIGHTS, help="model directory; default: shipped"
    )
    parser.add_argument(
        "--device",
        nargs="+",
        default=[THIS],
        metavar="DEVICE",
        help=f"'{THIS}' (the default) or kinds of GPU: {', '.join(RTX_CAPABILITIES)}",
    )
    parser.add_argument("--precision", choices=("fp32", "fp16", "int8"), default="fp32")
    parser.add_argument(
        "--runtime",
        choices=("auto", *FLAVOURS),
        default="auto",
        help="bindings; auto: tensorrt where installed and the device is 'this', else "
        "tensorrt_rtx",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help=f"folder of the engines; default: ${FOLDER_VARIABLE}, else ~/.cache/textseg/engines",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        for device in options.device:
            _build(options, device)
    except (RuntimeError, ValueError, OSError) as error:
        print(f"textseg build-engine: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("textseg build-engine: stopped; finished engines are kept", file=sys.stderr)
        return 130
    return 0


def _build(options: argparse.Namespace, device: str) -> None:
    """Build all engines for one device and say where they are."""
    capability = "" if device == THIS else capability_of(device)
    runtime = options.runtime
    if runtime == "auto" and device != THIS:
        runtime = "tensorrt_rtx"
    tensorrt = load_tensorrt(runtime)
    cuda = _this_gpu() if device == THIS else None
    target = target_of(tensorrt, cuda.gpu) if cuda else target_named(tensorrt, capability)
    cache = EngineCache(options.out)
    engines = ModelEngines(
        tensorrt,
        options.model,
        target,
        precision=options.precision,
        cache=cache,
        use_gpu=(lambda: None) if cuda is None else cuda.use,
    )
    started, built, size = time.monotonic(), 0, 0
    for _, data, fresh in engines.obtain():
        built += fresh
        size += len(data)
    print(
        f"{target.capability} {options.precision}: {len(ENGINES)} engines, {size / 2**20:.0f} "
        f"MiB, {built} built in {time.monotonic() - started:.0f} s by {tensorrt.flavour} "
        f"{tensorrt.version}, in {cache.folder}"
    )


def _this_gpu() -> Cuda:
    try:
        return Cuda()
    except RuntimeError as error:
        raise RuntimeError(
            f"{error}; or name the kind of GPU that the engines are for, with TensorRT for RTX: "
            "--device SM89"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
