"""Names for the arrays that kernels exchange with Python: element type, dimensions; C-contiguous, writable."""

from __future__ import annotations

from typing import Annotated

import numpy as np

Int1 = Annotated[np.ndarray, "int64", 1]
Int2 = Annotated[np.ndarray, "int64", 2]
Int3 = Annotated[np.ndarray, "int64", 3]
Float1 = Annotated[np.ndarray, "float64", 1]
Float2 = Annotated[np.ndarray, "float64", 2]
Float3 = Annotated[np.ndarray, "float64", 3]
Complex1 = Annotated[np.ndarray, "complex128", 1]
Complex2 = Annotated[np.ndarray, "complex128", 2]
Complex3 = Annotated[np.ndarray, "complex128", 3]
