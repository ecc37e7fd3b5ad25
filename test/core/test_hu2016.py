from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textseg_core.models.fusion import (
    ResponseHead,
    bilinear_kernel,
    cell_coordinates,
    l2_normalise,
)
from textseg_core.models.hu2016 import Hu2016Network
from textseg_core.models.language import LstmEncoder
from textseg_core.models.visual import DescriptorEncoder, fcn_state_from_vgg16
from textseg_core.training.hu2016 import build_optimiser
from textseg_core.training.loss import weighted_logistic_loss

NARROW = {
    "vocabulary_size": 30,
    "input_px": 64,
    "tokens": 5,
    "embedding_channels": 6,
    "expression_channels": 7,
    "hidden_channels": 8,
}
NARROW_VGG = {**NARROW, "backbone": "vgg16", "fc_channels": 12, "visual_channels": 10}
NARROW_RESNET = {**NARROW, "backbone": "resnet18"}
NARROW_MOBILENET = {**NARROW, "backbone": "mobilenet_v2", "visual_channels": 320}


def narrow(settings: dict[str, Any], **changes: Any) -> Hu2016Network:
    torch.manual_seed(0)
    return Hu2016Network(**{**settings, **changes})


def noise_image(count: int = 1, side: int = 64) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator)


def some_ids(count: int, length: int = 5) -> Tensor:
    return torch.randint(0, 30, (count, length), generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("settings", [NARROW_VGG, NARROW_MOBILENET], ids=["vgg", "mobilenet"])
@pytest.mark.parametrize(("stage", "stride", "side"), [("low", 32, 2), ("high", 1, 64)])
def test_stage_sets_the_stride_of_the_logits(
    settings: dict[str, Any], stage: str, stride: int, side: int
) -> None:
    network = narrow(settings, stage=stage).eval()

    with torch.inference_mode():
        answer = network(noise_image(), some_ids(3))

    assert network.stride == stride
    assert list(answer) == ["logits"]
    assert answer["logits"].shape == (3, 1, side, side)


def test_default_settings_are_those_of_the_paper() -> None:
    with torch.device("meta"):
        network = Hu2016Network(vocabulary_size=8803)
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}

    assert (network.input_px, network.tokens, network.stride) == (512, 20, 1)
    assert shapes["image_encoder.classifier.0.weight"] == (4096, 512, 7, 7)
    assert shapes["image_encoder.classifier.3.weight"] == (4096, 4096, 1, 1)
    assert shapes["image_encoder.classifier.6.weight"] == (1000, 4096, 1, 1)
    assert shapes["expression_encoder.embedding.weight"] == (8803, 1000)
    assert shapes["expression_encoder.lstm.weight_hh_l0"] == (4000, 1000)
    assert shapes["query_head.hidden.weight"] == (500, 1000 + 1000 + 2, 1, 1)
    assert shapes["query_head.score.weight"] == (1, 500, 1, 1)
    assert shapes["query_head.upsample.weight"] == (1, 1, 64, 64)
    assert "query_head.upsample.bias" not in shapes
    assert network.query_head.coordinates.shape == (1, 2, 16, 16)


@pytest.mark.parametrize(("backbone", "channels"), [("resnet18", 512), ("resnet50", 2048)])
def test_resnets_stand_in_for_vgg_with_their_own_channels(backbone: str, channels: int) -> None:
    network = narrow(NARROW_RESNET, backbone=backbone, stage="low", coordinates=8).eval()

    with torch.inference_mode():
        (visual,) = network.image_encoder(noise_image())
        answer = network(noise_image(), some_ids(1))

    assert visual.shape == (1, channels, 2, 2)
    assert answer["logits"].shape == (1, 1, 2, 2)
    with pytest.raises(ValueError, match=f"{backbone} has {channels} visual channels, got 9"):
        narrow(NARROW_RESNET, backbone=backbone, visual_channels=9)


def test_fc8_has_no_relu() -> None:
    encoder = DescriptorEncoder("vgg16", channels=10, fc_channels=12)

    with torch.inference_mode():
        (visual,) = encoder(noise_image())

    assert visual.min() < 0


