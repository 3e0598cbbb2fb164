"""Which alerts belong together: those of one model in one namespace of one cluster."""

from dataclasses import dataclass

from incidents.alert import Alert

MODEL = ("model_name", "llm_d_ai_model", "model")
NAMESPACE = ("namespace", "exported_namespace")
LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an alert points; empty where its labels do not say."""

    cluster: str
    namespace: str
    model: str
    role: str


def place(alert: Alert) -> Place:
    """Return where the alert points, from its labels alone."""
    return Place(
        cluster=alert.labels.get("cluster", LOCAL) or LOCAL,
        namespace=_first(alert, NAMESPACE),
        model=_first(alert, MODEL),
        role=alert.labels.get("role") or alert.labels.get("llm_d_ai_role", ""),
    )


def key(alert: Alert) -> str:
    """Return the key under which one incident at most is open.

    An alert that names neither model nor namespace stands for itself, under its name.
    """
    where = place(alert)
    if where.model or where.namespace:
        return f"{where.cluster}/{where.namespace}/{where.model}"
    return f"{where.cluster}//alert:{alert.name}"


def _first(alert: Alert, names: tuple[str, ...]) -> str:
    return next((alert.labels[name] for name in names if alert.labels.get(name)), "")
