"""Determinants, linear systems, and decompositions of a matrix, by the constructions that the book derives.

They are written to be read, not to be fast: where speed or accuracy at the limit counts, numpy's own are better.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .validation import as_finite_array, as_square_matrix, as_symmetric_matrix

# --- singular values ---

# --- determinants ---

# --- rank and linear systems ---

# --- QR ---
