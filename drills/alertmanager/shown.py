"""What the API shows: alerts, silences and status as /api/v2 writes them."""

from typing import TypeAlias

from drills.alertmanager.alerts import Alert, milliseconds
from drills.alertmanager.config import document, routed
from drills.alertmanager.matchers import Matcher, Operator
from drills.alertmanager.member import Alertmanager
from drills.alertmanager.silences import Silence

Shown: TypeAlias = dict[str, object]


def alert(one: Alert, member: Alertmanager) -> Shown:
    """Show an alert as a gettableAlert."""
    muting = member.silences.muting(one.labels, member.now())
    receivers = [options.receiver for options in routed(member.config.route, one.labels)]
    return {
        "annotations": dict(one.annotations),
        "endsAt": milliseconds(one.ends_at),
        "fingerprint": one.fingerprint,
        "receivers": [{"name": name} for name in receivers],
        "startsAt": milliseconds(one.starts_at),
        "status": {
            "inhibitedBy": [],
            "silencedBy": muting,
            "state": "suppressed" if muting else "active",
        },
        "updatedAt": milliseconds(one.updated_at),
        "labels": dict(one.labels),
        **({"generatorURL": one.generator_url} if one.generator_url else {}),
    }


def silence(one: Silence, member: Alertmanager) -> Shown:
    """Show a silence as a gettableSilence."""
    return {
        "id": one.id,
        "status": {"state": one.state(member.now()).value},
        "updatedAt": milliseconds(one.updated_at),
        "comment": one.comment,
        "createdBy": one.created_by,
        "endsAt": milliseconds(one.ends_at),
        "matchers": [_matcher(it) for it in one.matchers],
        "startsAt": milliseconds(one.starts_at),
    }


def status(member: Alertmanager) -> Shown:
    """Show /api/v2/status; the version is the one whose behaviour is kept here."""
    return {
        "cluster": {"name": member.name, "peers": [], "status": "ready"},
        "config": {"original": document(member.config, secrets=False)},
        "uptime": milliseconds(member.started),
        "versionInfo": {
            "branch": "rehearsal",
            "buildDate": "",
            "buildUser": "",
            "goVersion": "",
            "revision": "",
            "version": "0.25.0",
        },
    }


def _matcher(one: Matcher) -> Shown:
    return {
        "isEqual": one.operator in (Operator.EQUAL, Operator.REGEX),
        "isRegex": one.operator in (Operator.REGEX, Operator.NOT_REGEX),
        "name": one.name,
        "value": one.value,
    }
