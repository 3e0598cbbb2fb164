"""Deliveries as a cluster's Alertmanager sends them: one alert, or a hundred pods at once."""

import hashlib

from tests.alert_webhooks.bodies import alert, body

ANNOTATIONS = {
    "summary": "KV cache of llama-3-70b is exhausted",
    "description": "Preemptions on {pod}: requests wait for KV blocks that decoding still holds.",
    "runbook_url": "https://runbooks.example/cache-evictions",
}


def delivery(alerts: int, *, model: str = "llama-3-70b") -> bytes:
    """Return a body with so many alerts of the pods of one model, about 0.8 kB for the first."""
    return body(*(_alert(pod, model) for pod in range(alerts)))


def _alert(pod: int, model: str) -> dict[str, object]:
    name = f"ms-{model}-decode-{pod:03d}"
    return alert(
        labels={"pod": name, "model_name": model, "severity": "warning"},
        annotations={key: text.replace("{pod}", name) for key, text in ANNOTATIONS.items()},
        fingerprint=hashlib.sha256(name.encode()).hexdigest()[:16],
    )
