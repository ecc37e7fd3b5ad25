"""Pretrained models in small: real networks, processors and tokenizers with random weights.

Each function writes a folder as `save_pretrained` does, which the adapters load like any other.
"""

import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import (
    BertTokenizer,
    CLIPImageProcessor,
    CLIPSegConfig,
    CLIPSegForImageSegmentation,
    CLIPSegProcessor,
    CLIPTokenizer,
    Florence2Config,
    Florence2ForConditionalGeneration,
    Florence2Processor,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    GroundingDinoImageProcessor,
    GroundingDinoProcessor,
    Owlv2Config,
    Owlv2ForObjectDetection,
    Owlv2ImageProcessor,
    Owlv2Processor,
    RobertaTokenizer,
    Sam2Config,
    Sam2ImageProcessor,
    Sam2Model,
    Sam2Processor,
    Sam3Config,
    Sam3ImageProcessor,
    Sam3Model,
    Sam3Processor,
    ViTImageProcessor,
)

LETTERS = string.ascii_lowercase + string.digits
WORDS = ("mug", "bowl", "red", "left", "of", "the")
CLIP_TEXT = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "vocab_size": 75, "bos_token_id": 73, "eos_token_id": 74, "pad_token_id": 74,
}  # fmt: skip
VIT = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
}  # fmt: skip


def clip_tokenizer(longest: int) -> Any:
    """Return CLIP's tokenizer that reads letter by letter."""
    words = ["!", *(letter + end for letter in LETTERS for end in ("", "</w>"))]
    words += ["<|startoftext|>", "<|endoftext|>"]  # the last, as in the large one
    vocab = {word: place for place, word in enumerate(words)}
    return CLIPTokenizer(vocab=vocab, merges=[], model_max_length=longest)


def _write(folder: Path, model: Any, processor: Any) -> Path:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def clipseg(folder: Path) -> Path:
    torch.manual_seed(1)
    config = CLIPSegConfig(
        text_config={**CLIP_TEXT, "max_position_embeddings": 24},
        vision_config={**VIT, "num_hidden_layers": 2, "image_size": 32, "patch_size": 8},
        projection_dim=16, extract_layers=[0, 1], reduce_dim=8, decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
    )  # fmt: skip
    pictures = ViTImageProcessor(size={"height": 32, "width": 32})
    processor = CLIPSegProcessor(pictures, clip_tokenizer(24))
    return _write(folder, CLIPSegForImageSegmentation(config), processor)


def sam3(folder: Path) -> Path:
    torch.manual_seed(2)
    small = {"hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 32}
    config = Sam3Config(
        vision_config={
            "backbone_config": {
                "model_type": "sam3_vit_model", **VIT, "image_size": 56, "patch_size": 14,
                "pretrain_image_size": 28, "window_size": 2, "global_attn_indexes": [0],
            },
            "fpn_hidden_size": 32, "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        },
        text_config={**CLIP_TEXT, "max_position_embeddings": 32, "projection_dim": 16},
        geometry_encoder_config={**small, "num_layers": 1},
        detr_encoder_config={**small, "num_layers": 1},
        detr_decoder_config={**small, "num_layers": 1, "num_queries": 6},
        mask_decoder_config={"hidden_size": 32, "num_attention_heads": 4},
    )  # fmt: skip
    model = Sam3Model(config)
    with torch.no_grad():  # sure that it is there, so that some of its instances pass
        model.detr_decoder.presence_head.layer3.bias.fill_(9.0)
    pictures = Sam3ImageProcessor(size={"height": 56, "width": 56})
    return _write(folder, model, Sam3Processor(pictures, clip_tokenizer(32)))


def sam2(folder: Path) -> Path:
    torch.manual_seed(3)
    config = Sam2Config(
        vision_config={
            "backbone_config": {
                "model_type": "sam2_hiera_det_model", "hidden_size": 8, "image_size": [64, 64],
                "embed_dim_per_stage": [8, 16, 32, 64], "blocks_per_stage": [1, 1, 2, 1],
                "num_attention_heads_per_stage": [1, 1, 2, 2],
                "window_size_per_stage": [8, 4, 4, 4], "global_attention_blocks": [3],
                "window_positional_embedding_background_size": [4, 4],
            },
            "backbone_channel_list": [64, 32, 16, 8], "fpn_hidden_size": 32,
            "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": 64, "patch_size": 16},
        mask_decoder_config={
            "hidden_size": 32, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16,
        },
    )  # fmt: skip
    pictures = Sam2ImageProcessor(size={"height": 64, "width": 64})
    return _write(folder, Sam2Model(config), Sam2Processor(pictures))


def grounding_dino(folder: Path) -> Path:
    torch.manual_seed(4)
    special = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]",
               1012: ".", 1029: "?"}  # fmt: skip
    free = iter(WORDS)
    vocab = {
        special.get(place) or (next(free, f"[unused{place}]")): place for place in range(1040)
    }
    config = GroundingDinoConfig(
        backbone_config={
            "model_type": "swin", "image_size": 32, "embed_dim": 8, "depths": [1, 1, 1, 1],
            "num_heads": [1, 1, 2, 2], "window_size": 2, "out_indices": [2, 3, 4],
        },
        text_config={
            "model_type": "bert", "vocab_size": 1040, "hidden_size": 16, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 32,
        },
        num_queries=6, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
        encoder_attention_heads=2, decoder_attention_heads=2, d_model=64, max_text_len=32,
    )  # fmt: skip
    pictures = GroundingDinoImageProcessor(size={"shortest_edge": 32, "longest_edge": 64})
    tokenizer = BertTokenizer(vocab=vocab, model_max_length=32)
    model = GroundingDinoForObjectDetection(config)
    return _write(folder, model, GroundingDinoProcessor(pictures, tokenizer))


