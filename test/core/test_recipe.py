import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn, optim

from textseg_core.models.hu2016 import Hu2016Network
from textseg_core.training.hu_recipe import HuRecipe
from textseg_core.training.recipe import CompactRecipe, LossModule, whole_loss
from textseg_core.training.settings import Stage, TrainSettings
from textseg_core.training.settings_file import load_settings

WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "mug"]
MODEL = {"width": 32, "lexical_width": 8, "tokens": 4, "layers": 1}
HU = {
    "backbone": "mobilenet_v2",
    "visual_channels": 320,
    "tokens": 4,
    "embedding_channels": 6,
    "expression_channels": 7,
    "hidden_channels": 8,
}
STAGES = (Stage(share=0.5, input_px=32, frozen_layers=7), Stage(share=0.5, input_px=64))


def compact(**changes: Any) -> CompactRecipe:
    settings: dict[str, Any] = {"steps": 10, "stages": STAGES, "model": MODEL, **changes}
    return CompactRecipe(TrainSettings(**settings), WORDS, None)


PAPER = Path(__file__).parents[2] / "config" / "train_hu2016_paper.yaml"


def hu(**changes: Any) -> HuRecipe:
    settings: dict[str, Any] = {
        "network": "hu2016",
        "steps": 12,
        "rate": 0.01,
        "stages": (Stage(share=0.5, input_px=64), Stage(share=0.5, input_px=64)),
        "model": HU,
        "ablate": ("backbone",),
        **changes,
    }
    return HuRecipe(TrainSettings(**settings), WORDS, None)


