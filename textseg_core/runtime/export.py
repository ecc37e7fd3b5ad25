"""A network in torch -> a model directory of three ONNX files, compared with torch."""

import argparse
import copy
import shutil
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import onnx
import torch
import yaml
from torch import Tensor, nn

from textseg_core.model_info import (
    DESCRIPTION_FILE,
    VOCABULARY_FILE,
    ModelInfo,
    sha256_of,
)
from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.checkpoint import load_checkpoint
from textseg_core.models.folded_head import folded
from textseg_core.models.proposal_network import ProposalNetwork
from textseg_core.proposals import PLACES
from textseg_core.runtime.byte_storage import store_as_bytes
from textseg_core.runtime.comparison import greatest_difference
from textseg_core.runtime.half_storage import store_as_half
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.runtime.proposal_export import greatest_score_difference, proposals_of
from textseg_core.runtime.stored_form import Storage, stored_form
from textseg_core.runtime.torch_backend import TorchBackend

OPSET = 17
TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What an export measured.

    Attributes:
        directory: The model directory.
        bytes_by_file: Size of each file written.
        difference: Greatest difference between ONNX Runtime and torch, with the
            same weights, over all outputs after the sigmoid.
        rounding_difference: The same against torch with unrounded weights.
    """

    directory: Path
    bytes_by_file: dict[str, int]
    difference: float
    rounding_difference: float


def export(
    network: SegmentationNetwork,
    words: Sequence[str],
    directory: Path,
    *,
    threshold: float = 0.5,
    presence_threshold: float | None = None,
    tokenizer: Literal["words", "hu2016"] | None = None,
    padding: Literal["left", "right"] | None = None,
    storage: Storage = "float32",
    about: Mapping[str, object] | None = None,
) -> ExportReport:
    """Write a model directory and compare it with torch.

    Everything is written and compared beside `directory` first, so that an
    earlier export there survives a failure. Other files in it are left alone.

    Args:
        network: Any network of the registry; not changed.
        words: The vocabulary in the order of its ids.
        directory: Made where it is missing.
        threshold: Least response counted as foreground, in (0, 1).
        presence_threshold: Least probability of presence that counts as found;
            None: 0.5 where the network has that output, else 0.
        tokenizer: None: as the registry has it for the network's name.
        padding: None: as the registry has it for the network's name.
        storage: Round the weights to this and store them so.
        about: Free values for model.yaml.

    Raises:
        ValueError: If the words do not make a vocabulary file or a threshold is
            out of range, or the network cannot read the last word's id.
        RuntimeError: If ONNX Runtime and torch differ by more than 1e-3.
    """
    if tokenizer is None or padding is None:
        known = registry.entry(network.name)
        tokenizer, padding = tokenizer or known.tokenizer, padding or known.padding
    if presence_threshold is None:
        presence_threshold = 0.5 if "presence" in network.head_outputs else 0.0
    info = ModelInfo(
        name=network.name,
        input_px=network.input_px,
        stride=network.stride,
        tokens=network.tokens,
        padding=padding,
        tokenizer=tokenizer,
        presence_threshold=presence_threshold,
        threshold=threshold,
        proposals=proposals_of(network),
        about=dict(about or {}),
    )
    _check_words(words)
    original = copy.deepcopy(network).cpu().float().eval()
    _check_last_id(original, len(words))
    stored = stored_form(original, storage)

    directory.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}."))
    try:
        parts = _write_parts(stored, temporary)
        for path in parts:
            if storage == "int8":
                store_as_bytes(path)
            elif storage == "float16":
                store_as_half(path)
            onnx.checker.check_model(path)
        difference = _compare(temporary, info, stored, len(words))
        if not difference <= TOLERANCE:
            raise RuntimeError(
                f"ONNX Runtime and torch differ by {difference:.2e} in the response of network "
                f"{network.name!r}, more than {TOLERANCE:.0e}; nothing was written to {directory}"
            )
        rounding = difference
        if storage != "float32":
            rounding = _compare(temporary, info, original, len(words))
        (temporary / VOCABULARY_FILE).write_text("\n".join(words) + "\n", encoding="utf-8")
        checksums = {path.name: sha256_of(path) for path in sorted(temporary.iterdir())}
        info = replace(info, sha256=checksums)
        (temporary / DESCRIPTION_FILE).write_text(
            yaml.safe_dump(asdict(info), sort_keys=False, allow_unicode=True), encoding="utf-8"
        )
        sizes = {path.name: path.stat().st_size for path in sorted(temporary.iterdir())}
        directory.mkdir(exist_ok=True)
        for name in sizes:
            (temporary / name).replace(directory / name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return ExportReport(
        directory=directory,
        bytes_by_file=sizes,
        difference=difference,
        rounding_difference=rounding,
    )


def _check_words(words: Sequence[str]) -> None:
    """Refuse words that would not come back from a file of one word a line."""
    if not words:
        raise ValueError("the vocabulary is empty; pass the words the network was trained with")
    seen: set[str] = set()
    for index, word in enumerate(words):
        if not word or word.splitlines() != [word] or word in seen:
            raise ValueError(f"word {index} of the vocabulary is empty, broken or twice: {word!r}")
        seen.add(word)


def _check_last_id(network: SegmentationNetwork, words: int) -> None:
    """Refuse a vocabulary that is longer than the network's embedding."""
    ids = torch.full((1, network.tokens), words - 1)
    try:
        with torch.inference_mode():
            network.expression_encoder(ids)
    except IndexError as error:
        raise ValueError(
            f"network {network.name!r} cannot read id {words - 1}: its embedding is shorter than "
            f"the {words} words given; pass those it was trained with"
        ) from error


