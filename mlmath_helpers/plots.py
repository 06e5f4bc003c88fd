"""The book's one style, and the shapes that its figures are drawn with.

The colours are those of Okabe and Ito (2008), which readers with any common colour vision can tell apart.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW, BLACK, GREY = "#CC79A7", "#56B4E9", "#F0E442", "#222222", "#8A8A8A"

STYLE = {
    "figure.figsize": (6.4, 3.4),
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, SKY]),
    "legend.frameon": False,
    "lines.linewidth": 2,
    "mathtext.fontset": "cm",
}


def use_style() -> None:
    """Make the book's style the default of the figures that follow."""
    plt.rcParams.update(STYLE)


def arrow(ax: Axes, tail, head, color: str = BLACK) -> None:
    """Draw the vector from ``tail`` to ``head``, two points of the plane, shape (2,) each."""
    ax.annotate("", xy=head, xytext=tail, arrowprops={"arrowstyle": "-|>", "color": color, "lw": 2, "shrinkA": 0, "shrinkB": 0})


def equal_axes(ax: Axes, radius: float, center=(0.0, 0.0)) -> None:
    """Show the square of half-width ``radius`` about ``center`` with the same unit on both axes."""
    x, y = center
    ax.set(xlim=(x - radius, x + radius), ylim=(y - radius, y + radius), aspect="equal")
