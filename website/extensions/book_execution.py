"""Execute the notebooks on all cores before Sphinx reads them, and keep their outputs while they are valid.

MyST-NB finds what is executed here in its cache. That cache knows a notebook by its code cells only, so its folder is
named after everything else that the outputs depend on: the helper package, the data and the pinned versions.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging

logger = logging.getLogger(__name__)

INPUTS = ("mlmath_helpers/**/*.py", "chapters/data/*", "requirements.lock")


def inputs_digest(root: Path) -> str:
    """A name for the state of all that a notebook's outputs depend on besides its own cells."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in INPUTS for path in root.glob(pattern) if path.is_file()):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def set_cache_path(app: Sphinx, config: Config) -> None:
    caches = Path(app.srcdir) / "_build" / "execution"
    current = caches / inputs_digest(Path(app.srcdir))
    for outdated in caches.glob("*"):
        if outdated != current:
            shutil.rmtree(outdated)
    config["nb_execution_cache_path"] = str(current)


def execute(app: Sphinx, env, docnames: list[str]) -> None:
    """Execute those of the notebooks to be read that are not in the cache, one on each core."""
    cache = get_cache(app.config["nb_execution_cache_path"])
    missing = {}
    for path in (Path(env.doc2path(docname)) for docname in docnames):
        if path.suffix == ".ipynb":
            notebook = nbformat.read(path, as_version=4)
            try:
                cache.match_cache_notebook(notebook)
            except KeyError:
                missing[path] = notebook
    if not missing:
        return
    logger.info("executing %d notebooks on %d cores", len(missing), os.cpu_count())
    failures = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {pool.submit(_run, path, notebook, app): path for path, notebook in missing.items()}
        for count, run in enumerate(as_completed(runs), 1):
            path, (seconds, failure) = runs[run].relative_to(app.srcdir), run.result()
            logger.info("  %d of %d: %s in %.1f s%s", count, len(runs), path, seconds, " FAILED" if failure else "")
            if failure:
                failures.append(f"{path}, {failure}")
            else:
                bundle = CacheBundleIn(missing[runs[run]], str(runs[run]), data={"execution_seconds": seconds})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    if failures:
        raise ExtensionError("notebooks failed\n\n" + "\n\n".join(failures))


def _run(path: Path, notebook: nbformat.NotebookNode, app: Sphinx) -> tuple[float, str | None]:
    start = time.monotonic()
    timeout = app.config["nb_execution_timeout"]
    result = single_nb_execution(notebook, str(path.parent), timeout, allow_errors=False, meta_override=True)
    seconds = time.monotonic() - start
    if result.err is None:
        return seconds, None
    # A cell that raised holds an error output; one that ran out of time or lost its kernel holds none.
    failed = [cell.id for cell in notebook.cells if any(o.output_type == "error" for o in cell.get("outputs", []))]
    return seconds, f"cell {failed[0] if failed else 'unknown'}:\n{result.exc_string}"


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", set_cache_path)
    app.connect("env-before-read-docs", execute)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
