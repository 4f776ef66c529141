"""One point, one block: from a model to the statistics of sampled trajectories.

`quantities` says what is measured, `plan` compiles a model for the kernels, `preparation` settles everything before the
first trajectory (`exact_averages`, `sampling_moments`); `block` samples, `statistics` and `reduction_tree` merge.
`jump_records`, `replay`, `path_probability` are for single trajectories, `reversed_ensemble` for the process backwards,
`doob_transform` and `cloning` for rare ones.
"""