def owlv2(folder: Path) -> Path:
    torch.manual_seed(5)
    config = Owlv2Config(
        text_config={**CLIP_TEXT, "max_position_embeddings": 16},
        vision_config={**VIT, "image_size": 32, "patch_size": 8}, projection_dim=16,
    )  # fmt: skip
    pictures = Owlv2ImageProcessor(size={"height": 32, "width": 32})
    processor = Owlv2Processor(pictures, clip_tokenizer(16))
    model = Owlv2ForObjectDetection(config)
    with torch.no_grad():
        model.class_head.logit_shift.bias.fill_(1.0)
    return _write(folder, model, processor)


def florence2(folder: Path) -> Path:
    torch.manual_seed(6)
    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    words += [space + letter for letter in string.printable[:94] for space in ("", "Ġ")]
    places = [f"<loc_{place}>" for place in range(1000)]
    marks = ["<poly>", "</poly>", "<sep>", "<od>", "</od>"]
    tokenizer = RobertaTokenizer(
        vocab={word: place for place, word in enumerate([*words, "Ġ"])}, merges=[],
        extra_special_tokens={"image_token": "<image>"},
    )  # fmt: skip
    tokenizer.add_tokens([*marks, *places])
    config = Florence2Config(
        vision_config={
            "embed_dim": [8, 8, 8, 8], "num_heads": [1, 1, 1, 1], "num_groups": [1, 1, 1, 1],
            "depths": [1, 1, 1, 1], "window_size": 2, "projection_dim": 16,
        },
        text_config={
            "model_type": "bart", "vocab_size": len(tokenizer), "d_model": 16,
            "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
            "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
            "max_position_embeddings": 256, "bos_token_id": 0, "pad_token_id": 1,
            "eos_token_id": 2, "decoder_start_token_id": 2, "forced_eos_token_id": 2,
        },
        image_token_id=tokenizer.image_token_id,
    )  # fmt: skip
    pictures = CLIPImageProcessor(
        size={"height": 64, "width": 64}, crop_size={"height": 64, "width": 64}
    )
    pictures.image_seq_length = 5  # 2 x 2 cells and their mean
    tasks: dict[str, dict[str, str]] = {
        name: {} for name in ("polygons", "description_with_bboxes_or_polygons")
    }
    processor = Florence2Processor(pictures, tokenizer, post_processor_config=tasks)
    return _write(folder, Florence2ForConditionalGeneration(config), processor)


WRITERS: dict[str, Callable[[Path], Path]] = {
    "clipseg": clipseg, "sam3": sam3, "sam2": sam2, "grounding-dino": grounding_dino,
    "owlv2": owlv2, "florence2": florence2,
}  # fmt: skip


def quiet() -> None:
    """Keep transformers' bars and advice out of the tests."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
