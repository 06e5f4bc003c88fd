"""``linalg`` against numpy, scipy and sympy."""

from __future__ import annotations

import numpy as np
import pytest

# --- singular values ---

# --- determinants ---

# --- rank and linear systems ---

# --- QR ---
