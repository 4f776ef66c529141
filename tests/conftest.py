"""What all tests share."""

from __future__ import annotations

import os

os.environ.setdefault("MPLBACKEND", "Agg")
# As the command line does, before NumPy is imported: threads on small matrices cost up to forty times what they gain.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
