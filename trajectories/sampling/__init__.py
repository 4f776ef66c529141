"""One point, one block: from a model to the statistics of sampled trajectories.

`quantities` is the table of all measured quantities (an entry's parts: `quantity`; lists of names: `quantity_names`).
`plan` and `observable_table` compile a model for the kernels, `preparation` adds all exact values that belong to it
(`exact_averages`, `weight_moments`, `sampling_moments`); `block` samples, `statistics` and `reduction_tree` merge.
`jump_records`, `replay`, `path_states`, `path_probability` are for single trajectories, `reversed_ensemble` for the
process backwards, `doob_transform` and `cloning` for rare ones.
"""
