"""Settings, weights, vocabulary, and whether the network answers."""

from pathlib import Path
from time import perf_counter

from textseg_ros.doctor.finding import Finding, Surroundings, broken, note, ok

_AGAIN = (
    "copy or export the whole directory again; for the shipped one: pip install --force-reinstall "
    "textseg-ros"
)


def check_settings(given: Surroundings) -> list[Finding]:
    """Read the parameters of the node."""
    try:
        given.read_settings()
    except ValueError as error:
        return [broken(f"settings: {error}", "mend the file or the --set; docs/parameters.md")]
    named = f"{given.params_file}" if given.params_file else "the defaults"
    return [ok(f"settings of {named}")]


def check_weights(given: Surroundings) -> list[Finding]:
    """Compare the files of the model directory with their checksums."""
    from textseg_core.adapters.cards import is_hub
    from textseg_core.model_info import load_model_info, verify_files

    if is_hub(given.settings.segmenter.weights):
        return [note(f"weights {given.settings.segmenter.weights}: not shipped; see `answer`")]
    directory = directory_of(given)
    try:
        info = load_model_info(directory)
        verify_files(directory, info)
    except (RuntimeError, ValueError, OSError) as error:
        return [broken(f"weights: {error}", _AGAIN)]
    total = sum(path.stat().st_size for path in directory.iterdir() if path.is_file())
    found = f"weights {info.name} in {directory}, {total / 1e6:.1f} MB"
    if not info.sha256:
        return [note(f"{found}; model.yaml has no checksums", "export the model again")]
    return [ok(f"{found}, {len(info.sha256)} checksums right")]


def check_vocabulary(given: Surroundings) -> list[Finding]:
    """Read the words that the network knows."""
    from textseg_core.adapters.cards import is_hub
    from textseg_core.model_info import VOCABULARY_FILE, load_model_info
    from textseg_core.tokenizer import Tokenizer

    if is_hub(given.settings.segmenter.weights):
        return [ok("pretrained models have a vocabulary of their own")]
    path = directory_of(given) / VOCABULARY_FILE
    try:
        info = load_model_info(path.parent)
        text = path.read_text(encoding="utf-8")
        Tokenizer.from_file(path, length=info.tokens, padding=info.padding, kind=info.tokenizer)
    except FileNotFoundError:
        return [broken(f"vocabulary: {path} does not exist", _AGAIN)]
    except (RuntimeError, ValueError, OSError) as error:
        return [broken(f"vocabulary: {error}", _AGAIN)]
    return [ok(f"vocabulary of {len(text.splitlines())} words")]


def check_answer(given: Surroundings) -> list[Finding]:
    """Load the network as the node would, and let it answer a grey picture."""
    import numpy as np

    from textseg_core.segmenter import Segmenter

    try:
        segmenter = Segmenter.load(config=given.settings.segmenter)
    except (RuntimeError, ValueError, ImportError, OSError) as error:
        return [broken(f"the network does not load: {error}", "do what the message says")]
    try:
        picture = np.full((480, 640, 3), 120, np.uint8)
        segmenter.segment(picture, "the cup")
        begun = perf_counter()
        segmenter.segment(picture, "the bowl")
        took_ms = (perf_counter() - begun) * 1e3
        line = segmenter.report().line()
    except (RuntimeError, ValueError) as error:
        return [
            broken(f"the network does not answer: {error}", "choose another backend or device")
        ]
    finally:
        segmenter.close()
    return [ok(f"the network answers a 640 x 480 picture in {took_ms:.0f} ms; {line}")]


def directory_of(given: Surroundings) -> Path:
    """Return the model directory that the settings name."""
    from textseg_core.model_info import SHIPPED_WEIGHTS

    named = given.settings.segmenter.weights
    return Path(named).expanduser() if named else SHIPPED_WEIGHTS
