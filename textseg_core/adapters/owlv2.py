"""OWLv2 finds boxes for words; SAM 2 draws what is in them, or GrabCut without it.

Source:
    Minderer et al. 2023, arXiv:2306.09683; network as `transformers` has it.
"""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import torch

from textseg_core.adapters.base import Answers, sureness
from textseg_core.adapters.box_masks import Boxes, BoxMasks, GrabCutMasks, Sam2Masks, draw
from textseg_core.adapters.cards import OWLV2
from textseg_core.adapters.hub import HubOptions, load_pair
from textseg_core.adapters.torch_parts import TorchParts, split_answers, to_array, words_beyond
from textseg_core.arrays import UInt8Array

#: Least score of a box, as its authors use it.
LEAST_SCORE = 0.1


class Owlv2(TorchParts):
    """OWLv2; the picture is encoded once for all texts.

    Attributes:
        threshold: Of the response; instances are at least as sure as that.
        tells_apart: True.
    """

    threshold = 0.5
    tells_apart = True

    def __init__(self, sources: Sequence[str], options: HubOptions) -> None:
        self._network, self._processor = load_pair(OWLV2, sources[0], options)
        self._sam2 = Sam2Masks(sources[1], options) if len(sources) > 1 else None
        name = "owlv2+sam2" if self._sam2 else "owlv2"
        super().__init__(name, options, [self._network])

    def find(
        self, image: UInt8Array, expressions: Sequence[str], nouns: Sequence[str] = ()
    ) -> Answers:
        """Return the instances of each text; see `OpenVocabularyModel`."""
        texts = [*expressions, *nouns]
        drawer: BoxMasks = self._sam2 or GrabCutMasks()
        boxes = self._boxes(image, texts) if texts else []
        return split_answers(draw(image, boxes, drawer), len(expressions))

    def close(self) -> None:
        """Let go of the networks."""
        if self._sam2 is not None:
            self._sam2.close()
        super().close()

    def _boxes(self, image: UInt8Array, texts: Sequence[str]) -> list[Boxes]:
        longest = int(self._network.config.text_config.max_position_embeddings)
        inputs = self._processor(
            images=image,
            text=[list(texts)],
            padding="max_length",
            truncation=True,
            max_length=longest,
            return_tensors="pt",
        )
        with torch.inference_mode():
            outputs = self._network(**self.to_device(inputs))
        to_array(outputs.logits, "OWLv2")  # refuses NaN
        size = [(int(image.shape[0]), int(image.shape[1]))]
        found = []
        for place, text in enumerate(texts):
            # One text at a time: a box may fit both "mug" and "red mug".
            mine = SimpleNamespace(
                logits=outputs.logits[..., place : place + 1].float(),
                pred_boxes=outputs.pred_boxes.float(),
            )
            (one,) = self._processor.post_process_grounded_object_detection(
                mine, threshold=LEAST_SCORE, target_sizes=size
            )
            sure = [sureness(float(score), LEAST_SCORE) for score in one["scores"]]
            corners = one["boxes"].cpu().numpy().reshape(-1, 4)
            beyond = words_beyond(self._processor.tokenizer, text, longest)
            found.append(Boxes(corners, np.array(sure, np.float32), beyond))
        return found
