"""`python -m textseg_core.benchmark` is the command `textseg benchmark`."""

import sys

from textseg_core.benchmark.command import main

if __name__ == "__main__":
    sys.exit(main())
