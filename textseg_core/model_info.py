"""What a model directory says of itself in model.yaml."""

import hashlib
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from textseg_core.config import check_share, read_mapping
from textseg_core.region_answers import ANSWERS

DESCRIPTION_FILE = "model.yaml"
VOCABULARY_FILE = "vocabulary.txt"
SHIPPED_WEIGHTS = Path(__file__).parent / "weights" / "compact"

_OPTIONAL = ("proposals", "sha256", "about")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """A network's sizes, words and best thresholds.

    Attributes:
        name: Name of the network.
        input_px: Side S of the square network input, a multiple of `stride`.
        stride: Input pixels per logit.
        tokens: Length T of a padded expression.
        padding: Side on which expressions are padded.
        tokenizer: How expressions are cut into tokens.
        presence_threshold: Least probability of presence that counts as found, in [0, 1].
        threshold: Least response counted as foreground, in (0, 1).
        proposals: Of a network that chooses among regions which are proposed on the host: their
            `count`, the `cells` along each side that they are pooled from, and the `answer`,
            "box", "grabcut" or "segment"; empty for any other network.
        sha256: Checksum of each other file of the directory, hexadecimal, by name; a file that
            is not named is not checked.
        about: Where the weights come from and how good they are; free.
    """

    name: str
    input_px: int
    stride: int
    tokens: int
    padding: Literal["left", "right"]
    tokenizer: Literal["words", "hu2016"]
    presence_threshold: float
    threshold: float
    proposals: dict[str, object] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    about: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"name must be a word, got {self.name!r}")
        for key in ("input_px", "stride", "tokens"):
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{key} must be a whole number >= 1, got {value!r}")
        if self.input_px % self.stride:
            raise ValueError(
                f"input_px must be a multiple of stride {self.stride}, got {self.input_px}"
            )
        if self.padding not in ("left", "right"):
            raise ValueError(f"padding must be 'left' or 'right', got {self.padding!r}")
        if self.tokenizer not in ("words", "hu2016"):
            raise ValueError(f"tokenizer must be 'words' or 'hu2016', got {self.tokenizer!r}")
        check_share("presence_threshold", self.presence_threshold, closed=True)
        check_share("threshold", self.threshold, closed=False)
        for key in ("proposals", "sha256", "about"):
            value = getattr(self, key)
            if not isinstance(value, dict):
                raise ValueError(f"{key} must hold 'key: value', got {type(value).__name__}")
        if self.proposals:
            _check_proposals(self.proposals)
        for name, digest in self.sha256.items():
            if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
                raise ValueError(f"sha256 of {name} must be 64 hexadecimal digits, got {digest!r}")

    @property
    def fingerprint(self) -> str:
        """What the weights are known by: a checksum of the checksums, or the name without."""
        if not self.sha256:
            return self.name
        listed = "".join(f"{name} {digest}\n" for name, digest in sorted(self.sha256.items()))
        return hashlib.sha256(listed.encode()).hexdigest()

    @property
    def cells(self) -> int:
        """Logits along each side."""
        return self.input_px // self.stride


def _check_proposals(given: dict[str, object]) -> None:
    """Refuse what does not say how many proposals there are and what is answered of them."""
    if set(given) != {"answer", "cells", "count"}:
        raise ValueError(f"proposals must hold answer, cells and count, got {sorted(given)}")
    for key in ("cells", "count"):
        value = given[key]
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"proposals: {key} must be a whole number >= 1, got {value!r}")
    if given["answer"] not in ANSWERS:
        raise ValueError(
            f"proposals: answer must be one of {', '.join(ANSWERS)}, got {given['answer']!r}"
        )


def load_model_info(directory: Path) -> ModelInfo:
    """Read `model.yaml` of a model directory.

    Raises:
        RuntimeError: If there is no such directory or it holds no `model.yaml`.
        ValueError: If a key or a value is wrong; names the file.
    """
    path = directory / DESCRIPTION_FILE
    if not path.is_file():
        missing = "holds no model.yaml" if directory.is_dir() else "does not exist"
        raise RuntimeError(
            f"model directory {directory} {missing}; expected {DESCRIPTION_FILE}, "
            f"{VOCABULARY_FILE} and the network's three parts, as `textseg export` writes "
            "them. Leave 'weights' empty for the ones shipped in the package; if those "
            "are missing, install the package again"
        )
    values = read_mapping(path)
    known = [entry.name for entry in fields(ModelInfo)]
    unknown = [str(key) for key in values if key not in known]
    missing_keys = [key for key in known if key not in values and key not in _OPTIONAL]
    if unknown or missing_keys:
        raise ValueError(
            f"{path}: unknown keys: {', '.join(unknown) or 'none'}; "
            f"missing keys: {', '.join(missing_keys) or 'none'}; expected {', '.join(known)}"
        )
    try:
        return ModelInfo(**values)  # type: ignore[arg-type]  # checked by the class itself
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 checksum of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def verify_files(directory: Path, info: ModelInfo) -> None:
    """Refuse a model directory whose files are not those that were exported.

    Raises:
        RuntimeError: If a file that `info` names is missing or has another checksum.
    """
    for name, expected in info.sha256.items():
        path = directory / name
        if not path.is_file():
            raise RuntimeError(
                f"{path}: no such file, but {DESCRIPTION_FILE} names it; export the model again, "
                "or install the package again if these are its own weights"
            )
        found = sha256_of(path)
        if found != expected:
            raise RuntimeError(
                f"{path} is damaged or of another export: its SHA-256 is {found}, "
                f"{DESCRIPTION_FILE} says {expected}; copy or export the whole directory again"
            )
