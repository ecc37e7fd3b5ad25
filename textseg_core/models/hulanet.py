"""The network of Wu et al. 2020, HULANet: modules for categories, attributes and relations."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from textseg_core.language.word_roles import ATTRIBUTE, CATEGORY, PREDICATE, ROLES, SUPPORT
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.detection.boxes import paste
from textseg_core.models.detection.proposals import (
    ANYTHING,
    Features,
    ProposalEncoder,
    Proposals,
    unshortened,
)
from textseg_core.models.hula_modules import (
    MODULES,
    NameModule,
    PhraseGroups,
    RelationshipModule,
    combine,
    module_terms,
    project,
)
from textseg_core.models.rmi import for_each

#: Which modules each variant of the paper's table has.
VARIANTS: dict[str, tuple[str, ...]] = {
    "cat": ("cat",),
    "cat+att": ("cat", "att"),
    "cat+rel": ("cat", "rel"),
    "cat+att+rel": MODULES,
    "all": MODULES,
}
MAP_STRIDES = (4, 8, 16)
_OWN = 4.0  # how much more a word's own channel is attended to at first, as a logit
_NONE = 1e-3  # least weight that a module without words keeps, before they are made to sum to one


class HulaNetwork(SegmentationNetwork):
    """Draws what Mask R-CNN says of things into the picture and lets the phrase choose.

    Args:
        vocabulary_size: Number of words.
        input_px: Side of the square input, a multiple of 32.
        tokens: Length of a padded expression.
        modules: "cat", "cat+att", "cat+rel" or "cat+att+rel", as in the paper's table; "all" is
            the last one.
        rare_from_frequent: Whether words attend to the channels of all frequent names, so that
            rare ones lean on them; else each word has its own channel or none.
        categories: Frequent names of things, "thing" first.
        attributes: Frequent attributes.
        category_words: Ids of words and the place among the categories that each names.
        attribute_words: Likewise among the attributes.
        backbone: Of Mask R-CNN: "resnet101" as in the paper, or "resnet50", "resnet18",
            "mobilenet_v3_large", "mobilenet_v2".
        map_stride: Input pixels per cell of the maps and of the answer: 4, 8 or 16.
        proposals: Detections of an image.
        regions: Regions of which they are chosen.
        candidates: Anchors of each level of which the regions are chosen.
        pyramid_channels: Of the feature pyramid.
        box_channels: Of the box head.
        mask_layers: Convolutions of the mask head.
        embedding_channels: Of a word.
        language_channels: Of each direction's state, and of hidden layers on phrases.
        relation_channels: Of the relationship module.

    Raises:
        ValueError: If a setting has a value that is not listed here.

    Source:
        Wu et al. 2020, "PhraseCut", CVPR, arXiv:2008.01187, section 4.
    """

    name = "hulanet"
    head_outputs = ("logits",)

    def __init__(
        self,
        *,
        vocabulary_size: int,
        input_px: int = 640,
        tokens: int = 20,
        modules: Literal["cat", "cat+att", "cat+rel", "cat+att+rel", "all"] = "cat+att+rel",
        rare_from_frequent: bool = True,
        categories: Sequence[str] = (ANYTHING,),
        attributes: Sequence[str] = ("red",),
        category_words: Sequence[Sequence[int]] = (),
        attribute_words: Sequence[Sequence[int]] = (),
        backbone: str = "resnet101",
        map_stride: int = 4,
        proposals: int = 32,
        regions: int = 256,
        candidates: int = 512,
        pyramid_channels: int = 256,
        box_channels: int = 1024,
        mask_layers: int = 4,
        embedding_channels: int = 300,
        language_channels: int = 256,
        relation_channels: int = 32,
    ):
        super().__init__()
        if modules not in VARIANTS:
            raise ValueError(f"modules must be one of {', '.join(VARIANTS)}, got {modules!r}")
        if map_stride not in MAP_STRIDES:
            raise ValueError(f"map_stride must be one of {MAP_STRIDES}, got {map_stride}")
        if not attributes:
            raise ValueError("attributes must name at least one word, got none")
        self.modules_in_use = VARIANTS[modules]
        self.input_px, self.tokens, self.stride = input_px, tokens, map_stride
        self.categories, self.attributes = tuple(categories), tuple(attributes)
        with_attributes = "att" in self.modules_in_use
        detector = ProposalEncoder(
            categories=categories,
            input_px=input_px,
            backbone=backbone,
            proposals=proposals,
            regions=regions,
            candidates=candidates,
            pyramid_channels=pyramid_channels,
            box_channels=box_channels,
            mask_layers=mask_layers,
        )
        self.image_encoder: MapEncoder = MapEncoder(
            detector, len(attributes) if with_attributes else 0, map_stride
        )
        self.expression_encoder: PhraseEncoder = PhraseEncoder(
            vocabulary_size,
            embedding_channels,
            language_channels,
            self.modules_in_use,
            channels_of(category_words, vocabulary_size, len(categories)),
            channels_of(attribute_words, vocabulary_size, len(attributes)),
            len(categories),
            len(attributes),
            rare_from_frequent,
        )
        self.query_head: ModuleHead = ModuleHead(
            self.modules_in_use, embedding_channels, relation_channels
        )
        self.image_outputs = ("categories", "attributes")[: 2 if with_attributes else 1]
        self.expression_outputs = expression_outputs(self.modules_in_use)


def expression_outputs(modules: Sequence[str]) -> tuple[str, ...]:
    """Return the names of what a phrase says to the modules in use."""
    names = {"cat": ("category",), "att": ("attribute",), "rel": ("support", "predicate")}
    return (*(name for module in modules for name in names[module]), "weights")


def channels_of(pairs: Sequence[Sequence[int]], words: int, channels: int) -> Tensor:
    """Return the channel that each word names, (V,), -1 for none.

    Raises:
        ValueError: If a pair is not a word and a channel that there are.
    """
    found = torch.full((words,), -1, dtype=torch.int64, device="cpu")
    for pair in pairs:
        word, channel = pair
        if not (0 <= word < words and 0 <= channel < channels):
            raise ValueError(
                f"expected ids below {words} and places below {channels}, got {list(pair)}"
            )
        found[word] = channel
    return found


class MapEncoder(nn.Module):
    """Mask R-CNN with attributes, and its detections as maps of categories and attributes."""

    def __init__(self, detector: ProposalEncoder, attributes: int, map_stride: int):
        super().__init__()
        self.detector = detector
        self.attributes = nn.Linear(detector.box_channels, attributes) if attributes else None
        self._stride = map_stride

    def maps(self, found: Proposals) -> tuple[Tensor, ...]:
        """Return maps of detections.

        Returns:
            (B, C, h, w) of the categories, and (B, A, h, w) of the attributes if there are any.
        """
        batch, count = found.boxes.shape[:2]
        side = self.detector.input_px // self._stride
        drawn = paste(found.masks.flatten(0, 1), found.boxes.flatten(0, 1), side, self._stride)
        masks = torch.sigmoid(drawn).view(batch, count, side, side)
        classes = torch.softmax(found.class_logits, dim=2)[:, :, 1:] * found.valid[..., None]
        maps = [project(classes, masks)]
        if self.attributes is not None:
            said = torch.sigmoid(self.attributes(found.embedding)) * found.scores[..., None]
            maps.append(project(said, masks))
        return tuple(maps)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of uint8 RGB (B, S, S, 3)."""
        features: Features = self.detector.features(image)
        with unshortened(image):
            return self.maps(self.detector.propose(features))


