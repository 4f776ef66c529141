"""Records of clicks: what detectors see of a machine's jumps, and what can be learnt from it.

`model_derivatives` differentiates a model with respect to its parameters; `click_intervals` integrates over the time
from one click to the next; `information` is the Fisher information of clicks and the quantum bound on it.
"""
