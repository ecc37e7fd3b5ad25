"""Trains the compact network on photographs and composed scenes: one loop, top to bottom.

Command: `python -m textseg_core.training.train --data FOLDER --sprites FOLDER --out FOLDER`.
`FOLDER` of `--data` holds `photos/` (COCO format), `surfaces/`, `objects/manifest.json`
and `backbones/`. A third of the photographs is never read (see `photos.is_held_out`).
"""

import argparse
import copy
import json
import math
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from textseg_core.datasets.photos import category_names, load_photos
from textseg_core.expressions.names import plural
from textseg_core.models.checkpoint import save_checkpoint
from textseg_core.models.compact import CompactNetwork
from textseg_core.tokenizer import Tokenizer
from textseg_core.training import compose, lexical, vocabulary
from textseg_core.training.dataset import Sample, SceneDataset
from textseg_core.training.mask_loss import mask_loss


def learning_rate_share(step: int, steps: int, warm_up: int) -> float:
    """Return the share of the top learning rate: a linear rise, then half a cosine to 1 %."""
    if step < warm_up:
        return (step + 1) / warm_up
    done = (step - warm_up) / max(1, steps - warm_up)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def load_backbone(network: CompactNetwork, folder: Path, words: list[str]) -> None:
    """Load ImageNet's MobileNetV2 and turn its classifier into word vectors."""
    state = {k: v.float() for k, v in load_file(folder / "mobilenet_v2.safetensors").items()}
    features = {
        key.removeprefix("features."): value
        for key, value in state.items()
        if key.startswith("features.")
    }
    network.image_encoder.features.load_state_dict(features)
    labels = lexical.read_labels(folder / "imagenet_labels.txt")
    known = [word for word in words if lexical.classes_of(word, labels)]
    # Known nouns last, so that "people" is the plural of "person", not of "somebody".
    singular = {plural(word): word for word in (*words, *known)}
    looks = [word if word in known else singular.get(word, word) for word in words]
    lexicon = network.expression_encoder.lexicon
    vectors, projection = lexical.lexical_vectors(
        looks, labels, state["classifier.1.weight"].numpy(), lexicon.weight.shape[1]
    )
    with torch.no_grad():
        lexicon.weight.copy_(torch.from_numpy(vectors))
        network.image_encoder.to_lexical.weight.copy_(
            torch.from_numpy(projection)[:, :, None, None]
        )
    lexicon.weight.requires_grad_(False)


