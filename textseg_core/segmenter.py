"""An image and words go in, a segmentation comes out: the steps in order, nothing else."""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from time import perf_counter

from textseg_core.adapters.cards import is_hub
from textseg_core.arrays import Float32Array, UInt8Array
from textseg_core.command import Command, require_target
from textseg_core.config import SegmenterConfig
from textseg_core.crf import Refiner
from textseg_core.model_info import (
    SHIPPED_WEIGHTS,
    VOCABULARY_FILE,
    ModelInfo,
    load_model_info,
    verify_files,
)
from textseg_core.postprocess import postprocess
from textseg_core.preprocess import Letterbox, letterbox_image
from textseg_core.reasoner.wiring import with_reasons
from textseg_core.response import Response
from textseg_core.runtime.base import (
    BackendReport,
    ExpressionEncoding,
    ImageEncoding,
    InferenceBackend,
)
from textseg_core.runtime.expression_cache import ExpressionCache
from textseg_core.segmentation import Segmentation
from textseg_core.status import Answer, decide, read_answers
from textseg_core.tokenizer import Encoding, Tokenizer

#: Expressions whose encodings are kept; one is a few kilobytes.
KEPT_EXPRESSIONS = 128
#: Settings that may change while the network stays loaded.
TUNABLE = (
    *("threshold", "presence_threshold", "min_area_px", "max_objects"),
    *("dense_crf", "reasoner"),
)


