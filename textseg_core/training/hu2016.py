"""How Hu et al. 2016 is trained: its two stages, learning rate and parameter groups."""

from dataclasses import dataclass

from torch import nn, optim

MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One of the two stages.

    Attributes:
        batch: Samples per step, each one image, one expression and its mask.
        steps: Length of the stage.
        learning_rate: At the first step.
        decay_steps: Steps after which the learning rate falls to a tenth.
        foreground_weight: Of the logistic loss.
        background_weight: Of the logistic loss.
    """

    batch: int
    steps: int
    learning_rate: float
    decay_steps: int
    foreground_weight: float
    background_weight: float


LOW_RESOLUTION = Stage(
    batch=10,
    steps=30_000,
    learning_rate=0.01,
    decay_steps=10_000,
    foreground_weight=1.0,
    background_weight=1.0,
)
HIGH_RESOLUTION = Stage(
    batch=10,
    steps=18_000,
    learning_rate=0.01,
    decay_steps=6_000,
    foreground_weight=3.0,
    background_weight=1.0,
)


def step_learning_rate(step: int, *, initial: float, decay_steps: int) -> float:
    """Return the learning rate of a step: a tenth after every `decay_steps` steps.

    Raises:
        ValueError: If `step` is negative or `decay_steps` below one.
    """
    if step < 0 or decay_steps < 1:
        raise ValueError(f"expected step >= 0 and decay_steps >= 1, got {step} and {decay_steps}")
    return float(initial * 0.1 ** (step // decay_steps))


def build_optimiser(network: nn.Module, learning_rate: float) -> optim.SGD:
    """Return SGD with momentum 0.9 and an L2 penalty of 5e-4 on weights only.

    Weights are the parameters of two axes or more. Biases, and the scales of a
    backbone's batch normalisation, are not penalised; frozen ones are left out.

    Raises:
        ValueError: If nothing in the network may be trained.
    """
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if not trained:
        raise ValueError("every parameter of the network is frozen; nothing is left to train")
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return optim.SGD(
        [group for group in groups if group["params"]], lr=learning_rate, momentum=MOMENTUM
    )
