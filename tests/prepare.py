"""Install what the tests need besides the Python packages: programs from npm, a browser, and the sandbox for submissions."""

import shutil
import subprocess
import sys
from pathlib import Path

from browser import install_browser
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


if __name__ == "__main__":
    install_packages(Path(__file__).parent)
    print(f"browser: {install_browser()}")
    print(f"sandbox: {install_sandbox()}")
