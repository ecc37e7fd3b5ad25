"""What a device can do at most in torch: a large product and a large copy. Imports torch."""

import torch

from textseg_core.benchmark.peaks import Peaks, least_s

_SIDE = {True: 8192, False: 1024}
_COPY_VALUES = {True: 268_435_456, False: 16_777_216}


def measure_torch_peaks(device: str, *, half: bool) -> Peaks:
    """Return a device's peaks.

    Args:
        device: A torch device.
        half: Whether the product is of float16, and large enough for a data-centre GPU.
    """
    kind = torch.float16 if half else torch.float32
    matrix = torch.ones(_SIDE[half], _SIDE[half], dtype=kind, device=device)
    source = torch.ones(_COPY_VALUES[half], dtype=torch.float16, device=device)
    target = torch.empty_like(source)

    def wait() -> None:
        if matrix.is_cuda:
            torch.cuda.synchronize(matrix.device)

    def product() -> None:
        torch.mm(matrix, matrix)
        wait()

    def copy() -> None:
        target.copy_(source)
        wait()

    moved = 2 * source.numel() * source.element_size()
    return Peaks(device, 2 * _SIDE[half] ** 3 / least_s(product), moved / least_s(copy))
