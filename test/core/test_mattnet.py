"""MAttNet: each of its equations by hand, its losses, gradients, and ONNX Runtime."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from textseg_core.models.detection.boxes import OUTSIDE
from textseg_core.models.matt_modules import (
    Match,
    NormOfSome,
    Rescale,
    Seen,
    location_features,
    nearest,
    offsets,
    see,
)
from textseg_core.models.mattnet import Asked, MattNetwork, known_things
from textseg_core.models.module_language import LanguageAttention
from textseg_core.runtime.export import export
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.training.ranking import attribute_loss, attribute_weights, ranking_loss

PX = 64
NARROW = {
    "vocabulary_size": 12,
    "input_px": PX,
    "tokens": 4,
    "backbone": "mobilenet_v2",
    "categories": ("thing", "mug"),
    "attributes": ("red", "blue", "wood"),
    "proposals": 6,
    "regions": 12,
    "candidates": 24,
    "pyramid_channels": 16,
    "box_channels": 24,
    "mask_layers": 1,
    "least_score": 0.5,
    "embedding_channels": 6,
    "language_channels": 7,
    "visual_channels": 8,
    "joint_channels": 9,
}


def narrow(**changes: Any) -> MattNetwork:
    torch.manual_seed(5)
    return MattNetwork(**{**NARROW, **changes})


def noise(count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, PX, PX, 3), dtype=torch.uint8, generator=generator)


IDS = torch.tensor([[0, 0, 4, 5], [0, 6, 7, 8], [0, 0, 0, 11]])


def test_answers_have_the_promised_names_and_shapes() -> None:
    network = narrow().eval()

    with torch.inference_mode():
        seen = network.image_encoder(noise())
        answer = network(noise(), IDS)

    assert len(seen) == len(network.image_outputs)
    assert answer["logits"].shape == (3, 1, PX // 4, PX // 4)
    assert answer["presence"].shape == (3,)


def test_default_settings_are_those_of_the_paper() -> None:
    with torch.device("meta"):
        network = MattNetwork(vocabulary_size=10)

    encoder, language = network.image_encoder, network.expression_encoder.language
    assert language.embedding.weight.shape == (10, 512)
    assert language.hidden.weight.shape == (512, 512)
    assert language.lstm.forwards.from_state.weight.shape == (4 * 512, 512)
    assert language.to_weights.weight.shape == (3, 1024)
    assert encoder.modules_of.fuse.weight.shape == (512, 1024 + 2048)
    assert encoder.modules_of.location.weight.shape == (512, 5 + 25)
    assert encoder.modules_of.relationship.weight.shape == (512, 2048 + 5)
    assert encoder._least_score == 0.65


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"attributes": ()}, "at least one word"),
        ({"proposals": 4}, "5 at least"),
        ({"least_score": 1.0}, r"least_score must lie in \[0, 1\)"),
    ],
)
def test_a_wrong_setting_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        narrow(**change)


def test_module_weights_and_phrases_by_their_equations() -> None:
    torch.manual_seed(0)
    language = LanguageAttention(12, 5, 6, 3)

    with torch.no_grad():
        found = language(torch.tensor([[0, 3, 7]]))
        words = torch.relu(language.hidden(language.embedding.weight[[3, 7]]))
        there = torch.ones(1, 2)
        ahead = language.lstm.forwards(words[None], there)[0]
        back = language.lstm.backwards(words.flip(0)[None], there)[0].flip(0)
        ends = torch.cat([ahead[-1], back[0]])
        weights = torch.softmax(language.to_weights.weight @ ends + language.to_weights.bias, 0)
        scores = torch.cat([ahead, back], dim=1) @ language.to_attention.weight.T
        attention = torch.softmax(scores, dim=0).T

    torch.testing.assert_close(found.weights[0], weights)
    torch.testing.assert_close(found.attention[0, :, 1:], attention)
    assert found.attention[0, :, 0].max() < 1e-20
    torch.testing.assert_close(found.phrases[0], attention @ words)


def test_padding_on_either_side_is_not_read() -> None:
    language = LanguageAttention(12, 5, 6, 3)
    left, right = (language(torch.tensor([ids])) for ids in ([0, 0, 3, 7], [3, 7, 0, 0]))

    torch.testing.assert_close(left.weights, right.weights)
    torch.testing.assert_close(left.phrases, right.phrases)


def test_an_expression_without_words_has_a_finite_answer() -> None:
    assert torch.isfinite(narrow().eval()(noise(), torch.zeros(1, 4).long())["logits"]).all()


BOXES = torch.tensor([[[0.0, 0, 10, 20], [20, 0, 30, 20], [0, 40, 20, 60], [40, 40, 60, 60]]])


def test_location_features_by_hand() -> None:
    labels = torch.tensor([[1, 1, 0, 1]])
    there = torch.tensor([[1.0, 1, 1, 0]])

    kin, met = nearest(BOXES, there, labels)
    found = location_features(BOXES, kin, met, 100)[0, 0]

    # The second is the only other one of its category: the third has another, the last is none.
    assert met[0, 0].tolist() == [1, 0, 0, 0, 0]
    expected = [0, 0, 0.1, 0.2, 0.02, *(20 / 10, 0, 20 / 10, 0, 1), *([0] * 20)]
    assert found.tolist() == pytest.approx(expected)


def test_neighbours_of_any_category_come_by_the_distance_of_their_centres() -> None:
    places, met = nearest(BOXES, torch.ones(1, 4), None)

    # From the centre (5, 10): to (25, 10) 20, to (10, 50) 40.3, to (50, 50) 60.2.
    assert places[0, 0, :3].tolist() == [1, 2, 3]
    assert met[0].sum(dim=1).tolist() == [3, 3, 3, 3]


def test_offsets_are_in_units_of_the_own_box() -> None:
    found = offsets(BOXES, torch.tensor([[[2] * 5, [0] * 5, [0] * 5, [0] * 5]]))[0, 0, 0]

    assert found.tolist() == pytest.approx([0, 40 / 20, (20 - 10) / 10, (60 - 20) / 20, 2.0])


def test_rescaling_gives_each_descriptor_the_learnt_length() -> None:
    layer = Rescale(2)

    assert layer(torch.tensor([[3.0, 4.0]])).tolist() == [pytest.approx([12, 16])]


def test_norms_learn_from_the_rows_that_are_there() -> None:
    norm = NormOfSome(1).train()
    values = torch.tensor([[1.0], [3.0], [1000.0]])

    found = norm(values, torch.tensor([1.0, 1.0, 0.0]))

    assert found[:, 0].tolist() == pytest.approx([-1, 1, 0], abs=1e-4)
    assert norm.running_mean.item() == pytest.approx(0.2)
    norm(values, torch.tensor([0.0, 0.0, 1.0]))
    assert norm.running_mean.item() == pytest.approx(0.2)  # one row has no statistics


def test_matching_is_the_cosine_of_two_layers_each() -> None:
    match = Match(3, 4).eval()
    with torch.no_grad():  # the rectifier takes one value away, and never all of them
        match.first.weight.abs_()
        match.first.weight[0].neg_()
    values = torch.rand(2, 3)

    hidden = torch.relu(values @ match.first.weight.T / math.sqrt(1 + 1e-5))
    expected = hidden @ match.second.weight.T
    expected = expected / expected.norm(dim=1, keepdim=True)

    torch.testing.assert_close(match(values), expected)


def hand_made(network: MattNetwork) -> tuple[Seen, Asked]:
    """Three things of one image and one expression, of random numbers of length one."""
    torch.manual_seed(3)

    def unit(*shape: int) -> Tensor:
        values = torch.randn(*shape)
        return values / values.norm(dim=-1, keepdim=True)

    seen = Seen(
        torch.rand(1, 3, 8, 49),
        torch.randn(1, 3, 8, 49),
        unit(1, 3, 9),
        unit(1, 3, 5, 9),
        torch.tensor([[[1.0, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]]),
        torch.zeros(1, 3, 3),
    )
    return seen, Asked(torch.tensor([[0.5, 0.3, 0.2]]), unit(1, 3, 9), torch.randn(1, 8))


def test_scores_by_their_equations() -> None:
    network = narrow().eval()
    head = network.query_head
    seen, asked = hand_made(network)

    with torch.no_grad():
        scored = head.score(seen, asked)
        for thing in range(3):
            hidden = torch.tanh(seen.glances[0, thing].T + asked.glance[0])
            attention = torch.softmax(hidden @ head.to_attention.weight[0], 0)
            pooled = (attention[:, None] * seen.cells[0, thing].T).sum(0)
            subject = head.subject_match(pooled[None])[0] @ asked.phrases[0, 0]
            location = seen.places[0, thing] @ asked.phrases[0, 1]
            near = [seen.beside[0, thing, j] @ asked.phrases[0, 2] for j in range(2 - thing)]
            relationship = max(near) if near else torch.tensor(-1.0)
            expected = torch.stack([subject, location, relationship])

            torch.testing.assert_close(scored.attention[0, thing], attention)
            torch.testing.assert_close(scored.modules[0, :, thing], expected)
            torch.testing.assert_close(scored.total[0, thing], asked.weights[0] @ expected)


def test_the_mask_of_the_best_eligible_proposal_is_the_answer() -> None:
    network = narrow().eval()
    head = network.query_head
    seen, asked = hand_made(network)
    boxes = torch.tensor([[[0.0, 0, 32, 32], [32, 0, 64, 32], [0, 32, 32, 64]]])
    masks = torch.full((1, 3, 28, 28), 5.0)
    with torch.no_grad():
        total = head.score(seen, asked).total[0]
        order = total.argsort(descending=True)
        eligible = torch.ones(1, 3)
        eligible[0, order[0]] = 0

        logits, presence = head(boxes, eligible, masks, *seen[:-1], *asked)

    x0, y0, x1, y1 = (int(v) // 4 for v in boxes[0, order[1]])
    expected = torch.full((16, 16), -OUTSIDE)
    expected[y0:y1, x0:x1] = 5.0
    torch.testing.assert_close(logits[0, 0], expected)
    assert presence.item() == pytest.approx(8.0 * total[order[1]].item(), abs=1e-4)


def test_an_image_without_any_thing_holds_nothing_that_is_meant() -> None:
    network = narrow().eval()
    seen, asked = hand_made(network)

    _, presence = network.query_head(
        torch.zeros(1, 3, 4), torch.zeros(1, 3), torch.zeros(1, 3, 28, 28), *seen[:-1], *asked
    )

    assert presence.item() < -20


def test_only_likely_proposals_may_be_chosen_and_else_the_likeliest() -> None:
    network = narrow().eval()
    features = network.image_encoder.detector.features(noise(2))
    found = network.image_encoder.detector.propose(features)
    scores = torch.tensor([[0.9, 0.6, 0.4, 0, 0, 0], [0.3, 0.2, 0, 0, 0, 0]])

    eligible = network.image_encoder.eligible(
        found._replace(scores=scores, valid=(scores > 0).float())
    )

    assert eligible.tolist() == [[1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]]


def test_images_with_several_expressions_each_are_answered_as_alone() -> None:
    network = narrow().eval()
    images, ids = noise(2), torch.cat([IDS[:2], IDS[1:]])

    with torch.inference_mode():
        together, _ = network.query_head(
            *network.image_encoder(images), *network.expression_encoder(ids)
        )
        alone = [network(images[[row // 2]], ids[[row]])["logits"] for row in range(4)]

    torch.testing.assert_close(together, torch.cat(alone), atol=1e-4, rtol=1e-4)


def test_ranking_loss_by_hand() -> None:
    # Two things; the first expression means the first, the second one nothing.
    scores = torch.tensor([[[0.5, 0.45], [0.2, 0.48]]])
    members = torch.tensor([[[1.0, 0], [0, 0]]])

    loss = ranking_loss(scores, members, torch.ones(1, 2))

    # A wrong thing: 0.1 + 0.45 - 0.5; a wrong expression: 0.1 + 0.2 - 0.5 < 0.
    assert loss.item() == pytest.approx(0.05)
    # The same with a thing that is none: nothing is left to compare but the words.
    assert ranking_loss(scores, members, torch.tensor([[1.0, 0]])) == 0
    assert ranking_loss(scores + 0.0, members * 0, torch.ones(1, 2)) == 0


def test_ranking_loss_is_the_brute_force_mean() -> None:
    torch.manual_seed(2)
    scores, there = torch.rand(2, 4, 5), torch.tensor([[1.0, 1, 1, 1, 0], [1, 1, 1, 0, 0]])
    members = (torch.rand(2, 4, 5) > 0.6).float() * there[:, None]
    things, words = [], []
    for b in range(2):
        for q in range(4):
            for right in range(5):
                if not members[b, q, right]:
                    continue
                own = scores[b, q, right]
                things += [
                    max(0.0, 0.1 + scores[b, q, k] - own)
                    for k in range(5)
                    if there[b, k] and not members[b, q, k]
                ]
                words += [
                    max(0.0, 0.1 + scores[b, j, right] - own)
                    for j in range(4)
                    if not members[b, j, right]
                ]

    loss = ranking_loss(scores, members, there).item()

    assert loss == pytest.approx(np.mean(things) + np.mean(words), abs=1e-5)


def test_rare_attributes_weigh_as_the_inverse_root_of_their_frequency() -> None:
    weights = attribute_weights(torch.tensor([100.0, 25.0, 0.0]))

    # 1/10, 1/5 and 1 of a mean of 1.3 / 3.
    assert weights.tolist() == pytest.approx([0.3 / 1.3, 0.6 / 1.3, 3 / 1.3])


def test_attribute_loss_counts_described_things_alone() -> None:
    logits = torch.tensor([[[0.0, 2.0], [9.0, 9.0]]])
    said = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])

    loss = attribute_loss(logits, said, torch.tensor([[1.0, 0.0]]), torch.ones(2))

    assert loss.item() == pytest.approx((math.log(2) + math.log1p(math.exp(2))) / 2)


def test_the_losses_reach_every_parameter_of_the_modules() -> None:
    network = narrow().train()
    encoder = network.image_encoder
    features = encoder.detector.features(noise(2))
    described = known_things(
        BOXES.repeat(2, 1, 1), torch.ones(2, 4).long(), torch.ones(2, 4), categories=2
    )
    seen = see(encoder.modules_of, encoder.detector, features, described)
    asked = Asked(*network.expression_encoder(torch.cat([IDS[:2], IDS[1:]])))
    scores = network.query_head.score(seen, asked, torch.ones(4, 4)).total
    members = torch.eye(4)[:2].expand(2, 2, 4)
    loss = ranking_loss(scores.view(2, 2, 4), members, torch.ones(2, 4))
    loss = loss + attribute_loss(
        seen.attributes, torch.ones(2, 4, 3), torch.ones(2, 4), torch.ones(3)
    )
    (loss + network.query_head.presence(scores.detach()).mean()).backward()

    for name, parameter in network.named_parameters():
        if ".detector." not in name:
            assert parameter.grad is not None, name
            # What a norm's mean takes away again, or only scales, is left out.
            assert parameter.grad.abs().sum() > 0 or name.endswith("bias"), name


def test_comprehension_answers_a_box_with_its_reasons() -> None:
    network = narrow().eval()

    found = network.comprehend(noise(), IDS)
    given = network.comprehend(noise(), IDS, BOXES[0], torch.tensor([1, 1, 0, 1]))

    assert found.boxes.shape == (3, 4)
    assert found.cells.shape == (3, 7, 7)
    torch.testing.assert_close(found.cells.sum(dim=(1, 2)), torch.ones(3))
    torch.testing.assert_close(found.words.sum(dim=2), torch.ones(3, 3))
    expected = (found.weights * found.modules).sum(dim=1)
    torch.testing.assert_close(found.scores[torch.arange(3), found.chosen], expected)
    assert given.scores.shape == (3, 4)
    assert torch.equal(given.boxes, BOXES[0, given.chosen])
    assert given.proposals.labels.tolist() == [[1, 1, 0, 1]]
    assert given.attributes.shape == (4, 3)


@pytest.mark.parametrize("storage", ["float32", "int8"])
def test_onnx_equals_torch(storage: Any, tmp_path: Path) -> None:
    network = narrow()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # statistics become those of this one batch
    with torch.no_grad():
        network.image_encoder.detector.features(noise(4))
    network.eval()
    words = ["<pad>", "<go>", "<eos>", "<unk>", *(f"w{i}" for i in range(8))]

    report = export(network, words, tmp_path / "model", storage=storage)
    backend = OnnxBackend(tmp_path / "model")
    read = [backend.encode_expression(one[None].numpy()) for one in IDS]
    answer = backend.respond(backend.encode_image(noise()[0].numpy()), read)

    assert report.difference < 1e-3
    assert answer["logits"].shape == (3, 1, PX // 4, PX // 4)
    if storage == "float32":
        with torch.inference_mode():
            expected = network(noise(), IDS)
        assert expected["logits"].std() > 0.1  # else any two networks were alike
        for name, values in expected.items():
            assert np.abs(answer[name] - values.numpy()).max() < 1e-3
