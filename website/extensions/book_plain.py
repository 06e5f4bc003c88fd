"""Plain notebooks, for tools that know Markdown but not MyST: Colab, Kaggle, VS Code, the classic notebook.

At the end of every build each notebook is written once more, to ``plain`` in the built site. Directives have become
block quotes, roles and labels the numbers that the pages show, and a cell at the top brings the helper package and the
data along. The cells are parsed by the site's own parser; what it finds there without a plain form fails the build.
"""

from __future__ import annotations

import base64
import io
import lzma
import posixpath
import re
import shutil
import zipfile
from collections.abc import Callable
from html import escape
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import mlmath_helpers
import nbformat
from docutils import nodes
from docutils.parsers.rst import Directive, directives
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.parsers.directives import parse_directive_text
from myst_parser.parsers.mdit import create_md_parser
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "website" / "plain"

# Older versions than the site's, so that nothing need be installed in Colab; all notebooks passed with these.
NEEDED = {"numpy": "2.0", "matplotlib": "3.8.4", "ipywidgets": "7.7"}

# What Markdown and MyST have in common; opening and closing tokens go by one name.
BLOCKS = set(
    "paragraph heading bullet_list ordered_list list_item blockquote table thead tbody tr th td fence hr".split()
)
INLINES = set("text text_special softbreak hardbreak em strong code_inline math_inline".split())

# The roles that have a plain form, as the Sphinx domain that resolves them and its name for them.
ROLES = {"eq": ("math", "eq"), "prf:ref": ("prf", "ref")}
ROLES |= {role: ("std", role) for role in ("ref", "numref", "term", "doc")}
ROLES |= {f"cite:{form}": ("cite", form) for form in ("p", "t")}


class Page(NamedTuple):
    """The page whose cells are converted, and what is needed to number and to link."""

    docname: str
    env: BuildEnvironment
    builder: Builder
    parser: MarkdownIt
    baseurl: str


class Unknown(ValueError):
    """Something in a cell that has no plain form."""


class Box(Directive):
    """What the directives of the book have in common."""

    optional_arguments, final_argument_whitespace, has_content = 1, True, True
    option_spec = {"label": directives.unchanged_required, "class": directives.class_option}


def make_parser(config) -> MarkdownIt:
    """The site's parser, which also says where in the text roles, links and formulas stand."""
    parser = create_md_parser(config, RendererHTML)
    for rule in parser.inline.ruler.__rules__:
        if rule.name in ("myst_role", "link", "math_inline"):
            parser.inline.ruler.at(rule.name, _located(rule.fn))
    return parser


def _located(rule: Callable) -> Callable:
    def locate(state, silent: bool) -> bool:
        start, first = state.pos, len(state.tokens)
        found = rule(state, silent)
        if found and not silent:
            for token in state.tokens[first:]:
                token.meta.setdefault("span", (start, state.pos))
        return found

    return locate


# Blocks


def convert(source: str, page: Page, quoted: bool = False) -> str:
    """The Markdown of a cell, or of what a box holds, without MyST; ``quoted`` if it will stand in a block quote."""
    lines: list[str | None] = source.splitlines()
    columns: dict[int, int] = {}  # how far a line is done, for a row of a table holds several texts
    label, tag = "", ""
    for token in page.parser.parse(source):
        kind = re.sub("_(open|close)$", "", token.type)
        if kind in ("fence", "colon_fence") and token.info.startswith("{"):
            _replace(lines, token, _directive(token, page, quoted))
        elif kind in ("math_block", "math_block_label"):
            _replace(lines, token, _display(token, page, quoted))
        elif kind == "myst_target":
            label = token.content
            _replace(lines, token, None)
        elif kind == "inline":
            text = _inline(token, page)
            if label.startswith("fig-"):
                text = f"**Figure {_number(page, 'figure', label)}.** {text}"
            elif tag == "h1":
                text = f"{_dotted(page.env.toc_secnumbers[page.docname][''])}. {text}"
            _put(lines, columns, token, text)
            label = ""
        elif kind not in BLOCKS:
            raise Unknown(f"no plain form of {kind}: {token.content or token.info}")
        tag = token.tag
    return "\n".join(line for line in lines if line is not None).strip("\n")


def _replace(lines: list[str | None], token: Token, text: str | None) -> None:
    """Put a text in the place of a block; lines that fall away become None, so that the others keep their numbers."""
    first, last = token.map
    indent = re.match(r"\s*", lines[first])[0]
    if not lines[first][len(indent) :].startswith(("`", ":", "$", "(")):
        raise Unknown(f"no plain form where it stands of {lines[first]}")
    if text is not None:
        text = "\n".join(indent + line if line else line for line in text.split("\n"))
    lines[first:last] = [text, *[None] * (last - first - 1)]


