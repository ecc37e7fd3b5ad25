from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import mobilenet_v2  # type: ignore[import-untyped]

from textseg_core.models.compact import CompactNetwork
from textseg_core.runtime.export import export
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.training.recipe import CompactRecipe, whole_loss
from textseg_core.training.settings import TrainSettings

WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "green", "mug", "left"]
SIDE, TOKENS, WIDTH, LEXICAL = 64, 5, 32, 16


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost a network this small far more than they bring, on busy cores most of all."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def small(dropout: float = 0.1) -> CompactNetwork:
    """A small network with random weights, some of the words with known looks."""
    torch.manual_seed(0)
    network = CompactNetwork(
        vocabulary_size=len(WORDS),
        tokens=TOKENS,
        input_px=SIDE,
        width=WIDTH,
        lexical_width=LEXICAL,
        dropout=dropout,
    )
    torch.nn.init.normal_(network.expression_encoder.lexicon.weight[4:7])
    network.expression_encoder.lexicon.weight.requires_grad_(False)
    return network


def pictures(count: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, SIDE, SIDE, 3), dtype=torch.uint8, generator=generator)


IDS = torch.tensor([[4, 6, 0, 0, 0], [5, 6, 7, 0, 0], [7, 0, 0, 0, 0]])


def test_outputs_have_the_shapes_that_their_names_promise() -> None:
    network = small().eval()

    with torch.no_grad():
        cells, lexical, detail = network.image_encoder(pictures(2))
        words, hidden, noun = network.expression_encoder(IDS)
        answer = network(pictures(1), IDS)

    assert cells.shape == (2, 16, WIDTH)  # 4 x 4 cells of 16 px
    assert lexical.shape == (2, 16, LEXICAL)
    assert detail.shape == (2, 32, 16, 16)
    assert words.shape == (3, TOKENS, WIDTH)
    assert hidden.tolist() == [[0, 0, 1, 1, 1], [0, 0, 0, 1, 1], [0, 1, 1, 1, 1]]
    assert noun.shape == (3, LEXICAL)
    assert {name: tuple(value.shape) for name, value in answer.items()} == {
        "logits": (3, 1, 16, 16),
        "presence": (3,),
        "several": (3,),
    }


def test_in_training_the_coarse_logits_come_last() -> None:
    network = small()

    outputs = network.query_head(
        *network.image_encoder(pictures(3)), *network.expression_encoder(IDS)
    )

    assert [tuple(value.shape) for value in outputs] == [(3, 1, 16, 16), (3,), (3,), (3, 1, 4, 4)]


def test_lexical_cells_have_length_one() -> None:
    network = small().eval()

    with torch.no_grad():
        network.image_encoder.to_lexical.weight.mul_(1e9)  # random layers let signals fade
        _, lexical, _ = network.image_encoder(pictures(1))

    torch.testing.assert_close(lexical.norm(dim=-1), torch.ones(1, 16))


def test_the_first_convolution_can_scale_the_picture_itself() -> None:
    network, image = small().eval(), pictures(1)
    stem = next(one for one in network.modules() if isinstance(one, torch.nn.Conv2d))
    seen: list[Tensor] = []
    stem.register_forward_hook(lambda layer, inputs, output: seen.extend((*inputs, output)))

    with torch.no_grad():
        network.image_encoder(image)
        network.image_encoder.fold_scale()
        network.image_encoder(image)
        network.image_encoder.fold_scale()  # once is enough
        network.image_encoder(image)

    scaled, before, whole, after, _, again = seen
    assert (scaled.min().item(), scaled.max().item()) == (-1.0, 1.0)
    assert (whole.min().item(), whole.max().item()) == (-127.5, 127.5)
    assert torch.equal(whole.half().float(), whole)
    torch.testing.assert_close(after, before)
    assert torch.equal(again, after)


@pytest.mark.parametrize("input_px", [0, -32, 48, 100])
def test_an_input_that_is_no_multiple_of_32_is_refused(input_px: int) -> None:
    with pytest.raises(ValueError, match=f"positive multiple of 32, got {input_px}"):
        CompactNetwork(vocabulary_size=5, input_px=input_px)


