"""Four pictures of two squares each, with an expression for each square."""

import torch
from torch import Tensor

from textseg_core.language.word_roles import ATTRIBUTE, CATEGORY

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


def squares_with_things() -> dict[str, Tensor]:
    """Return the same as a batch of a recipe with a detector.

    The batch knows of each square its box, its category, the second one, and its colour, the
    first or second attribute; and of each word whether it is an attribute or a category.
    """
    images, ids, masks = squares()
    boxes = torch.zeros(4, 2, 4)
    shown = masks.view(4, 2, 64, 64)
    for row in range(4):
        for place in range(2):
            top, left = torch.nonzero(shown[row, place])[0].tolist()
            boxes[row, place] = torch.tensor([left, top, left + 32, top + 32])
    return {
        "image": images,
        "token_ids": ids.view(4, 2, -1),
        "roles": torch.tensor([[[ATTRIBUTE, CATEGORY, 0, 0, 0]] * 2] * 4),
        "target": masks.view(4, 2, 1, 64, 64),
        "thing_boxes": boxes,
        "thing_labels": torch.ones(4, 2, dtype=torch.int64),
        "thing_attributes": torch.eye(2).repeat(4, 1, 1),
        "thing_described": torch.ones(4, 2),
        "thing_masks": shown[:, :, ::2, ::2],
        "thing_members": torch.eye(2).repeat(4, 1, 1),
    }
