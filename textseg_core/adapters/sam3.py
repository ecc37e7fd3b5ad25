"""SAM 3: every instance of a short noun phrase, with its mask.

Source:
    Carion et al. 2025, "SAM 3: Segment Anything with Concepts"; network as `transformers` has it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from textseg_core.adapters.base import Answers, Found, found_of, sureness
from textseg_core.adapters.cards import SAM3
from textseg_core.adapters.hub import HubOptions, load_pair
from textseg_core.adapters.torch_parts import TorchParts, split_answers, to_array, words_beyond
from textseg_core.arrays import UInt8Array

#: Least score of an instance, as its authors use it.
LEAST_SCORE = 0.5
#: Tokens of a text, as its processor pads them.
LONGEST = 32
#: Instances kept of one text.
MOST = 32


class Sam3(TorchParts):
    """SAM 3 for images, asked by words.

    Attributes:
        threshold: Of the response; instances are at least as sure as that.
        tells_apart: True.
    """

    threshold = 0.5
    tells_apart = True

    def __init__(self, sources: Sequence[str], options: HubOptions) -> None:
        self._network, self._processor = load_pair(SAM3, sources[0], options)
        super().__init__("sam3", options, [self._network])

    def find(
        self, image: UInt8Array, expressions: Sequence[str], nouns: Sequence[str] = ()
    ) -> Answers:
        """Return the instances of each text; see `OpenVocabularyModel`."""
        found: list[Found] = []
        with torch.inference_mode():
            inputs = self.to_device(self._processor(images=image, return_tensors="pt"))
            seen = self._network.get_vision_features(pixel_values=inputs["pixel_values"])
            for batch in self.in_batches([*expressions, *nouns]):
                found += self._ask(image, seen, batch)
        return split_answers(found, len(expressions))

    def _ask(self, image: UInt8Array, seen: Any, texts: list[str]) -> list[Found]:
        tokenizer = self._processor.tokenizer
        read = tokenizer(
            texts, padding="max_length", max_length=LONGEST, truncation=True, return_tensors="pt"
        )
        outputs = self._network(vision_embeds=_repeated(seen, len(texts)), **self.to_device(read))
        to_array(outputs.pred_logits, "SAM 3")  # refuses NaN
        shape = (int(image.shape[0]), int(image.shape[1]))
        parsed = self._processor.post_process_instance_segmentation(
            _float(outputs), threshold=LEAST_SCORE, target_sizes=[shape] * len(texts)
        )
        found = []
        for text, one in zip(texts, parsed, strict=True):
            scores = one["scores"].cpu().numpy()
            best = np.argsort(-scores)[:MOST]
            masks = [one["masks"][int(place)].cpu().numpy() > 0 for place in best]
            sure = [sureness(float(scores[place]), LEAST_SCORE) for place in best]
            beyond = words_beyond(tokenizer, text, LONGEST)
            found.append(replace(found_of(masks, sure, shape), truncated=beyond))
        return found


def _repeated(seen: Any, count: int) -> Any:
    """Return the encoding of one image as that of several, without copying it."""
    maps = {
        name: tuple(value.expand(count, *value.shape[1:]) for value in getattr(seen, name))
        for name in ("fpn_hidden_states", "fpn_position_encoding")
    }
    return type(seen)(**maps)


def _float(outputs: Any) -> Any:
    """Return outputs with masks and scores in float32, which half-precision resizing needs."""
    for name in ("pred_logits", "pred_boxes", "pred_masks", "presence_logits"):
        if outputs[name] is not None:
            outputs[name] = outputs[name].float()
    return outputs