class Segmenter:
    """Finds in an image what an expression describes.

    Holds nothing between calls but the encodings of the last `KEPT_EXPRESSIONS` expressions.

    Attributes:
        config: Settings in force; see `retune`.
        model_info: What the network says of itself.
    """

    def __init__(
        self,
        config: SegmenterConfig,
        model_info: ModelInfo,
        tokenizer: Tokenizer,
        backend: InferenceBackend,
        *,
        reason: str = "",
    ) -> None:
        self.config = config
        self.model_info = model_info
        self._tokenizer = tokenizer
        self._backend = backend
        self._reason = reason
        self._encodings: ExpressionCache[tuple[Encoding, ExpressionEncoding]] = ExpressionCache(
            KEPT_EXPRESSIONS
        )

    @classmethod
    def load(
        cls, weights: Path | str | None = None, config: SegmenterConfig | None = None
    ) -> "Segmenter":
        """Return a segmenter that is ready to run.

        Args:
            weights: Model directory, or "hub:NAME" for a pretrained open-vocabulary model
                (docs/open_vocabulary.md); None for `config.weights`, and where that is empty for
                the compact weights shipped in the package.
            config: Settings; None for the defaults.

        Raises:
            RuntimeError: If weights or runtime are missing, damaged or do not fit each other.
            ValueError: If `model.yaml` holds a wrong key or value.
        """
        config = config or SegmenterConfig()
        chosen = weights if weights is not None else config.weights
        if is_hub(str(chosen)):
            from textseg_core.adapters.load import load_segmenter

            return load_segmenter(chosen, config)
        directory = Path(chosen).expanduser() if chosen else SHIPPED_WEIGHTS
        model_info = load_model_info(directory)
        verify_files(directory, model_info)
        vocabulary = directory / VOCABULARY_FILE
        if not vocabulary.is_file():
            raise RuntimeError(
                f"{vocabulary}: no such file, expected one word a line; export the model again"
            )
        tokenizer = Tokenizer.from_file(
            vocabulary,
            length=model_info.tokens,
            padding=model_info.padding,
            kind=model_info.tokenizer,
        )
        # Only here, as it imports a runtime, which a description of a model does not need.
        from textseg_core.runtime.load import load_backend

        backend, reason = load_backend(config, directory)
        return cls(config, model_info, tokenizer, backend, reason=reason)

    def segment(self, image: UInt8Array, text: str) -> Segmentation:
        """Return what the text describes in the image.

        Args:
            image: RGB, uint8 (H, W, 3) of any size and memory layout.
            text: A command ("pick up the jar next to the apples") or an expression ("the jar
                next to the apples"); a command's target is segmented.

        Raises:
            ValueError: If the image is no colour image, the text names nothing, or the network
                returns NaN or infinity.
            RuntimeError: If the network's output is not of the shape that its model.yaml says.
        """
        return self.segment_many(image, [text])[0]

    def segment_many(self, image: UInt8Array, texts: Sequence[str]) -> list[Segmentation]:
        """Return what each text describes, encoding the image once.

        Args:
            image: RGB, uint8 (H, W, 3) of any size and memory layout.
            texts: Commands or expressions; each is answered as if it were alone.

        Raises:
            ValueError: As `segment`, and if `texts` is one string.
            RuntimeError: As `segment`.
        """
        if isinstance(texts, str):
            raise ValueError(f"texts must be a list of strings, got the one string {texts!r}")
        commands = [require_target(text) for text in texts]
        if not commands:
            return []
        started = perf_counter()
        square, letterbox = letterbox_image(image, self.model_info.input_px)
        preprocessed = perf_counter()
        seen = self._backend.encode_image(square)
        encoded = perf_counter()
        expressions = self._encodings.get(
            [command.expression for command in commands],
            self.model_info.fingerprint,
            self._encode_expressions,
        )
        read = perf_counter()
        raw = self._backend.respond(seen, [handle for _, handle in expressions])
        head_ms = _ms(read)
        answers = read_answers(raw, count=len(commands), cells=self.model_info.cells)
        config = self.config  # one for all, even if `retune` comes in between
        refining_started = perf_counter()
        refiner = self._refiner(image, answers, config)
        shared_ms = {
            # What refining needs of the image is computed once for all expressions too.
            "preprocess": (preprocessed - started) * 1e3 + _ms(refining_started),
            "encoder": (encoded - preprocessed) * 1e3,
            "text": (read - encoded) * 1e3 / len(commands),
            "head": head_ms,
        }
        found = [
            self._conclude(command, encoding, answer, letterbox, shared_ms, config, refiner)
            for command, (encoding, _), answer in zip(commands, expressions, answers, strict=True)
        ]
        if not config.reasoner:
            return found
        return with_reasons(
            image,
            found,
            lambda wanted: self._responses(seen, wanted, letterbox),
            threshold=_first(config.threshold, self.model_info.threshold),
            min_area_px=config.min_area_px,
            max_objects=config.max_objects,
        )

    def _responses(
        self, seen: ImageEncoding, texts: Sequence[str], letterbox: Letterbox
    ) -> list[Float32Array]:
        """Return the response maps to texts about an image that is encoded already."""
        expressions = self._encodings.get(
            list(texts), self.model_info.fingerprint, self._encode_expressions
        )
        raw = self._backend.respond(seen, [handle for _, handle in expressions])
        answers = read_answers(raw, count=len(texts), cells=self.model_info.cells)
        return [Response(answer.logits, letterbox).everywhere() for answer in answers]

    def retune(self, config: SegmenterConfig) -> None:
        """Take other thresholds and limits, from the next call on; the network stays loaded.

        Args:
            config: Differs from the present one in nothing but `TUNABLE`.

        Raises:
            ValueError: If it differs in anything else.
        """
        fixed = [
            entry.name
            for entry in fields(SegmenterConfig)
            if entry.name not in TUNABLE
            and getattr(config, entry.name) != getattr(self.config, entry.name)
        ]
        if fixed:
            raise ValueError(
                f"{', '.join(fixed)} cannot change without loading again; {', '.join(TUNABLE)} can"
            )
        self.config = config

    @property
    def threshold(self) -> float:
        """Least response counted as foreground, in (0, 1): the one set, or the model's own."""
        return _first(self.config.threshold, self.model_info.threshold)

    def report(self) -> BackendReport:
        """Return what runs where, and why."""
        report = self._backend.report()
        return replace(report, reason="; ".join(filter(None, (self._reason, report.reason))))

    def close(self) -> None:
        """Give back the memory of the network and of its device; nothing is answered after."""
        self._encodings.clear()
        self._backend.close()

    def _conclude(
        self,
        command: Command,
        encoding: Encoding,
        answer: Answer,
        letterbox: Letterbox,
        timings_ms: dict[str, float],
        config: SegmenterConfig,
        refiner: Refiner | None,
    ) -> Segmentation:
        """Return the result for one expression."""
        started = perf_counter()
        threshold = _first(config.threshold, self.model_info.threshold)
        absent = self._is_absent(answer, config)
        logits = answer.logits
        if refiner is not None and not absent:
            logits, letterbox = refiner.refine(logits, threshold), refiner.letterbox
        response = Response(logits, letterbox)
        mask, objects = postprocess(
            response,
            threshold=threshold,
            min_area_px=config.min_area_px,
            max_objects=0 if absent else config.max_objects,
        )
        presence = answer.presence
        return Segmentation(
            mask=mask,
            response=response.everywhere,
            score=float(response.everywhere().max()) if presence is None else presence,
            objects=objects,
            status=decide(objects, several=answer.several, plural=command.plural),
            expression=command.expression,
            command=command,
            unknown_words=tuple(encoding.unknown_words),
            truncated_words=tuple(encoding.truncated_words),
            timings_ms={**timings_ms, "postprocess": _ms(started)},
        )

    def _refiner(
        self, image: UInt8Array, answers: Sequence[Answer], config: SegmenterConfig
    ) -> Refiner | None:
        """Return what refines all answers about one image; None if none is to be refined."""
        wanted = config.dense_crf and not all(self._is_absent(one, config) for one in answers)
        return Refiner(image) if wanted else None

    def _is_absent(self, answer: Answer, config: SegmenterConfig) -> bool:
        """Tell whether the network says that nothing in view is described."""
        return answer.is_absent(
            _first(config.presence_threshold, self.model_info.presence_threshold)
        )

    def _encode_expressions(
        self, expressions: Sequence[str]
    ) -> list[tuple[Encoding, ExpressionEncoding]]:
        """Return each expression's tokens and their encoding by the network."""
        # One kind of work after the other: by turns, both take up to twice as long on a CPU.
        encodings = [self._tokenizer.encode(expression) for expression in expressions]
        return [(one, self._backend.encode_expression(one.token_ids)) for one in encodings]


def _first(chosen: float | None, default: float) -> float:
    """Return the setting, or the model's own value where none is set."""
    return default if chosen is None else chosen


def _ms(started: float) -> float:
    """Return the milliseconds since `started`."""
    return (perf_counter() - started) * 1e3
