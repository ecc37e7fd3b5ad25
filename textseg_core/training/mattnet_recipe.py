"""MAttNet in the same loop: a stage for its detector, then stages for its modules upon that."""

import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F

from textseg_core.expressions.phrases import MATERIALS
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.detection.proposals import ANYTHING, unshortened
from textseg_core.models.matt_modules import see
from textseg_core.models.mattnet import Asked, MattNetwork, known_things
from textseg_core.training.detection import detection_losses
from textseg_core.training.detector_recipe import DetectorRecipe, listed_names
from textseg_core.training.parameter_groups import penalised_groups
from textseg_core.training.ranking import attribute_loss, ranking_loss
from textseg_core.training.samples import Sample
from textseg_core.training.things import ThingEncoder, things_of
from textseg_core.training.vocabulary import COLORS

ATTRIBUTES = (*COLORS, *MATERIALS)
_STEADY = 1 / 3


def falling_share(done: float) -> float:
    """Return the share of the top rate after a share of a stage.

    All of it for the first third, then a tenth for every further third.

    Source:
        The release keeps the rate for 8,000 steps, then takes a tenth for every 8,000 more.
    """
    return float(0.1 ** (max(0.0, done - _STEADY) / _STEADY))


class MattRecipe(DetectorRecipe[MattNetwork]):
    """The first of two stages teaches the detector; the last, the modules upon it as it then is.

    The settings' `weight_decay` is Adam's L2 penalty, on weights only.
    """

    network_class = MattNetwork

    @property
    def things(self) -> ThingEncoder:
        """What the losses must know of a scene."""
        model = self.model_settings(0)
        return ThingEncoder(listed_names(model["categories"]), listed_names(model["attributes"]))

    def model_settings(self, stage: int) -> dict[str, object]:
        """Return the arguments that rebuild the network."""
        nouns = [noun for noun in dict.fromkeys(self._nouns) if noun != ANYTHING]
        return {
            "categories": [ANYTHING, *nouns],
            "attributes": list(ATTRIBUTES),
            **super().model_settings(stage),
        }

    def optimiser(self, network: nn.Module) -> optim.Optimizer:
        """Return Adam with the L2 penalty on weights; the backbone has its own rate.

        What is frozen for a time is in it too: without a gradient Adam leaves it alone.
        """
        return optim.Adam(penalised_groups(network, self._settings, (".backbone.body.",)))

    def rate_share(self, progress: float) -> float:
        """Return the share within the stage that the run is in."""
        return falling_share(self._settings.done_in_stage(progress))

    def losses(self, network: SegmentationNetwork, batch: Sample) -> dict[str, Tensor]:
        """Return Mask R-CNN's losses in the detector's stage, else those of the modules."""
        if not isinstance(network, MattNetwork):
            raise TypeError(f"expected a MattNetwork, got {type(network).__name__}")
        detector = network.image_encoder.detector
        things = things_of(batch)
        if any(p.requires_grad for p in detector.rpn.parameters()):
            return detection_losses(detector, detector.features(batch["image"]), things)

        with torch.no_grad():
            features = detector.features(batch["image"])
        with unshortened(batch["image"]):
            asked = Asked(*network.expression_encoder(batch["token_ids"].flatten(0, 1)))
            categories = len(detector.categories)
            described = known_things(things.boxes, things.labels, things.there, categories)
            visual = network.image_encoder.modules_of
            seen = see(visual, detector, features, described)
            members = things.members
            there = things.there[:, None].expand(-1, members.shape[1], -1)
            total = network.query_head.score(seen, asked, there.flatten(0, 1)).total
            scores = total.view_as(members)
            visual.count(things.attributes, things.described)
            best = (scores.detach() - 4.0 * (1.0 - there)).amax(dim=2)
            known = members.amax(dim=2)
            return {
                "ranking": ranking_loss(scores, members, things.there),
                "attributes": attribute_loss(
                    seen.attributes, things.attributes, things.described, visual.attribute_counts
                ),
                "presence": self._settings.loss_weight("presence")
                * F.binary_cross_entropy_with_logits(network.query_head.presence(best), known),
            }
