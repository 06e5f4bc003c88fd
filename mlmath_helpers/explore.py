"""Figures: ``show`` gives a still one its alternative text, ``explore`` makes one that answers to its controls.

An interactive figure needs no kernel once it is made: every frame is drawn beforehand, and the controls pick the frame
in the front end. The same object therefore works on a static page, in JupyterLab, and over a slow connection.
"""

from __future__ import annotations

import asyncio
import base64
import html
import inspect
import io
import itertools
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, features

# A figure measures 100 CSS pixels an inch and is rendered at one and a half times that, for sharp lines.
CSS_DPI = 100
DENSITY = 1.5
COLOURS = 32
# Frames travel as lossless WebP, a quarter smaller than PNG, unless Pillow was built without it, as in some browsers.
FRAME_FORMAT = "WEBP" if features.check("webp") else "PNG"

IN_BROWSER = sys.platform == "emscripten"
WAITING = "drawing …"

# The budget of one interactive figure: a page should stay light enough for a phone.
MAX_FRAMES = 96
MAX_KILOBYTES = 640 if FRAME_FORMAT == "WEBP" else 900


class Exploration(widgets.VBox):
    """A box of controls above the frames that they choose; displays as a still picture where widgets cannot run."""

    def __init__(self, children: Sequence[widgets.Widget], still: Image.Image, alt: str):
        super().__init__(children)
        self._still, self._alt = still, alt

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        bundle = super()._repr_mimebundle_(**kwargs)
        still, metadata = _bundle(self._still, self._alt)
        return {**bundle, **still}, metadata


def show(figure: Figure, alt: str) -> None:
    """Display a matplotlib figure once, with the text ``alt`` for those who cannot see it, and close it.

    Parameters
    ----------
    figure : what a drawing function returned.
    alt : one or two sentences that say what the picture shows; not its caption.

    Raises
    ------
    TypeError : ``figure`` is not a matplotlib ``Figure``. ValueError : ``alt`` is empty.
    """
    _require_alt(alt, "show")
    picture, metadata = _bundle(_render(figure, "show"), alt)
    display(picture, metadata=metadata, raw=True)


def explore(
    draw: Callable[..., Figure],
    *,
    alt: Callable[..., str],
    start: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    play: str | None = None,
    **controls: Sequence | Mapping[str, Any],
) -> Exploration:
    """Draw every combination of the controls' values and return a widget that shows the one they choose.

    Parameters
    ----------
    draw : ``draw(**values)`` returns a matplotlib ``Figure``. Its parameters are named like the controls. The panels of
        all frames stand where the layout of the first frame puts them.
    alt : ``alt(**values)`` returns the alternative text of that frame: what it shows at these values.
    start : the values shown first, by control; the middle of a slider and the first choice if not given.
    names : what stands beside a control, when it is not the parameter's own name; plain Unicode such as ``"σ₂"``.
    play : the control that a play button steps through.
    controls : one to three of them. A sequence of at least two numbers makes a slider that shows these numbers; a
        sequence of strings, or a mapping from names to values, makes a menu.

    Raises
    ------
    ValueError : no control, more than three, one with fewer than two values, values repeated or shown alike, a name
        that ``draw`` does not take or a parameter of ``draw`` left without a value, a start that is no value of its
        control; or more frames or kilobytes than the budget (``MAX_FRAMES``, ``MAX_KILOBYTES``).
    TypeError : ``draw`` returns something else than a ``Figure``.
    RuntimeError : ``draw`` or ``alt`` raised; the message says at which values.

    Examples
    --------
    >>> explore(draw_ellipse, alt=describe_ellipse, correlation=[-0.9, 0.0, 0.9], ratio=[1, 2, 4])  # doctest: +SKIP
    """
    options = {control: _options(control, values) for control, values in controls.items()}
    start, names = dict(start or {}), dict(names or {})
    _require_controls(draw, options, start, names, play)
    count = int(np.prod([len(choices) for choices in options.values()]))
    if count > MAX_FRAMES:
        sizes = " × ".join(f"{len(choices)} {control}" for control, choices in options.items())
        raise ValueError(f"explore: {sizes} make {count} frames; the budget is {MAX_FRAMES}")

    indices = {}
    for control, choices in options.items():
        middle = 0 if _is_menu(controls[control]) else len(choices) // 2
        indices[control] = _index(control, choices, start[control]) if control in start else middle

    start_frame = tuple(indices.values())
    order = list(itertools.product(*(range(len(choices)) for choices in options.values())))
    if IN_BROWSER:
        order.sort(key=lambda position: math.dist(position, start_frame))
    frames = _frames(draw, alt, options, order)
    selectors = [
        _selector(names.get(control, control.replace("_", " ")), choices, indices[control], _is_menu(controls[control]))
        for control, choices in options.items()
    ]
    layout = widgets.Layout(width="100%", margin="0")
    pictures = {position: widgets.HTML(layout=layout) for position in order}
    for position, picture, text, frame in frames:
        pictures[position].value = frame
        if position == start_frame:
            still = picture, text
            if IN_BROWSER:
                _announce(pictures, *_css_size(picture))
                asyncio.ensure_future(_draw_later(frames, pictures))
                break
    rows, stack = list(selectors), _stack(selectors, pictures, (), layout)
    if play is not None:
        row = list(options).index(play)
        rows[row] = _with_play(selectors[row], len(options[play]))
    return Exploration([*rows, stack], *still)


