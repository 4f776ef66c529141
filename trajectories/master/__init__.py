"""The ensemble, exactly: the master equation by sectors.

`sectors` finds the subspaces that no trajectory leaves coherently, `block_generator` the generator between their
blocks; `lindblad` is the Master equation of a model: steady state (`null_space`), evolution (`propagation`, `krylov`),
slow modes (`relaxation`). `linear_solvers` is for singular systems, `currents` for heat, energy and entropy,
`entanglement` for two subsystems, `eigenensemble` for eigenbases of rho.
"""
