"""Four pictures of two squares each, with an expression for each square."""

import torch
from torch import Tensor

RED, BLUE, SQUARE = 4, 5, 6  # ids of the words


def squares() -> tuple[Tensor, Tensor, Tensor]:
    """Return images (4, 64, 64, 3), ids (8, 5), two for each image, and masks (8, 1, 64, 64)."""
    grey = torch.full((64, 64, 3), 90, dtype=torch.uint8)
    images, ids, masks = [], [], []
    for red_top, blue_top in ((0, 32), (32, 0), (16, 16), (0, 0)):
        image = grey.clone()
        drawn = ((RED, 0, red_top, (230, 30, 30)), (BLUE, 32, blue_top, (30, 60, 230)))
        for word, left, top, colour in drawn:
            mask = torch.zeros(64, 64)
            mask[top : top + 32, left : left + 32] = 1
            image[mask > 0] = torch.tensor(colour, dtype=torch.uint8)
            ids.append([word, SQUARE, 0, 0, 0])
            masks.append(mask)
        images.append(image)
    return torch.stack(images), torch.tensor(ids), torch.stack(masks)[:, None]
