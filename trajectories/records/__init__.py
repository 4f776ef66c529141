"""Measured click records: the detectors, the state conditioned on the clicks, likelihoods, parameters with errors.

`readers`: clicks from files. `detection`: which jumps each detector sees. `conditional`: the equations of the
conditional state, block by block of the sectors. `parameters`: their derivatives by a model's parameters.
`propagation`, `filter`: both along a record. `likelihood`, `inference`: the parameters of the likeliest model.
"""
