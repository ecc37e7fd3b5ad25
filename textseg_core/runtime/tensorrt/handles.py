"""What a TensorRT backend hands out: tokens for an image, for expressions and for answers."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from textseg_core.runtime.tensorrt.execution import TensorInfo
from textseg_core.runtime.tensorrt.memory import Memory, aligned

#: Expressions whose memory is taken at once.
SLAB = 64


class ImageHandle:
    """Stands for the latest image that a backend encoded."""

    __slots__ = ("number", "owner")

    def __init__(self, owner: object, number: int) -> None:
        self.owner = owner
        self.number = number


@dataclass(frozen=True, slots=True)
class Ticket:
    """Stands for answers under way: what `submit` gives and `collect` takes, in that order."""

    number: int
    bucket: int
    count: int


class ExpressionHandle:
    """Stands for one expression's encoding on the GPU, whose memory it gives back at its end."""

    __slots__ = ("address", "number", "owner")

    def __init__(self, owner: "ExpressionStore", address: int, number: int) -> None:
        self.owner = owner
        self.address = address
        self.number = number

    def __del__(self) -> None:
        self.owner.take_back(self.address)


class ExpressionStore:
    """Memory on the GPU for encodings of expressions.

    Grows by slabs while more expressions are alive than ever before, and not otherwise: what an
    expression leaves, the next one gets. The stream's order keeps that safe, since a new one is
    written behind everything that reads the old one.
    """

    def __init__(self, memory: Memory, tensors: Mapping[str, TensorInfo], stream: int) -> None:
        self._memory = memory
        self._stream = stream
        self.offsets: dict[str, int] = {}
        size = 0
        for name, info in tensors.items():
            self.offsets[name] = size
            size += aligned(info.bytes)
        self._slot_bytes = size
        # A deque, since garbage may be collected in any thread.
        self._free: deque[int] = deque()
        self._numbers = count(1)

    def take(self) -> ExpressionHandle:
        """Return a handle on memory for one more expression."""
        try:
            address = self._free.popleft()
        except IndexError:
            slab = self._memory.device(SLAB * self._slot_bytes, self._stream)
            self._free.extend(slab + self._slot_bytes * place for place in range(1, SLAB))
            address = slab
        return ExpressionHandle(self, address, next(self._numbers))

    def take_back(self, address: int) -> None:
        """Let the memory of an expression be used again."""
        self._free.append(address)
