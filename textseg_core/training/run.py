"""Everything a run consists of, from its beginning or from where an earlier part ended."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn, optim

from textseg_core.models import registry
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from textseg_core.scenes.scene import Scene
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.chen_recipe import Chen2019Recipe
from textseg_core.training.command import Command
from textseg_core.training.dataset import SampleDrawer, StepIndices, endless, sample_loader
from textseg_core.training.embeddings import read_vectors, start_words
from textseg_core.training.hu_recipe import HuRecipe
from textseg_core.training.hula_recipe import HulaRecipe
from textseg_core.training.journal import Journal
from textseg_core.training.mattnet_recipe import MattRecipe
from textseg_core.training.open_sources import open_sources, run_vocabulary
from textseg_core.training.parallel import Team
from textseg_core.training.per_word_recipe import PerWordRecipe
from textseg_core.training.pictures import sample_pictures
from textseg_core.training.proposal_recipe import TEACHING, ProposalRecipe
from textseg_core.training.recipe import CompactRecipe, LossModule, Recipe, ThingRecipe
from textseg_core.training.rmi_recipe import RmiRecipe
from textseg_core.training.samples import Sample
from textseg_core.training.settings import Stage, TrainSettings
from textseg_core.training.settings_file import plain
from textseg_core.training.sources import SourceSet
from textseg_core.training.state import (
    BEST_FILE,
    LAST_FILE,
    STATE_FILE,
    Progress,
    read_state,
    save_state,
)
from textseg_core.training.validation import validate, validation_samples
from textseg_core.training.weights import carry_over

RECIPES: Mapping[str, Callable[[TrainSettings, Sequence[str], Path | None], Recipe]] = {
    "chen2019": Chen2019Recipe,
    "compact": CompactRecipe,
    "hu2016": HuRecipe,
    "hulanet": HulaRecipe,
    "mattnet": MattRecipe,
    "per_word": PerWordRecipe,
    "rmi": RmiRecipe,
    **dict.fromkeys(TEACHING, ProposalRecipe),
}
_MASK_STRIDE = 4
_CHECK_QUERIES = 8
_SHOWN = 3  # validation scenes of each source in the sample pictures


@dataclass(kw_only=True)
class Run:
    """A run and where it is.

    Attributes:
        command: What was asked for.
        team: The processes that train together.
        recipe: What is special to the network.
        words: The vocabulary.
        tokenizer: Expression -> ids.
        sources: Where scenes come from.
        network: Being trained.
        average: Moving average of its weights.
        optimiser: Of the network.
        progress: Where the run is.
        kept_scenes: Validation scenes by source.
        notes: What else its checkpoints are to say.
        held: The same as samples of this stage's size.
    """

    command: Command
    team: Team
    recipe: Recipe
    words: Sequence[str]
    tokenizer: Tokenizer
    sources: SourceSet
    network: SegmentationNetwork
    average: SegmentationNetwork
    optimiser: optim.Optimizer
    progress: Progress
    kept_scenes: Mapping[str, Sequence[Scene]]
    notes: Mapping[str, object] = field(default_factory=dict)
    held: dict[str, list[Sample]] = field(default_factory=dict)

    @property
    def stage(self) -> Stage:
        """The stage that the run is in."""
        return self.command.settings.stages[self.progress.stage]

    def begin_stage(self) -> tuple[nn.Module, Iterator[Sample]]:
        """Return the losses to train with in this stage, and its batches without end."""
        settings, team = self.command.settings, self.team
        stride = min(_MASK_STRIDE, self.network.stride)
        self.held = validation_samples(
            self.kept_scenes,
            self.tokenizer,
            queries=_CHECK_QUERIES,
            size_px=self.stage.input_px,
            stride=stride,
        )
        drawer = SampleDrawer(
            self.sources,
            self.tokenizer,
            self.stage,
            stride=stride,
            seed=settings.seed,
            negatives="negatives" not in settings.ablate,
            annotator=self.recipe.things if isinstance(self.recipe, ThingRecipe) else None,
        )
        indices = StepIndices(self.progress.drawn, self.stage.batch, team.rank, team.world)
        loader = sample_loader(
            drawer, indices, workers=settings.workers, pin=team.device.type == "cuda"
        )
        return team.wrap(LossModule(self.recipe, self.network).train()), endless(loader)

    def next_stage(self) -> None:
        """Go on to the next stage with the same weights."""
        self.progress.stage += 1
        self.progress.best = -1.0
        following = self.recipe.enter(self.network, self.progress.stage)
        self.average = self.recipe.enter(self.average, self.progress.stage).eval()
        if following is not self.network:
            self.network, self.optimiser = following, self.recipe.optimiser(following)

    def keep(self, journal: Journal, *, check: bool) -> None:
        """Write weights and state; if `check`, validate first and keep the best weights too."""
        journal.flush()
        if self.team.leads:
            scores: dict[str, float] = {}
            if check:
                # While the rate is high, the average of gains that change sign is worse than
                # what it averages; near the end it is better.
                scores = validate(self.average, self.held, self.team.device)
                current = validate(self.network, self.held, self.team.device)
                self.network.train()
                journal.scores(self.progress.step, scores, current)
                best, reached = self.average, scores
                if current.get("score", -1.0) > scores.get("score", -1.0):
                    best, reached = self.network, current
                shown = [sample for found in self.held.values() for sample in found[:_SHOWN]]
                sheet = sample_pictures(self.average, shown, self.words, self.team.device)
                journal.picture(self.progress.step, sheet)
                if reached.get("score", -1.0) > self.progress.best:
                    self.progress.best = reached["score"]
                    self._save_weights(BEST_FILE, best, reached)
            self._save_weights(LAST_FILE, self.average, scores)
            save_state(
                self.command.out,
                self.progress,
                self.command.settings,
                self.words,
                self.network,
                self.average,
                self.optimiser,
            )
        self.team.wait()
        journal.flush()  # so that the pause does not count as slow steps

    def _save_weights(
        self, name: str, network: SegmentationNetwork, scores: Mapping[str, float]
    ) -> None:
        settings = self.command.settings
        counts = self.sources.counts
        extra = {
            "photographs": counts.get("photographs", 0),
            "rendered_scenes": counts.get("scenes", 0),
            "step": self.progress.step,
            "minutes": round(self.progress.run_min, 2),
            "validation": {source: round(score, 4) for source, score in scores.items()},
            "sources": dict(counts),
            "training": plain(settings),
            **self.notes,
        }
        model = self.recipe.model_settings(self.progress.stage)
        path = self.command.out / name
        save_checkpoint(path, network, settings.network, model, self.words, extra)


def open_run(command: Command, team: Team) -> Run:
    """Begin a run, or take one up where its last part ended.

    Raises:
        ValueError: If a folder or file is missing, damaged or of another run.
    """
    settings, device = command.settings, team.device
    torch.manual_seed(settings.seed)
    if settings.network not in RECIPES:
        raise ValueError(f"network must be one of {', '.join(RECIPES)}, got {settings.network!r}")
    if not command.resume and (command.out / STATE_FILE).exists():
        raise ValueError(
            f"{command.out} holds a run already: give --resume to go on with it, or another --out"
        )
    sources = open_sources(settings, command.folders)
    backbones = find_backbones(command)
    words = run_vocabulary(sources, backbones)
    state = read_state(command.out, settings, words, device) if command.resume else None
    start = _read_start(command.init)
    if state is not None:
        words = state["words"]
    elif start is not None:
        words = list(dict.fromkeys((*start.vocabulary, *words)))
    recipe = RECIPES[settings.network](settings, words, backbones)
    if isinstance(recipe, ThingRecipe):
        recipe.name_things(sources.nouns)
    entry = registry.entry(settings.network)

    progress: Progress = state["progress"] if state else Progress()
    network = recipe.build(progress.stage)
    tokenizer = Tokenizer(words, network.tokens, entry.padding, entry.tokenizer)
    if isinstance(recipe, PerWordRecipe) and state is None and start is None:
        recipe.name_words(network, sources, tokenizer)
    notes: dict[str, object] = {}
    if command.embeddings is not None and state is None:
        known = start_words(network, words, read_vectors(command.embeddings, words))
        notes["embeddings"] = {"file": command.embeddings.name, "words": known}
        if team.leads:
            told = f"{known} of {len(words)} words start from {command.embeddings}"
            print(f"{told}, the others at random")
    if start is not None:
        carry_over(network, start.state, words, start.vocabulary)
    network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(network).eval()
    optimiser = recipe.optimiser(network)
    if state is not None:
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
    return Run(
        command=command,
        team=team,
        recipe=recipe,
        words=words,
        tokenizer=tokenizer,
        sources=sources,
        network=network,
        average=average,
        optimiser=optimiser,
        progress=progress,
        kept_scenes=sources.validation(settings.validation_scenes) if team.leads else {},
        notes=notes,
    )


def _read_start(path: Path | None) -> Checkpoint | None:
    """Return the weights that a run starts from."""
    if path is None:
        return None
    try:
        return load_checkpoint(path)
    except FileNotFoundError as error:
        raise ValueError(
            f"{path} is missing: --init wants a .safetensors file of a run"
        ) from error


def find_backbones(command: Command) -> Path | None:
    """Return the folder of ImageNet's weights and labels.

    None only if nothing of it is wanted: the run goes on from other weights or its own, or
    leaves the backbone out, and the folder is not there.

    Raises:
        ValueError: If it is wanted and missing.
    """
    goes_on = command.init is not None or command.resume
    needless = goes_on or "backbone" in command.settings.ablate
    data = command.folders.data
    if needless and (data is None or not (data / "backbones").is_dir()):
        return None
    return command.folders.within("backbones", "a backbone that knows ImageNet")
