"""Sampled values beside exact ones.

`result` are the sampled points of a run and `estimate` one of its quantities as arrays; `report` makes their rows
(`rows`), `law` and `judge` give every verdict, `tables`, `solution` (exact values alone) and `text` print them.
`theorems` are the fluctuation theorems (`entropy_histograms`, `fluctuation_theorems`, `entropy_parts`,
`theorem_curves`), `counting_report` the counting statistics (`exact_counting`, `counting_rows`), `record_rows` and
`recorded_*` the statistics of jump records, `rare_events` the cloning, `status` a run under way.
"""
