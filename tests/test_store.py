"""What `make store` keeps of an executed notebook."""

from __future__ import annotations

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from store_outputs import stored


def test_stored_outputs_do_not_depend_on_the_run():
    """A stream in pieces, the kernel's counts, timings and widget states are not the notebook's."""
    pieces = [new_output("stream", name="stdout", text=text) for text in ("eq-a holds", "\n", "eq-b holds\n")]
    kept, widget = {"image/png": "...", "text/plain": "a figure"}, {"application/vnd.jupyter.widget-view+json": {}}
    shown = new_output("display_data", data={**kept, "text/html": "<b>", **widget})
    tags = {"tags": ["hide-input"], "mystnb": {"image": {"classes": "dark-light"}}}
    metadata = {**tags, "execution": {"iopub.status.busy": "now"}}
    cell = new_code_cell("draw()", outputs=[*pieces, shown], execution_count=7, metadata=metadata)
    found = stored(new_notebook(cells=[new_markdown_cell("text"), cell])).cells[1]
    assert [output.get("text") for output in found.outputs] == ["eq-a holds\neq-b holds\n", None]
    assert found.outputs[1].data == kept
    assert found.metadata == tags and found.execution_count == 1


def test_streams_of_two_kinds_stay_apart():
    outputs = [new_output("stream", name=name, text=name) for name in ("stdout", "stderr", "stdout")]
    found = stored(new_notebook(cells=[new_code_cell("f()", outputs=outputs)])).cells[0]
    assert [output.text for output in found.outputs] == ["stdout", "stderr", "stdout"]