def test_several_expressions_are_answered_as_each_alone() -> None:
    network = small().eval()

    with torch.no_grad():
        together = network(pictures(1), IDS)
        alone = [network(pictures(1), ids[None]) for ids in IDS]

    for name, value in together.items():
        torch.testing.assert_close(value, torch.cat([one[name] for one in alone]))
    assert (together["logits"][0] - together["logits"][1]).abs().max() > 1e-3


def test_one_image_for_each_expression_is_as_each_pair_alone() -> None:
    network, images = small().eval(), pictures(3)

    with torch.no_grad():
        together = network(images, IDS)["logits"]
        alone = [network(images[i : i + 1], IDS[i : i + 1])["logits"] for i in range(3)]

    torch.testing.assert_close(together, torch.cat(alone))


def test_what_stands_for_padding_does_not_change_the_answer() -> None:
    network = small().eval()

    with torch.no_grad():
        before = network(pictures(1), IDS)
        network.expression_encoder.embedding.weight[0].normal_(std=10)
        network.expression_encoder.position[:, 3:].normal_(std=10)  # none has a fourth word
        after = network(pictures(1), IDS)

    for name in before:
        torch.testing.assert_close(before[name], after[name])


def test_the_order_of_words_changes_the_answer() -> None:
    network = small().eval()

    with torch.no_grad():
        answer = network(pictures(1), torch.tensor([[4, 7, 5, 0, 0], [5, 7, 4, 0, 0]]))

    assert (answer["logits"][0] - answer["logits"][1]).abs().max() > 1e-3


def test_an_expression_of_padding_alone_is_answered_with_numbers() -> None:
    with torch.no_grad():
        answer = small().eval()(pictures(1), torch.zeros((1, TOKENS), dtype=torch.int64))

    assert all(value.isfinite().all() for value in answer.values())


def test_the_noun_is_a_mean_of_the_words_looks() -> None:
    network = small().eval()
    looks = network.expression_encoder.lexicon.weight

    with torch.no_grad():
        *_, noun = network.expression_encoder(torch.tensor([[6, 0, 0, 0, 0], [6, 6, 0, 0, 0]]))

    torch.testing.assert_close(noun, looks[6].expand(2, -1).clone())


def test_gradients_reach_every_trainable_parameter() -> None:
    network = small(dropout=0.0).train()

    outputs = network.query_head(
        *network.image_encoder(pictures(3)), *network.expression_encoder(IDS)
    )
    torch.stack([value.square().sum() for value in outputs]).sum().backward()  # type: ignore[no-untyped-call]

    # A constant added to all scores of a softmax changes nothing.
    useless = ("to_key.bias", "word_weight.bias")
    without = [
        name
        for name, parameter in network.named_parameters()
        if parameter.requires_grad
        and not name.endswith(useless)
        and (parameter.grad is None or not parameter.grad.abs().sum() > 0)
    ]
    assert without == []
    assert network.expression_encoder.lexicon.weight.grad is None


def test_frozen_layers_stay_and_the_rest_learns() -> None:
    network = small()
    network.image_encoder.freeze(7)
    network.train()
    features = network.image_encoder.features
    before = {name: value.clone() for name, value in features.state_dict().items()}
    top = network.image_encoder.top.weight.detach().clone()

    trainable = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(trainable, lr=0.1)
    outputs = network.query_head(
        *network.image_encoder(pictures(3)), *network.expression_encoder(IDS)
    )
    torch.stack([value.square().sum() for value in outputs]).sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()

    changed = {
        name for name, value in features.state_dict().items() if not value.equal(before[name])
    }
    assert changed
    assert {p.requires_grad for p in features[:7].parameters()} == {False}
    assert not [name for name in changed if int(name.split(".")[0]) < 7]
    assert not network.image_encoder.top.weight.equal(top)


