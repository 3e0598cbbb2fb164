"""The document as a page of its own: the Markdown's HTML, cleaned, with pictures and a style."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

import nh3
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from bot.postmortem import pictures
from bot.postmortem.document import Document
from bot.postmortem.legible import one_line

# No link, no picture, no attribute: nothing in a postmortem leads anywhere or loads anything.
TAGS = frozenset(
    {"h1", "h2", "h3", "p", "strong", "em", "code", "pre", "ul", "ol", "li", "br", "hr"}
    | {"table", "thead", "tbody", "tr", "th", "td"}
)
_SECTION = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
_TO_DO = "<li>[ ] "


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page under a heading of ours; the first has none."""

    heading: str
    name: str
    body: Markup


def page(document: Document, markdown: str) -> str:
    """Return the whole page; it loads nothing, runs nothing and leads nowhere."""
    environment = Environment(
        loader=PackageLoader("bot.postmortem"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: one_line(value) if type(value) is str else value,
    )
    style = _style()
    return environment.get_template("page.html.j2").render(
        document=document,
        sections=list(sections(body(markdown))),
        strip=pictures.strip(document),
        effects=pictures.effects(document),
        style=Markup(style),  # noqa: S704  # our own file
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        width=pictures.WIDTH,
    )


def body(markdown: str) -> str:
    """Return Markdown as HTML in which only plain tags are left."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    return nh3.clean(parser.render(markdown), tags=set(TAGS), attributes={})


def sections(html: str) -> Iterator[Section]:
    """Yield the parts of a cleaned body; every heading of that rank is the template's own."""
    first, *rest = _SECTION.split(html)
    yield Section(heading="", name="summary", body=_marked(first))
    for heading, text in zip(rest[::2], rest[1::2], strict=True):
        name = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
        yield Section(heading=_plain(heading), name=name, body=_marked(text))


def _plain(heading: str) -> str:
    return str(Markup(heading).striptags())  # noqa: S704  # cleaned by nh3


def _marked(html: str) -> Markup:
    boxes = html.replace(_TO_DO, '<li class="todo">')
    return Markup(boxes)  # noqa: S704  # cleaned by nh3


def _style() -> str:
    folder = resources.files("bot.postmortem") / "templates"
    return (folder / "page.css").read_text(encoding="utf-8")
