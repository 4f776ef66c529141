"""The result file: one self-describing HDF5 file that a kill at any instant leaves usable.

`layout` documents the datasets; `storage` writes a new file at each commit (`atomic_file`, `writer`,
`per_point_arrays`), `reader` reads one, `points` are the sweep points in it; `ownership` lets one writer at a time,
`merge` and `merge_inputs` join parts of a run, `provenance` gives versions and processor.
"""
