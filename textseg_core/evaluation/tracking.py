"""Measures on drawn videos of moving shapes whether a query stays on its object.

python -m textseg_core.evaluation.tracking
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, BoolArray, UInt8Array
from textseg_core.command import parse_command
from textseg_core.postprocess import find_objects, union_of
from textseg_core.segmentation import Segmentation, Status
from textseg_core.tracking import Tracker

HEIGHT, WIDTH = 180, 240
FRAMES = 60
RATE_HZ = 10.0
RED, BLUE = (190, 40, 40), (40, 60, 190)
Path: TypeAlias = Callable[[float], tuple[float, float]]
"""Seconds -> (u, v) of a centre, pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A shape that moves; `shown` tells whether it is in view at a time."""

    path: Path
    color: tuple[int, int, int] = RED
    radius: int = 18
    shown: Callable[[float], bool] = lambda _: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A drawn video.

    Attributes:
        actors: Those that fit the query, first the one that the query is on.
        bar: Where the left edge of a grey bar in front of all is, pixels; or None.
        dropout: Share of frames in which the answer misses an actor.
        flicker: Whether a random one is answered as the best.
        ragged: Whether masks have random rims.
        pan: How far the camera has turned, pixels.
    """

    actors: tuple[Actor, ...]
    bar: Callable[[float], float] | None = None
    dropout: float = 0.0
    flicker: bool = False
    ragged: bool = False
    pan: Path = lambda _: (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a query fared in a video, in frames.

    Attributes:
        visible: The object was in view.
        right: The query was on it and showed it.
        wrong: An id that the object had was given to another thing.
        ids: Ids that the object had.
        frame_right: The first of the objects of each frame alone was the right one, found.
    """

    visible: int
    right: int
    wrong: int
    ids: int
    frame_right: int


def run(video: Video, rng: np.random.Generator, frames: int = FRAMES) -> Outcome:
    """Return how a tracker does in a video, from when it is put on the first actor."""
    tracker = Tracker()
    names: dict[int, int] = {}
    visible = right = wrong = frame_right = 0
    is_picked = False
    for index in range(frames):
        time_s = index / RATE_HZ
        image, masks = draw(video, time_s, rng)
        answer = segment(video, masks, rng)
        tracked = tracker.update(answer, image, time_s)
        actors = [shows(found.mask, masks) for found in answer.objects]
        for track_id, actor in zip(tracked.observed_ids, actors, strict=True):
            if actor >= 0:
                wrong += names.setdefault(track_id, actor) != actor
        if is_picked:
            is_visible = bool(masks[0].any())
            visible += is_visible
            if answer.status is Status.FOUND:
                frame_right += is_visible and actors[0] == 0
            if tracked.target is not None:
                right += shows(tracked.target.mask, masks) == 0
        elif 0 in actors:
            tracker.pick(tracked.observed_ids[actors.index(0)])
            is_picked = True
    ids = sum(actor == 0 for actor in names.values())
    return Outcome(visible=visible, right=right, wrong=wrong, ids=ids, frame_right=frame_right)


def draw(
    video: Video, time_s: float, rng: np.random.Generator
) -> tuple[UInt8Array, list[BoolArray]]:
    """Return the picture at a time and the visible part of each actor."""
    image: AnyArray = np.full((HEIGHT, WIDTH, 3), 150, np.uint8)
    masks: list[BoolArray] = []
    pan_u, pan_v = video.pan(time_s)
    for actor in video.actors:
        mask: AnyArray = np.zeros((HEIGHT, WIDTH), np.uint8)
        if actor.shown(time_s):
            u, v = actor.path(time_s)
            centre = (round(u - pan_u), round(v - pan_v))
            cv2.circle(mask, centre, actor.radius, 1, cv2.FILLED)
            cv2.circle(image, centre, actor.radius, actor.color, cv2.FILLED)
            cv2.circle(image, centre, actor.radius // 3, (230, 230, 220), cv2.FILLED)
        for before in masks:
            before &= mask == 0
        masks.append(mask.astype(np.bool_))
    if video.bar is not None:
        left = round(video.bar(time_s))
        bar = slice(max(left, 0), max(left + 50, 0))
        image[:, bar] = 90
        for mask in masks:
            mask[:, bar] = False
    noisy = image.astype(np.int16) + rng.normal(0.0, 6.0, image.shape).astype(np.int16)
    return np.clip(noisy, 0, 255).astype(np.uint8), masks


def segment(video: Video, masks: Sequence[BoolArray], rng: np.random.Generator) -> Segmentation:
    """Return an answer such as a network would give: responses, pieces, status."""
    response = np.zeros((HEIGHT, WIDTH), np.float32)
    scores = rng.uniform(0.8, 0.9, len(masks)) if video.flicker else [0.9] * len(masks)
    for mask, score in zip(masks, scores, strict=True):
        seen = mask
        if video.ragged:
            side = int(rng.integers(1, 6))
            kernel = np.ones((side, side), np.uint8)
            change = cv2.dilate if rng.random() < 0.5 else cv2.erode
            seen = change(mask.astype(np.uint8), kernel).astype(np.bool_)
        if rng.random() >= video.dropout:
            response[seen] = score
    objects = find_objects(response, threshold=0.5, min_area_px=30, max_objects=16)
    if not objects:
        status = Status.NOT_FOUND
    elif video.flicker or len(objects) == 1:
        status = Status.FOUND  # a network that takes one of two that look alike
    else:
        status = Status.AMBIGUOUS
    return Segmentation(
        mask=union_of(objects, response.shape),
        response=lambda: response,
        score=0.9,
        objects=objects,
        status=status,
        expression="the disc",
        command=parse_command("the disc"),
    )


def shows(mask: BoolArray, masks: Sequence[BoolArray]) -> int:
    """Return which actor a mask shows: the one that it holds most pixels of; -1 for several.

    Of two in one piece neither is shown if the lesser has a third of the pixels or more.
    """
    shares = np.array([np.count_nonzero(mask & one) for one in masks]) / np.count_nonzero(mask)
    order = np.argsort(-shares)
    return -1 if len(order) > 1 and shares[order[1]] >= 1.0 / 3.0 else int(order[0])


def videos(rng: np.random.Generator) -> dict[str, Video]:
    """Return one video of each kind, places and speeds at random."""

    def wander(u: float, v: float, reach: float = 12.0) -> Path:
        phases = rng.uniform(0.0, 2.0 * np.pi, 2)
        rates = rng.uniform(0.8, 2.0, 2)
        return lambda t: (
            u + reach * float(np.sin(rates[0] * t + phases[0])),
            v + reach * float(np.sin(rates[1] * t + phases[1])),
        )

    def across(u: float, v: float, speed: float) -> Path:
        return lambda t: (u + speed * t, v)

    speed = float(rng.uniform(24.0, 36.0))
    high, low = rng.uniform(55.0, 65.0), rng.uniform(115.0, 125.0)
    left, right = Actor(path=wander(70, 90)), Actor(path=wander(170, 90))
    bar: Callable[[float], float] = lambda t: -60.0 + 2.0 * speed * t  # noqa: E731
    gone_s = float(rng.uniform(1.0, 2.0))
    return {
        "one alone": Video(actors=(left,)),
        "twins apart": Video(actors=(left, right)),
        "twins, best one flickers": Video(actors=(left, right), flicker=True),
        "twins, ragged masks": Video(actors=(left, right), ragged=True),
        "twins, a tenth missed": Video(actors=(left, right), dropout=0.1, ragged=True),
        "twins, camera turns": Video(actors=(left, right), pan=wander(0, 0, 60.0)),
        "bar passes, they rest": Video(
            actors=(Actor(path=across(70, 90, 0)), Actor(path=across(170, 90, 0))), bar=bar
        ),
        "bar passes, they move": Video(actors=(left, right), bar=bar),
        "two colours meet": Video(
            actors=(
                Actor(path=across(30, 90, speed)),
                Actor(path=across(210, 96, -speed), color=BLUE),
            )
        ),
        "twins meet": Video(
            actors=(Actor(path=across(30, 90, speed)), Actor(path=across(210, 96, -speed)))
        ),
        "twins pass apart": Video(
            actors=(Actor(path=across(30, high, speed)), Actor(path=across(210, low, -speed)))
        ),
        "taken away, a twin beside": Video(
            actors=(
                Actor(path=wander(90, 90, 4.0), shown=lambda t: t < gone_s),
                Actor(path=wander(140, 90, 4.0), shown=lambda t: t > gone_s),
            )
        ),
    }


def fast_videos(rng: np.random.Generator) -> dict[str, Video]:
    """Return one video of each kind of small things that go more than their width in a frame."""

    def bounce(speed: float, v: float, from_s: float = 0.0) -> Path:
        """To and fro between the sides, from a time on."""
        start, way = float(rng.uniform(20.0, 220.0)), 200.0

        def place(time_s: float) -> tuple[float, float]:
            gone = (start - 20.0 + speed * max(0.0, time_s - from_s)) % (2.0 * way)
            return 20.0 + min(gone, 2.0 * way - gone), v

        return place

    def at(u: float, v: float) -> Path:
        return lambda _: (u, v)

    def hops() -> Path:
        """Elsewhere every half second, at rest in between."""
        places = rng.uniform((20.0, 20.0), (220.0, 160.0), (40, 2))
        return lambda t: (float(places[int(2.0 * t)][0]), float(places[int(2.0 * t)][1]))

    def small(path: Path, **options: Any) -> Actor:
        return Actor(path=path, radius=8, **options)

    speed = float(rng.uniform(200.0, 300.0))
    turn_s = float(rng.uniform(1.0, 3.0))
    swing: Path = lambda t: (60.0 * float(np.sin(4.0 * t)), 0.0)  # noqa: E731
    return {
        "fast, alone": Video(actors=(small(bounce(speed, 90.0)),)),
        "fast, a tenth missed": Video(actors=(small(bounce(speed, 90.0)),), dropout=0.1),
        "sets off fast": Video(actors=(small(bounce(speed, 90.0, from_s=turn_s)),)),
        "fast past a resting twin": Video(
            actors=(small(bounce(speed, 60.0)), small(at(120.0, 85.0)))
        ),
        "rests beside a fast twin": Video(
            actors=(small(at(120.0, 85.0)), small(bounce(speed, 60.0)))
        ),
        "two fast twins": Video(
            actors=(small(bounce(speed, 60.0)), small(bounce(0.8 * speed, 120.0)))
        ),
        "two fast ones, two colours": Video(
            actors=(small(bounce(speed, 60.0)), small(bounce(speed, 120.0), color=BLUE))
        ),
        "camera swings fast, two colours": Video(
            actors=(small(at(100.0, 60.0)), small(at(140.0, 120.0), color=BLUE)), pan=swing
        ),
        "camera swings fast, twins": Video(
            actors=(small(at(100.0, 60.0)), small(at(140.0, 120.0))), pan=swing
        ),
        "moved elsewhere between frames": Video(actors=(small(hops()),)),
        "taken away, a twin elsewhere": Video(
            actors=(
                small(at(90.0, 90.0), shown=lambda t: t < turn_s),
                small(at(130.0, 90.0), shown=lambda t: t >= turn_s),
            )
        ),
        "taken away, a fast twin comes": Video(
            actors=(
                small(at(90.0, 90.0), shown=lambda t: t < turn_s),
                small(bounce(speed, 60.0), shown=lambda t: t >= turn_s),
            )
        ),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=20, help="videos of each kind")
    parser.add_argument("--frames", type=int, default=FRAMES, help="frames of each video")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    rng = np.random.default_rng(chosen.seed)
    outcomes: dict[str, list[Outcome]] = {}
    for draw_videos in (videos, fast_videos):
        for _ in range(chosen.sequences):
            for kind, video in draw_videos(rng).items():
                outcomes.setdefault(kind, []).append(run(video, rng, chosen.frames))
    print("| Video | on its object | without tracking | wrong frames | ids |")
    print("|---|--:|--:|--:|--:|")
    for kind, some in outcomes.items():
        visible = sum(one.visible for one in some)
        print(
            f"| {kind} | {sum(one.right for one in some) / visible:.1%} "
            f"| {sum(one.frame_right for one in some) / visible:.1%} "
            f"| {sum(one.wrong for one in some)} "
            f"| {sum(one.ids for one in some) / len(some):.2f} |"
        )


if __name__ == "__main__":
    main()
