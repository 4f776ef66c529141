"""The ensemble, exactly: the master equation by sectors.

`sectors` finds the subspaces that no trajectory leaves coherently, `block_generator` the generator between their
blocks; `lindblad` is the Master equation of a model. Linear algebra with generators: `null_space`, `linear_solvers`
(steady state, Drazin inverse, resolvents), `propagation` (dense) and `sparse_propagation`, `relaxation` (slow modes).
`currents` is for heat, energy and entropy, `entanglement` for two subsystems, `eigenensemble` for eigenbases of rho.
"""
