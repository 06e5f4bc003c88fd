"""Execute the notebooks and store in them what they promise: `make store`.

Stored are the printed lines, which the tests compare, and for those who read on a code host a still picture of each
figure. Widget states and timings are not: they differ from run to run.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient

sys.path.append(str(Path(__file__).parent / "extensions"))
from ledger import ROOT, notebooks  # noqa: E402

KEPT = ("image/png", "text/plain")
METADATA = ("tags", "mystnb")


def stored(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The executed notebook with its stable outputs alone."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    count = 0
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in METADATA if key in cell.metadata}
        if cell.cell_type != "code":
            continue
        # Counted afresh, for nbval takes a cell without a count for one that never ran.
        count += 1
        cell.execution_count = count
        cell.outputs = joined(cell.outputs)
        for output in cell.outputs:
            if "data" in output:
                output.data = {kind: value for kind, value in output.data.items() if kind in KEPT}
            if output.output_type == "execute_result":
                output.execution_count = count
    return notebook


def joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The outputs with neighbouring pieces of one stream put together: where a stream breaks differs from run to run."""
    found = []
    for output in outputs:
        if found and output.output_type == "stream" == found[-1].output_type and output.name == found[-1].name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def store(path: Path) -> Path:
    notebook = nbformat.read(ROOT / path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str((ROOT / path).parent)}}).execute()
    nbformat.write(stored(notebook), ROOT / path)
    return path


if __name__ == "__main__":
    chosen = [path for path in notebooks() if not sys.argv[1:] or path.stem in sys.argv[1:]]
    with ThreadPoolExecutor(2) as pool:
        for path in pool.map(store, chosen):
            print(f"stored {path}", flush=True)
