"""The command `trajectories`: `main` runs it, `parser` is what it understands, `commands` what each command does."""
