"""`python -m trajectories` is the command `trajectories`."""

import sys

from trajectories.cli.main import main

sys.exit(main())
