"""Result -> picture. No physics is computed here: lines come from the deterministic side, points from a report.

`run_figure`, `sweep_figure`, `counting_figure` and `theorem_figure` each make a `figure_data.Picture`, `layout` makes
one matplotlib figure of any of them (`panels`, `maps`), and `draw` chooses and writes files.
"""
