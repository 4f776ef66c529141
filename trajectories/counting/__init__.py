"""Exact statistics of jumps.

`counted_currents` are the weights of what is counted, `model_counts` the counts of a model by name;
`long_time_cumulants`, `finite_time_cumulants`, `scgf` (lambda(u), by `dominant_mode`), `time_correlations` (g2,
spectra, waiting times), `first_passage`, `uncertainty_relations`; of the entropy production `entropy_statistics`,
`infimum` and `adiabatic_split`. `steady_counting` is the deterministic report, `steady_quantities` are values on
arrays of parameters, `optimum` and `threshold` searches over them.
"""
