"""Whether the clock of this machine can be right."""

import ctypes
import datetime
from pathlib import Path

from textseg_ros.doctor.finding import Finding, Surroundings, broken, note, ok

_DAY_S = 86_400.0
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # more than struct timex has


def check_clock(given: Surroundings) -> list[Finding]:
    """Compare the clock with this program's own files, and ask the kernel whether it is led."""
    now_s = given.now_s()
    made_s = Path(__file__).stat().st_mtime
    shown = datetime.datetime.fromtimestamp(now_s, datetime.timezone.utc).isoformat(" ", "seconds")
    if now_s < made_s - _DAY_S:
        return [
            broken(
                f"the clock says {shown}, before this program was made",
                "set the clock: timedatectl set-ntp true; a board without a battery needs it at "
                "every start",
            )
        ]
    if _kernel_state() == _TIME_ERROR:
        return [
            note(
                f"the clock says {shown}, and follows no time server",
                "that matters if camera or robot are other hosts: install chrony",
            )
        ]
    return [ok(f"the clock says {shown}")]


def _kernel_state() -> int:
    """Return what adjtimex says of the clock; 0 where it cannot be asked."""
    try:
        ask = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return 0
    return int(ask(ctypes.create_string_buffer(_TIMEX_BYTES)))