def _put(lines: list[str | None], columns: dict[int, int], token: Token, text: str) -> None:
    """Put a text in the place of the content of a paragraph, a heading or a cell of a table."""
    old = token.content.split("\n")
    first, last = token.map[0], token.map[0] + len(old)
    written = "\n".join(lines[first:last])
    # Within a list the lines are indented, which the content of the token is not.
    found = re.compile("\n[ \t]*".join(map(re.escape, old))).search(written, columns.get(first, 0))
    if not found:
        raise Unknown(f"cannot find in its place: {token.content}")
    indent = re.match(r"[^\n]*(\n[ \t]*)?", found[0])[1] or "\n"
    new = text.replace("\n", indent)
    lines[first:last] = [written[: found.start()] + new + written[found.end() :], *[None] * (len(old) - 1)]
    columns[first] = found.start() + len(new)


def _display(token: Token, page: Page, quoted: bool) -> str:
    latex = token.content.strip("\n")
    if token.type == "math_block_label":
        latex += f"\n\\tag{{{_number(page, 'displaymath', f'equation-{token.info}')}}}"
    if not quoted:
        return f"$$\n{latex}\n$$"
    # Jupyter takes formulas out of a cell before it knows of quotes: the mark of a new line would stand in the formula.
    if re.search(r"(?<!\\)%", latex):
        raise Unknown(f"a comment in the formula\n{latex}")
    return f"$$ {' '.join(latex.split())} $$"


def _directive(token: Token, page: Page, quoted: bool) -> str:
    name, _, title = token.info.partition("}")
    name, title = name[1:], title.strip()
    parsed = parse_directive_text(Box, title, token.content)
    if parsed.warnings:
        raise Unknown(f"{name}: {parsed.warnings[0].msg}")
    label, body = parsed.options.get("label", ""), "\n".join(parsed.body)
    if name == "admonition":
        heading = title
    elif name == "prf:proof" and not title:
        heading = "Proof"
    elif name == "solution":
        heading = f"Solution to Exercise {_number(page, 'exercise', title)}"
    elif name == "exercise":
        heading = f"Exercise {_number(page, 'exercise', label)}"
    elif label in page.env.proof_list:
        proof = page.env.proof_list[label]
        heading = f"{proof['realtype'].title()} {_number(page, proof['countertype'], label)}"
    else:
        raise Unknown(f"no plain form of the directive {token.info}")
    if name == "solution" or "dropdown" in parsed.options.get("class", []):
        return f"<details><summary>{escape(heading)}</summary>\n\n{convert(body, page, quoted)}\n\n</details>"
    heading = _inline(page.parser.parseInline(heading)[0], page)
    text = convert(body, page, quoted=True)
    if name == "admonition":
        text = f"**{heading}**\n\n{text}"
    else:
        if title:
            heading += f" ({_inline(page.parser.parseInline(title)[0], page)})"
        # A list or a formula needs a line of its own.
        begins_with = page.parser.parse(body)[0].type
        text = f"**{heading}.**{' ' if begins_with == 'paragraph_open' else chr(10) * 2}{text}"
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


# Texts


def _inline(token: Token, page: Page) -> str:
    """The content of a paragraph, a heading or a cell of a table, without roles and with links that lead somewhere."""
    edits = []
    for child in token.children:
        kind = re.sub("_(open|close)$", "", child.type)
        start, end = child.meta.get("span", (0, 0))
        written = token.content[start:end]
        if kind == "myst_role":
            edits.append((start, end, _role(child.meta["name"], child.content, page)))
        elif kind == "link":
            text, _, target = written.rpartition("](")
            address = _address(target[:-1], page)
            if child.type == "link_open":
                edits.append((start, start + 1, "[" if address else ""))
            else:
                edits.append((start + len(text), end, f"]({address})" if address else ""))
        elif kind == "math_inline":
            edits.append((start, end, re.sub(r"\s*\n\s*", " ", written)))  # for the reason given in _display
        elif kind not in INLINES:
            raise Unknown(f"no plain form of {kind}: {token.content}")
    text = token.content
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _role(name: str, content: str, page: Page) -> str:
    if name not in ROLES:
        raise Unknown(f"no plain form of the role {{{name}}}`{content}`")
    explicit = re.fullmatch(r"(.+?)\s*<([^<>]+)>", content, re.DOTALL)
    title, target = explicit.groups() if explicit else (content, content)
    text, address = _resolve(*ROLES[name], target, title, bool(explicit), page)
    return f"[{text}]({address})" if address else text


def _address(target: str, page: Page) -> str:
    """Where a link leads: on the website, if its address is configured. An empty text means nowhere."""
    if urlsplit(target).scheme:
        return target
    if target.startswith("#"):
        return _resolve("std", "ref", target[1:], "text", True, page)[1]
    if not target.endswith((".ipynb", ".md")):
        raise Unknown(f"no plain form of a link to {target}")
    return _resolve("std", "doc", str(PurePosixPath(target).with_suffix("")), "text", True, page)[1]


