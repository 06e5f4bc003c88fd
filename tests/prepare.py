"""Install what the tests need besides the Python packages: programs from npm and a browser."""

from pathlib import Path

from browser import install_browser
from build import install_packages

if __name__ == "__main__":
    install_packages(Path(__file__).parent)
    print(f"browser: {install_browser()}")
