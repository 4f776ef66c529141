"""The command `trajectories`: `main` runs a command line, `parser` defines its options, `commands` has one function for each command."""
