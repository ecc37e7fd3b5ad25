"""The multimodal LSTM by hand and by its direct formulation, its costs, and what it can learn."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from textseg_core.evaluation.flops import measure
from textseg_core.models import registry
from textseg_core.models.fusion import cell_coordinates, l2_normalise
from textseg_core.models.recurrent import WordLstm, lstm_step
from textseg_core.models.rmi import InteractionHead, RmiNetwork
from textseg_core.runtime.export import export
from textseg_core.runtime.onnx_backend import OnnxBackend

NARROW = {
    "vocabulary_size": 30,
    "input_px": 64,
    "tokens": 5,
    "backbone": "resnet18",
    "cell_stride": 8,
    "visual_channels": 10,
    "embedding_channels": 6,
    "expression_channels": 7,
    "hidden_channels": 8,
}
BOTH = pytest.mark.parametrize("interaction", ["mlstm", "lstm"])


def narrow(**changes: Any) -> RmiNetwork:
    torch.manual_seed(0)
    return RmiNetwork(**{**NARROW, **changes})


def noise_image(count: int = 1, side: int = 64) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator)


def some_ids() -> Tensor:
    return torch.tensor([[0, 0, 7, 9, 4], [0, 0, 0, 0, 5], [11, 12, 13, 14, 15]])


@BOTH
@pytest.mark.parametrize("backbone", ["resnet101", "deeplab101", "resnet18", "mobilenet_v2"])
def test_logits_are_one_for_each_pixel(backbone: str, interaction: str) -> None:
    with torch.device("meta"):
        network = narrow(backbone=backbone, interaction=interaction, input_px=32).eval()

    with torch.inference_mode():
        answer = network(noise_image(1, 32).to("meta"), some_ids().to("meta"))

    assert network.stride == 1
    assert answer["logits"].shape == (3, 1, 32, 32)


@pytest.mark.parametrize(
    ("backbone", "stride"), [("resnet18", 8), ("resnet18", 16), ("mobilenet_v2", 8)]
)
def test_descriptors_have_length_one_in_cells_of_the_stride(backbone: str, stride: int) -> None:
    network = narrow(backbone=backbone, cell_stride=stride)

    with torch.inference_mode():
        (visual,) = network.image_encoder(noise_image(2))

    assert visual.shape == (2, 10, 64 // stride, 64 // stride)
    assert torch.allclose(visual.norm(dim=1), torch.ones(()), atol=1e-5)


def test_default_settings_are_those_of_the_paper() -> None:
    with torch.device("meta"):
        network = registry.build("rmi", vocabulary_size=8803)
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}

    assert isinstance(network, RmiNetwork)
    assert (network.input_px, network.tokens) == (320, 20)
    assert shapes["image_encoder.describe.weight"] == (1000, 2048, 1, 1)
    assert shapes["expression_encoder.embedding.weight"] == (8803, 1000)
    assert shapes["expression_encoder.lstm.from_input.weight"] == (4000, 1000)
    assert shapes["expression_encoder.to_gates.weight"] == (2000, 2000)
    assert shapes["query_head.from_image.weight"] == (2000, 1008, 1, 1)
    assert shapes["query_head.from_state.weight"] == (2000, 500)
    assert network.query_head.coordinates.shape == (1, 8, 40, 40)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"interaction": "gru"}, "interaction must be mlstm or lstm, got 'gru'"),
        ({"input_px": 100}, "positive multiple of 8, got 100"),
        ({"cell_stride": 4}, r"cell_stride must be one of \(8, 16, 32\), got 4"),
        ({"backbone": "vgg19"}, "backbone must be one of resnet101, deeplab101"),
    ],
)
def test_wrong_setting_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        narrow(**change)


def test_a_step_by_hand() -> None:
    # sigmoid(ln 3) = 3/4, sigmoid(0) = 1/2, sigmoid(-ln 3) = 1/4; tanh(ln 2) = 3/5.
    enter, forget, content, leave = math.log(3), 0.0, math.log(2), -math.log(3)

    state, memory = lstm_step(
        torch.tensor([[enter, forget, content, leave]]), torch.tensor([[2.0]])
    )

    assert memory.item() == pytest.approx(0.75 * 0.6 + 0.5 * 2.0)
    assert state.item() == pytest.approx(0.25 * math.tanh(1.45))


def test_multimodal_lstm_in_one_cell_by_hand() -> None:
    head = InteractionHead(visual_channels=1, hidden_channels=1, cells=1, cell_stride=8)
    with torch.no_grad():
        head.from_image.weight.zero_()
        head.from_image.bias.zero_()  # type: ignore[union-attr]
        head.from_image.weight[:, 0, 0, 0] = torch.tensor([math.log(3), 0.0, 0.0, 0.0])
        head.from_state.weight[:] = torch.tensor([[0.0], [0.0], [1.0], [0.0]])
        head.score.weight.fill_(2.0)
        head.score.bias.fill_(0.5)  # type: ignore[union-attr]
    # Each word adds ln 2 to the content; the visual descriptor is 1; the second step is padding.
    words = torch.tensor([[[0.0, 0.0, math.log(2), 0.0]] * 3])
    present = torch.tensor([[1.0, 0.0, 1.0]])
    memory = 0.75 * 0.6
    state = 0.5 * math.tanh(memory)
    memory = 0.75 * math.tanh(math.log(2) + state) + 0.5 * memory
    state = 0.5 * math.tanh(memory)

    (logits,) = head(torch.ones(1, 1, 1, 1), words, present)

    assert logits.shape == (1, 1, 8, 8)
    assert logits[0, 0, 3, 3].item() == pytest.approx(2.0 * state + 0.5, abs=1e-6)


class Direct(nn.Module):
    """The paper's formulation: all inputs tiled and concatenated in each cell at each word."""

    def __init__(self, network: RmiNetwork) -> None:
        super().__init__()
        read, head = network.expression_encoder, network.query_head
        self.read, self.head = read, head
        with torch.no_grad():
            weight = torch.cat(
                [
                    head.from_image.weight[:, :, 0, 0],
                    read.to_gates.weight,
                    head.from_state.weight,
                ],
                dim=1,
            )
        self.gates = nn.Conv2d(weight.shape[1], weight.shape[0], 1, device="meta")
        self.gates.weight = nn.Parameter(weight[:, :, None, None])
        self.gates.bias = head.from_image.bias

    def forward(self, visual: Tensor, token_ids: Tensor) -> Tensor:
        words, states, present = self.read.read(token_ids)
        queries, hidden = token_ids.shape[0], self.gates.out_channels // 4
        rows, columns = visual.shape[2:]
        place = cell_coordinates(rows, columns, 8).to(visual.device)
        state = memory = visual.new_zeros(queries, hidden, rows, columns)
        for step in range(token_ids.shape[1]):
            told = torch.cat([words[:, step], l2_normalise(states[:, step])], dim=1)
            seen = torch.cat([visual, place], dim=1).expand(queries, -1, -1, -1)
            told = told[:, :, None, None].expand(-1, -1, rows, columns)
            gates = self.gates(torch.cat([seen, told, state], dim=1))
            enter, forget, content, leave = gates.split(hidden, dim=1)
            new = torch.sigmoid(forget) * memory + torch.sigmoid(enter) * torch.tanh(content)
            here = present[:, step, None, None, None]
            state = here * torch.sigmoid(leave) * torch.tanh(new) + (1 - here) * state
            memory = here * new + (1 - here) * memory
        scores = F.conv2d(F.relu(state), self.head.score.weight[..., None], self.head.score.bias)
        return F.interpolate(scores, scale_factor=8, mode="bilinear")


