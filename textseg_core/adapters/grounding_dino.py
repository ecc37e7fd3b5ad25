"""Grounding DINO finds boxes for words, and SAM 2 draws what is in them.

Source:
    Liu et al. 2023, arXiv:2303.05499; the pair as in Ren et al. 2024, arXiv:2401.14159.
"""

from collections.abc import Sequence

import numpy as np
import torch

from textseg_core.adapters.base import Answers, sureness
from textseg_core.adapters.box_masks import Boxes, Sam2Masks, draw
from textseg_core.adapters.cards import GROUNDING_DINO
from textseg_core.adapters.hub import HubOptions, load_pair
from textseg_core.adapters.torch_parts import TorchParts, split_answers, to_array, words_beyond
from textseg_core.arrays import UInt8Array

#: Least score of a box, as its authors use it.
LEAST_SCORE = 0.3


class GroundedSam2(TorchParts):
    """Grounding DINO and SAM 2.

    Each text is a prompt of its own, since several in one prompt share the boxes among them
    ("mug. red mug."); so the picture is encoded with each text.

    Attributes:
        threshold: Of the response; instances are at least as sure as that.
        tells_apart: True.
    """

    threshold = 0.5
    tells_apart = True

    def __init__(self, sources: Sequence[str], options: HubOptions) -> None:
        self._network, self._processor = load_pair(GROUNDING_DINO, sources[0], options)
        self._masks = Sam2Masks(sources[1], options)
        super().__init__("grounding-dino+sam2", options, [self._network])

    def find(
        self, image: UInt8Array, expressions: Sequence[str], nouns: Sequence[str] = ()
    ) -> Answers:
        """Return the instances of each text; see `OpenVocabularyModel`."""
        boxes: list[Boxes] = []
        for batch in self.in_batches([*expressions, *nouns]):
            boxes += self._boxes(image, batch)
        return split_answers(draw(image, boxes, self._masks), len(expressions))

    def close(self) -> None:
        """Let go of both networks."""
        self._masks.close()
        super().close()

    def _boxes(self, image: UInt8Array, texts: list[str]) -> list[Boxes]:
        longest = int(self._network.config.max_text_len)
        # A full stop ends a prompt's part; a text is one part.
        inputs = self._processor(
            images=[image] * len(texts),
            text=[[text.replace(".", " ")] for text in texts],
            padding=True,
            truncation=True,
            max_length=longest,
            return_tensors="pt",
        )
        with torch.inference_mode():
            outputs = self._network(**self.to_device(inputs))
        to_array(outputs.pred_boxes, "Grounding DINO")  # refuses NaN
        outputs.logits, outputs.pred_boxes = outputs.logits.float(), outputs.pred_boxes.float()
        parsed = self._processor.post_process_grounded_object_detection(
            outputs,
            inputs["input_ids"],
            threshold=LEAST_SCORE,
            text_threshold=LEAST_SCORE,
            target_sizes=[(int(image.shape[0]), int(image.shape[1]))] * len(texts),
        )
        return [
            Boxes(
                one["boxes"].cpu().numpy().reshape(-1, 4),
                np.array([sureness(float(s), LEAST_SCORE) for s in one["scores"]], np.float32),
                words_beyond(self._processor.tokenizer, text, longest),
            )
            for text, one in zip(texts, parsed, strict=True)
        ]