def _frames(draw: Callable[..., Figure], alt: Callable[..., str], options: Mapping, order: list[tuple]) -> Iterator:
    """Draw the frames in this order, within the budget: positions, pictures, alternative texts, and frames as HTML."""
    kilobytes, places = 0.0, []
    for count, position in enumerate(order, 1):
        values = {control: choices[i][1] for (control, choices), i in zip(options.items(), position)}
        picture, text = _frame(draw, alt, values, places)
        data = _encode(picture, FRAME_FORMAT)
        kilobytes += len(data) / 1024
        if kilobytes > MAX_KILOBYTES:
            raise ValueError(
                f"explore: {count} of {len(order)} frames already take {kilobytes:.0f} KB of page; "
                f"the budget is {MAX_KILOBYTES} KB (all of them would take about {kilobytes * len(order) / count:.0f})"
            )
        yield position, picture, text, _img(picture, data, text)


def _announce(pictures: dict[tuple, widgets.HTML], width: int, height: int) -> None:
    for picture in pictures.values():
        picture.value = picture.value or f'<p style="max-width:100%;width:{width}px;height:{height}px">{WAITING}</p>'


async def _draw_later(frames: Iterator, pictures: dict[tuple, widgets.HTML]) -> None:
    """Draw the other frames one at a time: Python in a browser is slow, and answers the reader in between."""
    try:
        for position, _, _, frame in frames:
            pictures[position].value = frame
            await asyncio.sleep(0)
    except (RuntimeError, TypeError, ValueError) as error:  # there is no cell any more in which it could be raised
        for picture in pictures.values():
            picture.value = picture.value.replace(WAITING, html.escape(str(error)))


