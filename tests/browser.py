"""A browser and a local server for the tests and the benchmark that look at the built website."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
)
# Without these a browser asks its maker's hosts for updates, which looks like a page asking another host.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_browser() -> str | None:
    """The path of an installed Chromium or Chrome, or of the one that playwright downloaded."""
    found = [shutil.which(name) for name in NAMES] + [place for place in PLACES if Path(place).is_file()]
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return next((path for path in found if path), own if Path(own).is_file() else None)


def install_browser() -> str:
    """The path of a browser: one that is there, else Debian's package, else playwright's own download."""
    if shutil.which("apt-get") and not find_browser():
        sudo = ["sudo"] if shutil.which("sudo") else []
        print("installing Debian's chromium", flush=True)
        subprocess.run([*sudo, "apt-get", "update", "-qq"])
        subprocess.run([*sudo, "apt-get", "install", "-y", "-qq", "chromium"])
    if not find_browser():
        print("downloading playwright's chromium", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"])
    path = find_browser()
    if path is None:
        sys.exit("no Chromium or Chrome is installed, and none could be: the tests of the website need one")
    return path


def launch(playwright: Playwright, path: str) -> Browser:
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the files of a folder and prints nothing."""

    def log_message(self, *arguments) -> None:
        pass


@contextmanager
def serve(folder: Path, handler: type[http.server.SimpleHTTPRequestHandler] = Quiet) -> Iterator[str]:
    """Serve a folder on this machine; the value is its address, with a closing slash."""
    handler = functools.partial(handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
