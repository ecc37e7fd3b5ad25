"""Dense fields against all pairs of pixels, written out."""

import cv2
import numpy as np
import pytest

from textseg_core.arrays import AnyArray, UInt8Array
from textseg_core.crf import CRF_PX, CrfSettings, DenseCrf, Refiner


def two_halves(
    height: int = 24, width: int = 30, edge: int = 13, noise: float = 2.0
) -> UInt8Array:
    """A dark left and a bright right part with an edge before column `edge`."""
    rng = np.random.default_rng(1)
    image = np.full((height, width, 3), (60.0, 70.0, 80.0))
    image[:, edge:] = (170.0, 150.0, 120.0)
    image += rng.normal(0.0, noise, image.shape)
    return np.clip(image, 0, 255).round().astype(np.uint8)


def all_pairs(image: UInt8Array, logits: AnyArray, settings: CrfSettings) -> AnyArray:
    """Mean field with both labels and every pair of pixels; returns the foreground's share."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    places = np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float64)
    colours = image.reshape(-1, 3).astype(np.float64)

    def squares(points: AnyArray) -> AnyArray:
        return ((points[:, None] - points[None]) ** 2).sum(axis=-1)

    near = np.exp(-squares(places) / (2 * settings.near_px**2))
    alike = np.exp(
        -squares(places) / (2 * settings.alike_px**2)
        - squares(colours) / (2 * settings.alike_levels**2)
    )
    kernels = []
    for kernel, weight in ((near, settings.near_weight), (alike, settings.alike_weight)):
        norm = 1 / np.sqrt(kernel.sum(axis=1))
        kernels.append((weight, norm[:, None] * kernel * norm))
    probability = 1 / (1 + np.exp(-logits.ravel().astype(np.float64)))
    unary = -np.log(np.stack([1 - probability, probability]))
    shares = np.exp(-unary)
    for _ in range(settings.iterations):
        energy = unary.copy()
        for weight, kernel in kernels:
            told = shares @ kernel
            energy += weight * told[::-1]  # Potts: only what has the other label costs
        shares = np.exp(-energy)
        shares /= shares.sum(axis=0)
    return shares[1].reshape(height, width)


def share(logits: AnyArray) -> AnyArray:
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


def vague_response(height: int = 24, width: int = 30, edge: float = 15.5) -> AnyArray:
    """Logits that rise to the right and are zero at the wrong column."""
    return np.tile((np.arange(width) - edge) / 4.0, (height, 1)).astype(np.float32)


def test_places_alone_are_filtered_as_all_pairs_are() -> None:
    settings = CrfSettings(alike_weight=0.0, iterations=3)
    logits = np.random.default_rng(2).normal(0, 2, (24, 30)).astype(np.float32)
    image = two_halves()

    found = share(DenseCrf(image, settings).refine(logits))

    assert np.abs(found - all_pairs(image, logits, settings)).max() < 2e-3


@pytest.mark.parametrize("noise", [0.0, 2.0, 6.0])
def test_with_colours_the_field_is_close_to_all_pairs(noise: float) -> None:
    image, logits = two_halves(noise=noise), vague_response()

    found = share(DenseCrf(image).refine(logits))
    expected = all_pairs(image, logits, CrfSettings())

    assert ((found > 0.5) == (expected > 0.5)).mean() > 0.99
    assert np.abs(found - expected).mean() < 0.02


def test_one_pixel_by_hand() -> None:
    # A lone pixel is its own neighbour in both kernels, each with a normalised weight of 1.
    settings = CrfSettings(near_weight=2.0, alike_weight=1.0, iterations=1)

    (((found,),)) = (DenseCrf(np.zeros((1, 1, 3), np.uint8), settings).refine(np.array([[0.8]])),)

    assert found.item() == pytest.approx(0.8 + 3.0 * np.tanh(0.4), abs=1e-5)


def test_the_mask_moves_to_the_edge_of_the_image() -> None:
    logits = vague_response()

    mask = DenseCrf(two_halves()).refine(logits) > 0

    assert (logits > 0)[:, 13:16].sum() == 0
    assert mask[:, 13:].all()
    assert not mask[:, :13].any()


def test_a_speck_that_nothing_supports_goes() -> None:
    logits = np.full((24, 30), -2.0, np.float32)
    logits[10, 6] = 1.5

    assert (DenseCrf(two_halves()).refine(logits) < 0).all()


def test_a_field_answers_again_and_changes_nothing_it_is_given() -> None:
    crf, logits = DenseCrf(two_halves()), vague_response()
    before = logits.copy()

    first, second = crf.refine(logits), crf.refine(logits)

    assert np.array_equal(first, second)
    assert np.array_equal(logits, before)


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        (np.zeros((3, 3), np.float32), r"image's shape \(24, 30\), got float32 \(3, 3\)"),
        (np.full((24, 30), np.nan, np.float32), "finite numbers"),
    ],
)
def test_wrong_logits_are_refused(logits: AnyArray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DenseCrf(two_halves()).refine(logits)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"iterations": 0}, "iterations must be at least 1, got 0"),
        ({"alike_levels": 0.0}, "alike_levels must be above 0"),
        ({"near_weight": -1.0}, "near_weight must be at least 0"),
        ({"near_px": float("nan")}, "near_px must be above 0"),
    ],
)
def test_wrong_settings_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CrfSettings(**change)  # type: ignore[arg-type]


def test_the_refiner_works_on_the_picture_and_leaves_the_border() -> None:
    image = cv2.resize(two_halves(noise=0.0), (640, 480), interpolation=cv2.INTER_NEAREST)
    cells = np.tile((np.arange(40) - 18.0) / 4.0, (40, 1)).astype(np.float32)

    refiner = Refiner(image)
    refined = refiner.refine(cells, 0.5)

    edge = round(13 / 30 * 320)
    content = refined[40:280]
    assert refined.shape == (CRF_PX, CRF_PX)
    assert (refiner.letterbox.size_px, refiner.letterbox.top) == (320, 40)
    assert ((content > 0) == (np.arange(320) >= edge)).mean() > 0.995
    assert np.array_equal(refined[:40], cv2.resize(cells, (320, 320))[:40])


def test_a_threshold_is_taken_for_even_odds() -> None:
    image = np.full((40, 40, 3), 90, np.uint8)
    # Everywhere 0.4: foreground by a threshold of 0.3, background by one of 0.5.
    cells = np.full((10, 10), np.log(0.4 / 0.6), np.float32)

    low, middle = (Refiner(image).refine(cells, threshold) for threshold in (0.3, 0.5))

    assert (share(low) > 0.3).all()
    assert (share(low) > share(cells[0, 0])).all()
    assert (share(middle) < 0.4).all()
