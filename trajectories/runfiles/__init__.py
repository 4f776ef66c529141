"""Run files: TOML -> Run -> jobs.

`run` reads a file (`toml`, `schema`, `sections`, `figure_section`, `formulas`), `derived` works out the
points of its sweep, `job` is one point in numbers, `fingerprints` say which run a result belongs to.
"""
