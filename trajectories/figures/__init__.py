"""Result -> picture. No physics is computed here: lines come from the deterministic side, points from a report.

`draw` chooses; `run_figure`, `sweep_figure`, `paper_figure`, `counting_figure` and `theorem_figure` are the pictures.
"""
