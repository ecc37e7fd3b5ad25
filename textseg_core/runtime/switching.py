"""Answers with one backend while another is being built, then switches over."""

import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from textseg_core.arrays import Int64Array, UInt8Array
from textseg_core.runtime.base import (
    BackendReport,
    ExpressionEncoding,
    ImageEncoding,
    InferenceBackend,
    Tensors,
)

#: Images on the new backend after which the old one is closed: none of its own is under way then.
FRAMES_TO_CLOSE = 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Image:
    """An image's encoding and the backend that can read it."""

    backend: InferenceBackend
    encoding: ImageEncoding


@dataclass(slots=True, eq=False)
class _Expression:
    """An expression and what each backend so far made of it."""

    token_ids: Int64Array
    encodings: dict[int, ExpressionEncoding] = field(default_factory=dict)


class SwitchingBackend:
    """Two backends of the same network, one after the other.

    Args:
        first: Answers until the other is ready; closed afterwards.
        build: Makes the other; called once, in a thread of its own.
        required: What happens if `build` raises: True lets every later image raise the error
            too, False stays with `first` and says so in a warning and in the report.
        cancel: Called by `close` to end a `build` that is under way.
        progress: Says how far `build` is, for the report.
    """

    def __init__(
        self,
        first: InferenceBackend,
        build: Callable[[], InferenceBackend],
        *,
        required: bool,
        cancel: Callable[[], None] = lambda: None,
        progress: Callable[[], str] = lambda: "",
    ) -> None:
        self._current = first
        self._old: InferenceBackend | None = None
        self._frames = 0
        self._required, self._progress = required, progress
        self._built: InferenceBackend | None = None
        self._error: Exception | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=self._build, args=(build,), name="textseg build", daemon=True
        )
        self._thread.start()
        # At the interpreter's end a build still under way would call into what is gone.
        self._end = weakref.finalize(self, _call_off, cancel, self._thread)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the build to end; return whether it has ended, well or not."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def encode_image(self, image: UInt8Array) -> ImageEncoding:
        """Return the encoding of a letterboxed RGB image; here a new backend takes over.

        Raises:
            RuntimeError: If the new one could not be built and is required, or after `close`.
        """
        self._switch()
        return _Image(self._current, self._current.encode_image(image))

    def encode_expression(self, token_ids: Int64Array) -> ExpressionEncoding:
        """Return the encoding of one expression; it outlives the switch."""
        self._check_open()
        expression = _Expression(token_ids.copy())
        self._encode(expression, self._current)
        return expression

    def respond(self, image: ImageEncoding, expressions: Sequence[ExpressionEncoding]) -> Tensors:
        """Return what the backend that encoded the image says of each expression."""
        self._check_open()
        if not isinstance(image, _Image) or not all(
            isinstance(one, _Expression) for one in expressions
        ):
            raise ValueError("respond expects encodings that this backend made itself")
        if image.backend is not self._current and image.backend is not self._old:
            raise ValueError("the image was encoded by a backend that has been replaced since")
        read = [
            self._encode(one, image.backend) for one in expressions if isinstance(one, _Expression)
        ]
        return image.backend.respond(image.encoding, read)

    def report(self) -> BackendReport:
        """Return the report of the backend that answers now, and what it waits for."""
        self._check_open()
        report = self._current.report()
        if self._error is not None:
            reason = f"the faster backend could not be built: {self._error}"
        elif self._thread.is_alive():
            reason = f"until the faster backend is built {self._progress()}".rstrip()
        elif self._built is not None:
            reason = "until the next image: the faster backend is built"
        else:
            return report
        return replace(report, reason="; ".join(filter(None, (report.reason, reason))))

    def close(self) -> None:
        """Close both backends; a build under way is told to stop and waited for."""
        with self._lock:
            self._closed = True
        self._end()
        for backend in (self._current, self._old, self._built):
            if backend is not None:
                backend.close()
        self._old = self._built = None

    def _build(self, build: Callable[[], InferenceBackend]) -> None:
        """Run in the thread: make the other backend and lay it ready."""
        try:
            built = build()
        except Exception as error:  # whatever a runtime raises must not end the thread unseen
            with self._lock:
                self._error = error
                closed = self._closed
            if not closed:
                _log.warning("the faster backend could not be built: %s", error)
            return
        with self._lock:
            self._built = built

    def _switch(self) -> None:
        """Take over a backend that is ready, and close the one before when it is safe."""
        self._check_open()
        with self._lock:
            built, self._built = self._built, None
            error = self._error
        if error is not None and self._required:
            raise RuntimeError(f"the backend could not be built: {error}") from error
        if built is not None:
            self._old, self._current, self._frames = self._current, built, 0
            _log.info("switched over: %s", built.report().line())
        self._frames += 1
        if self._old is not None and self._frames > FRAMES_TO_CLOSE:
            self._old.close()
            self._old = None

    def _encode(self, expression: _Expression, backend: InferenceBackend) -> ExpressionEncoding:
        key = id(backend)
        if key not in expression.encodings:
            # Encodings of a backend that was replaced are let go of.
            expression.encodings = {key: backend.encode_expression(expression.token_ids)}
        return expression.encodings[key]

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this backend was closed; load the model again")


def _call_off(cancel: Callable[[], None], thread: threading.Thread) -> None:
    """Tell a build to stop and wait until it has."""
    cancel()
    if thread is not threading.current_thread():  # which may let go of the backend last
        thread.join()
