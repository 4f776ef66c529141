"""Sampled values beside exact ones.

`result` is what a run found; `report` makes its rows (`rows`), `judge` every verdict, `tables` and `text` what is
shown. `theorems` are the fluctuation theorems, `counting_report` the counting statistics, `record_rows` and
`recorded_*` what jump records say, `rare_events` the cloning, `status` a run under way.
"""
