"""Groups of parameters for an optimiser: the backbone learns slower, biases may go unpenalised."""

from collections.abc import Mapping, Sequence

from torch import nn

from textseg_core.training.settings import TrainSettings


def penalised_groups(
    network: nn.Module, settings: TrainSettings, backbone: Sequence[str], *, biases: bool = False
) -> list[dict[str, object]]:
    """Return the groups of an optimiser with an L2 penalty on weights.

    What is frozen for a time is in them too: without a gradient Adam leaves it alone.

    Args:
        network: All of its parameters are grouped.
        settings: With the rate, the backbone's share of it (all of it where the backbone starts
            at random) and the penalty.
        backbone: A parameter is the backbone's if its name has one of these in it.
        biases: Penalise biases and norms too.
    """
    share = 1.0 if "backbone" in settings.ablate else settings.backbone_share
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        key = (any(part in name for part in backbone), biases or parameter.ndim > 1)
        groups.setdefault(key, []).append(parameter)
    return with_rates(groups, settings.rate, share, settings.weight_decay)


def with_rates(
    groups: Mapping[tuple[bool, bool], list[nn.Parameter]],
    rate: float,
    backbone_share: float,
    weight_decay: float,
) -> list[dict[str, object]]:
    """Return an optimiser's groups of parameters by (of the backbone, with a penalty)."""
    return [
        {
            "params": parameters,
            "lr": rate * (backbone_share if backbone else 1.0),
            "top": rate * (backbone_share if backbone else 1.0),
            "weight_decay": weight_decay if decays else 0.0,
        }
        for (backbone, decays), parameters in groups.items()
    ]