def test_1280_channel_mobilenet_fits_the_same_head() -> None:
    network = narrow(NARROW_MOBILENET, visual_channels=None, stage="low").eval()

    with torch.inference_mode():
        (visual,) = network.image_encoder(noise_image())
        answer = network(noise_image(), some_ids(1))

    assert visual.shape == (1, 1280, 2, 2)
    assert answer["logits"].shape == (1, 1, 2, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stage": "middle"}, "stage must be low or high"),
        ({"input_px": 100}, "multiple of 32"),
        ({"backbone": "vgg19"}, "backbone must be one of vgg16, mobilenet_v2"),
        ({"visual_channels": 1000}, "1280 or 320"),
        ({"coordinates": 3}, r"2 \(paper\) or 8 \(release\)"),
    ],
)
def test_wrong_setting_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        narrow(NARROW_MOBILENET, **change)


def test_2_coordinates_of_a_2_by_2_map() -> None:
    x = [[-0.5, 0.5], [-0.5, 0.5]]
    y = [[-0.5, -0.5], [0.5, 0.5]]

    assert torch.equal(cell_coordinates(2, 2, 2), torch.tensor([[x, y]]))


def test_8_coordinates_of_a_2_by_2_map() -> None:
    expected = [
        [[-1.0, 0.0], [-1.0, 0.0]],  # xmin
        [[-1.0, -1.0], [0.0, 0.0]],  # ymin
        [[0.0, 1.0], [0.0, 1.0]],  # xmax
        [[0.0, 0.0], [1.0, 1.0]],  # ymax
        [[-0.5, 0.5], [-0.5, 0.5]],  # x
        [[-0.5, -0.5], [0.5, 0.5]],  # y
        [[0.5, 0.5], [0.5, 0.5]],  # 1 / w
        [[0.5, 0.5], [0.5, 0.5]],  # 1 / h
    ]

    assert torch.equal(cell_coordinates(2, 2, 8), torch.tensor([expected]))


def test_coordinates_of_an_oblong_map_keep_x_and_y_apart() -> None:
    one_row_of_four = cell_coordinates(1, 4, 8)[0, :, 0]

    assert one_row_of_four[4].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert one_row_of_four[5].tolist() == [0.0] * 4
    assert one_row_of_four[6].tolist() == [0.25] * 4
    assert one_row_of_four[7].tolist() == [1.0] * 4


def test_l2_normalise_works_along_the_channels_of_each_cell() -> None:
    values = torch.zeros(1, 2, 1, 2)
    values[0, :, 0, 0] = torch.tensor([3.0, 4.0])

    normalised = l2_normalise(values)

    assert torch.allclose(normalised[0, :, 0, 0], torch.tensor([0.6, 0.8]))
    assert torch.equal(normalised[0, :, 0, 1], torch.zeros(2))


def test_l2_normalise_has_a_finite_gradient_at_zero() -> None:
    values = torch.zeros(1, 3, requires_grad=True)

    l2_normalise(values).sum().backward()

    assert values.grad is not None
    assert torch.isfinite(values.grad).all()


@pytest.mark.parametrize("settings", [NARROW_VGG, NARROW_MOBILENET], ids=["vgg", "mobilenet"])
def test_every_cell_and_every_expression_has_length_one(settings: dict[str, Any]) -> None:
    network = narrow(settings)  # in training mode, for an untrained MobileNetV2 else fades away

    with torch.inference_mode():
        (visual,) = network.image_encoder(noise_image(2))
        (expression,) = network.expression_encoder(some_ids(3))

    assert torch.allclose(visual.norm(dim=1), torch.ones(2, 2, 2), atol=1e-5)
    assert torch.allclose(expression.norm(dim=1), torch.ones(3), atol=1e-5)


