"""The command `textseg`: one name for what is done once or seldom; each part has its own help."""

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import cast

#: By name: the module whose `main` it is, and what it does.
COMMANDS: dict[str, tuple[str, str]] = {
    "build-engine": (
        "textseg_core.runtime.tensorrt.build_engine",
        "build TensorRT engines ahead of time, for this GPU or another",
    ),
    "check-gpu": (
        "textseg_core.runtime.tensorrt.check_gpu",
        "check on this machine's GPU what only a GPU can show",
    ),
    "benchmark": (
        "textseg_core.benchmark.command",
        "time stages, queries and image sizes, beside other networks",
    ),
    "benchmark-memory": (
        "textseg_core.benchmark.memory",
        "look for growing memory over 10,000 frames",
    ),
    "benchmark-roofline": (
        "textseg_core.benchmark.roofline",
        "compare the stages with what the machine allows",
    ),
    "benchmark-gpu": (
        "textseg_core.benchmark.gpu",
        "time the network in torch on a GPU, compiled, as CUDA graphs",
    ),
    "reproduce": (
        "textseg_core.reproduce.command",
        "print what the papers published, and the same measured here",
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named part with the arguments after its name; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        print(_help())
        return 0 if given else 2
    name, *rest = given
    if name not in COMMANDS:
        print(f"textseg: unknown command {name!r}\n\n{_help()}", file=sys.stderr)
        return 2
    run = cast(Callable[[Sequence[str]], int], importlib.import_module(COMMANDS[name][0]).main)
    return run(rest)


def _help() -> str:
    lines = ["usage: textseg COMMAND ...", "", "commands:"]
    lines += [f"  {name:<18} {about}" for name, (_, about) in COMMANDS.items()]
    return "\n".join([*lines, "", "textseg COMMAND --help tells more of each."])


if __name__ == "__main__":
    sys.exit(main())
