"""Memory of the GPU and page-locked memory of the host: taken once, given back together."""

from dataclasses import dataclass

import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_core.runtime.tensorrt.cuda import Cuda, view

#: Addresses are multiples of this, as cudaMalloc's are.
ALIGNMENT = 256


@dataclass(frozen=True, slots=True)
class HostBuffer:
    """Page-locked memory of the host.

    Attributes:
        array: The memory as bytes.
        address: Where the host sees it.
        device_address: Where the GPU sees it.
    """

    array: UInt8Array
    address: int
    device_address: int


class Memory:
    """All memory that a backend takes.

    Attributes:
        device_bytes: Taken on the GPU.
        host_bytes: Taken on the host, page-locked.
    """

    def __init__(self, cuda: Cuda) -> None:
        self._cuda = cuda
        self._device: list[int] = []
        self._host: list[int] = []
        self.device_bytes = 0
        self.host_bytes = 0

    def device(self, size: int, stream: int) -> int:
        """Return the address of new memory on the GPU, all zeros.

        Zeros, because an engine that runs once for warmth looks up token ids in it.
        """
        address = self._cuda.allocate(size)
        self._device.append(address)
        self.device_bytes += size
        zeros = np.zeros(max(1, size), np.uint8)
        self._cuda.copy(address, zeros.ctypes.data, size, stream)
        self._cuda.wait(stream)
        return address

    def host(self, size: int) -> HostBuffer:
        """Return new page-locked memory, all zeros."""
        address, device_address = self._cuda.allocate_host(size)
        self._host.append(address)
        self.host_bytes += size
        array = view(address, size)
        array[:] = 0
        return HostBuffer(array, address, device_address)

    def free(self) -> None:
        """Give all of it back; arrays on it must not be touched any more."""
        while self._device:
            self._cuda.free(self._device.pop())
        while self._host:
            self._cuda.free_host(self._host.pop())
        self.device_bytes = self.host_bytes = 0


def aligned(size: int) -> int:
    """Return the size rounded up, so that what lies behind is aligned too."""
    return -(-size // ALIGNMENT) * ALIGNMENT
