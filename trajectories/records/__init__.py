"""Measured click records. `detection`: which jumps each detector sees, how surely, and its dark counts.

What clicks can teach, before any are measured: `model_derivatives` differentiates a model with respect to its
parameters, `click_intervals` integrates over the time from one click to the next, `information` is the Fisher
information of clicks and the quantum bound on it, and `learning` what follows: errors, correlations, durations.
"""
