"""Install what the tests need besides the Python packages: programs from npm, a browser, the sandbox for submissions, and
Python for the browser, served by the site itself.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import lite
from browser import ROOT, SITE, install_browser
from build import install_packages


def install_sandbox():
    """The path of bubblewrap, from Debian's package if need be."""
    if shutil.which("apt-get") and not shutil.which("bwrap"):
        sudo = ["sudo"] if shutil.which("sudo") else []
        print("installing Debian's bubblewrap", flush=True)
        subprocess.run([*sudo, "apt-get", "update", "-qq"])
        subprocess.run([*sudo, "apt-get", "install", "-y", "-qq", "bubblewrap"])
    if not shutil.which("bwrap"):
        sys.exit("bubblewrap is not installed and could not be: the tests of grading need it")
    return shutil.which("bwrap")


def serve_runtime():
    """Have the site serve all that runs its notebooks; the folder of the compiled packages, fetched if none is given."""
    folder = Path(os.environ.get("PYODIDE_WHEELS") or ROOT / "_build" / "wheels").resolve()
    if len(list(folder.glob("*.whl"))) < len(lite.COMPILED):
        print("fetching numpy and matplotlib for the browser", flush=True)
        try:
            lite.fetch(folder)
        except OSError as error:
            sys.exit(
                f"the tests of the pages that run notebooks need numpy and matplotlib for the browser: {folder} holds none, "
                f"and fetching them failed ({error}). Name a folder that holds them: PYODIDE_WHEELS=FOLDER"
            )
    lite.build(SITE, folder)
    return folder


if __name__ == "__main__":
    install_packages(Path(__file__).parent)
    print(f"browser: {install_browser()}")
    print(f"packages for the browser: {serve_runtime()}")
    print(f"sandbox: {install_sandbox()}")