@pytest.mark.parametrize(
    ("backbone", "channels", "expected"),
    [
        ("vgg16", 10, [255.0 - 123.68, -116.779, 100.0 - 103.939]),
        ("mobilenet_v2", 320, [1.0, -1.0, 100.0 / 127.5 - 1.0]),
        (
            "resnet18",
            512,
            [(255 - 123.675) / 58.395, -116.28 / 57.12, (100 - 103.53) / 57.375],
        ),
    ],
)
def test_each_backbone_sees_its_own_normalisation_of_rgb(
    backbone: str, channels: int, expected: list[float]
) -> None:
    encoder = DescriptorEncoder(backbone, channels, fc_channels=4).eval()
    seen: list[Tensor] = []
    encoder.features.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    image = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)
    image[..., 0], image[..., 2] = 255, 100

    with torch.inference_mode():
        encoder(image)

    assert seen[0].shape == (1, 3, 64, 64)
    assert torch.allclose(seen[0][0, :, 5, 5], torch.tensor(expected), atol=1e-4)


def test_lstm_has_one_bias_of_one_on_the_forget_gate_alone() -> None:
    biases = dict(LstmEncoder(30, 6, 4).lstm.named_parameters())

    total = biases["bias_ih_l0"] + biases["bias_hh_l0"]

    assert total.tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8
    assert not biases["bias_hh_l0"].requires_grad


def test_expression_is_the_last_state_after_all_ids_padding_included() -> None:
    torch.manual_seed(0)
    encoder = LstmEncoder(30, 6, 4)
    ids = [0, 0, 7, 3]
    weights = dict(encoder.lstm.named_parameters())
    state, memory = torch.zeros(4), torch.zeros(4)
    for token in ids:
        gates = weights["weight_ih_l0"] @ encoder.embedding.weight[token]
        gates = gates + weights["weight_hh_l0"] @ state
        enter, forget, new, leave = gates.split(4)
        memory = torch.sigmoid(forget + 1.0) * memory + torch.sigmoid(enter) * torch.tanh(new)
        state = torch.sigmoid(leave) * torch.tanh(memory)

    (expression,) = encoder(torch.tensor([ids]))

    assert torch.allclose(expression[0], state / state.norm(), atol=1e-5)


def test_head_equals_tiling_concatenating_and_convolving() -> None:
    torch.manual_seed(0)
    head = ResponseHead(5, 3, 4, cells=2, coordinates=2, upsampling=1)
    visual, expressions = torch.randn(1, 5, 2, 2), torch.randn(3, 3)
    tiled = torch.cat(
        [
            visual.expand(3, -1, -1, -1),
            cell_coordinates(2, 2, 2).expand(3, -1, -1, -1),
            expressions[:, :, None, None].expand(-1, -1, 2, 2),
        ],
        dim=1,
    )

    (logits,) = head(visual, expressions)

    assert torch.allclose(logits, head.score(F.relu(head.hidden(tiled))), atol=1e-5)


def test_an_image_for_each_expression_gives_the_answers_of_single_calls() -> None:
    network = narrow(NARROW_MOBILENET).eval()
    images, ids = noise_image(2), some_ids(2)

    with torch.inference_mode():
        together = network(images, ids)["logits"]
        alone = [network(images[[i]], ids[[i]])["logits"] for i in range(2)]

    assert torch.allclose(together, torch.cat(alone), atol=1e-5)


def test_bilinear_kernel_of_stride_2() -> None:
    line = torch.tensor([0.25, 0.75, 0.75, 0.25])

    assert torch.equal(bilinear_kernel(2)[0, 0], torch.outer(line, line))


def upsampled(cells: Tensor) -> Tensor:
    head = ResponseHead(1, 1, 1, cells=4, coordinates=2, upsampling=32)
    assert head.upsample is not None
    with torch.inference_mode():
        enlarged: Tensor = head.upsample(cells)
    return enlarged


def test_upsampling_starts_by_keeping_a_constant() -> None:
    enlarged = upsampled(torch.full((1, 1, 4, 4), 2.5))

    assert enlarged.shape == (1, 1, 128, 128)
    assert torch.allclose(enlarged[0, 0, 16:-16, 16:-16], torch.tensor(2.5))


