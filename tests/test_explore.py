"""Interactive figures: the right frame for each value, honest errors, and a still for where widgets cannot run."""

import asyncio
import base64
import io
import re
import sys

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from ipywidgets.embed import dependency_state
from mlmath_helpers.explore import MAX_FRAMES, explore, show
from PIL import Image


def draw(height, shape="line", offset=0.0):
    figure, ax = plt.subplots(figsize=(2, 1))
    ax.bar([0], [height + offset]) if shape == "bar" else ax.plot([0, height + offset])
    ax.set(ylim=(-10, 10))
    return figure


def describe(height, shape="line", offset=0.0):
    return f'a {shape} of height {height} & "{offset}"'


def selectors(figure):
    return [w for w in _all(figure) if isinstance(w, (widgets.SelectionSlider, widgets.Dropdown))]


def _all(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _all(child)


def on_view(stack):
    """The frame that nested stacks show."""
    while isinstance(stack, widgets.Stack):
        stack = stack.children[stack.selected_index]
    return stack.value


def test_one_frame_for_each_combination_and_the_right_one_on_view():
    figure = explore(draw, alt=describe, height=[1, 2, 3], shape=["line", "bar"], start={"height": 3, "shape": "bar"})
    frames = [w.value for w in _all(figure) if isinstance(w, widgets.HTML)]
    assert len(frames) == 6
    assert len(set(re.search('base64,([^"]+)', frame)[1] for frame in frames)) == 6
    height, shape = selectors(figure)
    stack = figure.children[-1]
    # The front end copies the controls' index into the stacks; here the test does.
    for i, value in enumerate([1, 2, 3]):
        for j, kind in enumerate(["line", "bar"]):
            stack.selected_index = i
            for inner in stack.children:
                inner.selected_index = j
            assert f"a {kind} of height {value} &amp; &quot;0.0&quot;" in on_view(stack)


def test_without_stacks_the_kernel_chooses_the_frame(monkeypatch):
    """As with ipywidgets 7, which Colab has."""
    monkeypatch.delattr(widgets, "Stack")
    figure = explore(draw, alt=describe, height=[1, 2, 3], shape=["line", "bar"], start={"height": 3}, play="height")
    height, shape = selectors(figure.children[0]) + selectors(figure.children[1])
    for i, value in enumerate([1, 2, 3]):
        for j, kind in enumerate(["line", "bar"]):
            height.index, shape.index = i, j
            (picture,) = [w.value for w in _all(figure.children[-1]) if isinstance(w, widgets.HTML)]
            assert f"a {kind} of height {value} &amp;" in picture


def test_controls_are_linked_in_the_front_end():
    """What a static page is given holds links from each control to every stack of its level, and no kernel."""
    figure = explore(draw, alt=describe, height=[1, 2, 3], shape=["line", "bar"])
    state = dependency_state(figure)
    links = [entry["state"] for entry in state.values() if entry["model_name"] == "DirectionalLinkModel"]
    height, shape = (f"IPY_MODEL_{control.model_id}" for control in selectors(figure))
    outer = figure.children[-1]
    wanted = {(height, f"IPY_MODEL_{outer.model_id}")} | {(shape, f"IPY_MODEL_{s.model_id}") for s in outer.children}
    assert {(link["source"][0], link["target"][0]) for link in links} == wanted
    assert {(link["source"][1], link["target"][1]) for link in links} == {("index", "selected_index")}


def test_sliders_show_the_real_values_and_menus_the_names():
    figure = explore(
        draw,
        alt=describe,
        height=np.linspace(-0.9, 0.9, 3),
        shape={"straight": "line", "filled": "bar"},
        names={"height": "height ρ"},
    )
    height, shape = selectors(figure)
    assert isinstance(height, widgets.SelectionSlider) and isinstance(shape, widgets.Dropdown)
    assert [label for label, _ in height.options] == ["−0.9", "0", "0.9"]
    assert [label for label, _ in shape.options] == ["straight", "filled"]
    assert (height.description, shape.description) == ("height ρ", "shape")
    assert (height.index, shape.index) == (1, 0)


def test_play_button_steps_through_its_control():
    figure = explore(draw, alt=describe, height=[1, 2, 3], play="height")
    button = next(w for w in _all(figure) if isinstance(w, widgets.Play))
    assert (button.min, button.max, button.value) == (0, 2, 1)
    links = [entry["state"] for entry in dependency_state(figure).values() if entry["model_name"] == "LinkModel"]
    assert [(link["source"][1], link["target"][1]) for link in links] == [("value", "index")]


def test_still_picture_and_text_stand_beside_the_widget():
    figure = explore(draw, alt=describe, height=[1, 2, 3], start={"height": 3})
    data, metadata = figure._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == 'a line of height 3 & "0.0"'
    with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as picture:
        assert picture.size == (300, 150)
        assert len(picture.convert("RGB").getcolors()) <= 32
    assert metadata == {"image/png": {"width": 200, "height": 100}}


def test_show_displays_once_and_closes_the_figure(monkeypatch):
    displayed = []
    module = sys.modules["mlmath_helpers.explore"]
    monkeypatch.setattr(module, "display", lambda data, metadata, raw: displayed.append((data, metadata, raw)))
    show(draw(1), alt="a line from 0 to 1")
    ((data, metadata, raw),) = displayed
    assert raw and metadata == {"image/png": {"width": 200, "height": 100}}
    assert data["text/plain"] == "a line from 0 to 1"
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert plt.get_fignums() == []


def test_figures_are_closed_and_drawn_once_each():
    drawn = []

    def counting(height):
        drawn.append(height)
        return draw(height)

    explore(counting, alt=lambda height: "a line", height=[1, 2, 3])
    assert drawn == [1, 2, 3]
    assert plt.get_fignums() == []


def test_panels_stand_still():
    """The axes keep the place that the first frame gave them, however wide the labels of the others."""

    def wide_labels(height):
        figure, ax = plt.subplots(layout="constrained")
        ax.set(ylim=(0, 10.0**height), yticks=[10.0**height], yticklabels=["9" * height])
        return figure

    figure = explore(wide_labels, alt=lambda height: "an axis", height=[1, 5])
    left_edges = []
    for frame in (w.value for w in _all(figure) if isinstance(w, widgets.HTML)):
        png = base64.b64decode(re.search('base64,([^"]+)', frame)[1])
        with Image.open(io.BytesIO(png)) as picture:
            dark = np.asarray(picture.convert("L")) < 100
        left_edges.append(np.argmax(dark.sum(axis=0) > 0.5 * dark.shape[0]))
    assert left_edges[0] == left_edges[1] > 0


@pytest.mark.parametrize(
    ("controls", "message"),
    [
        ({}, "one to three controls are wanted, not 0"),
        ({"height": []}, "height has 0 values"),
        ({"height": [1]}, "height has 1 values"),
        ({"height": "abc"}, "height must be a sequence"),
        ({"height": 3}, "height must be a sequence"),
        ({"height": [1, 1]}, "height shows 1 more than once"),
        ({"height": [1, 1 + 1e-9]}, "height shows 1 more than once"),
        ({"height": [1, 2], "width": [1, 2]}, "do not fit draw: got an unexpected keyword argument 'width'"),
        ({"shape": ["line", "bar"]}, "do not fit draw: missing a required argument: 'height'"),
        ({"height": [1, 2], "start": {"shape": "bar"}}, "start speaks of shape; the controls are height"),
        ({"height": [1, 2], "names": {"heigth": "h"}}, "names speaks of heigth"),
        ({"height": [1, 2], "play": "shape"}, "play speaks of shape"),
        ({"height": [1, 2], "start": {"height": 3}}, "start height=3 is none of 1, 2"),
        (
            {"height": list(range(25)), "offset": [0, 1, 2, 3]},
            f"25 height × 4 offset make 100 frames; the budget is {MAX_FRAMES}",
        ),
    ],
)
def test_mistakes_in_the_controls_are_named(controls, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        explore(draw, alt=describe, **controls)


def test_weight_budget_says_what_was_asked_for(monkeypatch):
    monkeypatch.setattr(sys.modules["mlmath_helpers.explore"], "MAX_KILOBYTES", 2)
    with pytest.raises(ValueError, match=r"of 3 frames already take \d+ KB of page; the budget is 2 KB \(all of them"):
        explore(draw, alt=describe, height=[1, 2, 3])


def test_a_drawing_that_raises_names_its_values():
    def fails_at_two(height):
        if height == 2:
            raise ZeroDivisionError("no picture")
        return draw(height)

    with pytest.raises(RuntimeError, match="drawing at height=2 raised ZeroDivisionError: no picture"):
        explore(fails_at_two, alt=lambda height: "a line", height=[1, 2])


def test_results_of_the_wrong_kind_are_named():
    with pytest.raises(TypeError, match="explore at height=1: a matplotlib Figure is wanted, not Axes"):
        explore(lambda height: draw(height).axes[0], alt=lambda height: "a line", height=[1, 2])
    with pytest.raises(ValueError, match="explore at height=1: an alternative text is wanted, not ''"):
        explore(draw, alt=lambda height: "", height=[1, 2])
    with pytest.raises(ValueError, match="show: an alternative text is wanted"):
        show(draw(1), alt=" ")
    with pytest.raises(TypeError, match="show: a matplotlib Figure is wanted, not str"):
        show("figure", alt="a line")


def in_a_browser(monkeypatch, **arguments) -> tuple[list[str], list[str]]:
    """What explore shows where Python runs in a browser: at once, and when it had time to draw the rest."""
    monkeypatch.setattr("mlmath_helpers.explore.IN_BROWSER", True)

    async def run():
        figure = explore(**arguments)
        frames = [child for child in figure.children[-1].children]
        at_once = [frame.value for frame in frames]
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
        return at_once, [frame.value for frame in frames]

    return asyncio.run(run())


def test_in_a_browser_the_first_frame_is_there_at_once_and_the_others_follow(monkeypatch):
    drawn = []

    def draw_counted(x):
        drawn.append(x)
        return draw(x)

    at_once, later = in_a_browser(
        monkeypatch, draw=draw_counted, alt=lambda x: f"slope {x}", x=[1, 2, 3, 4, 5], start={"x": 2}
    )
    assert drawn == [2, 1, 3, 4, 5]  # the reader's next step first
    assert ["<img" in frame for frame in at_once] == [False, True, False, False, False]
    assert all("drawing" in frame for frame in at_once if "<img" not in frame)
    assert [re.search('alt="([^"]*)"', frame)[1] for frame in later] == [f"slope {x}" for x in (1, 2, 3, 4, 5)]


def test_in_a_browser_a_frame_that_cannot_be_drawn_says_why(monkeypatch):
    def draw_most(x):
        if x == 3:
            raise ZeroDivisionError("x - 3")
        return draw(x)

    _, later = in_a_browser(monkeypatch, draw=draw_most, alt=lambda x: f"slope {x}", x=[1, 2, 3], start={"x": 1})
    assert "<img" in later[1] and "drawing at x=3 raised ZeroDivisionError: x - 3" in later[2]
    with pytest.raises(RuntimeError, match="x=3"):
        in_a_browser(monkeypatch, draw=draw_most, alt=lambda x: f"slope {x}", x=[1, 2, 3], start={"x": 3})
