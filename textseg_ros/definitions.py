"""Finds and reads the message, service and action definitions that rosbags does not carry."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_PACKAGE = "textseg_ros"
_MODULE_FOLDER = Path(__file__).resolve().parent
_KINDS = ("msg", "srv", "action")
_ONE_OF_EACH = ("Segmentation.msg", "Segment.srv", "Find.action")


def definition_folders(module_folder: Path = _MODULE_FOLDER) -> dict[str, tuple[Path, ...]]:
    """Return the folders that hold each package's `.msg`, `.srv` and `.action` files.

    Our own lie together inside the package after `pip install`, in `msg/`, `srv/` and `action/`
    beside it in a source folder, and under `share/textseg_ros/` after `colcon build`.

    Args:
        module_folder: Folder of the installed or checked-out `textseg_ros`.

    Raises:
        RuntimeError: If our own definitions are in none of the three places.
    """
    interfaces = module_folder / "interfaces"
    bases = [module_folder.parent]
    bases += [parent / "share" / _PACKAGE for parent in module_folder.parents]
    own = [(interfaces / _PACKAGE,), *(tuple(base / kind for kind in _KINDS) for base in bases)]
    for folders in own:
        if all(any((folder / name).is_file() for folder in folders) for name in _ONE_OF_EACH):
            others = sorted(path for path in interfaces.glob("*") if path.name != _PACKAGE)
            return {path.name: (path,) for path in others} | {_PACKAGE: folders}
    expected = ", ".join(_ONE_OF_EACH)
    raise RuntimeError(
        f"the message definitions of {_PACKAGE} are missing; expected {expected} and the others "
        f"in one of\n  {interfaces / _PACKAGE}\n  {module_folder.parent}/msg, srv and action\n"
        f"  <install prefix>/share/{_PACKAGE}/msg, srv and action\nInstall the package again."
    )


def read_definitions(folders: Mapping[str, Sequence[Path]]) -> Iterable[tuple[str, str]]:
    """Yield (name, text) of every definition file, by package, kind and name.

    The name is `package/msg/Type`, `package/srv/Type` or `package/action/Type`.
    """
    for package, places in folders.items():
        for kind in _KINDS:
            for folder in places:
                for path in sorted(folder.glob(f"*.{kind}")):
                    yield f"{package}/{kind}/{path.stem}", path.read_text(encoding="utf-8")