def test_the_backbone_is_torchvisions_with_batch_normalisation_folded_in() -> None:
    torch.manual_seed(2)
    backbone = mobilenet_v2(weights=None)
    for layer in backbone.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            torch.nn.init.uniform_(layer.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(layer.running_var, 0.8, 1.2)
            torch.nn.init.uniform_(layer.bias, 0.0, 0.3)
    network = small().eval()

    network.image_encoder.load_imagenet(backbone.state_dict())

    values = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        expected = backbone.eval().features(values)
        found = network.image_encoder.features(values)
    assert expected.abs().max() > 0.05
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    layers = network.image_encoder.features.modules()
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in layers)


def test_expressions_of_several_images_are_answered_as_those_of_each_alone() -> None:
    network, images = small().eval(), pictures(2)
    ids = torch.cat([IDS, IDS.flip(0)])  # three for each image

    with torch.no_grad():
        together = network(images, ids)["logits"]
        alone = [network(images[i : i + 1], ids[3 * i : 3 * i + 3])["logits"] for i in range(2)]

    torch.testing.assert_close(together, torch.cat(alone))
    assert (together[0] - together[5]).abs().max() > 1e-3  # the same words of another image


def test_onnx_equals_torch(tmp_path: Path) -> None:
    network = small().eval()
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    with torch.no_grad():  # answers that are not grey all over
        network.query_head.kernel[-1].weight.mul_(20)  # type: ignore[operator]

    report = export(network, WORDS, tmp_path / "model")
    backend = OnnxBackend(tmp_path / "model")
    read = [backend.encode_expression(ids[None].numpy()) for ids in IDS]
    answer = backend.respond(backend.encode_image(image), read)

    with torch.no_grad():
        expected = network(torch.from_numpy(image)[None], IDS)
    assert set(answer) == {"logits", "presence", "several"}
    response = expected["logits"].sigmoid()
    assert response.max() - response.min() > 0.1
    for name, value in expected.items():
        ours = torch.from_numpy(answer[name]).sigmoid()
        assert (ours - value.sigmoid()).abs().max() < 1e-3
    assert report.difference < 1e-3


def test_it_learns_four_drawn_samples() -> None:
    """Two pictures with a red and a green block each; the words decide which is meant."""
    blocks = [
        [((255, 0, 0), (4, 8, 28, 32)), ((0, 255, 0), (36, 8, 60, 40))],
        [((255, 0, 0), (8, 36, 40, 60)), ((0, 255, 0), (32, 4, 60, 28))],
    ]
    image = torch.zeros((2, SIDE, SIDE, 3), dtype=torch.uint8)
    target = torch.zeros((2, 2, 1, 16, 16))
    for picture, pair in enumerate(blocks):
        for query, (colour, (x0, y0, x1, y1)) in enumerate(pair):
            image[picture, y0:y1, x0:x1] = torch.tensor(colour, dtype=torch.uint8)
            target[picture, query, 0, y0 // 4 : y1 // 4, x0 // 4 : x1 // 4] = 1
    ids = torch.zeros((2, 2, TOKENS), dtype=torch.int64)
    ids[:, 0, 0], ids[:, 1, 0] = 4, 5
    batch = {"image": image, "token_ids": ids, "target": target}
    batch |= {"presence": torch.ones(2, 2), "several": torch.zeros(2, 2)}
    batch |= {"placed": torch.ones(2, 2)}
    network = small(dropout=0.0).train()
    trainable = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trainable, lr=3e-3)

    recipe = CompactRecipe(TrainSettings(steps=60), WORDS, None)
    for _ in range(60):
        optimiser.zero_grad()
        whole_loss(recipe.losses(network, batch)).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        optimiser.step()

    with torch.no_grad():
        answer = network.eval()(image.repeat_interleave(2, 0), ids.flatten(0, 1))
    found, meant = answer["logits"] > 0, target.flatten(0, 1) > 0
    iou = (found & meant).sum((1, 2, 3)) / (found | meant).sum((1, 2, 3))
    assert iou.mean() > 0.8
    assert (answer["presence"] > 0).all()
    assert (answer["several"] < 0).all()


