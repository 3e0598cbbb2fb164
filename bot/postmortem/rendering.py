"""Rendering in a killable child: nothing that a template or a text does can stop the desk."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from bot.postmortem.child import Order
from bot.postmortem.document import Document
from incidents.codec import encode
from incidents.errors import Rejected

DEADLINE = 30.0
"""Real seconds: some hundred times what a document takes on an idle core."""

# Isolated and without an environment: the child needs no secret, so it gets none.
CHILD = (sys.executable, "-I", "-X", "utf8", "-m", "bot.postmortem.child")
TEMPLATE = "postmortem.md.j2"
_SAID = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A document as texts, ready for a file."""

    markdown: str
    html: str


def render(
    document: Document,
    *,
    template: str | None = None,
    deadline: float = DEADLINE,
    child: Sequence[str] = CHILD,
) -> Rendered:
    """Return the document as Markdown and as a page of its own.

    Raises Rejected when the child fails or is not done after `deadline` real seconds; it is
    killed then.
    """
    order = encode(Order(document=document, template=template or shipped()))
    try:
        done = subprocess.run(  # noqa: S603  # our own module, or a test's stand-in for it
            child, input=order, capture_output=True, timeout=deadline, env={}, check=False
        )
    except subprocess.TimeoutExpired as error:
        message = f"{document.label}: rendering was not done after {deadline:g} s"
        raise Rejected(message) from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:_SAID]
        message = f"{document.label}: rendering failed ({done.returncode}): {said}"
        raise Rejected(message)
    answer = json.loads(done.stdout)
    return Rendered(markdown=answer["markdown"], html=answer["html"])


def shipped() -> str:
    """Return the template that we ship."""
    folder = resources.files("bot.postmortem") / "templates"
    return (folder / TEMPLATE).read_text(encoding="utf-8")
