import pytest
import torch

from textseg_core.training.augment import change_light, compose_targets, mirrored, prepare


def test_targets_unite_what_an_expression_means() -> None:
    masks = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    masks[0, 0, 0] = torch.tensor([255, 51])
    masks[0, 1, 0] = torch.tensor([255, 102])
    masks[0, 2, 1, 1] = 255
    members = torch.tensor([[[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]])

    target = compose_targets({"masks": masks, "members": members})

    assert target.shape == (1, 3, 1, 2, 2)
    torch.testing.assert_close(target[0, 0, 0], torch.tensor([[1.0, 0.6], [0.0, 0.0]]))
    assert target[0, 1, 0].tolist() == [[0, 0], [0, 1]]
    assert not target[0, 2].any()


def test_only_the_chosen_samples_are_mirrored() -> None:
    values = torch.arange(6).view(2, 1, 3)

    turned = mirrored(values, torch.tensor([False, True]), 2)

    assert turned.tolist() == [[[0, 1, 2]], [[5, 4, 3]]]


def test_image_and_target_are_mirrored_alike() -> None:
    image = torch.zeros(2, 8, 8, 3, dtype=torch.uint8)
    image[:, 2:4, 0:2] = 255
    masks = image[:, None, :, :, 0]
    batch = {
        "image": image,
        "masks": masks,
        "members": torch.ones(2, 1, 1),
        "mirror": torch.tensor([True, False]),
        "presence": torch.ones(2, 1),
    }

    ready = prepare(batch, None)

    assert set(ready) == {"image", "target", "presence"}
    assert torch.equal(ready["target"][:, 0, 0] * 255, ready["image"][..., 0].float())
    assert ready["image"][0, 2:4, 6:8].float().mean() == 255
    assert ready["image"][1, 2:4, 0:2].float().mean() == 255


def light(image: torch.Tensor, seed: int) -> torch.Tensor:
    return change_light(image, torch.Generator().manual_seed(seed))


def test_light_follows_from_its_seed() -> None:
    image = torch.randint(0, 256, (10, 16, 16, 3), dtype=torch.uint8)

    first, second, other = light(image, 1), light(image, 1), light(image, 2)

    assert first.shape == image.shape
    assert first.dtype == torch.uint8
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_light_changes_brightness_and_colour_within_bounds() -> None:
    grey = torch.full((400, 2, 2, 3), 128, dtype=torch.uint8)

    mean = light(grey, 0)[100:280].float().mean(dim=(1, 2)) / 255  # neither blurred nor noisy

    # 128 / 255 = 0.502; gain 0.65 x 0.9 to 1.25 x 1.1, then a power of 0.8 to 1.25
    darkest, brightest = (0.502 * 0.585) ** 1.25, (0.502 * 1.375) ** 0.8
    assert mean.min() > darkest - 0.02
    assert mean.max() < brightest + 0.02
    assert mean.mean(dim=1).std() > 0.08
    assert (mean[:, 0] - mean[:, 2]).abs().max() > 0.03


def test_every_picture_has_a_light_of_its_own() -> None:
    grey = torch.full((4, 2, 2, 3), 128, dtype=torch.uint8)

    assert len({int(picture.sum()) for picture in light(grey, 3)}) == 4


def test_the_first_quarter_is_blurred_and_the_last_three_tenths_are_noisy() -> None:
    image = torch.zeros(20, 9, 9, 3, dtype=torch.uint8)
    image[:, :, 5:] = 200

    steps = light(image, 0).float()[..., 1]

    sharp = (steps[:, :, 5] - steps[:, :, 4]) - (steps[:, :, 6] - steps[:, :, 3])
    assert (sharp[:5].abs().amax(dim=1) > 3).all()
    varied = steps[:, :, 8].std(dim=1)
    assert (varied[:14] < 0.01).all()
    assert (varied[14:] > 0.3).all()


def test_blurring_keeps_the_mean() -> None:
    from textseg_core.training.augment import _blur

    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 4, 4] = 1.0

    spread = _blur(image)[0, 0]

    assert spread.sum().item() == pytest.approx(1.0)
    assert spread[4].tolist() == pytest.approx(
        [0, 0, 6 / 256, 24 / 256, 36 / 256, 24 / 256, 6 / 256, 0, 0]
    )
