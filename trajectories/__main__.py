"""`python -m trajectories` is the command `trajectories`."""

import sys

from trajectories.cli import main

sys.exit(main())
