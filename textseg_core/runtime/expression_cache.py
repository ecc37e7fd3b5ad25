"""Keeps what the network made of the last expressions, by text and weights."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class ExpressionCache(Generic[Value]):
    """The last `size` values; the one that was asked for longest ago goes first.

    A key is the text and what the weights are known by, so that one expression of two networks
    is two values. Safe to use from several threads; two may make the same value at once, and
    the later one is kept.

    Attributes:
        hits: Times that a value was there.
        misses: Times that it had to be made.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1, got {size}")
        self._size = size
        self._values: OrderedDict[tuple[str, str], Value] = OrderedDict()
        self._lock = Lock()
        self.hits = 0
        self.misses = 0

    def get(
        self, texts: Sequence[str], weights: str, make: Callable[[Sequence[str]], Sequence[Value]]
    ) -> list[Value]:
        """Return the values of texts, those that are not there made by one call of `make`."""
        found: dict[str, Value] = {}
        missing: dict[str, None] = {}  # in order, each once
        with self._lock:
            for text in texts:
                key = (text, weights)
                if key in self._values:
                    self._values.move_to_end(key)
                    found[text] = self._values[key]
                if text in found or text in missing:
                    self.hits += 1
                else:
                    self.misses += 1
                    missing[text] = None
        if missing:
            made = dict(zip(missing, make(tuple(missing)), strict=True))
            found |= made
            with self._lock:
                for text, value in made.items():
                    self._values[text, weights] = value
                    self._values.move_to_end((text, weights))
                while len(self._values) > self._size:
                    self._values.popitem(last=False)
        return [found[text] for text in texts]

    def clear(self) -> None:
        """Forget all values."""
        with self._lock:
            self._values.clear()

    def __len__(self) -> int:
        return len(self._values)