def _write_parts(network: SegmentationNetwork, directory: Path) -> list[Path]:
    """Trace the three parts into ONNX files and return their paths."""
    image = torch.zeros((1, network.input_px, network.input_px, 3), dtype=torch.uint8)
    token_ids = torch.zeros((1, network.tokens), dtype=torch.int64)
    inputs: dict[str, Tensor] = {"image": image}
    looks, head = network.image_encoder, network.query_head
    seen_names, answer_names = network.image_outputs, network.head_outputs
    if isinstance(network, ProposalNetwork):
        inputs["shares"] = torch.zeros((1, network.proposals, network.cells**2))
        inputs["places"] = torch.zeros((1, network.proposals, PLACES))
        looks, head = network.image_encoder.describe, network.query_head.score
        seen_names, answer_names = ("regions",), ("scores",)
    with torch.inference_mode():
        seen: tuple[Tensor, ...] = looks(*inputs.values())
        read: tuple[Tensor, ...] = network.expression_encoder(token_ids)
    pair = tuple(tensor.expand(2, *tensor.shape[1:]).clone() for tensor in read)
    per_expression = (*network.expression_outputs, *answer_names)
    parts: list[tuple[str, nn.Module, tuple[Tensor, ...], Sequence[str], Sequence[str]]] = [
        ("image_encoder", looks, tuple(inputs.values()), tuple(inputs), seen_names),
        (
            "expression_encoder",
            network.expression_encoder,
            (token_ids,),
            ("token_ids",),
            network.expression_outputs,
        ),
        (
            "query_head",
            folded(head, network.tokens),
            tuple(tensor.clone() for tensor in (*seen, *pair)),
            (*seen_names, *network.expression_outputs),
            answer_names,
        ),
    ]
    paths = []
    for name, module, given, input_names, output_names in parts:
        path = directory / f"{name}.onnx"
        with warnings.catch_warnings():
            # The older exporter on purpose: it writes the standard LSTM operator and plain
            # graphs, needs no onnxscript, and is thirty times faster.
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            # The expression encoder's batch is one by contract.
            warnings.filterwarnings("ignore", message=".*batch_size other than 1.*")
            # Torch's own check of shapes inside its LSTM; other modules' warnings are shown.
            warnings.filterwarnings("ignore", module=r"torch\.nn\.modules\.rnn")
            torch.onnx.export(
                module,
                given,
                str(path),
                input_names=list(input_names),
                output_names=list(output_names),
                dynamic_axes=(
                    {key: {0: "expressions"} for key in per_expression}
                    if name == "query_head"
                    else None
                ),
                opset_version=OPSET,
                # Weights stay as they are stored; a runtime folds what depends on them alone.
                do_constant_folding=name != "query_head",
                dynamo=False,
            )
        paths.append(path)
    return paths


def _compare(directory: Path, info: ModelInfo, network: SegmentationNetwork, words: int) -> float:
    if isinstance(network, ProposalNetwork):
        return greatest_score_difference(directory, info, network, words)
    return greatest_difference(
        OnnxBackend(directory),
        TorchBackend(network),
        input_px=network.input_px,
        tokens=network.tokens,
        words=words,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Export a checkpoint from the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m textseg_core.runtime.export",
        description="Turn a training checkpoint into a model directory of three ONNX files.",
    )
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--storage",
        choices=get_args(Storage),
        default="float32",
        help="round the weights to this and store them so: a half or a quarter of the size",
    )
    parser.add_argument("--threshold", type=float, help="default: the checkpoint's, else 0.5")
    parser.add_argument(
        "--presence-threshold", type=float, help="default: the checkpoint's, else 0.5"
    )
    options = parser.parse_args(arguments)
    try:
        checkpoint = load_checkpoint(options.checkpoint)
        about = dict(checkpoint.extra)
        threshold, presence = (about.pop(key, None) for key in ("threshold", "presence_threshold"))
        if options.threshold is not None:
            threshold = options.threshold
        if options.presence_threshold is not None:
            presence = options.presence_threshold
        report = export(
            checkpoint.network(),
            checkpoint.vocabulary,
            options.out,
            threshold=0.5 if threshold is None else threshold,
            presence_threshold=presence,
            storage=options.storage,
            about=about,
        )
    except (ValueError, RuntimeError, OSError) as error:
        print(f"export failed: {error}", file=sys.stderr)
        return 1
    for name, size in report.bytes_by_file.items():
        print(f"{size / 1e6:10.3f} MB  {report.directory / name}")
    print(f"ONNX Runtime differs from torch by {report.difference:.1e} at most")
    if options.storage != "float32":
        print(f"and from unrounded weights by {report.rounding_difference:.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
