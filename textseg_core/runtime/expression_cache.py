"""Keeps what the network made of the last expressions, by text and weights."""

from collections import OrderedDict
from collections.abc import Callable
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

    def get(self, text: str, weights: str, make: Callable[[str], Value]) -> Value:
        """Return the value of a text, made by `make` if it is not there."""
        key = (text, weights)
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                self.hits += 1
                return self._values[key]
            self.misses += 1
        value = make(text)
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        return value

    def clear(self) -> None:
        """Forget all values."""
        with self._lock:
            self._values.clear()

    def __len__(self) -> int:
        return len(self._values)
