"""The HTML of every page as it is served: links, anchors, pictures, headings, what search engines read."""

from __future__ import annotations

import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import nbformat
import pytest
from browser import SITE

TEX = re.compile(r"\\[A-Za-z]+|\$|[_^]\{")


class Page(HTMLParser):
    """What the tests ask of a page; the parser of the standard library is quick enough for pages full of formulas."""

    def __init__(self, path: str):
        super().__init__()
        self.path = path
        self.ids: list[str] = []
        self.links: list[tuple[str, str]] = []  # tag and target
        self.pictures: list[dict] = []
        self.headings: list[int] = []
        self.meta: dict[str, str] = {}
        self.language, self.title, self._in_title = None, "", False
        self.feed((SITE / path).read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = dict(attributes)
        if has.get("id"):
            self.ids.append(has["id"])
        self.links += [(tag, has[name]) for name in ("href", "src", "data-frames") if has.get(name)]
        if tag == "img":
            self.pictures.append(has)
        elif re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        elif tag == "meta" and "content" in has:
            self.meta[has.get("name") or has.get("property") or ""] = has["content"]
            if has.get("http-equiv", "").lower() == "refresh":
                self.links.append(("meta", has["content"].partition("url=")[2]))
        elif tag == "html":
            self.language = has.get("lang")
        elif tag == "title":
            self._in_title = not self.title

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def target(self, link: str) -> tuple[str, str]:
        """The path of the file that a relative link means, and the anchor within it."""
        parts = urlsplit(urljoin(f"/{self.path}", link))
        return unquote(parts.path).lstrip("/"), unquote(parts.fragment)


@cache
def read(path: str) -> Page:
    return Page(path)


@pytest.fixture
def page(path: str) -> Page:
    return read(path)


def is_elsewhere(link: str) -> bool:
    return bool(urlsplit(link).scheme or urlsplit(link).netloc)


def broken(page: Page) -> list[str]:
    """The links of a page that lead nowhere within the site."""
    found = []
    for _, link in page.links:
        if is_elsewhere(link):
            continue
        file, anchor = page.target(link)
        if not (SITE / file).is_file():
            found.append(f"{link}: no such file")
        elif anchor and file.endswith(".html") and anchor not in read(file).ids:
            found.append(f"{link}: no such anchor")
    return sorted(set(found))


def bad_alternative(alt: str | None) -> bool:
    """Whether a text says too little of a picture, is the picture's path, or would be read aloud as TeX."""
    return len((alt or "").strip()) < 15 or bool(re.search(r"\.(png|svg|jpe?g|gif|webp)\b", alt) or TEX.search(alt))


def test_links_and_anchors_resolve(page):
    assert broken(page) == []


def test_the_first_page_resolves(site):
    assert broken(read("index.html")) == []


def test_nothing_is_loaded_from_elsewhere(page):
    assert [(tag, link) for tag, link in page.links if is_elsewhere(link) and tag in ("script", "img", "iframe")] == []


def test_ids_are_unique(page):
    assert sorted({name for name in page.ids if page.ids.count(name) > 1}) == []


def test_pictures_have_alternative_texts(page):
    assert [(p.get("src"), p.get("alt")) for p in page.pictures if bad_alternative(p.get("alt"))] == []


def test_headings_form_an_outline(page):
    assert page.headings.count(1) == 1
    assert page.headings[0] == 1
    skipped = [(above, below) for above, below in zip(page.headings, page.headings[1:]) if below > above + 1]
    assert skipped == []


def test_head_tells_what_the_page_is(page):
    assert page.language == "en"
    assert page.title.strip() and not TEX.search(page.title)
    description = page.meta.get("description", "")
    assert len(description) >= 40
    assert not TEX.search(description), description


FRAMES = sorted((SITE / "_static" / "frames").rglob("*.js"))


@pytest.mark.parametrize("file", FRAMES or [None], ids=lambda file: file and file.stem)
def test_frames_have_alternative_texts(file: Path | None):
    """Every frame, not only those that the keyboard reaches from the first one, and no two alike in one figure."""
    assert file, "the site has no interactive figure"
    frames = json.loads(file.read_text(encoding="utf-8").partition("=")[2].strip().rstrip(";"))
    figures = [[alt for _, alt in figure] for figure in frames.values()]
    assert figures
    for alts in figures:
        assert len(alts) > 1
        assert [alt for alt in alts if bad_alternative(alt)] == []
        assert sorted({alt for alt in alts if alts.count(alt) > 1}) == []


def neighbour(page: Page, direction: str) -> str | None:
    """The page that the link at the foot of this one leads to."""
    html = (SITE / page.path).read_text(encoding="utf-8")
    found = re.search(rf'<a class="{direction}"\s+href="([^"]+)"', html)
    return found and page.target(found[1])[0]


def test_previous_and_next_lead_through_the_whole_book(site):
    """From the first page to the last and back, and no page of the book is left out."""
    first = read("index.html")
    refresh = [link for tag, link in first.links if tag == "meta"]
    read_so_far = [first.target(refresh[0])[0] if refresh else "index.html"]
    while following := neighbour(read(read_so_far[-1]), "right-next"):
        assert neighbour(read(following), "left-prev") == read_so_far[-1]
        assert following not in read_so_far
        read_so_far.append(following)
    sources = SITE / "_sources"
    written = [source.relative_to(sources).with_suffix(".html").as_posix() for source in sources.rglob("*.*")]
    assert sorted(read_so_far) == sorted(written)


def test_notebooks_can_be_downloaded(site):
    notebooks = sorted((SITE / "_sources").rglob("*.ipynb"))
    assert notebooks
    for notebook in notebooks:
        path = notebook.relative_to(SITE / "_sources")
        page = read(path.with_suffix(".html").as_posix())
        assert f"_sources/{path.as_posix()}" in [page.target(link)[0] for tag, link in page.links if tag == "a"]
        nbformat.validate(nbformat.read(notebook, as_version=4))
