"""How bodies of older shapes become those of the next one, where a default does not do."""

import json


def with_write(body: bytes) -> bytes:
    """Add the write to a planned scale of a Deployment: the first release planned nothing else."""
    planned = json.loads(body)
    plan = planned["plan"]
    plan["write"] = {
        "api_version": "apps/v1",
        "kind": plan["kind"],
        "namespace": plan["namespace"],
        "name": plan["name"],
        "uid": plan["uid"],
        "subresource": "scale",
        "fields": [[f"/spec/{name}", value] for name, value in plan["after"]],
        "bare": False,
    }
    return json.dumps(planned, sort_keys=True, separators=(",", ":")).encode("ascii")