def test_hoisted_evaluation_equals_the_direct_one() -> None:
    network = narrow(visual_channels=20, expression_channels=16, hidden_channels=12)
    ids = torch.tensor([[0, 0, 7, 9, 4], [0, 0, 0, 0, 5], [3, 0, 13, 0, 15]])
    with torch.inference_mode():
        for parameter in network.query_head.parameters():
            parameter.normal_(std=0.7)  # far from where gates are linear
        (visual,) = network.image_encoder(noise_image())
        expected = Direct(network)(visual, ids)

        (logits,) = network.query_head(visual, *network.expression_encoder(ids))

    assert expected.std() > 0.1
    assert (logits - expected).abs().max() < 1e-5


def test_hoisting_takes_224_gmac_to_34() -> None:
    with torch.device("meta"):
        network = RmiNetwork(vocabulary_size=100, backbone="resnet18").eval()
        direct, visual = Direct(network), torch.zeros(1, 1000, 40, 40)
        ids = torch.zeros(1, 20, dtype=torch.int64)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            direct(visual, ids)
    lstm = 20 * 1000 * 4000 + 19 * 1000 * 4000

    cost = measure("rmi", network)

    # In 1600 cells: (1008 + 2000 + 500) x 2000 for each of 20 words; against 1008 x 2000
    # once for the image and 500 x 2000 for each word but the first, whose state is zero. In no
    # cell: 2000 x 2000 for each word.
    gates = counter.get_total_flops() / 2e9 - (lstm + 1600 * 500) / 1e9
    assert gates == pytest.approx(224.5, abs=0.1)
    assert cost.head_shared_gmac == pytest.approx(3.23, abs=0.01)
    assert cost.head_gmac == pytest.approx(30.4, abs=0.01)
    assert cost.expression_gmac == pytest.approx((lstm + 20 * 2000 * 2000) / 1e9)
    assert cost.head_shared_gmac + cost.head_gmac + 0.08 == pytest.approx(33.7, abs=0.05)


@BOTH
def test_padding_changes_nothing(interaction: str) -> None:
    network = narrow(interaction=interaction).eval()
    left = torch.tensor([[0, 0, 0, 7, 9]])
    right = torch.tensor([[7, 9, 0, 0, 0]])
    broken = torch.tensor([[0, 7, 0, 0, 9]])

    with torch.inference_mode():
        answers = [network(noise_image(), ids)["logits"] for ids in (left, right, broken)]

    assert torch.allclose(answers[0], answers[1], atol=1e-6)
    assert torch.allclose(answers[0], answers[2], atol=1e-6)


