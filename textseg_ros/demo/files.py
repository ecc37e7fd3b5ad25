"""Writes files whole or not at all, also on a disk that fills up."""

import io
import os
from pathlib import Path

from PIL import Image

from textseg_core.arrays import UInt8Array

_PARTIAL = ".partial"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name first, so that nobody ever sees a part of it.

    Raises:
        OSError: If it cannot be written; nothing is left of it then.
    """
    partial = path.with_name(path.name + _PARTIAL)
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def png(picture: UInt8Array) -> bytes:
    """Return an RGB picture, (H, W, 3), as a PNG file."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()


def fault_text(path: Path, error: OSError) -> str:
    """Return what an operator should know about a file that was not written."""
    reason = error.strerror if error.errno is None else os.strerror(error.errno)
    return f"cannot write {path}: {reason or error}"