def parameter_groups(
    network: CompactNetwork, rate: float, backbone_share: float, weight_decay: float
) -> list[dict[str, object]]:
    """Return AdamW's groups: the backbone learns slower, norms and biases do not decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            backbone = ".features." in name or "to_lexical" in name
            decays = parameter.ndim > 1 and "embedding" not in name
            groups.setdefault((backbone, decays), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": rate * (backbone_share if backbone else 1.0),
            "top": rate * (backbone_share if backbone else 1.0),
            "weight_decay": weight_decay if decays else 0.0,
        }
        for (backbone, decays), parameters in groups.items()
    ]


def batch_loss(network: CompactNetwork, batch: Sample) -> dict[str, Tensor]:
    """Return the parts of the loss for a batch of scenes with Q expressions each."""
    images, queries = batch["token_ids"].shape[:2]
    seen = network.image_encoder(batch["image"])
    read = network.expression_encoder(batch["token_ids"].flatten(0, 1))
    index = torch.arange(images).repeat_interleave(queries)
    logits, presence, several, coarse = network.query_head(*(part[index] for part in seen), *read)
    target = batch["target"].flatten(0, 1).float()
    there = batch["presence"].flatten()
    coarse_target = nn.functional.avg_pool2d(target, target.shape[-1] // coarse.shape[-1])
    bce = nn.functional.binary_cross_entropy_with_logits
    return {
        "mask": mask_loss(logits.float(), target, there),
        "coarse": 0.5 * mask_loss(coarse.float(), coarse_target, there),
        "presence": 0.3 * bce(presence.float(), there),
        "several": 0.2 * bce(several.float(), batch["several"].flatten(), weight=there),
    }


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, step: int, decay: float) -> None:
    """Move the averaged weights towards the current ones (exponential moving average)."""
    keep = min(decay, (step + 1) / (step + 10))
    for kept, new in zip(
        average.state_dict().values(), network.state_dict().values(), strict=True
    ):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - keep)
        else:
            kept.copy_(new)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the settings of a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sprites", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--minutes", type=float, default=0.0, help="end after so long (0: steps)")
    parser.add_argument("--batch", type=int, default=12, help="scenes per step")
    parser.add_argument("--queries", type=int, default=6, help="expressions per scene")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--backbone-share", type=float, default=0.1)
    parser.add_argument("--frozen-layers", type=int, default=7)
    parser.add_argument("--weight-decay", type=float, default=0.05)
    parser.add_argument("--average", type=float, default=0.998)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=int, default=250, help="steps")
    parser.add_argument("--resume", type=Path, help="a .state.pt file of an earlier run")
    parser.add_argument(
        "--licences", type=int, nargs="*", help="COCO licence ids of photographs to use"
    )
    return parser.parse_args(arguments)


def main() -> None:
    """Train, saving the averaged weights as OUT/compact.safetensors."""
    settings = parse_arguments()
    torch.manual_seed(settings.seed)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    settings.out.mkdir(parents=True, exist_ok=True)

    categories = category_names(settings.data / "photos")
    backbones = settings.data / "backbones"
    words = vocabulary.build_vocabulary(
        [
            *vocabulary.photo_nouns(categories),
            *vocabulary.object_nouns(settings.data / "objects" / "manifest.json"),
        ],
        lexical.label_nouns(lexical.read_labels(backbones / "imagenet_labels.txt")),
    )
    model_settings = {"vocabulary_size": len(words)}
    network = CompactNetwork(**model_settings)
    tokenizer = Tokenizer(words, length=network.tokens, padding="right", kind="words")
    load_backbone(network, backbones, words)
    network.image_encoder.freeze(settings.frozen_layers)
    network.to(device).to(memory_format=torch.channels_last)
    average = copy.deepcopy(network).eval()

    licences = frozenset(settings.licences) if settings.licences else None
    photos = load_photos(settings.data / "photos", held_out=False, licences=licences)
    sources = compose.SceneSources(
        photos=photos,
        cut_outs=compose.cut_outs(photos),
        sprites=compose.load_sprites(settings.sprites),
        surfaces=compose.load_surfaces(settings.data / "surfaces"),
        photo_names=frozenset(categories),
    )
    print(f"{len(photos)} photographs, {len(sources.cut_outs)} cut-outs, {len(words)} words")
    groups = parameter_groups(
        network, settings.rate, settings.backbone_share, settings.weight_decay
    )
    optimiser = torch.optim.AdamW(groups)
    first = 0
    if settings.resume:
        state = torch.load(settings.resume, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    dataset = SceneDataset(
        sources,
        tokenizer,
        input_px=network.input_px,
        stride=network.stride,
        queries=settings.queries,
        # Another seed after a resume, or the worker would draw the first scenes once more.
        seed=settings.seed + first,
    )
    loader = DataLoader(
        dataset,
        batch_size=settings.batch,
        num_workers=settings.workers,
        prefetch_factor=4 if settings.workers else None,
    )

    def save(step: int) -> None:
        extra = {"step": step, "steps": settings.steps, "photographs": len(photos)}
        save_checkpoint(
            settings.out / "compact.safetensors", average, "compact", model_settings, words, extra
        )
        state = {
            "network": network.state_dict(),
            "average": average.state_dict(),
            "optimiser": optimiser.state_dict(),
            "step": step,
        }
        torch.save(state, settings.out / "compact.state.pt")

    network.train()
    started = time.monotonic()
    log = (settings.out / "log.jsonl").open("a", encoding="utf-8")
    bar = tqdm(enumerate(loader, start=first), total=settings.steps, initial=first, unit="step")
    for step, batch in bar:
        elapsed_min = (time.monotonic() - started) / 60
        # With a time limit the schedule follows the clock, so that it always ends low.
        timed = settings.minutes > 0
        done = int(settings.steps * elapsed_min / settings.minutes) if timed else step
        if done >= settings.steps:
            break
        share = learning_rate_share(done, settings.steps, warm_up=settings.steps // 25)
        for group in optimiser.param_groups:
            group["lr"] = group["top"] * share
        batch = {name: value.to(device) for name, value in batch.items()}
        with torch.autocast(device.type, torch.bfloat16):
            parts = batch_loss(network, batch)
        loss = torch.stack(list(parts.values())).sum()
        if not torch.isfinite(loss):
            raise RuntimeError(f"the loss is {float(loss)} at step {step}; lower --rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        update_average(average, network, step, settings.average)
        if step % 10 == 0:
            figures = {name: round(float(value.detach()), 4) for name, value in parts.items()}
            bar.set_postfix(figures)
            log.write(json.dumps({"step": step, "minutes": elapsed_min, **figures}) + "\n")
            log.flush()
        if step % settings.save_every == settings.save_every - 1:
            save(step + 1)
    save(step)
    log.close()


if __name__ == "__main__":
    main()
