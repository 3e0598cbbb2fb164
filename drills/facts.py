"""What is true in a rehearsal: for checkers that must not rely on what the desk was told."""

from collections.abc import Mapping

from drills import faults, installation
from drills.kubernetes.resources import DEPLOYMENTS
from drills.model.decode import DecodeEngine
from drills.model.prefill import PrefillEngine
from drills.rehearsal import Rehearsal

Facts = Mapping[str, object]


def of(rehearsal: Rehearsal) -> Facts:
    """Return the faults, the size of the decode pool, each pod's engine, and the alerts."""
    model = rehearsal.model
    found = rehearsal.cluster.get(
        DEPLOYMENTS, installation.NAMESPACE, installation.DECODE_DEPLOYMENT
    )
    return {
        "faults": [faults.written(fault) for fault in rehearsal.faults.values()],
        "replicas": found["spec"]["replicas"],
        "decode": {name: _decode(engine) for name, engine in model.decode.items()},
        "prefill": {
            name: _prefill(engine, model.seconds) for name, engine in model.prefill.items()
        },
        "picker": {
            "requests": model.picker.requests,
            "refused": model.picker.refused,
            "lost": model.picker.lost,
            "ready_endpoints": model.ready_endpoints,
        },
        "alerts": _alerts(rehearsal),
    }


def _decode(engine: DecodeEngine) -> Facts:
    return {
        "kv_usage": round(engine.usage, 4),
        "running": len(engine.running),
        "waiting": len(engine.waiting),
        "preemptions": engine.preemptions,
        "generated_tokens": int(engine.generated_tokens),
        "finished": {reason.value: count for reason, count in engine.finished.items()},
    }


def _prefill(engine: PrefillEngine, now: float) -> Facts:
    return {
        "kv_usage": round(engine.usage, 4),
        "running": engine.running(now),
        "waiting": engine.waiting(now),
        "prompt_tokens": engine.prompt_tokens,
    }


def _alerts(rehearsal: Rehearsal) -> list[Facts]:
    rules = [rule.alerts for group in rehearsal.groups.states() for rule in group.rules]
    return [
        {"labels": dict(alert.labels), "state": alert.state.value}
        for alerts in rules
        if alerts
        for alert in alerts.active()
    ]
