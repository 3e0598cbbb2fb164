"""The Job that a template and its values come to, as it is written."""

from collections.abc import Mapping
from typing import Final

from cluster.clients.things import Json
from cluster.jobs.template import DEFAULT, Template

TEMPLATE: Final = "triaged.dev/job"
"""The label that says which template a Job is of; the admission policy goes by it."""
PLAN: Final = "triaged.dev/plan"
"""The label that says which plan made a Job."""
CONTAINER: Final = "script"


def spec(template: Template, values: Mapping[str, str]) -> Json:
    """Return the Job's spec: one pod, once, which can reach nothing of its node."""
    own = template.account != DEFAULT
    bounds = {"cpu": template.cpu, "memory": template.memory}
    container = {
        "name": CONTAINER,
        "image": template.image,
        "command": list(template.command),
        "env": [{"name": name, "value": _literal(value)} for name, value in values.items()],
        "resources": {"limits": bounds, "requests": bounds},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    return {
        "backoffLimit": 0,
        "completions": 1,
        "parallelism": 1,
        "activeDeadlineSeconds": template.deadline,
        "ttlSecondsAfterFinished": template.keep,
        "template": {
            "metadata": {"labels": {TEMPLATE: template.name}},
            "spec": {
                "restartPolicy": "Never",
                "serviceAccountName": template.account,
                "automountServiceAccountToken": own,
                "containers": [container],
            },
        },
    }


def _literal(value: str) -> str:
    """Return a value as the kubelet takes it for itself: `$(NAME)` would be another variable's."""
    return value.replace("$", "$$")