def test_the_full_network_keeps_within_its_budget() -> None:
    network = CompactNetwork(vocabulary_size=8).eval()

    with torch.no_grad():
        with FlopCounterMode(display=False) as image_flops:
            seen = network.image_encoder(torch.zeros((1, 320, 320, 3), dtype=torch.uint8))
        read = network.expression_encoder(torch.zeros((1, 24), dtype=torch.int64))
        with FlopCounterMode(display=False) as head_flops:
            network.query_head(*seen, *read)

    # A multiplication with its addition counts as two operations.
    assert 0.3e9 < image_flops.get_total_flops() / 2 <= 1.5e9
    assert 0.01e9 < head_flops.get_total_flops() / 2 <= 0.1e9


def test_a_resized_network_answers_as_one_built_of_that_size() -> None:
    network = small().eval()
    larger = CompactNetwork(
        vocabulary_size=len(WORDS),
        tokens=TOKENS,
        input_px=96,
        width=WIDTH,
        lexical_width=LEXICAL,
    ).eval()
    larger.load_state_dict(network.state_dict())
    image = torch.randint(0, 256, (1, 96, 96, 3), dtype=torch.uint8)

    network.resize(96)

    assert network.input_px == 96
    with torch.no_grad():
        torch.testing.assert_close(network(image, IDS), larger(image, IDS))
    with pytest.raises(ValueError, match="multiple of 32, got 80"):
        network.resize(80)


def ablated(**without: bool) -> CompactNetwork:
    torch.manual_seed(0)
    return CompactNetwork(
        vocabulary_size=len(WORDS),
        tokens=TOKENS,
        input_px=SIDE,
        width=WIDTH,
        lexical_width=LEXICAL,
        **without,
    ).eval()


@torch.no_grad()
def test_without_coordinates_a_rolled_map_of_cells_gives_rolled_logits() -> None:
    words, hidden, noun = (
        torch.randn(1, TOKENS, WIDTH),
        torch.zeros(1, TOKENS),
        torch.zeros(1, LEXICAL),
    )
    side = SIDE // 16
    cells = torch.randn(1, side, side, WIDTH)
    detail = torch.zeros(1, 32, SIDE // 4, SIDE // 4)

    def answer(network: CompactNetwork, cells: Tensor) -> Tensor:
        flat, looks = cells.flatten(1, 2), torch.zeros(1, side * side, LEXICAL)
        logits: Tensor = network.query_head(flat, looks, detail, words, hidden, noun)[0]
        return logits

    blind, knowing = ablated(coordinates=False), ablated()
    turned = cells.flip(2)

    torch.testing.assert_close(answer(blind, turned), answer(blind, cells).flip(3))
    assert (answer(knowing, turned) - answer(knowing, cells).flip(3)).abs().max() > 0.01


@torch.no_grad()
def test_without_attention_every_cell_hears_the_same_mean_of_the_shown_words() -> None:
    network = ablated(attention=False)
    seen = network.image_encoder(pictures(1))
    words, hidden, noun = network.expression_encoder(IDS[:1])

    answer = network.query_head(*seen, words, hidden, noun)[0]
    changed = words.clone()
    changed[hidden > 0] += 5.0  # padding is not heard
    swapped = words[:, [1, 0, 2, 3, 4]]  # a mean has no order

    torch.testing.assert_close(network.query_head(*seen, changed, hidden, noun)[0], answer)
    torch.testing.assert_close(network.query_head(*seen, swapped, hidden, noun)[0], answer)
    assert (network.query_head(*seen, words + 1.0, hidden, noun)[0] - answer).abs().max() > 0.01


@torch.no_grad()
def test_without_presence_the_greatest_logit_stands_for_it() -> None:
    answer = ablated(presence=False)(pictures(1), IDS)

    assert torch.equal(answer["presence"], answer["logits"].amax(dim=(1, 2, 3)))


def test_freezing_fewer_blocks_lets_the_others_learn_again() -> None:
    encoder = small().image_encoder

    encoder.freeze(7)
    encoder.freeze(3)

    assert not any(p.requires_grad for p in encoder.features[:3].parameters())
    assert all(p.requires_grad for p in encoder.features[3:].parameters())
