"""Measured click records: the detectors, the state conditioned on the clicks, likelihoods, parameters with errors.

`readers`: clicks from files. `detection`: which jumps each detector sees. `simulated`: what imperfect detectors would
have recorded of sampled jumps. `conditional`: the equations of the conditional state, block by block of the sectors.
`parameters`: their derivatives by a model's parameters. `propagation`, `filter`: both along a record. `reversal`: the
detectors of a record read backwards. `likelihood`, `inference`: the parameters of the likeliest model.

What clicks can teach, before any are measured: `model_derivatives` differentiates a model with respect to its
parameters, `click_intervals` integrates over the time from one click to the next, `information` is the Fisher
information of clicks and the quantum bound on it, and `learning` what follows: errors, correlations, durations.
"""
