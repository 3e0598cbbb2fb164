"""Which alerts belong together: where each points, and the key that those of one place share."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from incidents import origin
from incidents.alert import Alert
from incidents.patterns import Which

MODEL = ("model_name", "llm_d_ai_model", "model")
NAMESPACE = ("namespace", "exported_namespace")
POOL = ("inference_pool", "inferencepool", "pool")
ROLE = ("role", "llm_d_ai_role")
LOCAL = "local"

_LABELS: Mapping[str, tuple[str, ...]] = {
    "cluster": ("cluster",),
    "namespace": NAMESPACE,
    "model": MODEL,
    "role": ROLE,
    "pool": POOL,
}


class Part(Enum):
    """A part of a place that may be part of the key; the cluster always is."""

    NAMESPACE = "namespace"
    MODEL = "model"
    POOL = "pool"
    ROLE = "role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an alert points; empty where nothing says it."""

    cluster: str
    namespace: str
    model: str
    role: str
    pool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What is known of all alerts that one receiver delivers, or one Prometheus evaluates.

    `source` and `url` are patterns (`*` is any text) of the delivery's source and of the alert's
    address; empty where it does not matter.
    """

    labels: Mapping[str, str]
    source: str = ""
    url: str = ""

    def fits(self, alert: Alert) -> bool:
        """Tell whether the alert comes from there."""
        return _like(self.source, alert.source) and _like(self.url, alert.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """How alerts are placed: what is known of their origins, and which parts make the key.

    Without the role, prefill and decode of one model share an incident.
    """

    origins: tuple[Origin, ...] = ()
    parts: frozenset[Part] = frozenset({Part.NAMESPACE, Part.MODEL})


PLACING = Placing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The place of an alert; `because` says what its own labels do not."""

    place: Place
    because: str = ""


def placed(alert: Alert, placing: Placing = PLACING) -> Placed:
    """Return where the alert points: its labels first, then its origin, then its query."""
    own, query = _pooled(alert.labels, alert), _pooled(origin.told(alert.url), alert)
    asked = {"its origin": _of_origin(alert, placing), "its query": query}
    found, reasons = dict[str, str](), list[str]()
    for part, names in _LABELS.items():
        found[part] = _first(own, names)
        for source, labels in asked.items():
            if not found[part] and _first(labels, names):
                found[part] = _first(labels, names)
                reasons.append(f"{part} {found[part]} from {source}")
    place_ = Place(**{**found, "cluster": found["cluster"] or LOCAL})
    return Placed(place=place_, because=", ".join(reasons))


def place(alert: Alert, placing: Placing = PLACING) -> Place:
    """Return where the alert points."""
    return placed(alert, placing).place


def key(alert: Alert, placing: Placing = PLACING) -> str:
    """Return the key under which one incident at most is open."""
    return key_of(alert.name, place(alert, placing), placing)


def key_of(name: str, where: Place, placing: Placing = PLACING) -> str:
    """Return the key of an alert of this name and place.

    A pool stands for its model where nothing names that. An alert that names neither model, pool
    nor namespace stands for itself, under its name.
    """
    subject = where.model or (f"pool:{where.pool}" if where.pool else "")
    if not subject and not where.namespace:
        return f"{where.cluster}//alert:{name}"
    parts = placing.parts
    found = [where.cluster, where.namespace if Part.NAMESPACE in parts else ""]
    found.append(subject if Part.MODEL in parts else "")
    if Part.POOL in parts and where.pool and where.model:
        found.append(f"pool:{where.pool}")
    if Part.ROLE in parts and where.role:
        found.append(f"role:{where.role}")
    return "/".join(found)


def pool(alert_labels: Mapping[str, str]) -> str:
    """Return the InferencePool that labels name, empty where they name none."""
    return _first(alert_labels, POOL)


def words(alert_labels: Mapping[str, str], where: Place, its_key: str) -> Mapping[str, str]:
    """Return what a rule of correlation may compare: the labels, the place, and the `key`.

    What was found out about the place counts where a label of that name does not say it.
    """
    known = {
        "cluster": where.cluster,
        "namespace": where.namespace,
        "model": where.model,
        "role": where.role,
        "pool": where.pool,
    }
    said = {name: value for name, value in alert_labels.items() if value}
    return {**{name: value for name, value in known.items() if value}, **said, "key": its_key}


def _of_origin(alert: Alert, placing: Placing) -> Mapping[str, str]:
    fitting = (one.labels for one in placing.origins if one.fits(alert))
    return next(fitting, {})


def _pooled(labels: Mapping[str, str], alert: Alert) -> Mapping[str, str]:
    """Return the labels with the pool that the endpoint picker's own series call `name`."""
    name = labels.get("name", "")
    if not name or pool(labels) or not origin.names_pools(alert.url):
        return labels
    return {**labels, "pool": name}


def _like(pattern: str, text: str) -> bool:
    return not pattern or Which(alerts=(pattern,)).fits(text, {})


def _first(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")
