import numpy as np
import pytest
from drawn import box_mask

from textseg_core.evaluation.baselines import CENTRE_SHARES, centre_box, whole_image


def test_the_whole_image_is_every_pixel() -> None:
    assert whole_image(3, 5).shape == (3, 5)
    assert whole_image(3, 5).all()


def test_a_quarter_is_half_of_each_side_in_the_middle() -> None:
    np.testing.assert_array_equal(centre_box(40, 80, 0.25), box_mask((20, 10, 60, 30), 40, 80))


@pytest.mark.parametrize("share", CENTRE_SHARES)
def test_a_centre_box_covers_its_share_and_keeps_to_the_middle(share: float) -> None:
    mask = centre_box(480, 640, share)

    assert mask.mean() == pytest.approx(share, abs=0.002)
    assert np.ptp(np.flatnonzero(mask.any(axis=1))) / 480 == pytest.approx(share**0.5, abs=0.005)


def test_everything_is_the_whole_image() -> None:
    assert centre_box(7, 9, 1.0).all()


def test_a_tiny_share_is_still_a_pixel() -> None:
    assert centre_box(4, 4, 0.001).sum() == 1


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"share must lie in \(0, 1\], got"):
        centre_box(4, 4, share)
