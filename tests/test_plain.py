"""The plain notebooks: nothing of MyST is left, nothing is lost, the numbers are the site's, and they run alone."""

from __future__ import annotations

import base64
import io
import json
import lzma
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import book_plain
from book_buttons import launch_buttons
import mlmath_helpers
import nbformat
import pytest
from browser import SITE
from ledger import DISPLAY, ROOT, cells, notebooks
from markdown_it import MarkdownIt
from myst_parser.config.main import MdParserConfig
from nbclient import NotebookClient

PLAIN = SITE / "plain"
OWN = ("plain-about", "plain-setup")  # cells that the book does not have
TIMEOUT = 300

each_notebook = pytest.mark.parametrize("notebook", notebooks(), ids=lambda path: path.stem)

FORMULA = re.compile(r"(?<!\\)(\$\$.+?\$\$|\$(?!\s)[^$]+?(?<!\s)\$)", re.DOTALL)
DIRECTIVE = re.compile(r"^(?:```|:::)\{([a-z:]+)\} ?(.*)\n((?::[a-z]+: .*\n)*)", re.MULTILINE)


@cache
def read(notebook: Path) -> nbformat.NotebookNode:
    return nbformat.read(PLAIN / notebook.relative_to("chapters"), as_version=4)


@cache
def page(notebook: Path) -> str:
    return (SITE / notebook.with_suffix(".html")).read_text(encoding="utf-8")


def pairs(notebook: Path) -> Iterator[tuple[str, str, str]]:
    """Each Markdown cell's id with its source in the book and in the plain notebook."""
    plain = {cell.id: cell.source for cell in read(notebook).cells}
    for cell in cells(notebook, "markdown"):
        yield cell["id"], cell["source"], plain[cell["id"]]


# What is left and what is lost


@each_notebook
def test_the_cells_are_those_of_the_book(notebook):
    """The same cells in the same order, the code letter by letter, with what the book has stored of its outputs."""
    plain = read(notebook)
    nbformat.validate(plain)
    assert [cell.id for cell in plain.cells][1:3] == list(OWN)
    book, found = cells(notebook, "markdown", "code"), [cell for cell in plain.cells if cell.id not in OWN]
    assert [(cell.cell_type, cell.id) for cell in found] == [(cell["cell_type"], cell["id"]) for cell in book]
    written = nbformat.read(ROOT / notebook, as_version=4).cells
    code = [[(cell.source, cell.outputs) for cell in all_ if cell.cell_type == "code"] for all_ in (found, written)]
    assert code[0] == code[1]
    assert plain.metadata.kernelspec.name == "python3"


ELEMENTS = (
    "p h1 h2 h3 h4 ul ol li em strong code pre a blockquote details summary table thead tbody tr th td br".split()
)
LEFTOVERS = re.compile(r":::|```\{|\{[a-z:]+\}`|^\([a-z0-9-]+\)=|^:[a-z]+: |\]\((?!https?:)|Unknown D", re.MULTILINE)


@each_notebook
def test_nothing_of_myst_is_left(notebook):
    for name, _, source in pairs(notebook):
        assert LEFTOVERS.findall(source) == [], name


@each_notebook
def test_a_plain_renderer_understands_every_cell(notebook):
    """As Jupyter does, formulas are taken out first; what is then left must be ordinary Markdown."""
    renderer = MarkdownIt("commonmark").enable("table")
    for name, book, source in pairs(notebook):
        formulas = FORMULA.findall(source)
        assert [formula for formula in formulas if re.search(r"\n[ \t]*>|\n\s*\n", formula)] == [], name
        html = renderer.render(FORMULA.sub("FORMULA", source))
        assert re.findall(rf"<(?!/?(?:{'|'.join(ELEMENTS)})\b)", html) == [], name
        text = re.sub(r"<code.*?</code>|<[^>]+>", "", html, flags=re.DOTALL)
        assert re.findall(r"\*\*|\$|&gt;|&lt;|`|\]\(|\|", text) == [], f"{name}: {text}"
        # Each box is a quote or folded, and what is folded opens and closes within its cell.
        assert html.count("<blockquote>") + html.count("<details>") == len(DIRECTIVE.findall(book)), name
        assert html.count("<details>") == html.count("</details>") == html.count("<summary>"), name
        assert all(box.startswith("<p><strong>") for box in re.findall(r"<blockquote>\n(.*)", html)), name


def squeezed(latex: str) -> str:
    return " ".join(latex.split())