def _resolve(domain: str, kind: str, target: str, title: str, explicit: bool, page: Page) -> tuple[str, str]:
    """The text that the site shows for a reference, and its address there."""
    content = nodes.inline(title, title)
    attributes = {"refdomain": domain, "reftype": kind, "reftarget": target, "refexplicit": explicit}
    node = pending_xref("", content, refdoc=page.docname, **attributes)
    found = page.env.get_domain(domain).resolve_xref(page.env, page.docname, page.builder, kind, target, node, content)
    reference = next(iter(found.findall(nodes.reference)), None) if found is not None else None
    if reference is None:
        raise Unknown(f"no target of the {kind} to {target}")
    if not page.baseurl:
        return found.astext(), ""
    here = urljoin(page.baseurl, page.builder.get_target_uri(page.docname))
    return found.astext(), urljoin(here, reference.get("refuri") or f"#{reference['refid']}")


def _number(page: Page, kind: str, label: str) -> str:
    try:
        return _dotted(page.env.toc_fignumbers[page.docname][kind][label])
    except KeyError:
        raise Unknown(f"the site has no number for the {kind} {label}") from None


def _dotted(number: tuple) -> str:
    return ".".join(map(str, number))


# Notebooks


def plain(notebook: nbformat.NotebookNode, page: Page, title: str) -> nbformat.NotebookNode:
    """The plain form of a notebook of the book ``title``."""
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
        if cell.cell_type == "markdown":
            try:
                cell.source = convert(cell.source, page)
            except Unknown as error:
                raise ExtensionError(f"{page.docname}, cell {cell.id}: {error}") from error
        elif "hide-input" in cell.metadata.get("tags", []):
            cell.metadata.update(FOLDED)
    address = urljoin(page.baseurl, page.builder.get_target_uri(page.docname)) if page.baseurl else ""
    section = f"section {_dotted(page.env.toc_secnumbers[page.docname][''])}"
    about = nbformat.v4.new_markdown_cell(
        f"This is {f'[{section}]({address})' if address else section} of *{title}* in plain Markdown. "
        "Run the next cell first. Text: CC BY 4.0. Code: BSD-3-Clause.",
        id="plain-about",
    )
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    setup = nbformat.v4.new_code_cell(setup_cell(code), id="plain-setup", metadata=FOLDED)
    notebook.cells[1:1] = [about, setup]
    return notebook


# How JupyterLab, VS Code and Colab are told to fold the code of a cell.
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}


def setup_cell(code: str) -> str:
    """The code that brings along what a notebook with this code needs: the helpers and the data that it names."""
    files = {f"mlmath_helpers/{path.name}": path for path in sorted((ROOT / "mlmath_helpers").glob("*.py"))}
    data = {f"data/{path.name}": path for path in sorted((ROOT / "chapters" / "data").iterdir()) if path.name in code}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, path in (files | data).items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), path.read_bytes())
    # All files compressed as one are a fifth smaller than each by itself.
    packed = base64.b64encode(lzma.compress(file.getvalue(), preset=9 | lzma.PRESET_EXTREME)).decode()
    values = {"NEEDED": NEEDED, "VERSION": mlmath_helpers.__version__, "DATA": [Path(name).name for name in data]}
    text = (TEMPLATES / "setup_cell.py").read_text(encoding="utf-8").rstrip("\n")
    for name, value in values.items():
        text = re.sub(rf"^{name} = .*$", f"{name} = {value!r}", text, flags=re.MULTILINE)
    return text.removesuffix('unpack("")') + f'unpack("{packed}")'


def plain_path(env: BuildEnvironment, docname: str) -> str | None:
    """Where in the folder the plain form of a page stands, if the page is a notebook."""
    path = posixpath.relpath(docname, "chapters")
    return f"{path}.ipynb" if env.doc2path(docname).endswith(".ipynb") else None


def write_plain(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir, "plain")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "chapters" / "data", folder / "data")
    shutil.copy(TEMPLATES / "README.md", folder)
    requirements = "".join(f"{name}>={version}\n" for name, version in NEEDED.items())
    (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
    (folder / "runtime.txt").write_text("python-3.11\n", encoding="utf-8")  # which Python Binder takes
    parser = make_parser(app.env.myst_config)
    for docname in sorted(app.env.found_docs):
        if path := plain_path(app.env, docname):
            page = Page(docname, app.env, app.builder, parser, app.config.html_baseurl)
            notebook = nbformat.read(app.env.doc2path(docname), as_version=4)
            (folder / path).parent.mkdir(exist_ok=True)
            nbformat.write(plain(notebook, page, app.config.html_title), folder / path)


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", write_plain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
