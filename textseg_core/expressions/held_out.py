"""Lists the objects and the compositions that training never sees, as committed beside it.

`python -m textseg_core.expressions.held_out [--objects PACK ...] [--write]`

The digests of `scenes.split` decide; the list in `held_out.txt` is for people to read, and a
test holds the two together.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from textseg_core.expressions.colors import NEAR_COLORS
from textseg_core.expressions.phrases import MATERIALS, ORDINALS, PLACES, SUPERLATIVES
from textseg_core.expressions.relations import RELATIONS
from textseg_core.scenes.shapes import catalogue, profile_ids
from textseg_core.scenes.split import is_held_out_composition, is_held_out_object

LIST = Path(__file__).with_name("held_out.txt")
# Every first half of a composition, see `is_held_out_composition`.
KEYS: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *(*NEAR_COLORS, *MATERIALS, *PLACES, *SUPERLATIVES, *ORDINALS),
            *(*RELATIONS, "between", "nearest"),
        )
    )
)


def read_pack(folder: Path) -> list[tuple[str, str]]:
    """Return (id, category) of each object of a pack, as its `manifest.json` says.

    Raises:
        ValueError: If the manifest is missing or damaged; names it.
    """
    path = folder / "manifest.json" if folder.is_dir() else folder
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
        return [(str(item["id"]), str(item["category"])) for item in items]
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read ({error.strerror or error}); expected the manifest of an "
            "object pack"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is no manifest of an object pack: expected a list of objects with 'id' and "
            f"'category', got {error!r}"
        ) from error


def held_out_list(pack: Iterable[tuple[str, str]] = ()) -> str:
    """Return the list as text.

    Args:
        pack: (id, category) of further objects.
    """
    pack = list(pack)
    made = [kind.names[0] for kind in catalogue()]
    ids = [*profile_ids(), *sorted(object_id for object_id, _ in pack)]
    categories = dict.fromkeys((*made, *sorted(category for _, category in pack)))
    lines = ["# Objects that appear in test scenes only"]
    lines += [object_id for object_id in ids if is_held_out_object(object_id)]
    lines.append("# Words that training never says of a category: category: words")
    for category in categories:
        words = [key for key in KEYS if is_held_out_composition(key, category)]
        lines.append(f"{category}: {', '.join(words)}")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Print the list, or write it into the package."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--objects", type=Path, nargs="*", default=[], metavar="PACK", help="packs to list too"
    )
    parser.add_argument("--write", action="store_true", help=f"write {LIST.name}")
    given = parser.parse_args(arguments)
    try:
        pack = [item for folder in given.objects for item in read_pack(folder)]
    except ValueError as error:
        parser.error(str(error))
    text = held_out_list(pack)
    if given.write:
        LIST.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