def words(source: str) -> list[str]:
    return re.findall(r"[^\W_]+", source)


@each_notebook
def test_no_word_and_no_formula_is_lost(notebook):
    for name, book, source in pairs(notebook):
        formulas = [[squeezed(formula.strip("$")) for formula in FORMULA.findall(text)] for text in (book, source)]
        assert [re.sub(r" ?\\tag\{[\d.]+\}", "", formula) for formula in formulas[1]] == formulas[0], name
        text = DIRECTIVE.sub(lambda m: "" if m[1] == "solution" else f"{m[2]}\n", book)
        text = re.sub(r"^\([a-z0-9-]+\)=$|^\$\$ \([a-z0-9-]+\)$|\{[a-z:]+\}`[^`]*`", "", text, flags=re.MULTILINE)
        text = re.sub(r"\]\([^)]*\)", "]", text)
        rest = iter(words(source))
        assert [word for word in words(text) if word not in rest][:1] == [], f"{name}: this word, or the order, is lost"


# Numbers


def shown(notebook: Path, label: str) -> str:
    """What the built page shows as the number of a label: ``2.1.3``, or ``Theorem 2.1.3`` for a box or a figure."""
    html = page(notebook)
    equation = re.search(rf'id="equation-{label}">.*?class="eqno">\(([\d.]+)\)', html, re.DOTALL)
    box = re.search(rf'id="{label}".*?class="caption-number">([^<]+)<', html, re.DOTALL)
    exercise = re.search(rf'id="{label}">\s*<p class="admonition-title">(?:<span[^>]*>)?(Exercise [\d.]+)', html)
    found = equation or exercise or box
    assert found, f"{label} has no number on its page"
    return unescape(found[1]).strip()


TAGGED = re.compile(r"\$\$\s(?P<latex>(?:(?!\$\$).)*?)\\tag\{(?P<number>[\d.]+)\}\s\$\$", re.DOTALL)


@each_notebook
def test_numbers_are_those_of_the_site(notebook):
    tags = 0
    for name, book, source in pairs(notebook):
        displays = [(squeezed(m["latex"]), shown(notebook, m["label"])) for m in DISPLAY.finditer(book)]
        found = [(squeezed(m["latex"]), m["number"]) for m in TAGGED.finditer(source)]
        assert found == displays, name
        tags += len(found)
        for kind, title, options in DIRECTIVE.findall(book):
            label = re.search(r"^:label: (\S+)", options, re.MULTILINE)
            if kind == "solution":
                assert f"<details><summary>Solution to {shown(notebook, title)}</summary>" in source, name
            elif label:
                heading = shown(notebook, label[1]) + (f" ({title})" if title else "")
                assert re.search(rf"^> \*\*{re.escape(heading)}\.\*\*", source, re.MULTILINE), f"{name}: no {heading}"
        if figure := re.match(r"\((fig-[a-z0-9-]+)\)=", book):
            number = shown(notebook, figure[1]).removeprefix("Fig. ")
            assert source.startswith(f"**Figure {number}.** "), name
    assert tags == page(notebook).count('class="eqno"') > 0
    title = re.match(r"# ([\d.]+ )", read(notebook).cells[0].source)[1]
    assert f'<h1><span class="section-number">{title}</span>' in page(notebook)


@cache
def equations() -> dict[str, str]:
    """The number of every equation of the site, by its label."""
    found = {}
    for file in (SITE / "chapters").rglob("*.html"):
        html = file.read_text(encoding="utf-8")
        found |= re.findall(r'id="equation-([^"]+)">.*?class="eqno">(\([\d.]+\))', html, re.DOTALL)
    return found


@each_notebook
def test_references_are_those_of_the_site(notebook):
    """Every ``{eq}`` has become the number of its equation, and every citation the name and the year."""
    for name, book, source in pairs(notebook):
        numbers = [equations()[label] for label in re.findall(r"\{eq\}`([^`]+)`", book)]
        text = re.sub(r"\\tag\{[^}]*\}", "", source)
        assert sorted(set(numbers) - set(re.findall(r"\([\d.]+\)", text))) == [], name
        years = len(re.findall(r"\b\d{4}[a-z]?\b", text))
        assert years >= sum(len(keys.split(",")) for keys in re.findall(r"\{cite:[tp]\}`([^`]+)`", book)), name


# Running alone

# Before the first cell: no helper package but the notebook's own, no network.
ALONE = """
import pathlib, socket, sys
sys.path[:] = [path for path in sys.path if not pathlib.Path(path, "mlmath_helpers").is_dir()]
def offline(*arguments, **options):
    raise OSError("a plain notebook asks for the network")
socket.getaddrinfo = offline
"""


