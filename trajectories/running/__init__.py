"""Who samples what, when: jobs in, a result (and its file) out.

`driver` is the whole of a run; `sweep_point` a point under way, `schedule` hands out `tasks`, `manager` (rank 0) and
`worker` (the others) carry them out over `mpi`; `result_file` is created or taken up again. `signals` and
`stopping_rule` end a run, `planning` foretells it.
"""
