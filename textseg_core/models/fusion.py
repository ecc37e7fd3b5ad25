"""Query head of Hu et al. 2016: both encodings and the cell's place -> logits."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

COORDINATES = (2, 8)


def l2_normalise(values: Tensor) -> Tensor:
    """Return `values` scaled to length one over axis 1; zeros stay zeros."""
    return values / values.square().sum(dim=1, keepdim=True).clamp(min=1e-12).sqrt()


def cell_coordinates(rows: int, columns: int, channels: int) -> Tensor:
    """Return where each cell lies in a map whose corners are (-1, -1) and (1, 1).

    Args:
        rows: Cells from top to bottom, h.
        columns: Cells from left to right, w.
        channels: 2, the paper's x and y of the cell's centre; or 8, the
            release's xmin, ymin, xmax, ymax, x, y, 1 / w, 1 / h.

    Returns:
        Shape (1, channels, rows, columns).

    Raises:
        ValueError: If `channels` is neither 2 nor 8.

    Source:
        Hu et al. 2016, section 3.1, which puts the corners of the map, not the
        outer cells' centres, at -1 and 1; 8 channels as in its release.
    """
    if channels not in COORDINATES:
        raise ValueError(f"coordinates must be 2 (paper) or 8 (release), got {channels}")
    y_edges = torch.linspace(-1.0, 1.0, rows + 1)
    x_edges = torch.linspace(-1.0, 1.0, columns + 1)
    y_min, x_min = torch.meshgrid(y_edges[:-1], x_edges[:-1], indexing="ij")
    y_max, x_max = torch.meshgrid(y_edges[1:], x_edges[1:], indexing="ij")
    centre = [(x_min + x_max) / 2, (y_min + y_max) / 2]
    if channels == 2:
        return torch.stack(centre)[None]
    size = [torch.full((rows, columns), 1.0 / n) for n in (columns, rows)]
    return torch.stack([x_min, y_min, x_max, y_max, *centre, *size])[None]


def bilinear_kernel(stride: int) -> Tensor:
    """Return the (1, 1, 2 stride, 2 stride) kernel that interpolates linearly.

    A transposed convolution with it, of that stride and padding stride / 2,
    enlarges a map about the centres of its cells.

    Source:
        Long et al. 2015, "Fully convolutional networks", section 3.3.
    """
    offset = torch.arange(2 * stride) - (stride - 0.5)
    line = 1.0 - offset.abs() / stride
    return torch.outer(line, line)[None, None]


class ResponseHead(nn.Module):
    """Classifies each cell, and in the high-resolution stage enlarges the answer.

    The paper tiles the expression over the cells, concatenates and convolves by
    1 x 1. Such a convolution is a sum over its inputs' channels, so the image's
    share is computed once and each expression's share is one vector: the same
    numbers without repeating the image for every expression.

    Source:
        Hu et al. 2016, section 3.3.
    """

    def __init__(
        self,
        visual_channels: int,
        expression_channels: int,
        hidden_channels: int,
        cells: int,
        coordinates: int,
        upsampling: int,
    ):
        super().__init__()
        self._spatial_channels = visual_channels + coordinates
        self.hidden = nn.Conv2d(self._spatial_channels + expression_channels, hidden_channels, 1)
        self.score = nn.Conv2d(hidden_channels, 1, 1)
        for layer in (self.hidden, self.score):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        self.upsample: nn.ConvTranspose2d | None = None
        if upsampling > 1:
            self.upsample = nn.ConvTranspose2d(
                1, 1, 2 * upsampling, stride=upsampling, padding=upsampling // 2, bias=False
            )
            with torch.no_grad():
                self.upsample.weight.copy_(bilinear_kernel(upsampling))
        self.register_buffer(
            "coordinates", cell_coordinates(cells, cells, coordinates), persistent=False
        )
        self.coordinates: Tensor

    def forward(self, visual: Tensor, expression: Tensor) -> tuple[Tensor]:
        """Return the logits.

        Args:
            visual: (1, C, h, w), or (Q, C, h, w), one image for each expression.
            expression: (Q, C).

        Returns:
            ((Q, 1, h, w),), or with upsampling ((Q, 1, S, S),).
        """
        place = self.coordinates.expand(visual.shape[0], -1, -1, -1)
        weight = self.hidden.weight
        image_share = F.conv2d(
            torch.cat([visual, place], dim=1),
            weight[:, : self._spatial_channels],
            self.hidden.bias,
        )
        word_share = F.linear(expression, weight[:, self._spatial_channels :, 0, 0])
        logits = self.score(F.relu(image_share + word_share[:, :, None, None]))
        if self.upsample is not None:
            logits = self.upsample(logits)
        return (logits,)
