"""The result file: one self-describing HDF5 file that a kill at any instant leaves usable.

`storage` documents its layout and writes it (`container`, `raw_file`, `per_point_arrays`), `reader` reads it, `points`
are what it holds; `ownership` lets one writer at a time, `merge` and `merge_inputs` join parts, `provenance` are
versions and processor.
"""
