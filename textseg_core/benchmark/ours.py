"""The segmenter as contestants: an image goes in, masks come out, stage by stage."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import islice

import yaml

from textseg_core.benchmark.frames import Decode, expressions
from textseg_core.benchmark.interleave import TOTAL, Contestant
from textseg_core.config import SegmenterConfig
from textseg_core.segmentation import Segmentation
from textseg_core.segmenter import Segmenter

#: What all queries of a frame share, and what each has of its own, as `timings_ms` names them.
SHARED = ("preprocess", "encoder", "head")
EACH = ("text", "postprocess")
#: Most expressions a frame.
MOST_QUERIES = 64

Publish = Callable[[Segmentation], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How the segmenter is asked.

    Attributes:
        variant: Name of the settings.
        source: Name of the camera's kind of image.
        queries: Expressions a frame.
        new_words: Whether each frame asks with words that it never saw; else the same every time.
        encode_once: Whether the image is encoded once for all queries; else once for each.
    """

    variant: str
    source: str
    queries: int = 1
    new_words: bool = False
    encode_once: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.queries <= MOST_QUERIES:
            raise ValueError(f"queries must be 1 to {MOST_QUERIES}, got {self.queries}")

    @property
    def name(self) -> str:
        """What the contestant is called."""
        words = "new words" if self.new_words else "known words"
        often = "" if self.encode_once else ", encoded for each"
        return f"{self.variant}, {self.source}, {self.queries} x {words}{often}"


def parse_variant(text: str) -> tuple[str, SegmenterConfig]:
    """Return name and settings of `NAME:key=value,key=value`, as `--ours` takes them.

    Every frame counts as found, whatever the network says of presence: a frame in which nothing
    is found would cost less. Engines are waited for, as otherwise ONNX Runtime would be measured
    in TensorRT's name.

    Raises:
        ValueError: If it has no name, or a key or a value is wrong.
    """
    name, _, settings = text.partition(":")
    if not name.strip():
        raise ValueError(f"--ours must be NAME or NAME:key=value,..., got {text!r}")
    accepted = [field.name for field in fields(SegmenterConfig)]
    values: dict[str, object] = {"presence_threshold": 0.0, "wait_for_engines": True}
    for part in filter(None, (part.strip() for part in settings.split(","))):
        key, equals, value = part.partition("=")
        if key not in accepted or not equals:
            raise ValueError(
                f"--ours {name}: expected key=value with a key of {', '.join(accepted)}, "
                f"got {part!r}"
            )
        try:
            values[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ValueError(
                f"--ours {name}: {key} has a value that is no YAML: {value!r}"
            ) from error
    try:
        return name.strip(), SegmenterConfig(**values)  # type: ignore[arg-type]  # it checks them
    except ValueError as error:
        raise ValueError(f"--ours {name}: {error}") from error


def known_expressions(count: int) -> list[str]:
    """Return what a case of `count` known expressions asks in every frame."""
    return list(islice(expressions(), count))


def new_expressions() -> Iterator[str]:
    """Return expressions that no case asks as known words, for all cases of a run to share.

    Each case would otherwise find its words in the cache, read for the case before it.
    """
    return islice(expressions(), MOST_QUERIES, None)


def contestant(
    case: Case,
    segmenter: Segmenter,
    decode: Decode,
    words: Iterator[str],
    publish: Publish | None = None,
) -> Contestant:
    """Return a contestant that takes an image from its bytes to published masks.

    Args:
        case: How it is asked.
        segmenter: Ready to run.
        decode: Gives the images.
        words: Shared by all cases, see `new_expressions`.
        publish: Sends one result; None where nothing is sent.
    """
    texts = _texts(case, words)

    def run() -> dict[str, float]:
        asked = next(texts)
        started_s = time.perf_counter()
        image = decode()
        decoded_s = time.perf_counter()
        if case.encode_once:
            parts = [segmenter.segment_many(image, asked)]
        else:
            parts = [[segmenter.segment(image, text)] for text in asked]
        found_s = time.perf_counter()
        if publish is not None:
            for part in parts:
                for result in part:
                    publish(result)
        ended_s = time.perf_counter()
        ms = {"decode": (decoded_s - started_s) * 1e3}
        for part in parts:
            for stage, spent in stages_of(part).items():
                ms[stage] = ms.get(stage, 0.0) + spent
        if publish is not None:
            ms["publish"] = (ended_s - found_s) * 1e3
        ms[TOTAL] = (ended_s - started_s) * 1e3
        return ms

    return Contestant(case.name, run)


def stages_of(results: list[Segmentation]) -> dict[str, float]:
    """Return the milliseconds of each stage for the results of one `segment_many`.

    Raises:
        RuntimeError: If the segmenter names a stage that is not known here.
    """
    first = results[0].timings_ms
    if set(first) != {*SHARED, *EACH}:
        raise RuntimeError(
            f"the segmenter measures {', '.join(first)}; the benchmark knows "
            f"{', '.join((*SHARED, *EACH))}"
        )
    ms = {stage: first[stage] for stage in SHARED}
    return ms | {stage: sum(one.timings_ms[stage] for one in results) for stage in EACH}


def _texts(case: Case, words: Iterator[str]) -> Iterator[list[str]]:
    """Return the expressions of each frame, without end."""
    known = known_expressions(case.queries)
    while True:
        yield list(islice(words, case.queries)) if case.new_words else known
