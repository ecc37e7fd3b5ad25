"""CLIPSeg: a response to any words, without telling things apart.

Source:
    Lueddecke and Ecker 2022, arXiv:2112.10003; weights and network as `transformers` has them.
"""

from collections.abc import Sequence
from typing import Any

import torch

from textseg_core.adapters.base import Answers, Found
from textseg_core.adapters.cards import CLIPSEG
from textseg_core.adapters.hub import HubOptions, load_pair
from textseg_core.adapters.torch_parts import (
    TorchParts,
    resized,
    sigmoid,
    split_answers,
    to_array,
    words_beyond,
)
from textseg_core.arrays import UInt8Array


class ClipSeg(TorchParts):
    """CLIPSeg; each text gives a response map.

    Attributes:
        threshold: Its sigmoid is low on small things, so less than one half counts.
        tells_apart: False.
    """

    threshold = 0.4
    tells_apart = False

    def __init__(self, sources: Sequence[str], options: HubOptions) -> None:
        self._network, self._processor = load_pair(CLIPSEG, sources[0], options)
        super().__init__("clipseg", options, [self._network])

    def find(
        self, image: UInt8Array, expressions: Sequence[str], nouns: Sequence[str] = ()
    ) -> Answers:
        """Return the response to each text; see `OpenVocabularyModel`."""
        texts = [*expressions, *nouns]
        tokenizer = self._processor.tokenizer
        longest = int(self._network.config.text_config.max_position_embeddings)
        found: list[Found] = []
        with torch.inference_mode():
            seen = self._see(image)
            for batch in self.in_batches(texts):
                read = tokenizer(
                    batch, padding=True, truncation=True, max_length=longest, return_tensors="pt"
                )
                logits = self._answer(seen, self.to_device(read), len(batch))
                for text, one in zip(batch, to_array(logits, "CLIPSeg"), strict=True):
                    response = resized(sigmoid(one), image)
                    beyond = words_beyond(tokenizer, text, longest)
                    found.append(Found(response, truncated=beyond))
        return split_answers(found, len(expressions))

    def _see(self, image: UInt8Array) -> list[Any]:
        """Return the image encoder's activations that the decoder reads, (1, P, D) each."""
        pixels = self.to_device(self._processor(images=image, return_tensors="pt"))
        seen = self._network.clip.get_image_features(
            pixels["pixel_values"], interpolate_pos_encoding=True, output_hidden_states=True
        )
        return [seen.hidden_states[layer + 1] for layer in self._network.extract_layers]

    def _answer(self, seen: Sequence[Any], read: dict[str, Any], count: int) -> Any:
        """Return the logits of so many texts, (B, h, w)."""
        condition = self._network.get_conditional_embeddings(
            batch_size=count,
            input_ids=read["input_ids"],
            attention_mask=read["attention_mask"],
        )
        repeated = [layer.expand(count, -1, -1) for layer in seen]
        logits = self._network.decoder(repeated, condition).logits
        return logits.reshape(count, *logits.shape[-2:])
