"""Measures our stages and whole frames beside other networks, in one run, by turns.

Command: `textseg benchmark --out FOLDER`, or `python -m textseg_core.benchmark`;
`python -m textseg_ros.benchmark.stages` is the same with ROS messages at both ends.
"""

import argparse
import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from textseg_core.arrays import UInt8Array
from textseg_core.benchmark import page
from textseg_core.benchmark.frames import (
    Decode,
    draw_picture,
    jpeg_camera,
    raw_camera,
    read_picture,
)
from textseg_core.benchmark.interleave import Contestant, interleave
from textseg_core.benchmark.lineup import CAMERA, PEERS, CameraKind, Lineup, source_name
from textseg_core.benchmark.machine import Watch, describe
from textseg_core.benchmark.ours import (
    Publish,
    contestant,
    known_expressions,
    new_expressions,
    parse_variant,
)
from textseg_core.benchmark.targets import targets, targets_table
from textseg_core.config import SegmenterConfig
from textseg_core.evaluation.report import as_typed, comma_separated, markdown, write_text
from textseg_core.segmenter import Segmenter

PROGRAM = "textseg benchmark"


@dataclass(frozen=True, slots=True)
class Edges:
    """What lies before and behind the segmenter.

    Attributes:
        cameras: What unpacks the frames of each kind of camera, made of the RGB picture it sees.
        publish: Sends one result; None where nothing is sent.
        said: Lines about them for the page.
    """

    cameras: Mapping[CameraKind, Callable[[UInt8Array], Decode]] = field(
        default_factory=lambda: {"raw": raw_camera, "JPEG": jpeg_camera}
    )
    publish: Publish | None = None
    said: tuple[str, ...] = ("frames end with the masks in memory: nothing is published",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the page and print it; return the exit status."""
    return run(list(sys.argv[1:] if arguments is None else arguments), PROGRAM, Edges())


def run(arguments: Sequence[str], program: str, edges: Edges) -> int:
    """Do what the command line says, with these edges; return the exit status.

    Args:
        arguments: Of the command line.
        program: What is typed before them; named in the help, on the page and in errors.
        edges: What lies before and behind the segmenter.
    """
    options = parser(program).parse_args(arguments)
    try:
        text = _measure(options, [f"command: `{as_typed(program, arguments)}`"], edges)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    print(text)
    return 0


def parser(program: str) -> argparse.ArgumentParser:
    """Return what reads the command line of a program of this name."""
    made = argparse.ArgumentParser(prog=program, description=__doc__.split("\n\n")[0])
    made.add_argument("--out", type=Path, required=True, help="folder for page, CSV and plot")
    made.add_argument(
        "--ours",
        action="append",
        metavar="NAME:KEY=VALUE,...",
        help="settings of config/segmenter.yaml; repeat for several, the first is compared with "
        "the peers; default: 'ours', which has the defaults",
    )
    made.add_argument("--queries", type=_numbers, default=(1, 2, 4, 8, 16), metavar="1,2,...")
    made.add_argument(
        "--cameras", type=_sizes, default=(), metavar="WxH,...", help="further camera sizes"
    )
    made.add_argument(
        "--input-px",
        type=_numbers,
        default=(),
        metavar="S,...",
        help="further sizes of the network's input, with random weights (needs torch)",
    )
    made.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, help="default: all")
    made.add_argument("--picture", type=Path, help="what the camera sees; default: a drawn one")
    made.add_argument("--rounds", type=int, default=10, help="turns of each contestant")
    made.add_argument("--turn-s", type=float, default=1.0, help="counted seconds of a turn")
    made.add_argument("--threads", type=int, default=0, help="of all runtimes; 0: all cores")
    made.add_argument("--no-plot", action="store_true", help="do without matplotlib")
    return made


def _measure(options: argparse.Namespace, said: list[str], edges: Edges) -> str:
    """Run all contestants, write the files and return the page."""
    if options.rounds < 1 or options.turn_s < 0 or options.threads < 0:
        raise ValueError("--rounds must be at least 1, --turn-s and --threads at least 0")
    if not options.no_plot and importlib.util.find_spec("matplotlib") is None:
        raise RuntimeError(
            "the plot needs matplotlib: pip install 'textseg-ros[benchmark]', or --no-plot"
        )
    said += describe()
    settings = _settings(options.ours or ["ours"], options.threads)
    first, *others = settings
    with tempfile.TemporaryDirectory(prefix="textseg-benchmark-") as temporary:
        folder = Path(temporary)
        resized = _resized(settings[first], options.input_px, folder)
        lineup = Lineup(
            variant=first,
            queries=options.queries,
            others=tuple(others),
            cameras=options.cameras,
            resized=tuple(resized),
        )
        listed = _ours(lineup, settings | resized, options.picture, edges, said)
        listed += _peers(options, folder)
        watch = Watch()
        samples = interleave(
            listed,
            rounds=options.rounds,
            turn_s=options.turn_s,
            tell=lambda line: print(line, file=sys.stderr, flush=True),
        )
        usage = watch.usage()
    said += [str(usage), f"load after the run: {os.getloadavg()[0]:.2f} in the last minute"]
    said += [
        f"{options.rounds} rounds with a turn of {options.turn_s:g} s for each contestant, in "
        f"drawn order; threads: {options.threads or 'all cores'}",
        *edges.said,
    ]
    names = [case.name for case in lineup.cases()]
    tables = [
        targets_table(targets(samples, lineup), quiet=usage.quiet),
        page.side_by_side(samples),
        page.stages_table(samples, names),
        page.queries_table(samples, lineup),
    ]
    text = markdown("Benchmark", tables, said)
    write_text(options.out / "benchmark.md", text)
    write_text(options.out / "benchmark.csv", comma_separated(tables))
    write_text(options.out / "samples.csv", page.samples_csv(samples))
    if not options.no_plot:
        page.draw(options.out / "benchmark.png", samples, lineup)
    return text


def _settings(variants: Sequence[str], threads: int) -> dict[str, SegmenterConfig]:
    """Return the settings of `--ours` by name, with a number of threads, if one was given.

    Torch's number is of the whole process; `peers` sets it.
    """
    named = [parse_variant(text) for text in variants]
    settings = dict(named)
    if len(settings) < len(named):
        raise ValueError(
            f"--ours must differ in their names, got {', '.join(n for n, _ in named)}"
        )
    return {
        name: replace(one, threads=threads) if threads and one.backend != "torch" else one
        for name, one in settings.items()
    }


def _ours(
    lineup: Lineup,
    settings: Mapping[str, SegmenterConfig],
    picture: Path | None,
    edges: Edges,
    said: list[str],
) -> list[Contestant]:
    """Return the segmenter's contestants; `said` gets what runs where, and what they find."""
    segmenters = {name: Segmenter.load(config=config) for name, config in settings.items()}
    for name, segmenter in segmenters.items():
        weights = segmenter.model_info
        said.append(
            f"{name}: {segmenter.report().line()}; weights {weights.name} "
            f"{weights.fingerprint[:12]}, {weights.input_px} px"
        )
    decoders: dict[str, Decode] = {}
    for size in (CAMERA, *lineup.cameras):
        seen = draw_picture(*size) if picture is None else read_picture(picture, *size)
        for kind, camera in edges.cameras.items():
            decoders[source_name(kind, size)] = camera(seen)
    seen = draw_picture(*CAMERA) if picture is None else read_picture(picture, *CAMERA)
    asked = known_expressions(lineup.queries[-1])
    found = sum(bool(one.objects) for one in segmenters[lineup.variant].segment_many(seen, asked))
    said.append(f"something is found for {found} of the {len(asked)} known expressions")
    words = new_expressions()
    return [
        contestant(case, segmenters[case.variant], decoders[case.source], words, edges.publish)
        for case in lineup.cases()
    ]


def _resized(
    config: SegmenterConfig, sizes: Sequence[int], folder: Path
) -> dict[str, SegmenterConfig]:
    """Return settings with networks of other input sizes, exported into a folder."""
    if not sizes:
        return {}
    _need_torch("--input-px")
    from textseg_core.benchmark.resized import export_resized

    found = {}
    for size in sizes:
        directory = export_resized(config.weights, size, folder / f"input_{size}")
        found[f"random weights, {size} px in"] = replace(config, weights=str(directory))
    return found


def _peers(options: argparse.Namespace, folder: Path) -> list[Contestant]:
    """Return the contestants of the peers that were asked for."""
    if not options.peers:
        return []
    _need_torch("--peers")
    from textseg_core.benchmark import peers

    found = []
    for peer in options.peers:
        print(f"preparing {peer}", file=sys.stderr, flush=True)
        found += peers.contestants(peer, folder, options.threads)
    return found


def _need_torch(asked: str) -> None:
    if importlib.util.find_spec("torch") is None:
        raise RuntimeError(
            f"{asked} needs torch: pip install 'textseg-ros[benchmark]', or --peers without names"
        )


def _numbers(text: str) -> tuple[int, ...]:
    """Return `1,2,4` as numbers, of at least 1 each."""
    parts = text.split(",")
    if not all(part.isdecimal() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"expected numbers from 1 such as 1,2,4, got {text!r}")
    return tuple(int(part) for part in parts)


def _sizes(text: str) -> tuple[tuple[int, int], ...]:
    """Return `1280x720,640x360` as (width, height)."""
    sizes = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)x(\d+)", part)
        if match is None or not int(match[1]) * int(match[2]):
            raise argparse.ArgumentTypeError(f"expected sizes such as 1280x720, got {text!r}")
        sizes.append((int(match[1]), int(match[2])))
    return tuple(sizes)
