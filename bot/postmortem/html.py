"""The document as a page of its own: the Markdown's HTML, cleaned, with pictures and a style."""

import nh3
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from bot.postmortem.document import Document
from bot.postmortem.legible import one_line

# No link, no picture, no attribute: nothing in a postmortem leads anywhere or loads anything.
TAGS = frozenset(
    {"h1", "h2", "h3", "p", "strong", "em", "code", "pre", "ul", "ol", "li", "br", "hr"}
    | {"table", "thead", "tbody", "tr", "th", "td"}
)


def page(document: Document, markdown: str) -> str:
    """Return the whole page; it loads nothing and runs nothing."""
    environment = Environment(
        loader=PackageLoader("bot.postmortem"), autoescape=True, undefined=StrictUndefined
    )
    template = environment.get_template("page.html.j2")
    title = one_line(f"{document.label} {document.title}", most=200)
    return template.render(title=title, body=Markup(body(markdown)))  # noqa: S704  # cleaned by nh3


def body(markdown: str) -> str:
    """Return Markdown as HTML in which only plain tags are left."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    return nh3.clean(parser.render(markdown), tags=set(TAGS), attributes={})
