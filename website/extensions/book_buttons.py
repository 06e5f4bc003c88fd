"""The buttons of a notebook's page: run it here, download it and, once the repository's address is configured, launch it elsewhere."""

from __future__ import annotations

from urllib.parse import quote

from book_plain import plain_path
from sphinx.application import Sphinx

BRANCH = "notebooks"  # .github/workflows/book.yml publishes the plain notebooks there


def launch_buttons(repository: str, path: str) -> list[dict]:
    """Links that open a plain notebook where it can be run, given the address of the book's repository.

    Colab and Kaggle read GitHub, Binder any repository.
    """
    host, _, name = repository.rstrip("/").removesuffix(".git").partition("//")[2].partition("/")
    path = quote(path)
    places = {"Binder": f"https://mybinder.org/v2/git/{quote(repository, safe='')}/{BRANCH}?urlpath=lab/tree/{path}"}
    if host == "github.com":
        places = {
            "Colab": f"https://colab.research.google.com/github/{name}/blob/{BRANCH}/{path}",
            "Kaggle": f"https://kaggle.com/kernels/welcome?src=https://github.com/{name}/blob/{BRANCH}/{path}",
            "Binder": f"https://mybinder.org/v2/gh/{name}/{BRANCH}?urlpath=lab/tree/{path}",
        }
    return [
        {"type": "link", "text": place, "url": url, "tooltip": f"Run the plain notebook on {place}"}
        for place, url in places.items()
    ]


def add_buttons(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    path = plain_path(app.env, pagename) if doctree is not None else None
    if path is None:
        return
    # `website/lite.py` builds what it opens; the address is relative, so that the site may lie in any folder.
    run_button = {
        "type": "link",
        "url": f"{context['pathto']('run/notebooks/index.html', 1)}?path={path}",
        "text": "Run this page",
        "icon": "fas fa-play",
        "tooltip": "Opens the notebook in a new tab and runs it there; nothing has to be installed",
        "label": "run-button",
    }
    context["header_buttons"].insert(0, run_button)
    downloads = next(group["buttons"] for group in context["header_buttons"] if group["label"] == "download-buttons")
    place = next(i for i, button in enumerate(downloads) if button["label"] == "download-source-button")
    downloads[place] |= {
        "text": "Notebook for JupyterLab",
        "tooltip": "Download the notebook as the book has it (.ipynb)",
    }
    plain_button = {
        "type": "link",
        "url": context["pathto"](f"plain/{path}", 1),
        "text": "Plain notebook (Colab, Kaggle, VS Code)",
        "tooltip": "Download the notebook in plain Markdown (.ipynb)",
        "icon": "fas fa-file-code",
        "label": "download-plain-button",
    }
    downloads.insert(place + 1, plain_button)
    if repository := app.config.html_theme_options.get("repository_url"):
        launch = {"type": "group", "tooltip": "Run this notebook elsewhere", "icon": "fas fa-rocket", "label": "launch"}
        context["header_buttons"].append(launch | {"buttons": launch_buttons(repository, path)})


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", add_buttons, priority=910)  # after the theme has made its own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