class PhraseEncoder(nn.Module):
    """Tells each module what the phrase asks of it, and how much each counts.

    A word belongs to a group (category, attribute, predicate, support) by what an LSTM over the
    phrase says of its role. The category's words, and those of the supporting thing, become
    attention over the frequent categories; the attribute's words over the frequent attributes.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_channels: int,
        channels: int,
        modules: Sequence[str],
        category_of: Tensor,
        attribute_of: Tensor,
        categories: int,
        attributes: int,
        rare_from_frequent: bool,
    ):
        super().__init__()
        self._used = tuple(modules)
        self.groups = PhraseGroups(vocabulary_size, embedding_channels, channels, len(ROLES))
        self.to_category = Attention(
            embedding_channels, channels, category_of, categories, rare_from_frequent
        )
        self.to_attribute: Attention | None = None
        if "att" in modules:
            self.to_attribute = Attention(
                embedding_channels, channels, attribute_of, attributes, rare_from_frequent
            )
        self.to_weights: nn.Sequential | None = None
        if len(modules) > 1:
            known = len(ROLES) - 1
            self.to_weights = nn.Sequential(
                nn.Linear(known * (embedding_channels + 1), channels),
                nn.ReLU(),
                nn.Linear(channels, len(module_terms(modules))),
            )

    def weights(self, groups: Tensor, active: Tensor) -> Tensor:
        """Return the weight of each term, (Q, n): that of modules without words is next to none.

        Args:
            groups: Mean word of each group, (Q, 4, E).
            active: How surely each has a word, (Q, 4).
        """
        if self.to_weights is None:
            return torch.ones_like(active[:, :1])
        has = {
            "cat": active[:, CATEGORY - 1],
            "att": active[:, ATTRIBUTE - 1],
            "rel": active[:, PREDICATE - 1] * active[:, SUPPORT - 1],
        }
        there = []
        for term in module_terms(self._used):
            share = has[term[0]]
            for name in term[1:]:
                share = share * has[name]
            there.append(share)
        said = torch.cat([groups.flatten(1), active], dim=1)
        logits: Tensor = self.to_weights(said)
        return torch.softmax(logits + (torch.stack(there, dim=1) + _NONE).log(), dim=1)

    def forward(self, token_ids: Tensor) -> tuple[Tensor, ...]:
        """Return `expression_outputs` for ids (Q, T)."""
        groups, share, active = self.groups(token_ids)

        def of(attention: Attention, role: int) -> Tensor:
            found: Tensor = attention(groups[:, role - 1], token_ids, share[:, :, role - 1])
            return found

        outputs = [of(self.to_category, CATEGORY)]
        if self.to_attribute is not None:
            outputs.append(of(self.to_attribute, ATTRIBUTE))
        if "rel" in self._used:
            outputs += [of(self.to_category, SUPPORT), groups[:, PREDICATE - 1]]
        return (*outputs, self.weights(groups, active))


class Attention(nn.Module):
    """Words -> attention over the channels of frequent names.

    Rare names lean on frequent ones: all channels are attended to as an embedded word says, its
    own channel, if it has one, the more. Without that a word has its own channel or none.

    Source:
        Wu et al. 2020, section 4: attention over the channels of frequent categories and
        attributes, so that rare ones profit from them.
    """

    def __init__(
        self,
        embedding_channels: int,
        channels: int,
        channel_of: Tensor,
        count: int,
        rare_from_frequent: bool,
    ):
        super().__init__()
        self._count = count
        self.register_buffer("channel_of", channel_of, persistent=False)
        self.channel_of: Tensor
        self.layers: nn.Sequential | None = None
        if rare_from_frequent:
            self.layers = nn.Sequential(
                nn.Linear(embedding_channels, channels), nn.ReLU(), nn.Linear(channels, count)
            )
            self.own = nn.Parameter(torch.tensor(_OWN))

    def forward(self, word: Tensor, token_ids: Tensor, share: Tensor) -> Tensor:
        """Return the attention (Q, C).

        Args:
            word: Mean of the group's words, (Q, E).
            token_ids: (Q, T).
            share: How much each word belongs to the group, (Q, T).
        """
        places = torch.arange(self._count, device=token_ids.device)
        named = (self.channel_of[token_ids][..., None] == places).to(share.dtype)
        own = (share[:, None] @ named)[:, 0].clamp(max=1.0)
        if self.layers is None:
            return own
        return torch.softmax(self.layers(word) + self.own * own, dim=1)


class ModuleHead(nn.Module):
    """The modules' responses to a phrase, combined."""

    def __init__(self, modules: Sequence[str], predicate_channels: int, relation_channels: int):
        super().__init__()
        self._used = tuple(modules)
        self.category = NameModule()
        self.attribute = NameModule() if "att" in modules else None
        self.relationship: RelationshipModule | None = None
        if "rel" in modules:
            self.relationship = RelationshipModule(predicate_channels, relation_channels)

    def responses(self, *given: Tensor) -> list[Tensor]:
        """Return each module's response, (Q, 1, h, w); see `forward`."""
        images = 1 if self.attribute is None else 2
        seen = [for_each(maps, given[-1]) for maps in given[:images]]
        asked = dict(zip(expression_outputs(self._used), given[images:], strict=True))
        found = [self.category(seen[0], asked["category"])]
        if self.attribute is not None:
            found.append(self.attribute(seen[1], asked["attribute"]))
        if self.relationship is not None:
            support = self.category(seen[0], asked["support"])
            found.append(self.relationship(support, asked["predicate"]))
        return found

    def forward(self, *given: Tensor) -> tuple[Tensor]:
        """Return the logits, ((Q, 1, h, w),).

        Args:
            given: Maps of the image, (B, ., h, w), of one for all expressions or of B with Q / B
                expressions each, in order; then what `PhraseEncoder` gives.
        """
        return (combine(self.responses(*given), self._used, given[-1]),)
