"""What Hu et al. 2016 is taught with: the weights of its two losses, and its optimiser."""

from dataclasses import dataclass

from torch import nn, optim

MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching:
    """What a stage has of its own; its length, batch and rate are settings.

    Attributes:
        foreground_weight: Of the logistic loss.
        background_weight: Of the logistic loss.
    """

    foreground_weight: float
    background_weight: float


LOW_RESOLUTION = Teaching(foreground_weight=1.0, background_weight=1.0)
HIGH_RESOLUTION = Teaching(foreground_weight=3.0, background_weight=1.0)


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
