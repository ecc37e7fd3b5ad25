"""HULANet in the same loop: a stage for its detector, then a stage for its modules upon that."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F

from textseg_core.datasets.phrasecut import count_parts
from textseg_core.expressions.names import plural
from textseg_core.expressions.phrases import MATERIALS
from textseg_core.language.word_roles import NOTHING, RoleReader
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.detection.proposals import ANYTHING, unshortened
from textseg_core.models.hulanet import HulaNetwork
from textseg_core.preprocess import Letterbox
from textseg_core.scenes.scene import Query, Scene
from textseg_core.training.detection import detection_losses
from textseg_core.training.detector_recipe import DetectorRecipe, listed_names
from textseg_core.training.parameter_groups import penalised_groups
from textseg_core.training.samples import Sample
from textseg_core.training.things import ThingEncoder, Things, things_of
from textseg_core.training.vocabulary import COLORS

#: Names and attributes of PhraseCut that count as frequent: so many of the commonest.
FREQUENT_NAMES, FREQUENT_ATTRIBUTES = 1000, 300
_UNKNOWN_ROLE = -100  # what a cross-entropy leaves out
_TOKENS = 20


class PhraseAnnotator:
    """Adds to a sample its things, and the role of each word of its expressions."""

    def __init__(self, things: ThingEncoder, roles: RoleReader) -> None:
        self._things = things
        self._roles = roles

    def encode(
        self, scene: Scene, queries: Sequence[Query], letterbox: Letterbox, size_px: int
    ) -> Sample:
        """Return the tensors of `ThingEncoder` and `roles` (Q, T) int64."""
        found = self._things.encode(scene, queries, letterbox, size_px)
        roles = [self._roles.read(query.expression, query.parts) for query in queries]
        return {**found, "roles": torch.tensor(roles)}


class HulaRecipe(DetectorRecipe[HulaNetwork]):
    """First the detector and its head for attributes learn, then the modules upon them."""

    network_class = HulaNetwork

    @property
    def things(self) -> PhraseAnnotator:
        """What adds to a sample what the losses must know."""
        model = self.model_settings(0)
        tokens = int(str(model.get("tokens", _TOKENS)))
        encoder = ThingEncoder(
            listed_names(model["categories"]), listed_names(model["attributes"])
        )
        return PhraseAnnotator(encoder, RoleReader(self._words, tokens))

    @cached_property
    def _phrasecut(self) -> tuple[list[str], list[str]]:
        """Names and attributes that are frequent in PhraseCut, the commonest first."""
        counts: dict[str, Counter[str]] = {"category": Counter(), "attribute": Counter()}
        for given in self._settings.described:
            if given.get("format") == "phrasecut":
                found = count_parts(Path(str(given["folder"])), str(given.get("split", "train")))
                for role, counted in counts.items():
                    counted.update(found.get(role, {}))
        names = [name for name, _ in counts["category"].most_common(FREQUENT_NAMES)]
        said = [name for name, _ in counts["attribute"].most_common(FREQUENT_ATTRIBUTES)]
        return names, said

    def model_settings(self, stage: int) -> dict[str, object]:
        """Return the arguments that rebuild the network."""
        names, said = self._phrasecut
        nouns = dict.fromkeys(name for name in (*names, *self._nouns) if name != ANYTHING)
        model = {
            "categories": [ANYTHING, *nouns],
            "attributes": list(dict.fromkeys((*said, *COLORS, *MATERIALS))),
            **super().model_settings(stage),
        }
        ids = {word: place for place, word in enumerate(self._words)}
        spoken = {adjective: name for name, said in MATERIALS.items() for adjective in said}
        return {
            "category_words": word_channels(listed_names(model["categories"]), ids, {}),
            "attribute_words": word_channels(listed_names(model["attributes"]), ids, spoken),
            **model,
        }

    def detecting_part(self, network: HulaNetwork) -> nn.Module:
        """Return the image encoder: the head for attributes learns with the detector."""
        return network.image_encoder

    def optimiser(self, network: nn.Module) -> optim.Optimizer:
        """Return AdamW; the backbone has its own rate, and what is frozen is in it too."""
        return optim.AdamW(penalised_groups(network, self._settings, (".backbone.body.",)))

    def losses(self, network: SegmentationNetwork, batch: Sample) -> dict[str, Tensor]:
        """Return Mask R-CNN's losses in the detector's stage, with that of its attributes.

        Else that of the answers, and of the words' roles.
        """
        if not isinstance(network, HulaNetwork):
            raise TypeError(f"expected a HulaNetwork, got {type(network).__name__}")
        encoder, things = network.image_encoder, things_of(batch)
        detecting = any(p.requires_grad for p in encoder.detector.rpn.parameters())
        if detecting:
            features = encoder.detector.features(batch["image"])
            parts = detection_losses(encoder.detector, features, things)
            if encoder.attributes is not None:
                with unshortened(batch["image"]):
                    embedding, _, _ = encoder.detector.look(features, things.boxes)
                    said = encoder.attributes(embedding)
                    parts["attributes"] = attribute_loss(said, things)
            return parts
        with torch.no_grad():
            maps = encoder(batch["image"])
        # Responses near 0 and 1 want more digits than bfloat16 has.
        with unshortened(batch["image"]):
            token_ids = batch["token_ids"].flatten(0, 1)
            read = network.expression_encoder(token_ids)
            (logits,) = network.query_head(*maps, *read)
            target = batch["target"].flatten(0, 1)
            share = F.avg_pool2d(target, target.shape[-1] // logits.shape[-1])
            mask = F.binary_cross_entropy_with_logits(logits, share)
            _, roles = network.expression_encoder.groups.roles(token_ids)
            return {
                "mask": self._settings.loss_weight("mask") * mask,
                "roles": role_loss(roles, batch["roles"].flatten(0, 1), token_ids),
            }


def attribute_loss(logits: Tensor, things: Things) -> Tensor:
    """Return the mean logistic loss of the attributes of things of which they are known.

    Args:
        logits: (B, N, A).
        things: Of the same pictures.
    """
    each = F.binary_cross_entropy_with_logits(logits, things.attributes, reduction="none")
    known = (things.described * things.there)[..., None].expand_as(each)
    return (each * known).sum() / known.sum().clamp(min=1.0)


def role_loss(logits: Tensor, roles: Tensor, token_ids: Tensor) -> Tensor:
    """Return the cross-entropy of each word's role; padding is left out.

    Args:
        logits: (Q, T, R).
        roles: (Q, T) int64.
        token_ids: (Q, T).
    """
    wanted = torch.where(token_ids != 0, roles, _UNKNOWN_ROLE)
    if not bool((wanted >= NOTHING).any()):
        return logits.sum() * 0.0
    return F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=_UNKNOWN_ROLE)


def word_channels(
    names: Sequence[str], ids: Mapping[str, int], spoken: Mapping[str, str]
) -> list[list[int]]:
    """Return ids of words with the place of the name that each stands for.

    A name stands for itself and its plural; of several words, also its last one where no other
    name has that.

    Args:
        names: Frequent names.
        ids: Of the vocabulary's words.
        spoken: Other words for names, as "wooden" for "wood".
    """
    places = {name: place for place, name in enumerate(names)}
    found: dict[str, int] = {}
    for name, place in places.items():
        found.setdefault(name, place)
    for word, name in spoken.items():
        if name in places:
            found.setdefault(word, places[name])
    for name, place in places.items():
        found.setdefault(plural(name), place)
        found.setdefault(name.split()[-1], place)
    return [[ids[word], place] for word, place in found.items() if word in ids]
