"""Picture files as people see them: which files they are, and their pixels upright."""

from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

PICTURE_SUFFIXES = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"),
)


def read_upright(path: Path) -> Image.Image:
    """Return a picture file, decoded, and turned as its EXIF data say.

    Raises:
        ValueError: If it cannot be read as a picture of 8 bits a channel.
    """
    try:
        with Image.open(path) as opened:
            if opened.mode.startswith(("I", "F")):
                raise ValueError(
                    f"{path} has more than 8 bits a channel (mode {opened.mode}); convert it to 8"
                )
            return ImageOps.exif_transpose(opened)
    except UnidentifiedImageError as error:
        raise ValueError(
            f"{path} is no picture, or of a kind that Pillow does not read"
        ) from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} cannot be read as a picture: {error}") from error


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures that lie in a folder itself, by name.

    Raises:
        ValueError: If it is no folder or holds no picture.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder; expected one with pictures")
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)
    if not files:
        raise ValueError(
            f"{folder} holds no picture; accepted are {', '.join(sorted(PICTURE_SUFFIXES))}"
        )
    return files