@each_notebook
def test_a_plain_notebook_runs_alone(notebook, tmp_path, monkeypatch):
    """In an empty folder and offline, every cell passes and prints the lines that the book stores."""
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "alone.py").write_text(ALONE)
    for folder in ("empty", "tmp"):
        (tmp_path / folder).mkdir()
    for name, value in {"IPYTHONDIR": tmp_path / "ipython", "TMPDIR": tmp_path / "tmp", "PIP_NO_INDEX": "1"}.items():
        monkeypatch.setenv(name, str(value))
    ran = deepcopy(read(notebook))
    ran.cells.append(nbformat.v4.new_code_cell("import mlmath_helpers; print(mlmath_helpers.__file__)"))
    resources = {"metadata": {"path": str(tmp_path / "empty")}}
    NotebookClient(ran, timeout=TIMEOUT, kernel_name="python3", resources=resources).execute()
    *found, helpers = [cell for cell in ran.cells if cell.cell_type == "code"]
    assert helpers.outputs[0].text.startswith(str(tmp_path / "tmp")), "these are not the notebook's own helpers"
    stored = [cell for cell in read(notebook).cells if cell.cell_type == "code"]
    assert [(cell.id, printed(cell)) for cell in found] == [(cell.id, printed(cell)) for cell in stored]
    assert list((tmp_path / "empty").iterdir()) == []


def printed(cell: nbformat.NotebookNode) -> str:
    texts = [output.get("text", "") for output in cell.outputs]
    data = [output.data for output in cell.outputs if "data" in output]
    return "".join(texts + [entry.get("text/plain", "") for entry in data if "image/png" not in entry])


