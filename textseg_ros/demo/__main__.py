"""`python -m textseg_ros.demo`."""

import sys

from textseg_ros.demo.main import main

sys.exit(main())
