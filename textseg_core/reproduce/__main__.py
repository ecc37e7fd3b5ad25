"""`python -m textseg_core.reproduce` is the command `textseg reproduce`."""

import sys

from textseg_core.reproduce.command import main

if __name__ == "__main__":
    sys.exit(main())
