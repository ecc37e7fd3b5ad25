"""Where weights start, how fast each learns, and their moving average."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from textseg_core.expressions.names import plural
from textseg_core.models.compact import CompactNetwork
from textseg_core.models.visual import DescriptorEncoder, fcn_state_from_vgg16
from textseg_core.training import lexical
from textseg_core.training.parameter_groups import with_rates
from textseg_core.training.rmi_recipe import load_features

_OF_WORDS = (
    "expression_encoder.embedding.weight",
    "expression_encoder.lexicon.weight",
    "expression_encoder.table",
    "expression_encoder.groups.embedding.weight",
    "captioner.spoken.weight",
    "captioner.to_word.weight",
    "captioner.to_word.bias",
)


def read_backbone(folder: Path) -> dict[str, Tensor]:
    """Return torchvision's MobileNetV2 state dict from `mobilenet_v2.safetensors`.

    Raises:
        ValueError: If the file is missing or damaged.
    """
    path = folder / "mobilenet_v2.safetensors"
    try:
        return {name: value.float() for name, value in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise ValueError(
            f"{path}: expected torchvision's MobileNetV2 state dict ({error}); "
            "see docs/training.md, or train with --set 'ablate=[backbone]'"
        ) from error


def load_backbone(network: CompactNetwork, folder: Path, words: Sequence[str]) -> None:
    """Load ImageNet's MobileNetV2 and turn its classifier into word vectors."""
    state = read_backbone(folder)
    network.image_encoder.load_imagenet(state)
    labels = lexical.read_labels(folder / "imagenet_labels.txt")
    known = [word for word in words if lexical.classes_of(word, labels)]
    # Known nouns last, so that "people" is the plural of "person", not of "somebody".
    singular = {plural(word): word for word in (*words, *known)}
    looks = [word if word in known else singular.get(word, word) for word in words]
    lexicon = network.expression_encoder.lexicon
    vectors, projection = lexical.lexical_vectors(
        looks, labels, state["classifier.1.weight"].numpy(), lexicon.weight.shape[1]
    )
    with torch.no_grad():
        lexicon.weight.copy_(torch.from_numpy(vectors))
        network.image_encoder.to_lexical.weight.copy_(
            torch.from_numpy(projection)[:, :, None, None]
        )


def load_descriptors(encoder: DescriptorEncoder, folder: Path, backbone: str) -> None:
    """Load ImageNet's weights of a backbone into an encoder of Hu et al. 2016.

    An fc8 of another width than ImageNet's 1000 classes starts at random.

    Args:
        encoder: Of that backbone.
        folder: Holds `NAME.safetensors`.
        backbone: Its name, of `models.visual.BACKBONES`.

    Raises:
        ValueError: If the file is missing or damaged.
    """
    if backbone == "mobilenet_v2":
        state = read_backbone(folder)
        names = encoder.features.state_dict()
        encoder.features.load_state_dict({k: state[f"features.{k}"] for k in names})
        return
    if backbone != "vgg16":
        load_features(encoder.features, folder, backbone)
        return
    path = folder / "vgg16.safetensors"
    if not path.is_file():
        raise ValueError(
            f"{path}: expected torchvision's VGG-16 state dict; without it, "
            "train from scratch with --set 'ablate=[backbone]'"
        )
    state = fcn_state_from_vgg16(load_file(path), scaled_input=True)
    mine = encoder.state_dict()
    fitting = {k: v for k, v in state.items() if v.shape == mine[k].shape}
    encoder.load_state_dict(fitting, strict=False)


def carry_over(
    network: nn.Module,
    state: Mapping[str, Tensor],
    words: Sequence[str],
    old_words: Sequence[str],
) -> None:
    """Start a network from trained weights whose vocabulary may differ.

    Rows of word tables follow their words; a new word keeps what the network has for it.

    Raises:
        ValueError: If the weights are those of another network.
    """
    old_rows = {word: row for row, word in enumerate(old_words)}
    pairs = [(row, old_rows[word]) for row, word in enumerate(words) if word in old_rows]
    new, old = (torch.tensor(rows) for rows in zip(*pairs, strict=True))
    merged = dict(state)
    for name, mine in network.state_dict().items():
        same_width = name in state and state[name].shape[1:] == mine.shape[1:]
        if name in _OF_WORDS and same_width:
            table = mine.clone()
            table[new] = state[name][old].to(table)
            merged[name] = table
    try:
        network.load_state_dict(merged)
    except RuntimeError as error:
        raise ValueError(f"the weights to start from are of another network: {error}") from error


def parameter_groups(
    network: nn.Module, rate: float, backbone_share: float, weight_decay: float
) -> list[dict[str, object]]:
    """Return AdamW's groups: the backbone learns slower, norms and biases do not decay.

    Each has its top rate as `top`. Blocks that are frozen only for a time are in a group too:
    without a gradient AdamW leaves them alone.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        backbone = ".features." in name or "to_lexical" in name
        if parameter.requires_grad or backbone:
            decays = parameter.ndim > 1 and "embedding" not in name
            groups.setdefault((backbone, decays), []).append(parameter)
    return with_rates(groups, rate, backbone_share, weight_decay)


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, step: int, decay: float) -> None:
    """Move the averaged weights towards the current ones (exponential moving average)."""
    keep = min(decay, (step + 1) / (step + 10))
    pairs = [*zip(average.state_dict().values(), network.state_dict().values(), strict=True)]
    real = [(kept, new) for kept, new in pairs if kept.dtype.is_floating_point]
    torch._foreach_lerp_([kept for kept, _ in real], [new for _, new in real], 1 - keep)
    for kept, new in pairs:
        if not kept.dtype.is_floating_point:
            kept.copy_(new)