def test_word_lstm_is_torch_s_where_nothing_is_padded() -> None:
    torch.manual_seed(0)
    mine, theirs = WordLstm(4, 3), nn.LSTM(4, 3, batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(mine.from_input.weight)
        theirs.weight_hh_l0.copy_(mine.from_state.weight)
        theirs.bias_ih_l0.copy_(mine.from_input.bias)
        theirs.bias_hh_l0.zero_()
    words = torch.randn(2, 6, 4)

    states = mine(words, torch.ones(2, 6))

    assert torch.allclose(states, theirs(words)[0], atol=1e-6)


@BOTH
def test_an_expression_without_words_has_a_finite_answer(interaction: str) -> None:
    network = narrow(interaction=interaction).eval()

    with torch.inference_mode():
        logits = network(noise_image(), torch.zeros(1, 5, dtype=torch.int64))["logits"]

    assert torch.isfinite(logits).all()


@BOTH
def test_images_with_several_expressions_each_are_answered_as_alone(interaction: str) -> None:
    network = narrow(interaction=interaction).eval()
    images = noise_image(2)
    ids = torch.cat([some_ids(), some_ids().flip(0)])

    with torch.inference_mode():
        (visual,) = network.image_encoder(images)
        (together,) = network.query_head(visual, *network.expression_encoder(ids))
        alone = [network(images[[row // 3]], ids[[row]])["logits"] for row in range(6)]

    assert torch.allclose(together, torch.cat(alone), atol=1e-5)


@BOTH
def test_the_loss_reaches_every_parameter(interaction: str) -> None:
    network = narrow(interaction=interaction)
    logits = network(noise_image(3), some_ids())["logits"]
    target = torch.zeros_like(logits)
    target[..., :32] = 1

    F.binary_cross_entropy_with_logits(logits, target).backward()

    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@BOTH
@pytest.mark.parametrize("storage", ["float32", "int8"])
def test_onnx_equals_torch(interaction: str, storage: Any, tmp_path: Path) -> None:
    network = narrow(interaction=interaction)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # statistics become those of this one batch
    with torch.no_grad():
        network.image_encoder(noise_image(4))
        for name, parameter in network.named_parameters():
            if not name.startswith("image_encoder.features"):
                parameter.mul_(3)
    network.eval()
    words = ["<pad>", "<go>", "<eos>", "<unk>", *(f"w{i}" for i in range(26))]
    image, ids = noise_image(), some_ids()

    report = export(network, words, tmp_path / "model", storage=storage)
    backend = OnnxBackend(tmp_path / "model")
    read = [backend.encode_expression(one[None].numpy()) for one in ids]
    answer = backend.respond(backend.encode_image(image[0].numpy()), read)

    assert report.difference < 1e-4
    assert answer["logits"].shape == (3, 1, 64, 64)
    if storage == "float32":
        with torch.inference_mode():
            expected = network(image, ids)["logits"]
        assert expected.std() > 0.1  # else any two networks were alike
        assert np.abs(answer["logits"] - expected.numpy()).max() < 1e-4


def drawn_samples() -> tuple[Tensor, Tensor, Tensor]:
    """Four pictures of a red and a blue square, with an expression for each square."""
    grey = torch.full((64, 64, 3), 90, dtype=torch.uint8)
    images, ids, masks = [], [], []
    for red_top, blue_top in ((0, 32), (32, 0), (16, 16), (0, 0)):
        image = grey.clone()
        squares = ((4, 0, red_top, (230, 30, 30)), (5, 32, blue_top, (30, 60, 230)))
        for word, left, top, colour in squares:
            mask = torch.zeros(64, 64)
            mask[top : top + 32, left : left + 32] = 1
            image[mask > 0] = torch.tensor(colour, dtype=torch.uint8)
            ids.append([0, 0, 0, word, 6])
            masks.append(mask)
        images.append(image)
    return torch.stack(images), torch.tensor(ids), torch.stack(masks)[:, None]


@BOTH
def test_eight_samples_are_learnt_by_heart(interaction: str) -> None:
    network = narrow(
        interaction=interaction,
        visual_channels=32,
        embedding_channels=16,
        expression_channels=16,
        hidden_channels=32,
    )
    images, ids, masks = drawn_samples()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    ious = torch.zeros(8)
    for _ in range(100):
        (visual,) = network.image_encoder(images)
        (logits,) = network.query_head(visual, *network.expression_encoder(ids))
        optimiser.zero_grad()
        F.binary_cross_entropy_with_logits(logits, masks).backward()
        optimiser.step()
        found, meant = logits > 0, masks > 0.5
        ious = (found & meant).sum((1, 2, 3)) / (found | meant).sum((1, 2, 3))
        if ious.mean() >= 0.92:
            break

    assert ious.shape == (8,)
    assert ious.mean() >= 0.9
