"""The style and the drawing primitives of the figures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from mlmath_helpers import plots


def test_the_style_is_used_by_new_figures():
    with plt.rc_context():
        plots.use_style()
        figure, ax = plt.subplots()
        (line,) = ax.plot([0, 1])
        assert tuple(figure.get_size_inches()) == plots.STYLE["figure.figsize"]
        assert line.get_color() == plots.BLUE
        plt.close(figure)


def test_colours_are_those_of_okabe_and_ito():
    """The table of Okabe and Ito (2008), in red, green and blue from 0 to 255."""
    table = {
        plots.ORANGE: (230, 159, 0),
        plots.SKY: (86, 180, 233),
        plots.GREEN: (0, 158, 115),
        plots.YELLOW: (240, 228, 66),
        plots.BLUE: (0, 114, 178),
        plots.RED: (213, 94, 0),
        plots.PURPLE: (204, 121, 167),
    }
    for colour, rgb in table.items():
        np.testing.assert_allclose(np.array(to_rgb(colour)) * 255, rgb, atol=0.5)


def test_an_arrow_goes_from_tail_to_head():
    figure, ax = plt.subplots()
    ax.set(xlim=(-3, 3), ylim=(-3, 3))
    plots.arrow(ax, (-1, 0.5), (2, 1), color=plots.GREEN)
    (drawn,) = ax.texts
    assert drawn.xyann == (-1, 0.5)
    assert drawn.xy == (2, 1)
    plt.close(figure)


@pytest.mark.parametrize("center", [(0.0, 0.0), (2.0, -1.0)])
def test_equal_axes_have_one_unit(center):
    figure, ax = plt.subplots()
    plots.equal_axes(ax, 3, center)
    assert ax.get_xlim() == (center[0] - 3, center[0] + 3)
    assert ax.get_ylim() == (center[1] - 3, center[1] + 3)
    assert ax.get_aspect() == 1
    plt.close(figure)
