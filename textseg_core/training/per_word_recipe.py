"""The per-word baseline of Hu et al. 2016 in the same loop: its words, its loss."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.per_word import PerWordNetwork, enlarge
from textseg_core.models.visual import STRIDE
from textseg_core.tokenizer import RESERVED, Tokenizer
from textseg_core.training.dataset import queries_for
from textseg_core.training.one_stage import OneStage
from textseg_core.training.samples import Sample
from textseg_core.training.settings import TrainSettings
from textseg_core.training.sources import SourceSet
from textseg_core.training.weights import load_descriptors

#: Words that say nothing of how a thing looks or where it is; the paper names the first and the
#: last and leaves the others open.
STOP_WORDS = frozenset("the a an of to and or with is are that this which it its towards".split())  # noqa: SIM905
#: Pixels per cell of the labels; finer ones would need gigabytes for 500 words.
LABEL_STRIDE = 8
#: Scenes whose expressions are written to count their words.
COUNTED_SCENES = 300


def multi_label_loss(scores: Tensor, share: Tensor, words: Tensor) -> Tensor:
    """Return the logistic loss of every word, summed over words, averaged over the rest.

    Within what an expression means, the words of the expression are labelled 1; everything else is
    labelled 0. The paper labels one expression at a time, so that an image with several would
    call the same pixel both red and not red; here the labels of an image's expressions are joined.

    Args:
        scores: (B, N, h, w) of N words in B images.
        share: Share of each cell that is foreground, (B, Q, h, w).
        words: 1 for the words of each expression, (B, Q, N).

    Returns:
        A scalar.

    Source:
        Hu et al. 2016, section 4.1: "multi-label logistic regression loss over the words".
    """
    labels = torch.zeros_like(scores)
    for query in range(words.shape[1]):
        own = words[:, query, :, None, None] * share[:, query, None]
        labels = torch.maximum(labels, own)
    losses = F.binary_cross_entropy_with_logits(scores, labels, reduction="none")
    return losses.sum(dim=1).mean()


def frequent_ids(counted: Iterable[Sequence[int]], words: Sequence[str]) -> list[int]:
    """Return the ids of the words that have a letter and are no stop words, most frequent first.

    Args:
        counted: Ids of expressions.
        words: The vocabulary.
    """
    counts = Counter(index for ids in counted for index in ids if index >= len(RESERVED))
    usable = [
        index
        for index in counts
        if words[index] not in STOP_WORDS and any(letter.isalpha() for letter in words[index])
    ]
    return sorted(usable, key=lambda index: (-counts[index], index))


def sample_ids(
    sources: SourceSet, tokenizer: Tokenizer, settings: TrainSettings
) -> list[list[int]]:
    """Return the ids of the expressions that people wrote, or else of some that are written.

    The scenes are drawn as training draws them, the same for the same seed.
    """
    texts = list(sources.texts)
    stage = settings.stages[0]
    mixture = {name: w for name, w in stage.mixture.items() if name in sources.by_name}
    if any(weight > 0 for name, weight in mixture.items() if name != "described"):
        rng = np.random.default_rng([settings.seed, COUNTED_SCENES])
        for _ in range(COUNTED_SCENES):
            _, drawn = sources.draw(mixture, rng, stage.input_px)
            asked = queries_for(drawn.scene, drawn.queries, stage.queries, rng)
            texts += [query.expression for query in asked]
    return [tokenizer.encode(text).token_ids[0].tolist() for text in texts]


class PerWordRecipe(OneStage):
    """FCN-32s with a class for each frequent word, by AdamW.

    The paper names no optimiser for its baselines.
    """

    def build(self, stage: int) -> PerWordNetwork:
        """Return the network with its backbone's weights; `name_words` gives it its classes."""
        network = registry.build("per_word", **self.model_settings(stage))
        if not isinstance(network, PerWordNetwork):
            raise TypeError(f"expected a PerWordNetwork, got {type(network).__name__}")
        if self._backbones is not None:
            backbone = str(self._settings.model.get("backbone", "vgg16"))
            load_descriptors(network.image_encoder.descriptors, self._backbones, backbone)
        return network

    def name_words(
        self, network: SegmentationNetwork, sources: SourceSet, tokenizer: Tokenizer
    ) -> None:
        """Give the most frequent words of the training expressions their classes."""
        if not isinstance(network, PerWordNetwork):
            raise TypeError(f"expected a PerWordNetwork, got {type(network).__name__}")
        counted = sample_ids(sources, tokenizer, self._settings)
        network.name_classes(frequent_ids(counted, self._words))

    def losses(self, network: SegmentationNetwork, batch: Sample) -> dict[str, Tensor]:
        """Return the loss over all words, of Q expressions for each of B images."""
        if not isinstance(network, PerWordNetwork):
            raise TypeError(f"expected a PerWordNetwork, got {type(network).__name__}")
        ids, target = batch["token_ids"], batch["target"].squeeze(2)
        (cells,) = network.image_encoder(batch["image"])
        classes, present = network.expression_encoder(ids.flatten(0, 1))
        words = F.one_hot(classes, network.classes) * present[..., None]
        words = words.sum(dim=1).unflatten(0, ids.shape[:2])
        stride = min(STRIDE, max(LABEL_STRIDE, network.stride))
        scores = enlarge(cells.float(), STRIDE // stride)
        share = F.adaptive_avg_pool2d(target, scores.shape[-1])
        return {"mask": multi_label_loss(scores, share, words.float())}