def batch(side: int, stride: int, **changes: Tensor) -> dict[str, Tensor]:
    cells = side // stride
    target = torch.zeros(2, 3, 1, cells, cells)
    target[:, 0, :, : cells // 2] = 1
    ready = {
        "image": torch.randint(0, 256, (2, side, side, 3), dtype=torch.uint8),
        "token_ids": torch.tensor([[[4, 5, 0, 0], [5, 0, 0, 0], [4, 0, 0, 0]]] * 2),
        "target": target,
        "presence": torch.tensor([[1.0, 0, 0]] * 2),
        "several": torch.zeros(2, 3),
        "placed": torch.ones(2, 3),
    }
    return ready | changes


@pytest.mark.parametrize(
    ("step", "stage", "rate"),
    [
        *((0, 0, 0.01), (9_999, 0, 0.01), (10_000, 0, 0.001), (29_999, 0, 0.0001)),
        *((30_000, 1, 0.01), (35_999, 1, 0.01), (36_000, 1, 0.001), (47_999, 1, 0.0001)),
    ],
)
def test_settings_of_hu_s_paper_have_its_steps_rates_and_batch(
    step: int, stage: int, rate: float
) -> None:
    settings = load_settings(PAPER)
    done = step / 48_000

    assert (settings.network, settings.steps, dict(settings.model)) == ("hu2016", 48_000, {})
    assert {(one.batch, one.queries, one.input_px) for one in settings.stages} == {(10, 1, 512)}
    assert settings.stage_at(done) == stage
    share = HuRecipe(settings, WORDS, None).rate_share(done)
    assert settings.rate * share == pytest.approx(rate)


def test_a_later_stage_has_the_same_weights_at_another_size() -> None:
    recipe = compact()
    network = recipe.build(0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    frozen = [p.requires_grad for p in network.image_encoder.features[:7].parameters()]

    later = recipe.enter(network, 1)

    assert later is network
    assert later.input_px == 64
    assert not any(frozen)
    assert all(p.requires_grad for p in network.image_encoder.features.parameters())
    assert all(torch.equal(value, before[name]) for name, value in later.state_dict().items())


def test_a_checkpoint_can_rebuild_every_ablation() -> None:
    recipe = compact(ablate=("coordinates", "attention", "presence", "negatives"))

    settings = recipe.model_settings(1)

    assert settings == {
        **MODEL,
        "vocabulary_size": 6,
        "input_px": 64,
        "coordinates": False,
        "attention": False,
        "presence": False,
    }


def test_without_an_imagenet_backbone_all_blocks_learn_at_the_full_rate() -> None:
    recipe = compact(ablate=("backbone",), rate=0.5)

    network = recipe.build(0)

    assert all(p.requires_grad for p in network.image_encoder.features.parameters())
    assert {group["top"] for group in recipe.optimiser(network).param_groups} == {0.5}


def test_the_parts_of_the_loss_are_weighted() -> None:
    plain, weighted = compact(), compact(losses={"mask": 3.0, "coarse": 0.0})
    network = plain.build(0).eval()
    network.query_head.train()  # for its coarse logits; dropout lies in the layers
    network.query_head.layers.eval()
    sample = batch(32, 4)

    one, other = plain.losses(network, sample), weighted.losses(network, sample)

    assert set(one) == {"mask", "coarse", "presence", "several", "agreement"}
    assert other["mask"].item() == pytest.approx(3 * one["mask"].item(), rel=1e-4)
    assert other["coarse"].item() == 0
    assert other["presence"].item() == pytest.approx(one["presence"].item(), rel=1e-4)
    assert whole_loss(one).item() == pytest.approx(sum(part.item() for part in one.values()))


@pytest.mark.parametrize("weak", [0.0, 0.5])
def test_weak_labels_teach_presence_with_a_weight_of_their_own(weak: float) -> None:
    placed = torch.tensor([[0.0, 1, 1]] * 2)
    recipe = compact(losses={"weak": weak})
    network = recipe.build(0).train()

    def gradient(part: str, target: Tensor) -> float:
        torch.manual_seed(0)
        network.zero_grad()
        recipe.losses(network, batch(32, 4, placed=placed, target=target))[part].backward()  # type: ignore[no-untyped-call]
        return float(network.query_head.own_tokens.grad.abs().sum())  # type: ignore[union-attr]

    nowhere = torch.zeros(2, 3, 1, 8, 8)
    somewhere = batch(32, 4)["target"]
    # The unknown mask teaches nothing: any target gives the same gradient.
    assert gradient("mask", nowhere) == pytest.approx(gradient("mask", somewhere))
    parts = {}
    for known in (placed, torch.ones(2, 3)):
        torch.manual_seed(0)
        parts[bool(known.all())] = recipe.losses(network, batch(32, 4, placed=known))
    assert (parts[True]["presence"] > parts[False]["presence"]).item()


def test_an_ablation_leaves_no_parameter_without_a_gradient() -> None:
    # DDP waits for every one of them.
    for ablate in ((), ("coordinates",), ("attention",), ("presence",), ("negatives",)):
        recipe = compact(ablate=ablate)
        module = LossModule(recipe, recipe.build(1)).train()

        whole_loss(module(batch(64, 4))).backward()  # type: ignore[no-untyped-call]

        missing = [n for n, p in module.named_parameters() if p.requires_grad and p.grad is None]
        assert not missing, ablate


def test_hu2016_needs_two_stages_and_places() -> None:
    with pytest.raises(ValueError, match="two stages, got 1"):
        hu(stages=(Stage(),))
    weak = Stage(share=0.5, mixture={"weak": 1})
    with pytest.raises(ValueError, match="no loss for weak labels"):
        hu(stages=(weak, weak))


def test_hu2016_goes_from_cells_to_pixels_with_the_same_weights() -> None:
    recipe = hu()
    low = recipe.build(0)

    high = recipe.enter(low, 1)

    assert (low.stride, high.stride) == (32, 1)
    assert isinstance(high, Hu2016Network)
    state = low.state_dict()
    assert all(torch.equal(high.state_dict()[name], state[name]) for name in state)
    assert recipe.model_settings(1) == {
        **HU,
        "vocabulary_size": 6,
        "input_px": 64,
        "stage": "high",
    }


def test_hu2016s_rate_falls_to_a_tenth_after_every_third_of_a_stage() -> None:
    recipe = hu()

    shares = [recipe.rate_share(step / 12) for step in range(12)]

    assert shares == pytest.approx(2 * [1, 1, 0.1, 0.1, 0.01, 0.01])


def test_hu2016_may_learn_by_adam_whose_rate_rises_and_falls_in_each_stage() -> None:
    recipe = hu(optimiser="adam", warm_up=0.1, rate=0.5)

    optimiser = recipe.optimiser(recipe.build(0))

    assert type(optimiser) is optim.Adam
    assert {group["top"] for group in optimiser.param_groups} == {0.5}
    # A stage is half of the run, its warm-up a tenth of that.
    for begun in (0.0, 0.5):
        assert recipe.rate_share(begun) == pytest.approx(0.01)
        assert recipe.rate_share(begun + 0.05) == pytest.approx(1.0)
    assert recipe.rate_share(1.0) == pytest.approx(0.01)


def test_only_hu2016_has_a_choice_of_optimiser() -> None:
    with pytest.raises(ValueError, match="'adam' is for network hu2016; rmi has its own"):
        TrainSettings(network="rmi", steps=1, optimiser="adam")
    with pytest.raises(ValueError, match=r"optimiser must be one of \('own', 'adam'\)"):
        hu(optimiser="sgd")


def test_hu2016_is_taught_every_cell_that_holds_a_pixel_of_the_target() -> None:
    recipe = hu()
    network = recipe.build(0)
    nn.init.zeros_(network.query_head.score.weight)
    assert network.query_head.score.bias is not None
    nn.init.constant_(network.query_head.score.bias, 2.0)
    target = torch.zeros(2, 3, 1, 16, 16)
    target[0, 0, 0, 9, 3] = 0.1  # in one of the 2 x 2 cells

    (loss,) = recipe.losses(network, batch(64, 4, target=target)).values()

    expected = (1 * math.log1p(math.exp(-2)) + 23 * math.log1p(math.exp(2))) / 24
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_hu2016s_pixels_of_the_foreground_weigh_three_times() -> None:
    recipe = hu()
    network = recipe.build(1)
    nn.init.zeros_(network.query_head.score.weight)
    nn.init.zeros_(network.query_head.score.bias)
    target = torch.zeros(2, 3, 1, 64, 64)
    target[..., :16] = 1

    (loss,) = recipe.losses(network, batch(64, 1, target=target)).values()

    assert loss.item() == pytest.approx(math.log(2) * (3 * 0.25 + 0.75), rel=1e-5)


@pytest.mark.parametrize(("ablate", "learns"), [(("backbone",), True), ((), False)])
def test_a_backbone_of_hu_that_starts_at_random_is_not_frozen(
    ablate: tuple[str, ...], learns: bool
) -> None:
    frozen = Stage(share=0.5, input_px=64, frozen_layers=1)

    network = hu(stages=(frozen, frozen), ablate=ablate).build(0)

    features = network.image_encoder.features
    assert all(p.requires_grad == learns for p in features.parameters())
