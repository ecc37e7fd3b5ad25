"""`python -m textseg_ros.demo` is the command `textseg-demo`."""

import sys

from textseg_ros.demo.main import main

if __name__ == "__main__":
    sys.exit(main())
