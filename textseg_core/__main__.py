"""`python -m textseg_core` is the command `textseg`."""

import sys

from textseg_core.command_line import main

if __name__ == "__main__":
    sys.exit(main())
