"""Looks for growing memory over many frames: `textseg benchmark-memory`.

Exit status 1 if resident or video memory at the end differs from that after the first frames by
more than 2 %.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textseg_core.benchmark.frames import draw_picture, jpeg_camera, raw_camera
from textseg_core.benchmark.machine import describe, video_mb
from textseg_core.benchmark.ours import new_expressions, parse_variant
from textseg_core.evaluation.report import Table, as_typed, markdown, write_text
from textseg_core.memory import resident_mb, use_small_pages
from textseg_core.segmenter import Segmenter

PROGRAM = "textseg benchmark-memory"
MOST_GROWTH = 0.02
#: Queries of one frame after another; changing numbers are what makes buffers grow.
QUERIES = (1, 8, 1, 2, 4, 1, 16, 1)
CAMERAS = ((640, 480), (1280, 720), (640, 480), (320, 240))
#: Looks at the memory that are joined: single frames' buffers come and go.
_JOINED = 5
#: Expressions asked again now and then; the rest are new.
_KNOWN = 3


@dataclass(frozen=True, slots=True)
class Look:
    """Memory at one time.

    Attributes:
        frame: How many frames had been answered.
        resident_mb: Of the process, megabytes.
        video_mb: On GPUs; None without one.
    """

    frame: int
    resident_mb: float
    video_mb: float | None


def measure(
    segmenter: Segmenter,
    frames: int,
    *,
    every: int,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Look]:
    """Return the memory after every `every` frames.

    The frames change in size, in the kind of camera, in the number of queries and in their words.
    """
    decoders = [
        camera(draw_picture(*size)) for size in CAMERAS for camera in (raw_camera, jpeg_camera)
    ]
    words = new_expressions()
    known = [next(words) for _ in range(_KNOWN)]
    looks = []
    for frame in range(1, frames + 1):
        count = QUERIES[frame % len(QUERIES)]
        asked = [next(words) if frame % 2 else known[i % _KNOWN] for i in range(count)]
        segmenter.segment_many(decoders[frame % len(decoders)](), asked)
        if frame % every == 0:
            looks.append(Look(frame, resident_mb(), video_mb()))
            tell(f"{frame} of {frames} frames: {looks[-1].resident_mb:.1f} MB")
    return looks


def growth(values_mb: Sequence[float]) -> float:
    """Return how far the last values lie above the first, as a share; medians of five."""
    joined = max(1, min(_JOINED, len(values_mb) // 2))
    first, last = np.median(values_mb[:joined]), np.median(values_mb[-joined:])
    return float(last / first - 1.0)


def table(looks: Sequence[Look]) -> Table:
    """Return about ten of the looks."""
    kept = looks[:: max(1, len(looks) // 10)]
    kept = kept if kept[-1] is looks[-1] else [*kept, looks[-1]]
    rows = tuple(
        (
            str(look.frame),
            f"{look.resident_mb:.1f}",
            "no GPU" if look.video_mb is None else f"{look.video_mb:.1f}",
        )
        for look in kept
    )
    return Table("Memory", ("frames", "resident MB", "video MB"), rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table and judge; return the exit status."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__.split("\n\n")[0])
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=100, help="frames between two looks")
    parser.add_argument(
        "--warm-up", type=int, default=1000, help="frames until the first look that counts"
    )
    parser.add_argument("--ours", default="ours", metavar="NAME:KEY=VALUE,...")
    parser.add_argument("--write", type=Path, help="Markdown file")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    try:
        if not 1 <= options.every <= (options.frames - options.warm_up) // 2:
            raise ValueError("--frames must be beyond --warm-up by two times --every or more")
        said = [f"command: `{as_typed(PROGRAM, given)}`", *describe()]
        if use_small_pages():  # as the node does
            said.append("huge pages: none, as in the node")
        _, config = parse_variant(options.ours)
        looks = measure(
            Segmenter.load(config=config),
            options.frames,
            every=options.every,
            tell=lambda line: print(line, file=sys.stderr, flush=True),
        )
    except (ValueError, RuntimeError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    counted = [look for look in looks if look.frame >= options.warm_up]
    grown = {"resident": growth([look.resident_mb for look in counted])}
    video = [look.video_mb for look in counted if look.video_mb is not None]
    if video:
        grown["video"] = growth(video)
    for name, share in grown.items():
        said.append(
            f"{name} memory from frame {counted[0].frame} to {counted[-1].frame}: {share:+.2%} "
            f"(limit {MOST_GROWTH:.0%})"
        )
    sizes = ", ".join(f"{width}x{height}" for width, height in CAMERAS)
    said.append(f"images of {sizes}, raw and JPEG by turns; {QUERIES} queries by turns")
    page = markdown("Memory", [table(looks)], said)
    if options.write is not None:
        write_text(options.write, page)
    print(page)
    return 0 if all(abs(share) <= MOST_GROWTH for share in grown.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
