"""Which pretrained models there are, where their weights come from, and under which licence."""

from dataclasses import dataclass
from typing import Literal

AdapterName = Literal["clipseg", "sam3", "grounding-dino+sam2", "florence2", "owlv2", "owlv2+sam2"]

#: How the setting `weights` names one of these models, before its name.
PREFIX = "hub:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One pretrained network.

    Attributes:
        repository: Where its authors publish it on the Hugging Face hub.
        model_class: Of `transformers`.
        processor_class: Of `transformers`.
        model_types: What `model_type` in its config.json may be.
        since: First release of `transformers` with these classes.
        licence: Of the weights; they are the user's to get, none is shipped.
        gated: Whether the authors give access only to an account that has asked for it.
    """

    repository: str
    model_class: str
    processor_class: str
    model_types: tuple[str, ...]
    since: str
    licence: str
    gated: bool = False


CLIPSEG = Checkpoint(
    repository="CIDAS/clipseg-rd64-refined",
    model_class="CLIPSegForImageSegmentation",
    processor_class="CLIPSegProcessor",
    model_types=("clipseg",),
    since="4.22",
    licence="Apache-2.0",
)
SAM3 = Checkpoint(
    repository="facebook/sam3",
    model_class="Sam3Model",
    processor_class="Sam3Processor",
    model_types=("sam3", "sam3_video"),
    since="5.0",
    licence="SAM License (Meta's own; read it before use)",
    gated=True,
)
GROUNDING_DINO = Checkpoint(
    repository="IDEA-Research/grounding-dino-tiny",
    model_class="GroundingDinoForObjectDetection",
    processor_class="GroundingDinoProcessor",
    model_types=("grounding-dino",),
    since="4.40",
    licence="Apache-2.0",
)
SAM2 = Checkpoint(
    repository="facebook/sam2.1-hiera-tiny",
    model_class="Sam2Model",
    processor_class="Sam2Processor",
    model_types=("sam2", "sam2_video"),
    since="4.56",
    licence="Apache-2.0",
)
FLORENCE2 = Checkpoint(
    repository="florence-community/Florence-2-base",
    model_class="Florence2ForConditionalGeneration",
    processor_class="Florence2Processor",
    model_types=("florence2",),
    since="4.56",
    licence="MIT",
)
OWLV2 = Checkpoint(
    repository="google/owlv2-base-patch16-ensemble",
    model_class="Owlv2ForObjectDetection",
    processor_class="Owlv2Processor",
    model_types=("owlv2",),
    since="4.35",
    licence="Apache-2.0",
)

#: The networks of each model, in the order in which their sources are given.
CARDS: dict[AdapterName, tuple[Checkpoint, ...]] = {
    "clipseg": (CLIPSEG,),
    "sam3": (SAM3,),
    "grounding-dino+sam2": (GROUNDING_DINO, SAM2),
    "florence2": (FLORENCE2,),
    "owlv2": (OWLV2,),
    "owlv2+sam2": (OWLV2, SAM2),
}


@dataclass(frozen=True, slots=True)
class Spec:
    """A model that the setting `weights` names.

    Attributes:
        name: Key of `CARDS`.
        sources: Name on the hub or local folder of each of its networks.
    """

    name: AdapterName
    sources: tuple[str, ...]


def is_hub(weights: str) -> bool:
    """Tell whether the setting `weights` names one of these models, not a model directory."""
    return weights.startswith(PREFIX)


def parse_spec(weights: str) -> Spec:
    """Return what `hub:NAME` or `hub:NAME=SOURCE,SOURCE` names.

    Args:
        weights: "hub:sam3" for the authors' weights, "hub:sam3=/models/sam3" for a local folder
            or another name on the hub; two of "hub:grounding-dino+sam2=FIRST,SECOND".

    Raises:
        ValueError: If there is no such model, or it does not have so many networks.
    """
    name, _, listed = weights.removeprefix(PREFIX).partition("=")
    card = next((known for known in CARDS if known == name.strip().lower()), None)
    if not is_hub(weights) or card is None:
        raise ValueError(
            f"weights must be {PREFIX}NAME with one of {', '.join(CARDS)}, got {weights!r}"
        )
    networks = CARDS[card]
    if not listed:
        return Spec(card, tuple(network.repository for network in networks))
    sources = tuple(source.strip() for source in listed.split(","))
    if len(sources) != len(networks) or not all(sources):
        roles = ", ".join(network.model_class for network in networks)
        raise ValueError(
            f"{PREFIX}{card} has {len(networks)} network(s) ({roles}), so as many names or "
            f"folders must follow '=', divided by a comma; got {listed!r}"
        )
    return Spec(card, sources)
