"""Finds and reads the message definitions that rosbags does not carry."""

from collections.abc import Iterable
from pathlib import Path

_PACKAGE = "textseg_ros"
_MODULE_FOLDER = Path(__file__).resolve().parents[1]


def definition_folders(module_folder: Path = _MODULE_FOLDER) -> dict[str, Path]:
    """Return the folder that holds each package's `.msg` files.

    Our own messages lie inside the package after `pip install`, in `msg/` beside
    it in a source folder, and under `share/textseg_ros/msg` after `colcon build`.

    Args:
        module_folder: Folder of the installed or checked-out `textseg_ros`.

    Raises:
        RuntimeError: If our own messages are in none of the three places.
    """
    interfaces = module_folder / "interfaces"
    own = [interfaces / _PACKAGE, module_folder.parent / "msg"]
    own += [parent / "share" / _PACKAGE / "msg" for parent in module_folder.parents]
    for folder in own:
        if (folder / "Segmentation.msg").is_file():
            return {"vision_msgs": interfaces / "vision_msgs", _PACKAGE: folder}
    places = "\n  ".join(str(folder) for folder in own[:2])
    raise RuntimeError(
        f"the message definitions of {_PACKAGE} are missing; expected Segmentation.msg in one of"
        f"\n  {places}\n  <install prefix>/share/{_PACKAGE}/msg\nInstall the package again."
    )


def read_definitions(folders: dict[str, Path]) -> Iterable[tuple[str, str]]:
    """Yield (type name, text) of every `.msg` file, by package and name."""
    for package, folder in folders.items():
        for path in sorted(folder.glob("*.msg")):
            yield f"{package}/msg/{path.stem}", path.read_text(encoding="utf-8")
