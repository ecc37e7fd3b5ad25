"""Measures how far objects located from noisy depth are from where they are, on rendered scenes.

Command: `python -m textseg_core.evaluation.localisation --scenes FOLDER [--mask rough]`.
Prints Markdown; `--write` and `--csv` put it into files too.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from textseg_core.arrays import BoolArray, Float32Array, Float64Array
from textseg_core.evaluation.answering import load_segmenter, segment_all
from textseg_core.evaluation.centroids import surface_centre
from textseg_core.evaluation.depth_noise import as_sent, smooth_field, spoil_depth
from textseg_core.evaluation.publish import Run, add_model_options, model_settings, publish
from textseg_core.evaluation.questions import by_picture, draw_questions
from textseg_core.evaluation.report import Table
from textseg_core.expressions.draw_queries import KINDS
from textseg_core.scenes.cache import RenderedScenes
from textseg_core.scenes.scene import Scene
from textseg_core.segmentation import Status
from textseg_core.space.camera import CameraModel
from textseg_core.space.depth_image import depth_to_metres
from textseg_core.space.localise import LocalisationError, localise

MODULE = "textseg_core.evaluation.localisation"
ENCODINGS = ("16UC1", "32FC1")
#: Distances of the issue, metres, and the bands in between that are shown apart.
NEAR_M, FAR_M = 0.5, 1.2
BANDS_M = ((NEAR_M, 0.7), (0.7, 0.9), (0.9, FAR_M))
#: Rows of their own for masks that fit so well.
LEAST_IOU = (0.5, 0.7, 0.85)
#: A squared Mahalanobis distance in space is below this with a probability of 95 %.
CHI_SQUARED_95 = 7.815
#: How far the outline of a rough mask wanders, standard deviation, pixels, and over how many.
ROUGH_PX, ROUGH_OVER_PX = 2.0, 6.0


@dataclass(frozen=True, slots=True)
class Case:
    """One object, as masked by somebody, measured by a depth camera.

    Attributes:
        distance_m: Of the true centre from the camera.
        iou: Of the mask with the true one.
        error_mm: From the true centre of the visible surface; NaN where refused.
        inside_95: Whether the stated covariance's 95 % ellipsoid holds the truth.
        median_mm: Error of the median depth of the eroded mask along its centroid's ray.
        mean_mm: Error of the mean of all the mask's points.
        is_sure: Whether an arm may move on it, see `Located.is_sure`.
    """

    distance_m: float
    iou: float
    error_mm: float
    inside_95: bool
    median_mm: float
    mean_mm: float
    is_sure: bool = False


def measure(
    scene: Scene,
    true_mask: BoolArray,
    mask: BoolArray,
    depth_m: Float32Array,
    camera: CameraModel,
) -> Case | None:
    """Return how one object fares; None if its true centre is not at `NEAR_M` to `FAR_M`.

    Args:
        scene: With true depth and intrinsics.
        true_mask: Its visible pixels.
        mask: What is located.
        depth_m: As measured.
        camera: Of the scene.
    """
    if scene.depth is None or scene.intrinsics is None:
        raise ValueError("a scene without depth and intrinsics tells no distances")
    truth = surface_centre(true_mask, scene.depth, scene.intrinsics)
    if truth is None or not NEAR_M <= float(np.linalg.norm(truth)) <= FAR_M:
        return None
    error_mm, inside, is_sure = np.nan, False, False
    try:
        located = localise(mask, depth_m, camera)
    except LocalisationError:
        pass
    else:
        off = located.centroid - truth
        error_mm = 1e3 * float(np.linalg.norm(off))
        is_sure = located.is_sure
        inside = float(off @ np.linalg.solve(located.covariance, off)) <= CHI_SQUARED_95
    return Case(
        float(np.linalg.norm(truth)),
        float((mask & true_mask).sum() / (mask | true_mask).sum()),
        error_mm,
        inside,
        _off_mm(_median_point(mask, depth_m, camera), truth),
        _off_mm(surface_centre(mask, depth_m, scene.intrinsics), truth),
        is_sure,
    )


def _off_mm(point: Float64Array | None, truth: Float64Array) -> float:
    return np.nan if point is None else 1e3 * float(np.linalg.norm(point - truth))


def _median_point(
    mask: BoolArray, depth_m: Float32Array, camera: CameraModel
) -> Float64Array | None:
    """Return what is usually done: the mask's mean pixel at the median depth inside it."""
    padded = np.pad(mask, 1).view(np.uint8)
    rim = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_3)[1:-1, 1:-1]
    depths = depth_m[(rim > min(2.0, 0.5 * float(rim.max()))) & (depth_m > 0.0)]
    if not depths.size:
        return None
    rows, columns = np.nonzero(mask)
    ray: Float64Array = camera.rays(np.array([[columns.mean(), rows.mean()]]))[0]
    return ray * float(np.median(depths))


