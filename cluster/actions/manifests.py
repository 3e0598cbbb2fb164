"""Manifests that may be applied again: those in one folder, each by its name."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cluster.clients import foreign_yaml
from cluster.clients.things import Json
from incidents.errors import Rejected

NAMED: Final = r"[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?"
"""What a manifest may be called: no name leads out of the folder."""
METADATA: Final = frozenset({"name", "namespace", "labels", "annotations"})
PARTS: Final = frozenset({"apiVersion", "kind", "metadata", "spec"})
SHOWN: Final = 12


class Manifests(Protocol):
    """Where manifests are."""

    def read(self, name: str) -> Json:
        """Return a manifest as it stands now; raises Rejected for one that is none."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with a file `NAME.yaml` for each manifest."""

    path: Path

    def read(self, name: str) -> Json:
        """Return a manifest as it stands now."""
        file = self.path / f"{name}.yaml"
        if not re.fullmatch(NAMED, name, re.ASCII):
            message = f"manifest {name[:60]!r}: a name has small letters, digits and dashes"
            raise Rejected(message)
        try:
            found = foreign_yaml.read(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            message = f"manifest {file}: {why}"
            raise Rejected(message) from error
        return _checked(found, str(file))


class NoManifests:
    """Where no folder is configured."""

    def read(self, name: str) -> Json:
        """Raise Rejected."""
        message = f"manifest {name}: no folder of manifests is configured"
        raise Rejected(message)


def digest(manifest: Json) -> str:
    """Return by what a manifest is recognised, as it is told to people."""
    written = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:SHOWN]


def _checked(found: object, file: str) -> Json:
    """Return one object with nothing that only the API server writes; raises Rejected."""
    if not isinstance(found, Mapping):
        message = f"manifest {file}: not one object"
        raise Rejected(message)
    meta = found.get("metadata")
    more = sorted(map(str, found.keys() - PARTS))
    if not isinstance(meta, Mapping) or not isinstance(found.get("spec"), Mapping) or more:
        message = f"manifest {file}: an object has {', '.join(sorted(PARTS))} and nothing else"
        raise Rejected(message)
    if beyond := sorted(map(str, meta.keys() - METADATA)):
        message = f"manifest {file}: metadata.{beyond[0]} is not declared by people"
        raise Rejected(message)
    return found
