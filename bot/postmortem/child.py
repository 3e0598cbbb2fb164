"""The child that renders: reads one order on standard input, writes the files' texts, and ends."""

import contextlib
import json
import resource
import sys
from dataclasses import dataclass

from bot.postmortem.document import Document
from incidents.codec import decode

MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 20
MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the child is asked for; `template` is the Markdown's template."""

    document: Document
    template: str


def main() -> None:
    """Render within the limits; a failure ends with a traceback and status 1."""
    _limit()
    # Imported under the limits: what the libraries allocate counts too.
    from bot.postmortem.html import page  # noqa: PLC0415  # see above
    from bot.postmortem.markdown import markdown  # noqa: PLC0415  # see above

    order = decode(Order, sys.stdin.buffer.read())
    text = markdown(order.document, template=order.template)
    answer = json.dumps({"markdown": text, "html": page(order.document, text)})
    if len(answer) > MOST_BYTES:
        sys.exit(f"the rendered document has {len(answer)} bytes; {MOST_BYTES} are allowed")
    sys.stdout.write(answer)


def _limit() -> None:
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        # macOS knows the name of a limit on memory and refuses to set one; the deadline holds.
        with contextlib.suppress(ValueError):
            resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    main()
