# @title Run this cell first: it sets the notebook up { display-mode: "form" }
# The last line holds, compressed, the small package that the notebook imports and the data that it reads. They are
# unpacked into a temporary folder unless they are here already. Only what is missing or too old is downloaded.
import base64
import importlib.metadata
import io
import lzma
import os
import re
import subprocess
import sys
import tempfile
import zipfile

NEEDED = {}
VERSION = ""
DATA = []


def numbers(version):
    return [int(number) for number in re.findall(r"\d+", version)[:3]]


def installed(package, version):
    """Whether a package is there, in this version or a newer one."""
    try:
        return numbers(importlib.metadata.version(package)) >= numbers(version)
    except importlib.metadata.PackageNotFoundError:
        return False


def install(packages):
    """Install packages by pip; a notebook that is offline goes on with what it has."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", *packages]
    if subprocess.run(command).returncode:
        print("Could not install", *packages, "(is the internet switched off?): some cells may fail.")
    elif any(re.split(">=", package)[0] in sys.modules for package in packages):
        print("Installed", *packages, "over versions in use: restart the kernel, then run all cells.")


def helpers_are_here():
    try:
        from mlmath_helpers import __version__
    except ImportError:
        return False
    return __version__ == VERSION


def unpack(packed):
    data_here = all(os.path.exists("../data/" + name) for name in DATA)
    if helpers_are_here() and data_here:
        return
    folder = tempfile.mkdtemp(prefix="mlmath-")
    zipfile.ZipFile(io.BytesIO(lzma.decompress(base64.b64decode(packed)))).extractall(folder)
    if not helpers_are_here():
        for name in [name for name in sys.modules if name.split(".")[0] == "mlmath_helpers"]:
            del sys.modules[name]  # another version
        sys.path.insert(0, folder)
    if not data_here:  # the notebook reads ../data, so it works in a folder beside it
        os.mkdir(os.path.join(folder, "notebook"))
        os.chdir(os.path.join(folder, "notebook"))


install_these = [f"{name}>={version}" for name, version in NEEDED.items() if not installed(name, version)]
if install_these:
    install(install_these)
unpack("")
