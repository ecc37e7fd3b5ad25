"""Checks on this machine's GPU what only a GPU can show: `textseg check-gpu`.

Everything that a machine without a GPU cannot try is listed in docs/tensorrt.md with the name of
the check that tries it.
"""

import argparse
import logging
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from textseg_core.model_info import SHIPPED_WEIGHTS, VOCABULARY_FILE, load_model_info
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.runtime.tensorrt.backend import TensorRtBackend
from textseg_core.runtime.tensorrt.bindings import FLAVOURS
from textseg_core.runtime.tensorrt.gpu_checks import CHECKS, TOLERANCE, CheckError, Setting


def run_checks(setting: Setting) -> list[tuple[str, bool, str]]:
    """Return (name, passed, what was found) of every check."""
    backend = setting.start(True)
    results = []
    try:
        for check in CHECKS:
            name = check.__name__.removeprefix("check_")
            passed, found = _run(check, setting, backend)
            results.append((name, passed, found))
            print(f"{'pass' if passed else 'FAIL'}  {name:<13} {found}", flush=True)
        print(backend.report().line())
    finally:
        backend.close()
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks from the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="textseg check-gpu",
        description="Check TensorRT on this machine's GPU: answers, engines, memory and time.",
    )
    parser.add_argument("--model", type=Path, default=SHIPPED_WEIGHTS, help="default: shipped")
    parser.add_argument("--precision", choices=tuple(TOLERANCE), default="fp32")
    parser.add_argument("--runtime", choices=("auto", *FLAVOURS), default="auto")
    parser.add_argument("--frames", type=int, default=2000, help="default: 2000")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        info = load_model_info(options.model)
        vocabulary = (options.model / VOCABULARY_FILE).read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory(prefix="textseg-check-") as folder:

            def start(graphs: bool) -> TensorRtBackend:
                return TensorRtBackend.load(
                    options.model,
                    precision=options.precision,
                    flavour=options.runtime,
                    cache=Path(folder),
                    graphs=graphs,
                )

            setting = Setting(
                start=start,
                reference=OnnxBackend(options.model),
                input_px=info.input_px,
                tokens=info.tokens,
                words=len(vocabulary.splitlines()),
                precision=options.precision,
                frames=max(1, options.frames),
                folder=Path(folder),
            )
            results = run_checks(setting)
    except (RuntimeError, ValueError, OSError) as error:
        print(f"textseg check-gpu: {error}", file=sys.stderr)
        return 1
    failed = [name for name, passed, _ in results if not passed]
    print(f"{len(results) - len(failed)} of {len(results)} checks passed")
    return 1 if failed else 0


def _run(
    check: Callable[[Setting, TensorRtBackend], str], setting: Setting, backend: TensorRtBackend
) -> tuple[bool, str]:
    """Return whether a check passed and what it found; one that breaks off has failed."""
    try:
        return True, check(setting, backend)
    except CheckError as error:
        return False, str(error)
    except Exception as error:  # the other checks run all the same, and the reason is shown
        logging.getLogger(__name__).info("%s", traceback.format_exc())
        return False, f"broke off: {error}"


if __name__ == "__main__":
    sys.exit(main())
