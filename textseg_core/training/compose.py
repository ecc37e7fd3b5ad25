"""Draws training scenes: photographs, things pasted into them, and objects on a table."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, BoolArray, UInt8Array
from textseg_core.datasets.photos import Photo
from textseg_core.scenes.scene import Scene, SceneObject

LEAST_AREA_PX = 48  # in a 320 px picture; smaller things are not asked for
LEAST_VISIBLE = 0.3  # share of a thing that must be in view for it to be asked for


@dataclass(frozen=True, slots=True)
class Sprite:
    """A cut-out picture of one thing.

    Attributes:
        rgba: (h, w, 4), alpha 0 or 255.
        names: Nouns, the usual one first.
        hypernyms: More general nouns.
        colors: Named colours, largest first.
        elevation_deg: Camera above the horizon, None if unknown.
        pixels_per_metre: Scale, 0 if unknown.
    """

    rgba: UInt8Array
    names: tuple[str, ...]
    hypernyms: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    elevation_deg: float | None = None
    pixels_per_metre: float = 0.0


def load_sprites(folder: Path) -> list[Sprite]:
    """Read the sprites that `textseg_core.training.sprites` wrote."""
    path = folder / "sprites.json"
    if not path.exists():
        raise ValueError(f"{path} is missing: run python -m textseg_core.training.sprites first")
    sprites = []
    for record in json.loads(path.read_text(encoding="utf-8")):
        bgra = cv2.imread(str(folder / record["file"]), cv2.IMREAD_UNCHANGED)
        if bgra is None or bgra.ndim != 3 or bgra.shape[2] != 4:
            raise ValueError(f"{folder / record['file']}: expected a PNG with alpha")
        sprites.append(
            Sprite(
                cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA).astype(np.uint8),
                tuple(record["names"]),
                tuple(record["hypernyms"]),
                tuple(record["colors"]),
                record["elevation_deg"],
                record["pixels_per_metre"],
            )
        )
    return sprites


def load_surfaces(folder: Path) -> list[UInt8Array]:
    """Read all pictures of a folder of textures, RGB."""
    surfaces = []
    for path in sorted(folder.rglob("*.jpg")):
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if bgr is None:
            raise ValueError(f"{path}: expected a readable picture")
        surfaces.append(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8))
    if not surfaces:
        raise ValueError(f"{folder}: expected .jpg textures")
    return surfaces


def cut_outs(photos: Sequence[Photo], least_area_px: int = 2500) -> list[Sprite]:
    """Cut whole, uncrowded instances out of photographs for pasting elsewhere."""
    sprites = []
    for photo in photos:
        height, width = photo.image.shape[:2]
        for instance in photo.instances:
            if instance.crowd or instance.category == "dining table":
                continue
            mask = instance.mask()
            x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
            whole = x > 2 and y > 2 and x + w < width - 2 and y + h < height - 2
            if not whole or mask.sum() < least_area_px:
                continue
            window = (slice(y, y + h), slice(x, x + w))
            alpha = mask[window].astype(np.uint8) * 255
            rgba = np.dstack([photo.image[window], alpha])
            sprites.append(Sprite(rgba, instance.names, instance.hypernyms))
    return sprites


class SceneBuilder:
    """Keeps the pictures in the order in which they are pasted, and what each still shows."""

    def __init__(self, image: UInt8Array) -> None:
        self.image = image
        self._objects: list[tuple[Sprite, BoolArray, int, bool, bool]] = []
        self._hidden: set[str] = set()

    def add(
        self, what: Sprite, mask: BoolArray, full_area: int, upright: bool, countable: bool = True
    ) -> None:
        """Record a thing that the image already shows at `mask`."""
        self._objects.append((what, mask, full_area, upright, countable))

    def hide(self, names: Sequence[str]) -> None:
        """Record nouns of something that may be there without being asked for."""
        self._hidden.update(names)

    def paste(self, sprite: Sprite, u: int, base_v: int, size_px: tuple[int, int]) -> None:
        """Paste a sprite so that the middle of its base stands at (u, base_v)."""
        width, height = max(2, size_px[0]), max(2, size_px[1])
        resized = cv2.resize(sprite.rgba, (width, height), interpolation=cv2.INTER_AREA)
        rows, columns = self.image.shape[:2]
        x0, y0 = u - width // 2, base_v - height
        left, top = max(0, x0), max(0, y0)
        right, bottom = min(columns, x0 + width), min(rows, y0 + height)
        if right - left < 2 or bottom - top < 2:
            return
        part = resized[top - y0 : bottom - y0, left - x0 : right - x0]
        alpha: AnyArray = part[..., 3:4].astype(np.float32) / 255
        if min(width, height) > 12:
            # A cut-out's hard edge would tell the network what was pasted.
            alpha = cv2.GaussianBlur(alpha, (3, 3), 0.6)[..., None]
        window = self.image[top:bottom, left:right]
        window[:] = (window * (1 - alpha) + part[..., :3] * alpha).astype(np.uint8)
        opaque = part[..., 3] > 127
        for _, mask, *_ in self._objects:
            mask[top:bottom, left:right] &= ~opaque
        mask = np.zeros((rows, columns), np.bool_)
        mask[top:bottom, left:right] = opaque
        full = int((resized[..., 3] > 127).sum())
        self.add(sprite, mask, full, upright=True)

    def shade(self, u: int, base_v: int, width: int, strength: float) -> None:
        """Darken the ground under a thing: a soft ellipse, so that it seems to stand there."""
        rows, columns = self.image.shape[:2]
        shadow: AnyArray = np.zeros((rows, columns), np.float32)
        axes = (max(2, int(0.55 * width)), max(2, int(0.16 * width)))
        cv2.ellipse(shadow, (u, base_v - axes[1] // 2), axes, 0, 0, 360, strength, -1)
        shadow = cv2.GaussianBlur(shadow, (0, 0), max(1.0, 0.08 * width))
        self.image[:] = (self.image * (1 - shadow[..., None])).astype(np.uint8)

    def build(self, closed_names: frozenset[str]) -> Scene:
        """Return the scene; things that are mostly out of view become hidden names."""
        objects = []
        for what, mask, full_area, upright, countable in self._objects:
            visible = int(mask.sum())
            if visible < LEAST_AREA_PX or visible < LEAST_VISIBLE * full_area:
                self._hidden.update((*what.names, *what.hypernyms))
                if visible < LEAST_AREA_PX // 3:
                    continue
                countable = False
            objects.append(
                SceneObject(
                    what.names,
                    mask,
                    what.hypernyms,
                    what.colors,
                    upright_base=upright,
                    countable=countable,
                )
            )
        return Scene(self.image, tuple(objects), closed_names, frozenset(self._hidden))


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSources:
    """Everything that scenes are made of.

    Attributes:
        photos: Photographs to show and to paste into.
        cut_outs: Instances cut out of them.
        sprites: Rendered objects.
        surfaces: Textures of tables and walls.
        photo_names: Categories annotated in the photographs.
    """

    photos: Sequence[Photo]
    cut_outs: Sequence[Sprite]
    sprites: Sequence[Sprite]
    surfaces: Sequence[UInt8Array]
    photo_names: frozenset[str]


def _crop_matrix(
    width: int, height: int, size_px: int, rng: np.random.Generator, whole: bool
) -> AnyArray:
    """Draw the affine map (2, 3) from a picture into the square; half of them mirror."""
    scale = size_px / max(width, height)
    if whole:
        u, v = (size_px - scale * width) / 2, (size_px - scale * height) / 2
    else:
        scale *= float(np.exp(rng.uniform(np.log(0.8), np.log(2.0))))
        slack_u, slack_v = size_px - scale * width, size_px - scale * height
        u, v = (
            rng.uniform(min(0, slack_u), max(0, slack_u)),
            rng.uniform(min(0, slack_v), max(0, slack_v)),
        )
    matrix = np.array([[scale, 0, u], [0, scale, v]])
    if rng.random() < 0.5:
        matrix[0] = (-scale, 0, size_px - 1 - u)
    return matrix


def photo_builder(
    photo: Photo, size_px: int, rng: np.random.Generator, whole: bool | None = None
) -> SceneBuilder:
    """Warp a photograph into the square and record what is annotated in it."""
    height, width = photo.image.shape[:2]
    whole = bool(rng.random() < 0.4) if whole is None else whole
    matrix = _crop_matrix(width, height, size_px, rng, whole)
    shape = (size_px, size_px)
    image = cv2.warpAffine(photo.image, matrix, shape, flags=cv2.INTER_LINEAR)
    builder = SceneBuilder(image.astype(np.uint8))
    area_scale = abs(matrix[0, 0] * matrix[1, 1])
    for instance in photo.instances:
        source = instance.mask()
        mask = cv2.warpAffine(source.astype(np.uint8), matrix, shape, flags=cv2.INTER_NEAREST)
        what = Sprite(np.empty((0, 0, 4), np.uint8), instance.names, instance.hypernyms)
        if not mask.any():
            continue
        full = int(source.sum() * area_scale)
        builder.add(what, mask > 0, full, upright=False, countable=not instance.crowd)
    return builder


def photo_scene(
    photo: Photo,
    size_px: int,
    names: frozenset[str],
    rng: np.random.Generator,
    whole: bool | None = None,
) -> Scene:
    """Return a photograph as a scene of side `size_px`."""
    return photo_builder(photo, size_px, rng, whole).build(names)


def pasted_scene(sources: SceneSources, size_px: int, rng: np.random.Generator) -> Scene:
    """Return a photograph with one to four cut-outs or rendered objects pasted into it."""
    photo = sources.photos[int(rng.integers(len(sources.photos)))]
    builder = photo_builder(photo, size_px, rng)
    paste_things(builder, sources, size_px, rng)
    return builder.build(sources.photo_names)


def paste_things(
    builder: SceneBuilder, sources: SceneSources, size_px: int, rng: np.random.Generator
) -> None:
    """Paste one to four cut-outs or rendered objects into a picture of about `size_px`."""
    for _ in range(int(rng.integers(1, 5))):
        pool = sources.cut_outs if rng.random() < 0.7 or not sources.sprites else sources.sprites
        sprite = pool[int(rng.integers(len(pool)))]
        long_side = float(np.exp(rng.uniform(np.log(0.1), np.log(0.5)))) * size_px
        scale = long_side / max(sprite.rgba.shape[:2])
        if rng.random() < 0.5:
            sprite = _mirror(sprite)
        size = (int(sprite.rgba.shape[1] * scale), int(sprite.rgba.shape[0] * scale))
        u = int(rng.integers(0, size_px))
        base = int(rng.integers(size_px // 4, size_px + size[1] // 3))
        builder.paste(sprite, u, base, size)


def _mirror(sprite: Sprite) -> Sprite:
    return Sprite(
        np.ascontiguousarray(sprite.rgba[:, ::-1]),
        sprite.names,
        sprite.hypernyms,
        sprite.colors,
        sprite.elevation_deg,
        sprite.pixels_per_metre,
    )


def _texture(surface: UInt8Array, width: int, height: int, rng: np.random.Generator) -> UInt8Array:
    """Fill a rectangle with a random crop of a texture under random light."""
    rows, columns = surface.shape[:2]
    share = float(rng.uniform(0.35, 1.0))
    h, w = max(8, int(rows * share)), max(8, int(columns * share))
    y, x = int(rng.integers(rows - h + 1)), int(rng.integers(columns - w + 1))
    patch = cv2.resize(surface[y : y + h, x : x + w], (width, height)).astype(np.float32)
    light = rng.uniform(0.55, 1.15) + rng.uniform(-0.2, 0.2) * np.linspace(-1, 1, width)
    return np.clip(patch * light[None, :, None], 0, 255).astype(np.uint8)


def table_scene(sources: SceneSources, size_px: int, rng: np.random.Generator) -> Scene:
    """Return rendered objects standing on a textured table, far ones first.

    All sprites of a scene were seen from about the same elevation, and their sizes
    keep the proportions of the real things.
    """
    surface = sources.surfaces[int(rng.integers(len(sources.surfaces)))]
    wall = sources.surfaces[int(rng.integers(len(sources.surfaces)))]
    elevation = float(rng.choice([20, 35, 50, 65]))
    horizon = int(size_px * max(0.0, 0.42 - 0.008 * (elevation - 15) + rng.uniform(-0.08, 0.1)))
    image = _texture(surface, size_px, size_px, rng)
    if horizon > 4:
        image[:horizon] = _texture(wall, size_px, horizon, rng)
    builder = SceneBuilder(image)
    fitting = [
        sprite
        for sprite in sources.sprites
        if sprite.elevation_deg is not None and abs(sprite.elevation_deg - elevation) < 8
    ]
    count = int(rng.integers(3, 10))
    chosen = [fitting[int(rng.integers(len(fitting)))] for _ in range(count)]
    if rng.random() < 0.7:
        # Rivals of the same name, or relations would have nothing to decide.
        name = chosen[0].names[0]
        same = [sprite for sprite in fitting if sprite.names[0] == name]
        chosen[1 : 1 + int(rng.integers(1, 3))] = [
            same[int(rng.integers(len(same)))] for _ in range(int(rng.integers(1, 3)))
        ]
    metre_px = float(rng.uniform(0.8, 2.2)) * size_px
    bases = np.sort(rng.uniform(horizon + 0.12 * size_px, size_px * 1.02, len(chosen)))
    taken: list[float] = []
    for sprite, base in zip(chosen, bases, strict=True):
        nearness = 0.65 + 0.5 * (base - horizon) / max(1, size_px - horizon)
        scale = metre_px * nearness / sprite.pixels_per_metre
        scale *= min(1.0, 0.6 * size_px / (max(sprite.rgba.shape[:2]) * scale))
        size = (int(sprite.rgba.shape[1] * scale), int(sprite.rgba.shape[0] * scale))
        options = rng.uniform(0.05, 0.95, 6) * size_px
        spread = [min([abs(u - t) for t in taken], default=1e9) for u in options]
        u = float(options[int(np.argmax(spread))]) if rng.random() < 0.8 else float(options[0])
        taken.append(u)
        builder.shade(int(u), int(base), size[0], float(rng.uniform(0.15, 0.5)))
        builder.paste(_mirror(sprite) if rng.random() < 0.5 else sprite, int(u), int(base), size)
    return builder.build(table_names(sources))


def table_names(sources: SceneSources) -> frozenset[str]:
    """Return the nouns whose absence from a composed table is certain."""
    rendered = {name for sprite in sources.sprites for name in (*sprite.names, *sprite.hypernyms)}
    return frozenset(rendered) | sources.photo_names


def draw_scene(sources: SceneSources, size_px: int, rng: np.random.Generator) -> Scene:
    """Draw one training scene: a photograph, one with things pasted in, or a table."""
    draw = rng.random()
    if draw < 0.35:
        photo = sources.photos[int(rng.integers(len(sources.photos)))]
        return photo_scene(photo, size_px, sources.photo_names, rng)
    if draw < 0.6:
        return pasted_scene(sources, size_px, rng)
    return table_scene(sources, size_px, rng)


def change_light(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return the picture under other light: gain, gamma, colour cast, blur, noise."""
    value = image.astype(np.float32) / 255
    value *= rng.uniform(0.9, 1.1, 3).astype(np.float32) * float(rng.uniform(0.65, 1.25))
    value = np.clip(value, 0, 1) ** float(rng.uniform(0.8, 1.25))
    grey = value.mean(axis=2, keepdims=True)
    value = grey + (value - grey) * float(rng.uniform(0.7, 1.25))
    if rng.random() < 0.2:
        value = cv2.GaussianBlur(value, (0, 0), float(rng.uniform(0.4, 1.2)))
    if rng.random() < 0.3:
        value += rng.normal(0, rng.uniform(0.005, 0.03), value.shape).astype(np.float32)
    lit: UInt8Array = (np.clip(value, 0, 1) * 255).astype(np.uint8)
    return lit
