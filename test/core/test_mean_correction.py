from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from textseg_core.models.compact import CompactNetwork
from textseg_core.runtime.mean_correction import correct_means, drawn_pictures
from textseg_core.runtime.stored_form import Storage, stored_form


def layers(*convolutions: nn.Conv2d) -> nn.Sequential:
    """Convolutions with weights of 1 and biases of 0."""
    network = nn.Sequential(*convolutions).eval()
    with torch.no_grad():
        for convolution in convolutions:
            convolution.weight.fill_(1.0)
            if convolution.bias is not None:
                convolution.bias.zero_()
    return network


def bias_of(layer: nn.Module) -> list[float]:
    assert isinstance(layer, nn.Conv2d)
    assert layer.bias is not None
    values: list[float] = layer.bias.tolist()
    return values


def test_a_bias_takes_back_what_its_kernel_lost_of_the_mean() -> None:
    exact, rounded = layers(nn.Conv2d(2, 1, 3)), layers(nn.Conv2d(2, 1, 3))
    with torch.no_grad():
        weight = next(rounded.parameters())
        weight[0, 0] -= 0.25  # nine taps
        weight[0, 1, 0, 0] += 0.5  # one tap
    pictures = [torch.full((1, 2, 4, 4), 1.0), torch.full((1, 2, 4, 4), 3.0)]
    pictures[0][:, 1] = 7.0

    correct_means(exact, rounded, pictures)

    # The means are 2 and 5: 9 * 0.25 * 2 - 0.5 * 5.
    assert bias_of(rounded[0]) == [2.0]
    assert bias_of(exact[0]) == [0.0]
    with torch.no_grad():
        whole = sum((exact(one).mean() - rounded(one).mean()).item() for one in pictures)
    assert whole == pytest.approx(0.0, abs=1e-5)


def test_groups_take_the_means_of_their_own_channels() -> None:
    exact, rounded = layers(nn.Conv2d(4, 4, 1, groups=2)), layers(nn.Conv2d(4, 4, 1, groups=2))
    with torch.no_grad():
        next(rounded.parameters()).sub_(1.0)
    picture = torch.tensor([1.0, 2.0, 4.0, 8.0])[None, :, None, None].expand(1, 4, 2, 2)

    correct_means(exact, rounded, [picture])

    assert bias_of(rounded[0]) == [3.0, 3.0, 12.0, 12.0]


def test_later_layers_hear_the_exact_ones_and_a_missing_bias_stays_missing() -> None:
    shapes = [(1, 1, True), (1, 1, False), (1, 1, True)]
    exact, rounded = (
        layers(*(nn.Conv2d(i, o, 1, bias=bias) for i, o, bias in shapes)) for _ in range(2)
    )
    with torch.no_grad():
        for layer in rounded.children():
            next(layer.parameters()).fill_(0.5)

    correct_means(exact, rounded, [torch.full((1, 1, 2, 2), 4.0)])

    assert bias_of(rounded[0]) == bias_of(rounded[2]) == [2.0]
    assert "1.bias" not in rounded.state_dict()


def test_the_pictures_are_as_an_image_encoder_takes_them_and_differ() -> None:
    pictures = drawn_pictures(64)

    assert {(tuple(one.shape), one.dtype) for one in pictures} == {((1, 64, 64, 3), torch.uint8)}
    assert len({one.numpy().tobytes() for one in pictures}) == len(pictures)


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_stored_networks_answer_on_average_as_the_trained_one(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = CompactNetwork(
        vocabulary_size=8, tokens=4, input_px=64, width=32, lexical_width=16
    ).eval()
    with torch.no_grad():
        for name, parameter in network.image_encoder.named_parameters():
            if name.endswith("weight") and parameter.ndim == 4:
                fan = parameter[0].numel()
                parameter.uniform_(0.0, 3.0 / fan)  # positive, so that errors add up

    corrected = stored_form(network, storage)
    monkeypatch.setattr("textseg_core.runtime.stored_form.correct_means", lambda *_: None)
    plain = stored_form(network, storage)

    shown = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8))
    with torch.inference_mode():
        exact, near, far = (
            one.image_encoder(shown)[0].mean() for one in (network, corrected, plain)
        )
    assert abs(near - exact) < 0.5 * abs(far - exact)
