"""Put the built site into one archive, `_build/executable-mathematics.zip`, that can be read without a network: `make zip`."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
NAME = "executable-mathematics"

READ_ME = """Executable Mathematics for Machine Learning

Double-click index.html to read the book. Text, formulas, interactive figures, search and downloads work that way.

To run its pages ("Run this page") a browser wants a web server, on this machine and for you alone. With Python installed,
open a terminal in this folder and type

    python -m http.server --bind 127.0.0.1

("python3" or "py" on some systems), then open http://127.0.0.1:8000 in a browser. Stop it with Ctrl+C.
{runtime}
"""
COMPLETE = "Python itself is in this folder: nothing comes from the network."
PARTIAL = "Reading needs no network. Running does: the browser fetches parts of Python, about 10 MB, the first time."


def pack(site: Path, archive: Path) -> None:
    [lock] = site.glob("run/runtime-*/pyodide-lock.json")
    fetched = any("://" in package["file_name"] for package in json.loads(lock.read_text())["packages"].values())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr(f"{NAME}/READ-ME-FIRST.txt", READ_ME.format(runtime=PARTIAL if fetched else COMPLETE))
        for path in sorted(site.rglob("*")):
            if path.is_file():
                target.write(path, f"{NAME}/{path.relative_to(site).as_posix()}")


if __name__ == "__main__":
    if not (SITE / "index.html").is_file():
        sys.exit(f"there is no website in {SITE}: run `python website/build.py` first")
    archive = ROOT / "_build" / f"{NAME}.zip"
    pack(SITE, archive)
    print(f"{archive}: {archive.stat().st_size / 1e6:.0f} MB")
