"""The networks that ours is measured against, with random weights: time does not depend on them.

CLIPSeg by `transformers` in torch and in ONNX Runtime, and Hu et al.'s VGG-16 network in torch. A
peer is its network alone: no decoding, resizing, masks or messages. Imports torch.
"""

import importlib
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped,unused-ignore]
import torch

from textseg_core.benchmark.interleave import TOTAL, Contestant
from textseg_core.benchmark.lineup import CLIPSEG_PX, HU_PX, Peer, clipseg_name, hu_name
from textseg_core.models.registry import build
from textseg_core.runtime.onnx_backend import usable_cores

_VOCABULARY = 10_000
#: Start, "the red mug", end, unpadded; ours reads 24 padded tokens.
_TOKENS = (49406, 518, 736, 7890, 49407)
_AGREE = 1e-3


def contestants(peer: Peer, folder: Path, threads: int = 0) -> list[Contestant]:
    """Return a peer's contestants; `folder` takes what is exported for it."""
    if peer == "hu2016":
        return [hu2016(threads)]
    return clipseg(int(peer.removeprefix("clipseg")), folder, threads)


def clipseg(
    patch: int,
    folder: Path,
    threads: int = 0,
    *,
    vision: Mapping[str, Any] | None = None,
    **settings: Any,
) -> list[Contestant]:
    """Return CLIPSeg in torch and in ONNX Runtime, one image and one expression each.

    The image size stands in the configuration, so that no position is interpolated in each frame.
    ONNX Runtime keeps its own defaults (all graph optimisations, threads that spin), which is how
    it is fastest alone.

    Args:
        patch: Pixels of a patch's side, 16 or 32.
        folder: Where the ONNX file is written, about 600 MB.
        threads: Of each runtime; 0 for as many as the process has cores.
        vision: Changes of the image encoder's settings.
        settings: Changes of CLIPSegConfig's other settings.

    Raises:
        RuntimeError: If `transformers` is missing, or the two runtimes differ.
    """
    sizes = {"image_size": CLIPSEG_PX, "patch_size": patch, **(vision or {})}
    network = _clipseg_network({"vision_config": sizes, **settings})
    torch.set_num_threads(threads or usable_cores())
    generator = np.random.default_rng(0)
    pixels = generator.normal(size=(1, 3, CLIPSEG_PX, CLIPSEG_PX)).astype(np.float32)
    ids = np.array([_TOKENS], np.int64)
    inputs = (torch.from_numpy(ids), torch.ones((1, len(_TOKENS)), dtype=torch.int64))
    tensors = (*inputs, torch.from_numpy(pixels))
    path = folder / f"clipseg_{patch}.onnx"
    _export(network, tensors, path, ("token_ids", "attention", "pixels"))
    session = _session(path, threads)
    feeds = {"token_ids": ids, "attention": inputs[1].numpy(), "pixels": pixels}
    feeds = {entry.name: feeds[entry.name] for entry in session.get_inputs()}

    def run_torch() -> Any:
        with torch.inference_mode():
            return network(*tensors).numpy()

    def run_onnx() -> Any:
        return session.run(None, feeds)[0]

    _check_alike(f"CLIPSeg with patches of {patch} px", run_torch(), run_onnx())
    return [
        timed(clipseg_name(patch, "torch"), run_torch),
        timed(clipseg_name(patch, "ONNX Runtime"), run_onnx),
    ]


def hu2016(threads: int = 0, input_px: int = HU_PX) -> Contestant:
    """Return Hu et al.'s network in torch: image, expression and response of one frame."""
    torch.set_num_threads(threads or usable_cores())
    network = build("hu2016", vocabulary_size=_VOCABULARY, input_px=input_px).eval()
    image = torch.zeros(1, input_px, input_px, 3, dtype=torch.uint8)
    token_ids = torch.ones(1, network.tokens, dtype=torch.int64)

    def run() -> Any:
        with torch.inference_mode():
            return network(image, token_ids)["logits"].numpy()

    return timed(hu_name(input_px), run)


def timed(name: str, run: Callable[[], Any]) -> Contestant:
    """Return a contestant that is measured as a whole."""

    def measured() -> dict[str, float]:
        started_s = time.perf_counter()
        run()
        return {TOTAL: (time.perf_counter() - started_s) * 1e3}

    return Contestant(name, measured)


def _clipseg_network(settings: Mapping[str, Any]) -> Any:
    """Return CLIPSeg with random weights; called with ids, attention mask and pixels."""
    try:
        transformers: Any = importlib.import_module("transformers")
    except ImportError as error:
        raise RuntimeError(
            f"the peer CLIPSeg needs the package transformers ({error}): "
            "pip install 'textseg-ros[benchmark]', or leave it out with --peers hu2016"
        ) from error
    inner = transformers.CLIPSegForImageSegmentation(transformers.CLIPSegConfig(**settings))
    return _Clipseg(inner).eval()


class _Clipseg(torch.nn.Module):
    """CLIPSeg whose only output is the logits."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, ids: Any, attention: Any, pixels: Any) -> Any:
        return self.inner(input_ids=ids, attention_mask=attention, pixel_values=pixels).logits


def _export(network: Any, inputs: tuple[Any, ...], path: Path, names: tuple[str, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer, about transformers' own checks of shapes
        torch.onnx.export(
            network,
            inputs,
            str(path),
            input_names=list(names),
            output_names=["logits"],
            opset_version=17,
            dynamo=False,
        )


def _session(path: Path, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or usable_cores()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _check_alike(name: str, first: Any, second: Any) -> None:
    """Refuse an export that computes something else: its time would mean nothing."""
    apart = float(np.abs(np.squeeze(first) - np.squeeze(second)).max())
    scale = max(1.0, float(np.abs(first).max()))
    if not apart <= _AGREE * scale:
        raise RuntimeError(
            f"{name}: torch and ONNX Runtime differ by {apart:.2e} at a scale of "
            f"{scale:.2e}; the versions of torch and transformers do not fit, see "
            "textseg-ros[benchmark]"
        )