def run(cell: str, folder: Path, before: str = "", after: str = "") -> str:
    """What is printed when Python runs a cell in a folder, between two other pieces of code."""
    environment = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PATH": "", "TMPDIR": str(folder)}
    command = [sys.executable, "-c", f"{before}\n{cell}\n{after}"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_setup_cell_does_nothing_where_all_is_there(tmp_path):
    for folder in ("notebooks", "data"):
        (tmp_path / folder).mkdir()
    (tmp_path / "data" / "iris-petals.csv").touch()
    said = run(book_plain.setup_cell("iris-petals.csv"), tmp_path / "notebooks", after="print(os.getcwd())")
    assert said.strip() == str(tmp_path / "notebooks")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["data", "iris-petals.csv", "notebooks"]


def test_the_setup_cell_replaces_another_version(tmp_path):
    (tmp_path / "old" / "mlmath_helpers").mkdir(parents=True)
    (tmp_path / "old" / "mlmath_helpers" / "__init__.py").write_text('__version__ = "0.0.1"')
    before = f"import sys; sys.path.insert(0, {str(tmp_path / 'old')!r}); import mlmath_helpers"
    after = "from mlmath_helpers import __version__, checks; print(__version__, checks.__file__, os.listdir('../data'))"
    said = run(book_plain.setup_cell("iris-petals.csv"), tmp_path, before, after)
    version, file, data = said.split()
    assert (
        version == mlmath_helpers.__version__
        and file.startswith(f"{tmp_path}/mlmath-")
        and data == "['iris-petals.csv']"
    )


def test_the_setup_cell_goes_on_without_a_network(tmp_path):
    """It says what it could not install, for a reader who has what the cells at hand need."""
    cell = book_plain.setup_cell("").replace("NEEDED = {", "NEEDED = {'no-such-package': '1.0', ")
    said = run(cell, tmp_path, after="print('it goes on')")
    assert "Could not install no-such-package>=1.0 (is the internet switched off?)" in said and "it goes on" in said


def test_the_setup_cell_brings_the_package_and_the_data_that_are_named():
    cell = book_plain.setup_cell('np.loadtxt("../data/nile-flow.csv")')
    packed = re.search(r'^unpack\("(.*)"\)$', cell, re.MULTILINE)[1]
    archive = zipfile.ZipFile(io.BytesIO(lzma.decompress(base64.b64decode(packed))))
    files = {name: archive.read(name) for name in archive.namelist()}
    sources = [*(ROOT / "mlmath_helpers").glob("*.py"), ROOT / "chapters" / "data" / "nile-flow.csv"]
    assert files == {f"{path.parent.name}/{path.name}": path.read_bytes() for path in sources}
    assert cell == book_plain.setup_cell('np.loadtxt("../data/nile-flow.csv")'), "two builds differ"
    readable = [line for line in cell.splitlines() if not line.startswith("unpack(")]
    assert len(readable) < 80 and max(map(len, readable)) <= 120


def version(text: str) -> list[int]:
    return [int(number) for number in text.split(".")]


def test_the_folder_is_complete():
    files = {path.relative_to(PLAIN).as_posix() for path in PLAIN.rglob("*") if path.is_file()}
    wanted = {path.relative_to("chapters").as_posix() for path in notebooks()}
    wanted |= {"README.md", "requirements.txt", "runtime.txt"}
    wanted |= {path.relative_to(ROOT / "chapters").as_posix() for path in (ROOT / "chapters" / "data").iterdir()}
    assert files == wanted
    named = re.findall(r"^(\S+)>=([\d.]+)$", (PLAIN / "requirements.txt").read_text(), re.MULTILINE)
    assert dict(named) == book_plain.NEEDED
    pinned = dict(re.findall(r"^(\w+)==([\d.]+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert all(version(book_plain.NEEDED[name]) <= version(pinned[name]) for name in book_plain.NEEDED)


# Links and buttons


def test_pages_offer_both_notebooks_and_nothing_to_launch():
    """Until the repository's address is configured."""
    for notebook in notebooks():
        path = notebook.relative_to("chapters").as_posix()
        offered = {f"_sources/{notebook.as_posix()}": "Notebook for JupyterLab", f"plain/{path}": "Plain notebook"}
        for target, name in offered.items():
            assert re.search(rf'<a href="\.\./\.\./{re.escape(target)}"[^>]*>.*?{name}', page(notebook), re.DOTALL)
        assert not re.search("colab.research|mybinder|kaggle.com", page(notebook))


def test_launch_buttons():
    path = "02-linear-algebra/svd.ipynb"
    github = launch_buttons("https://github.com/someone/a-book/", path)
    assert {button["text"]: button["url"] for button in github} == {
        "Colab": f"https://colab.research.google.com/github/someone/a-book/blob/notebooks/{path}",
        "Kaggle": f"https://kaggle.com/kernels/welcome?src=https://github.com/someone/a-book/blob/notebooks/{path}",
        "Binder": f"https://mybinder.org/v2/gh/someone/a-book/notebooks?urlpath=lab/tree/{path}",
    }
    (other,) = launch_buttons("https://git.example.org/a/book", path)
    repository = "https%3A%2F%2Fgit.example.org%2Fa%2Fbook"
    assert other["url"] == f"https://mybinder.org/v2/git/{repository}/notebooks?urlpath=lab/tree/{path}"


SMALL = """
extensions = ["myst_nb", "sphinx_proof", "sphinx_exercise", "sphinxcontrib.bibtex"]
extensions += ["book_ledger", "book_plain", "book_buttons"]
html_theme, html_title, html_baseurl = "sphinx_book_theme", "A book", {baseurl!r}
html_theme_options = {{"repository_url": {repository!r}}}
myst_enable_extensions = ["colon_fence", "dollarmath", "smartquotes"]
nb_execution_mode, numfig, numfig_secnum_depth, math_numfig = "off", True, 2, True
bibtex_bibfiles, bibtex_reference_style = ["book.bib"], "author_year"
"""
FIRST = """
(first)=
# The first page
(sec-one)=
## A section

```{prf:theorem} On $x$
:label: thm-one
If

$$
x = y
$$ (eq-one)

then

- $x =
  y$, and
- *y* is {eq}`eq-one`.
```

| a | b |
|---|---|
| see {eq}`eq-one` | see [it](#thm-one) |
"""
SECOND = """
(second)=
# The second page

By {numref}`fig-one`, {numref}`picture %s <fig-one>`, a {term}`matrix`, {eq}`eq-one`, {prf:ref}`thm-one`, {ref}`sec-one`, {ref}`that <sec-one>`, {doc}`first` and {cite:t}`gauss1809`, with
[a *link*
over lines](first.ipynb), `{eq}` as code, [a theorem](#thm-one), and [elsewhere](https://example.org).
"""


def build(folder: Path, second: str = SECOND, baseurl: str = "", repository: str = "") -> tuple[str, str, str]:
    """Build a book of two notebooks; return the plain forms of both and what Sphinx said."""
    (folder / "chapters" / "one").mkdir(parents=True)
    (folder / "conf.py").write_text(SMALL.format(baseurl=baseurl, repository=repository))
    (folder / "book.bib").write_text(
        "@book{gauss1809, author={Carl Gauss}, title={Theoria}, year={1809}, publisher={Perthes}}"
    )
    contents = "# Book\n\n```{toctree}\n:numbered: 2\nchapters/one/index\n```\n\n```{bibliography}\n```\n"
    (folder / "index.md").write_text(contents)
    chapter = "# Chapter\n\n```{toctree}\nfirst\nsecond\n```\n\n```{figure} x.svg\n:name: fig-one\nA picture\n```\n"
    (folder / "chapters" / "one" / "index.md").write_text(f"{chapter}\n```{{glossary}}\nmatrix\n  A table.\n```\n")
    (folder / "chapters" / "one" / "x.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    for name, source in (("first", FIRST), ("second", second)):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source.strip(), id="text")])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, folder / "chapters" / "one" / f"{name}.ipynb")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(folder), str(folder / "html")]
    paths = {"PYTHONPATH": str(ROOT / "website" / "extensions"), "PATH": "", "HOME": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, env=paths)
    files = [folder / "html" / "plain" / "one" / f"{name}.ipynb" for name in ("first", "second")]
    texts = [json.loads(file.read_text())["cells"][0]["source"] if file.is_file() else [] for file in files]
    return "".join(texts[0]), "".join(texts[1]), done.stderr


def test_references_without_an_address_read_as_text(tmp_path):
    first, second, _ = build(tmp_path)
    assert first == (
        "# 1.1. The first page\n## A section\n\n"
        "> **Theorem 1.1.1 (On $x$).** If\n>\n> $$ x = y \\tag{1.1.1} $$\n>\n> then\n>\n> - $x = y$, and\n> - *y* is (1.1.1).\n\n"
        "| a | b |\n|---|---|\n| see (1.1.1) | see it |"
    )
    assert second == (
        "# 1.2. The second page\n\nBy Fig. 1.1, picture 1.1, a matrix, (1.1.1), Theorem 1.1.1, A section, that, The first page and Gauss [1809], with\n"
        "a *link*\nover lines, `{eq}` as code, a theorem, and [elsewhere](https://example.org)."
    )


def test_references_with_an_address_lead_to_the_site(tmp_path):
    """And the buttons are there, with the right addresses, when that of the repository is configured."""
    address = "https://books.example.org/ml/"
    first, second, _ = build(tmp_path, baseurl=address, repository="https://github.com/someone/a-book")
    links = re.findall(r"\]\((\S+?)\)", first + second)
    assert len(links) == 15 and links.count("https://example.org") == 1
    for link in links:
        if link.startswith(address):
            file, _, anchor = link.removeprefix(address).partition("#")
            assert not anchor or f'id="{anchor}"' in (tmp_path / "html" / file).read_text()
    html = (tmp_path / "html" / "chapters" / "one" / "second.html").read_text()
    for button in launch_buttons("https://github.com/someone/a-book", "one/second.ipynb"):
        assert f'href="{button["url"]}"' in unescape(html)


def test_what_has_no_plain_form_fails_the_build(tmp_path):
    _, second, said = build(tmp_path, f"{SECOND}\n\n{{sub}}`2`")
    assert second == "" and "chapters/one/second, cell text: no plain form of the role {sub}`2`" in said


@pytest.mark.parametrize(
    "text, complaint",
    [
        (":::{figure} x.png\n:::", "no plain form of the directive {figure} x.png"),
        ("```{prf:proof} With a title\n```", "no plain form of the directive {prf:proof} With a title"),
        (":::{admonition} A\n:open:\n:::", "admonition: .*open"),
        ("- ```{admonition} A\n  b\n  ```", "no plain form where it stands of - ```{admonition} A"),
        ("[x](data.csv)", "no plain form of a link to data.csv"),
        ("<b>x</b>", "no plain form of html_inline"),
        ("% a comment", "no plain form of myst_line_comment"),
        ("a\n: b", "no plain form of dl"),
        (":::{admonition} A\n$$\n1 % one\n$$\n:::", "a comment in the formula"),
    ],
)
def test_what_has_no_plain_form(text, complaint):
    config = MdParserConfig(enable_extensions={"colon_fence", "dollarmath", "deflist"})
    environment = SimpleNamespace(proof_list={})
    page = book_plain.Page("page", environment, None, book_plain.make_parser(config), "")
    with pytest.raises(book_plain.Unknown, match=complaint):
        book_plain.convert(text, page)