def roughened(mask: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Return a mask whose outline wanders by `ROUGH_PX`, both ways."""
    padded = np.pad(mask, 1).view(np.uint8)
    inside = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    outside = cv2.distanceTransform(1 - padded, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    wander = ROUGH_PX * smooth_field(mask.shape, ROUGH_OVER_PX, rng)
    rough: BoolArray = inside - outside + wander > 0.0
    return rough


def camera_of(scene: Scene) -> CameraModel:
    """Return the camera of a scene."""
    rows, columns = scene.image.shape[:2]
    if scene.intrinsics is None:
        raise ValueError("a scene without intrinsics has no camera")
    return CameraModel(width=columns, height=rows, k=scene.intrinsics)


def measured_depths(scene: Scene, encodings: Sequence[str]) -> list[Float32Array]:
    """Return a scene's depth as its camera would send it in each encoding; always the same."""
    if scene.depth is None or scene.intrinsics is None:
        raise ValueError("a scene without depth cannot be measured")
    rng = np.random.default_rng(list(scene.scene_id.encode()))
    spoiled = spoil_depth(scene.depth, scene.intrinsics, rng)
    return [depth_to_metres(as_sent(spoiled, encoding), encoding) for encoding in encodings]


def masked_objects(
    scenes: RenderedScenes, options: argparse.Namespace
) -> Iterator[tuple[Scene, list[tuple[BoolArray, BoolArray]]]]:
    """Yield scenes, each with the true masks of objects and the masks to locate.

    True and rough masks: all objects of which enough is seen to ask for them. Network: what the
    model found for expressions that mean one object.
    """
    count = range(len(scenes))[: options.limit]
    if options.mask == "network":
        segmenter = load_segmenter(options.weights, **model_settings(options))
        questions = draw_questions(
            scenes,
            list(KINDS),
            per_kind=options.per_kind,
            compositions="test",
            limit=options.limit,
        )
        questions = [one for one in questions if len(one.query.targets) == 1]
        for scene, queries in tqdm(by_picture(scenes, questions), unit="picture"):
            answers = segment_all(segmenter, scene, queries)
            yield (
                scene,
                [
                    (scene.objects[query.targets[0]].mask, answer.objects[0].mask)
                    for query, answer in zip(queries, answers, strict=True)
                    if answer.status is Status.FOUND
                ],
            )
        return
    for index in tqdm(count, unit="picture"):
        scene = scenes[index]
        rng = np.random.default_rng(list(f"{scene.scene_id} rough".encode()))
        masks = [item.mask for item in scene.objects if item.countable]
        taken = masks if options.mask == "true" else [roughened(mask, rng) for mask in masks]
        yield scene, [pair for pair in zip(masks, taken, strict=True) if pair[1].any()]


def measure_all(scenes: RenderedScenes, options: argparse.Namespace) -> dict[str, list[Case]]:
    """Return the cases by encoding."""
    encodings = ENCODINGS if options.encoding is None else (options.encoding,)
    cases: dict[str, list[Case]] = {encoding: [] for encoding in encodings}
    for scene, pairs in masked_objects(scenes, options):
        camera = camera_of(scene)
        depths = measured_depths(scene, encodings)
        for encoding, depth_m in zip(encodings, depths, strict=True):
            found = (measure(scene, true, mask, depth_m, camera) for true, mask in pairs)
            cases[encoding] += [case for case in found if case is not None]
    return cases


def table(title: str, groups: Sequence[tuple[str, Sequence[Case]]]) -> Table:
    """Return the table of errors; refused objects count in no percentile but are counted."""
    columns = (
        *("", "objects", "refused", "median mm", "p90 mm", "p95 mm", "p99 mm", "in 95 %"),
        *("plain median: median mm", "p95 mm", "plain mean: median mm", "p95 mm"),
    )
    rows = []
    for name, cases in groups:
        errors = np.array([case.error_mm for case in cases])
        located = np.isfinite(errors)
        inside = [case.inside_95 for case in cases if np.isfinite(case.error_mm)]
        row = [name, str(len(cases)), str(int((~located).sum()))]
        row += [_percentile(errors, at) for at in (50, 90, 95, 99)]
        row.append(f"{np.mean(inside):.1%}" if inside else "")
        for plain in ("median_mm", "mean_mm"):
            values = np.array([getattr(case, plain) for case in cases])
            row += [_percentile(values, at) for at in (50, 95)]
        rows.append(tuple(row))
    return Table(title, columns, tuple(rows))


def _percentile(values: Float64Array, at: float) -> str:
    known = values[np.isfinite(values)]
    return f"{np.percentile(known, at):.1f}" if known.size else ""


def tables_of(cases: dict[str, list[Case]], mask: str) -> list[Table]:
    """Return one table for each encoding."""
    tables = []
    for encoding, found in cases.items():
        groups: list[tuple[str, Sequence[Case]]] = [(f"{NEAR_M} to {FAR_M} m", found)]
        for near, far in BANDS_M:
            groups.append(
                (f"{near} to {far} m", [one for one in found if near <= one.distance_m < far])
            )
        if mask != "true":
            groups += [
                (f"mask's IoU at least {least}", [one for one in found if one.iou >= least])
                for least in LEAST_IOU
            ]
        groups.append(("an arm may move on", [one for one in found if one.is_sure]))
        tables.append(table(f"{encoding}, {mask} masks", groups))
    return tables


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the page; end with one line where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True, help="folder of test scenes")
    parser.add_argument("--encoding", choices=ENCODINGS, help="both if left out")
    parser.add_argument("--mask", choices=("true", "rough", "network"), default="true")
    parser.add_argument("--weights", default="", help="model directory; the shipped one if empty")
    parser.add_argument("--per-kind", type=int, default=60, help="expressions of each kind")
    parser.add_argument("--limit", type=int, help="only the first so many views")
    parser.add_argument("--write", type=Path, help="Markdown file")
    parser.add_argument("--csv", type=Path, help="the same tables in long form")
    add_model_options(parser)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser.parse_args(given)
        scenes = RenderedScenes(options.scenes)
        cases = measure_all(scenes, options)
        run = Run("Objects in space: error of the 3-D centroid", MODULE, given)
        print(publish(run, tables_of(cases, options.mask), options))
    except (ValueError, RuntimeError) as error:
        sys.exit(f"{MODULE}: {error}")


if __name__ == "__main__":
    main()
