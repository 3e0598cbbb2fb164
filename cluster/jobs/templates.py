"""Templates of Jobs: those in one folder, each by its name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cluster.clients import foreign_yaml
from cluster.jobs import template
from cluster.jobs.template import Template
from incidents.errors import Rejected

NAMED: Final = r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?"
"""What a template may be called: its Jobs' names have no more room, and none leads elsewhere."""


class Templates(Protocol):
    """Where templates are."""

    def read(self, name: str) -> Template:
        """Return a template as it stands now; raises Rejected for one that is none."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with a file `NAME.yaml` for each template."""

    path: Path

    def read(self, name: str) -> Template:
        """Return a template as it stands now."""
        if not re.fullmatch(NAMED, name, re.ASCII):
            message = f"job {name[:60]!r}: a name has small letters, digits and dashes"
            raise Rejected(message)
        file = self.path / f"{name}.yaml"
        try:
            found = foreign_yaml.read(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            message = f"job {file}: {why}"
            raise Rejected(message) from error
        return template.read(name, found, str(file))

    def all(self) -> Sequence[Template]:
        """Return all templates, by name; none where there is no folder. Raises Rejected."""
        return [self.read(each.stem) for each in sorted(self.path.glob("*.yaml"))]
