"""A `Segmenter` whose network is a pretrained open-vocabulary model, with the reasoner on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from textseg_core.adapters.base import Found, OpenVocabularyModel
from textseg_core.adapters.propose import FoundInstances, wanted_nouns
from textseg_core.arrays import BoolArray, Float32Array, UInt8Array
from textseg_core.command import Command, require_target
from textseg_core.config import SegmenterConfig
from textseg_core.model_info import ModelInfo
from textseg_core.postprocess import find_objects, object_of, union_of
from textseg_core.preprocess import check_image
from textseg_core.reasoner.geometry import View
from textseg_core.reasoner.grammar import Parsed
from textseg_core.reasoner.parse import parse_expression
from textseg_core.reasoner.propose import NounPhrase, noun_phrases
from textseg_core.reasoner.reason import Reasoned, conclude
from textseg_core.runtime.base import BackendReport
from textseg_core.segmentation import Segmentation, SegmentedObject
from textseg_core.segmenter import Segmenter
from textseg_core.status import decide


class OpenVocabularySegmenter(Segmenter):
    """Finds in an image what an expression describes, by a pretrained model.

    With `config.reasoner`, expressions that say more than what a thing is called and looks like
    are taken apart: the model proposes the instances of each noun, and what is said of place,
    rank, relation, size, number and exclusion decides among them. The others are answered by the
    model alone, and so are all without it.

    Args:
        config: Settings; `threshold` None for the model's own. `presence_threshold` does not
            apply, as these models answer with instances or a map and nothing else.
        model: Loaded by `adapters.load.load_model`.

    Raises:
        ValueError: If a setting does not apply to pretrained models.
    """

    def __init__(self, config: SegmenterConfig, model: OpenVocabularyModel) -> None:
        _check(config)
        self.config = config
        self.model_info = ModelInfo(
            name=model.name, input_px=1, stride=1, tokens=1, padding="right", tokenizer="words",
            presence_threshold=0.0, threshold=model.threshold,
            about={"pretrained": "open vocabulary, by transformers"},
        )  # fmt: skip
        self._model = model

    def segment_many(self, image: UInt8Array, texts: Sequence[str]) -> list[Segmentation]:
        """Return what each text describes; see `Segmenter.segment_many`."""
        if isinstance(texts, str):
            raise ValueError(f"texts must be a list of strings, got the one string {texts!r}")
        commands = [require_target(text) for text in texts]
        check_image(image)
        if not commands:
            return []
        config = self.config  # one for all, even if `retune` comes in between
        image = np.ascontiguousarray(image)
        readings = [_Reading.of(command, reasoner=config.reasoner) for command in commands]
        started = perf_counter()
        whole = [one.command.expression for one in readings if not one.phrases]
        phrases = [phrase for one in readings for phrase in one.phrases.values()]
        nouns = wanted_nouns(phrases, self._model)
        answers = self._model.find(image, list(dict.fromkeys(whole)), nouns)
        spent = (perf_counter() - started) * 1e3
        plain = dict(zip(dict.fromkeys(whole), answers.expressions, strict=True))
        found = dict(zip(nouns, answers.nouns, strict=True))
        proposer = FoundInstances(
            found, tells_apart=self._model.tells_apart, min_area_px=config.min_area_px,
            threshold=self.threshold,
        )  # fmt: skip
        results = []
        for one in readings:
            if one.phrases:
                results.append(self._reasoned(image, one, proposer, config, spent))
            else:
                answer = plain[one.command.expression]
                results.append(self._plain(one.command, answer, config, spent))
        return results

    def retune(self, config: SegmenterConfig) -> None:
        """Take other thresholds and limits; see `Segmenter.retune`."""
        _check(config)
        super().retune(config)

    def report(self) -> BackendReport:
        """Return what runs where."""
        return self._model.report()

    def close(self) -> None:
        """Give back the memory of the network and of its device; nothing is answered after."""
        self._model.close()

    def _plain(
        self, command: Command, answer: Found, config: SegmenterConfig, spent: float
    ) -> Segmentation:
        """Return the model's own answer to a whole expression."""
        started = perf_counter()
        if answer.instances:
            objects = _objects_of(
                [(one.mask, one.score) for one in answer.instances if one.score > self.threshold],
                config,
            )
        else:
            objects = find_objects(
                answer.response, threshold=self.threshold, min_area_px=config.min_area_px,
                max_objects=config.max_objects,
            )  # fmt: skip
        return Segmentation(
            mask=union_of(objects, answer.response.shape),
            response=lambda: answer.response,
            score=float(answer.response.max()),
            objects=objects,
            status=decide(objects, several=None, plural=command.plural),
            expression=command.expression,
            command=command,
            truncated_words=answer.truncated,
            timings_ms=_timings(spent, started),
        )

    def _reasoned(
        self, image: UInt8Array, one: "_Reading", proposer: FoundInstances,
        config: SegmenterConfig, spent: float,
    ) -> Segmentation:  # fmt: skip
        """Return what the reasoner makes of the model's instances."""
        started = perf_counter()
        proposed = proposer.propose(image, list(one.phrases.values()))
        view = View(int(image.shape[0]), int(image.shape[1]))
        answer = conclude(one.parsed, dict(zip(one.phrases, proposed, strict=True)), view)
        objects = _objects_of(_meant(answer), config)
        response: Float32Array = answer.response_map
        timings = _timings(spent, started)
        return Segmentation(
            mask=union_of(objects, response.shape),
            response=lambda: response,
            score=answer.score,
            objects=objects,
            status=answer.status,
            expression=one.command.expression,
            command=one.command,
            timings_ms={**timings, "reasoner": timings["postprocess"]},
            explanation=answer.explanation,
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """A command, and what is to be proposed for it; nothing if the model answers it alone."""

    command: Command
    parsed: Parsed
    phrases: dict[str, NounPhrase]

    @classmethod
    def of(cls, command: Command, *, reasoner: bool) -> "_Reading":
        parsed = parse_expression(command.expression)
        wanted = noun_phrases(parsed.target) if reasoner and is_placed(parsed) else {}
        return cls(command, parsed, wanted)


def is_placed(parsed: Parsed) -> bool:
    """Return whether an expression says more than what a thing is called and looks like."""
    said = parsed.target
    return not said.is_bare or said.count is not None


def _check(config: SegmenterConfig) -> None:
    """Refuse settings that do not apply to pretrained models."""
    wrong = [
        f"{name} {getattr(config, name)!r}"
        for name, free in (
            ("threads", 0), ("compile_torch", False), ("engine_cache", ""),
            ("wait_for_engines", False), ("dense_crf", False), ("presence_threshold", None),
        )
        if getattr(config, name) != free
    ]  # fmt: skip
    if wrong:
        raise ValueError(
            f"pretrained models have no setting {', '.join(wrong)}; leave it at its default"
        )


def _meant(answer: Reasoned) -> list[tuple[BoolArray, float]]:
    """Return mask and score of each instance that is meant."""
    return [(one.instance.mask, one.score) for one in answer.judged[: answer.meant]]


def _objects_of(
    found: Sequence[tuple[BoolArray, float]], config: SegmenterConfig
) -> tuple[SegmentedObject, ...]:
    """Return instances as objects, best first, each whole even if it shows in pieces."""
    objects = [
        object_of(mask, score)
        for mask, score in found
        if np.count_nonzero(mask) >= config.min_area_px
    ]
    return tuple(sorted(objects, key=lambda one: -one.score)[: config.max_objects])


def _timings(spent: float, started: float) -> dict[str, float]:
    """Return milliseconds by stage: the model's one run for all, and what came after."""
    return {
        "preprocess": 0.0, "encoder": spent, "text": 0.0, "head": 0.0,
        "postprocess": (perf_counter() - started) * 1e3,
    }  # fmt: skip