def test_upsampling_starts_by_drawing_a_ramp_through_the_centres_of_the_cells() -> None:
    ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    pixels = (torch.arange(128) + 0.5) / 32 - 0.5

    row = upsampled(ramp)[0, 0, 64]

    assert torch.allclose(row[16:-16], pixels[16:-16], atol=1e-5)


@pytest.mark.parametrize("stage", ["low", "high"])
@pytest.mark.parametrize("settings", [NARROW_VGG, NARROW_MOBILENET], ids=["vgg", "mobilenet"])
def test_the_loss_reaches_every_trainable_parameter(settings: dict[str, Any], stage: str) -> None:
    network = narrow(settings, stage=stage)
    logits = network(noise_image(2), some_ids(2))["logits"]
    target = torch.zeros_like(logits)
    target[..., : logits.shape[-1] // 2] = 1

    weighted_logistic_loss(logits, target).backward()

    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def halves() -> tuple[Tensor, Tensor, Tensor]:
    """Four pictures of a red and a blue half, with an expression for each half."""
    images = torch.zeros(4, 64, 64, 3, dtype=torch.uint8)
    masks = torch.zeros(4, 2, 1, 64, 64)
    for row in range(4):
        red = torch.zeros(64, 64, dtype=torch.bool)
        red[:32] = True
        red = red if row < 2 else red.T
        red = red if row % 2 else ~red
        images[row][red] = torch.tensor([230, 30, 30], dtype=torch.uint8)
        images[row][~red] = torch.tensor([30, 60, 230], dtype=torch.uint8)
        masks[row, :, 0] = torch.stack([red, ~red]).float()
    return images, torch.tensor([[0, 0, 0, 6, 4], [0, 0, 0, 6, 5]] * 4), masks.flatten(0, 1)


@pytest.mark.parametrize("coordinates", [2, 8])
@pytest.mark.parametrize("stage", ["low", "high"])
def test_eight_samples_are_learnt_by_heart(stage: str, coordinates: int) -> None:
    network = narrow(
        NARROW_MOBILENET,
        stage=stage,
        coordinates=coordinates,
        embedding_channels=16,
        expression_channels=16,
        hidden_channels=32,
    )
    images, ids, masks = halves()
    target = masks[..., ::32, ::32] if stage == "low" else masks
    optimiser = torch.optim.Adam(network.parameters(), lr=0.003)
    ious = torch.zeros(8)
    for _ in range(200):
        (visual,) = network.image_encoder(images)
        read = network.expression_encoder(ids)
        (logits,) = network.query_head(visual.repeat_interleave(2, dim=0), *read)
        optimiser.zero_grad()
        weighted_logistic_loss(logits, target).backward()
        optimiser.step()
        found, meant = logits > 0, target > 0.5
        ious = (found & meant).sum((1, 2, 3)) / (found | meant).sum((1, 2, 3))
        if ious.mean() >= 0.92:
            break

    assert ious.shape == (8,)
    assert ious.mean() >= 0.9


def train_one_step(network: nn.Module) -> None:
    network.train()
    optimiser = build_optimiser(network, 1.0)
    logits = network(noise_image(2), some_ids(2))["logits"]
    weighted_logistic_loss(logits, torch.ones_like(logits)).backward()
    optimiser.step()


@pytest.mark.parametrize("settings", [NARROW_VGG, NARROW_MOBILENET], ids=["vgg", "mobilenet"])
def test_frozen_backbone_stays_while_the_rest_learns(settings: dict[str, Any]) -> None:
    network = narrow(settings)
    network.freeze_backbone()
    before = {key: value.clone() for key, value in network.state_dict().items()}

    train_one_step(network)

    changed = {k for k, value in network.state_dict().items() if not torch.equal(value, before[k])}
    assert not any(key.startswith("image_encoder.features.") for key in changed)
    rest = {key for key in before if not key.startswith("image_encoder.features.")}
    assert rest - changed == {"expression_encoder.lstm.bias_hh_l0"}


def test_backbone_learns_unless_it_is_frozen() -> None:
    network = narrow(NARROW_MOBILENET)
    before = network.image_encoder.features[0][0].weight.clone()

    train_one_step(network)

    assert not torch.equal(network.image_encoder.features[0][0].weight, before)


def test_high_resolution_starts_from_the_low_resolution_weights() -> None:
    low = narrow(NARROW_MOBILENET, stage="low")
    torch.manual_seed(5)
    high = Hu2016Network(**{**NARROW_MOBILENET, "stage": "high"})

    high.load_low_resolution(low.state_dict())

    carried = high.state_dict()
    for key, value in low.state_dict().items():
        assert torch.equal(carried[key], value), key
    assert torch.equal(carried["query_head.upsample.weight"], bilinear_kernel(32))


def test_weights_of_another_network_or_stage_are_not_carried_over() -> None:
    low = narrow(NARROW_MOBILENET, stage="low")
    high = narrow(NARROW_MOBILENET)
    wider = narrow(NARROW_MOBILENET, stage="low", hidden_channels=9)

    with pytest.raises(ValueError, match='stage "high", not "low"'):
        low.load_low_resolution(low.state_dict())
    with pytest.raises(ValueError, match="already"):
        high.load_low_resolution(high.state_dict())
    with pytest.raises(ValueError, match=r"query_head\.hidden\.weight"):
        high.load_low_resolution(wider.state_dict())


def classifier_state() -> dict[str, Tensor]:
    """A VGG-16 image classifier with narrow linear layers."""
    generator = torch.Generator().manual_seed(3)
    encoder = DescriptorEncoder("vgg16", channels=6, fc_channels=9)
    state = {f"features.{key}": value for key, value in encoder.features.state_dict().items()}
    for place, (inputs, outputs) in {0: (25088, 9), 3: (9, 9), 6: (9, 6)}.items():
        weight = torch.randn(outputs, inputs, generator=generator) / inputs**0.5
        state[f"classifier.{place}.weight"] = weight
        state[f"classifier.{place}.bias"] = torch.randn(outputs, generator=generator)
    return state


def test_linear_layers_and_convolutions_agree_on_a_7_by_7_map() -> None:
    state = classifier_state()
    encoder = DescriptorEncoder("vgg16", channels=6, fc_channels=9)
    cells = torch.randn(1, 512, 7, 7, generator=torch.Generator().manual_seed(4))
    answer = cells.flatten(1)
    for place in (0, 3, 6):
        weight, bias = state[f"classifier.{place}.weight"], state[f"classifier.{place}.bias"]
        answer = F.linear(answer, weight, bias)
        answer = answer.relu() if place < 6 else answer

    encoder.load_state_dict(fcn_state_from_vgg16(state, scaled_input=False))

    assert torch.allclose(encoder.classifier(cells)[:, :, 3, 3], answer, atol=1e-4)
    assert torch.equal(encoder.features[0].weight, state["features.0.weight"])


def test_scaled_input_is_folded_into_the_first_convolution() -> None:
    state = classifier_state()
    state["features.0.bias"] = torch.randn(64, generator=torch.Generator().manual_seed(6))
    image = noise_image()
    pixels = image.permute(0, 3, 1, 2) / 255
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    expected = F.conv2d(
        (pixels - mean) / std, state["features.0.weight"], state["features.0.bias"], padding=1
    )
    encoder = DescriptorEncoder("vgg16", channels=6, fc_channels=9)
    seen: list[Tensor] = []
    encoder.features[0].register_forward_hook(lambda _m, _i, output: seen.append(output.clone()))

    encoder.load_state_dict(fcn_state_from_vgg16(state, scaled_input=True))
    with torch.inference_mode():
        encoder(image)

    inside = (..., slice(1, -1), slice(1, -1))
    assert torch.allclose(seen[0][inside], expected[inside], atol=1e-3)


def test_weights_that_are_no_classifier_are_refused() -> None:
    with pytest.raises(ValueError, match=r"classifier\.0\.weight.*got nothing"):
        fcn_state_from_vgg16({}, scaled_input=False)
    with pytest.raises(ValueError, match=r"multiple of 49 inputs, got shape \(4, 50\)"):
        fcn_state_from_vgg16({"classifier.0.weight": torch.zeros(4, 50)}, scaled_input=False)