def _options(control: str, values: Sequence | Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The choices of one control as pairs of what is shown and what is passed to the drawing function."""
    if isinstance(values, str) or not isinstance(values, (Sequence, Mapping, np.ndarray)):
        raise ValueError(f"explore: {control} must be a sequence of values or a mapping from names to values")
    if isinstance(values, Mapping):
        choices = list(values.items())
    else:
        choices = [(value if isinstance(value, str) else _text(value), value) for value in np.asarray(values).tolist()]
    if len(choices) < 2:
        raise ValueError(f"explore: {control} has {len(choices)} values; a control needs at least two")
    labels = [label for label, _ in choices]
    repeated = {label for label in labels if labels.count(label) > 1}
    if repeated:
        raise ValueError(f"explore: {control} shows {', '.join(sorted(repeated))} more than once")
    return choices


def _text(value: float) -> str:
    # Six digits hide the rounding of np.linspace; the minus sign is the typographical one, as on the axes.
    return f"{value:.6g}".replace("-", "−").replace("−0", "0", 1 if value == 0 else 0)


def _is_menu(values: Sequence | Mapping[str, Any]) -> bool:
    return isinstance(values, Mapping) or isinstance(values[0], str)


def _require_controls(draw: Callable, options: Mapping, start: Mapping, names: Mapping, play: str | None) -> None:
    if not 1 <= len(options) <= 3:
        raise ValueError(f"explore: one to three controls are wanted, not {len(options)}")
    for what, given in (("start", start), ("names", names), ("play", [play] if play is not None else [])):
        unknown = [name for name in given if name not in options]
        if unknown:
            raise ValueError(f"explore: {what} speaks of {', '.join(unknown)}; the controls are {', '.join(options)}")
    try:
        inspect.signature(draw).bind(**options)
    except TypeError as error:
        raise ValueError(f"explore: the controls {', '.join(options)} do not fit {draw.__name__}: {error}") from None


def _index(control: str, choices: list[tuple[str, Any]], wanted: Any) -> int:
    for i, (label, value) in enumerate(choices):
        if wanted == label or wanted == value:
            return i
    raise ValueError(f"explore: start {control}={wanted} is none of {', '.join(label for label, _ in choices)}")


def _frame(draw: Callable[..., Figure], alt: Callable[..., str], values: dict, places: list) -> tuple[Image.Image, str]:
    at = ", ".join(f"{control}={value!r}" for control, value in values.items())
    try:
        figure = draw(**values)
        text = alt(**values)
    except Exception as error:
        raise RuntimeError(f"explore: drawing at {at} raised {type(error).__name__}: {error}") from error
    _require_alt(text, f"explore at {at}")
    return _render(figure, f"explore at {at}", places), text


def _require_alt(alt: str, where: str) -> None:
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"{where}: an alternative text is wanted, not {alt!r}")


def _render(figure: Figure, where: str, places: list | None = None) -> Image.Image:
    """A picture with few colours: flat areas and thin lines need no more, and it is a third of the size.

    ``places`` carries the axes' positions from the first frame of an interactive figure to the others: the panels then
    stand still while the picture changes, and the layout, which takes as long as the drawing, is found once.
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"{where}: a matplotlib Figure is wanted, not {type(figure).__name__}")
    figure.set_dpi(CSS_DPI * DENSITY)
    canvas = FigureCanvasAgg(figure)
    if places and len(places) == len(figure.axes):
        figure.set_layout_engine("none")
        for ax, place in zip(figure.axes, places):
            ax.set_position(place)
    canvas.draw()
    if places is not None and not places:
        places.extend(ax.get_position(original=True) for ax in figure.axes)
    plt.close(figure)
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    return picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _encode(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    if kind == "WEBP":
        picture.convert("RGB").save(file, kind, lossless=True, method=3)
    else:
        picture.save(file, kind, optimize=True)
    return file.getvalue()


def _css_size(picture: Image.Image) -> tuple[int, int]:
    return round(picture.width / DENSITY), round(picture.height / DENSITY)


def _bundle(picture: Image.Image, alt: str) -> tuple[dict, dict]:
    width, height = _css_size(picture)
    data = {"image/png": base64.b64encode(_encode(picture, "PNG")).decode(), "text/plain": alt}
    return data, {"image/png": {"width": width, "height": height}}


def _img(picture: Image.Image, frame: bytes, alt: str) -> str:
    width, height = _css_size(picture)
    return (
        f'<img alt="{html.escape(alt)}" width="{width}" height="{height}" style="max-width:100%;height:auto" '
        f'src="data:image/{FRAME_FORMAT.lower()};base64,{base64.b64encode(frame).decode()}">'
    )


def _selector(name: str, choices: list[tuple[str, Any]], index: int, menu: bool) -> widgets.Widget:
    # Only positions travel to the front end: the values themselves need not be representable there.
    labels = [(label, i) for i, (label, _) in enumerate(choices)]
    make = widgets.Dropdown if menu else widgets.SelectionSlider
    return make(
        options=labels,
        index=index,
        description=name,
        style={"description_width": "initial"},
        layout=widgets.Layout(width="min(100%, 28rem)"),
    )


def _stack(selectors: list, pictures: dict[tuple, widgets.HTML], chosen: tuple, layout: widgets.Layout):
    """Stacks within stacks, one level a control: a link in the front end can pass on an index but not compute one."""
    if len(chosen) == len(selectors):
        return pictures[chosen]
    selector = selectors[len(chosen)]
    children = [_stack(selectors, pictures, (*chosen, i), layout) for i in range(len(selector.options))]
    if not hasattr(widgets, "Stack"):  # ipywidgets 7, which Colab has, leaves the choice to the kernel
        stack = widgets.VBox([children[selector.index]], layout=layout)
        selector.observe(lambda change: stack.set_trait("children", [children[change.new]]), "index")
        return stack
    stack = widgets.Stack(children, selected_index=selector.index, layout=layout)
    widgets.jsdlink((selector, "index"), (stack, "selected_index"))
    return stack


def _with_play(selector: widgets.Widget, count: int) -> widgets.HBox:
    button = widgets.Play(min=0, max=count - 1, value=selector.index, interval=500, show_repeat=False)
    button.layout, selector.layout = widgets.Layout(width="5rem"), widgets.Layout(flex="1 1 0%", width="auto")
    widgets.jslink((button, "value"), (selector, "index"))
    return widgets.HBox([button, selector], layout=widgets.Layout(width="min(100%, 34rem)"))
