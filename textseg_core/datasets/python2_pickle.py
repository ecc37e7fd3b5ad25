"""Reads pickles of plain values that Python 2 wrote, and refuses to build anything else."""

import builtins
import io
import pickle
from pathlib import Path
from typing import Any

from textseg_core.datasets.files import Origin

# What a pickle may name. Lists, dicts, tuples, text, numbers, booleans and None need no name.
_ADMITTED = {
    **{name: getattr(builtins, name) for name in ("set", "frozenset", "int", "float", "str")},
    "unicode": str,
    "long": int,
}
_MODULES = ("__builtin__", "builtins")


class _PlainUnpickler(pickle.Unpickler):
    """Builds containers, text and numbers only."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Return one of the admitted types.

        Raises:
            pickle.UnpicklingError: The pickle names anything else.
        """
        if module_name in _MODULES and global_name in _ADMITTED:
            return _ADMITTED[global_name]
        raise pickle.UnpicklingError(
            f"it wants to load {module_name}.{global_name}, and only plain lists, dicts, text "
            "and numbers are read; do not open this file with another program"
        )


def read_plain_pickle(path: Path, expected: str, origin: Origin) -> Any:
    """Return the content of a pickle of plain values; bytes of Python 2 become latin-1 text.

    Args:
        path: The file.
        expected: What it should be, for the error.
        origin: Where it comes from, for the error.

    Raises:
        ValueError: The file is missing, damaged, or names a function or class.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise origin.missing(path, expected) from error
    try:
        return _PlainUnpickler(io.BytesIO(data), encoding="latin1").load()
    # A damaged stream can raise nearly anything while it is interpreted.
    except Exception as error:
        raise origin.damaged(path, expected, error or type(error).__name__) from error
