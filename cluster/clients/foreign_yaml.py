"""YAML that others have written into a text: read as plain values, by the client's own parser."""

from typing import Final

from kubernetes.config import kube_config

LARGEST: Final = 256 * 1024
"""So many characters are read; a ConfigMap may have four times as many."""


def read(text: str) -> object:
    """Return what a text says; raises ValueError for what is no YAML, or too much of it."""
    if len(text) > LARGEST:
        message = f"more than {LARGEST} characters"
        raise ValueError(message)
    try:
        found: object = kube_config.yaml.safe_load(text)  # type: ignore[attr-defined]  # its own parser
    except (kube_config.yaml.YAMLError, RecursionError) as error:  # type: ignore[attr-defined]  # as above
        message = "no YAML"
        raise ValueError(message) from error
    return found
