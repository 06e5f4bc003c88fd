"""A notebook as JupyterLab shows and runs it: opened in a browser, all cells run, every figure moved."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_page import (  # noqa: F401, the tests are collected here
    Opened,
    look,
    test_every_cell_runs,
    test_figures_move,
    test_markdown_is_rendered,
    test_promised_text_is_shown,
)
from ledger import ROOT, notebooks
from playwright.sync_api import Browser, TimeoutError

START, RUN = 60, 300  # seconds that the server and a notebook may take

# JupyterLab reads both from the folder `labconfig` of its configuration (its manual, "LabConfig Directories").
SETTINGS = {
    # Else cells out of view are left out of the page, and their outputs cannot be looked at.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}
}
PAGE = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
OFFLINE = ["--LabApp.extension_manager=readonly", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]

READY = """() => {
  const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")].map(e => e.textContent);
  const kernel = document.querySelector(".jp-Notebook-ExecutionIndicator").dataset.status;
  return kernel === "idle" && prompts.some(p => /\\d/.test(p)) && !prompts.some(p => p.includes("*"));
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab with a configuration of its own, over a copy of the chapters."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "chapters", home / "book" / "chapters")
    config = home / "config" / "labconfig"
    config.mkdir(parents=True)
    (config / "default_setting_overrides.json").write_text(json.dumps(SETTINGS))
    (config / "page_config.json").write_text(json.dumps(PAGE))
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = {**os.environ, **{name: str(home / folder) for name, folder in folders.items()}}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--IdentityProvider.token="]
    command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--ServerApp.root_dir={home / 'book'}", *OFFLINE]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield _address(server, home)
    finally:
        server.terminate()  # the server ends its kernels
        server.wait(timeout=START)


def _address(server: subprocess.Popen, home: Path) -> str:
    """Where the server answers; it says so in a file as soon as it does."""
    deadline = time.monotonic() + START
    while server.poll() is None and time.monotonic() < deadline:
        for file in (home / "runtime").glob("jpserver-*.json"):
            if content := file.read_text():
                return json.loads(content)["url"]
        time.sleep(0.1)
    pytest.fail(f"JupyterLab does not start:\n{(home / 'log').read_text()}", pytrace=False)


@pytest.fixture(scope="module", params=notebooks(), ids=lambda path: path.stem)
def opened(request: pytest.FixtureRequest, lab: str, browser: Browser) -> Iterator[Opened]:
    notebook, requests = request.param, []
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.on("request", lambda request: requests.append(request.url))
    # Each notebook in a workspace of its own: JupyterLab opens again what a workspace had open.
    page.goto(f"{lab}lab/workspaces/{notebook.stem}/tree/{notebook.as_posix()}")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=START * 1000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    try:
        page.wait_for_function(READY, timeout=RUN * 1000)
    except TimeoutError:
        pytest.fail(f"{notebook} still runs after {RUN} s", pytrace=False)
    yield look(page, notebook, requests)
    page.close()


def test_no_other_host_is_asked(opened: Opened, lab: str) -> None:
    local = (lab, lab.replace("http", "ws", 1), "data:", "blob:")
    assert [url for url in opened.requests if not url.startswith(local)] == []
