"""The command `trajectories`: `main` runs a command line, `parser` defines the options, `commands` the commands."""
