"""`triaged drift`: where the live clusters are not what environments.yaml says."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Annotated, Final

from cyclopts import Parameter

from bot.app import reach
from bot.app.cli.output import Json, counted, show, table
from bot.app.configuration_shapes import ENVIRONMENTS
from bot.app.configuration_usable import usable
from bot.app.redaction import without_secrets
from bot.app.settings import PREFIX, load
from cluster.drift.comparing import compare
from cluster.drift.findings import Finding, Unknown, Verdict, Written
from cluster.drift.intended import Place
from cluster.drift.live import Live
from cluster.drift.looking import Looking
from incidents.errors import Rejected, Unavailable

NOBODY: Final = "by whom cannot be told"

Only = Annotated[str, Parameter(name="--environment", help="Look at this environment alone.")]
Check = Annotated[bool, Parameter(name="--check", negative="", help="Fail unless all is right.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A workload in its place, and all that was compared of it; no `name` where it is not found."""

    place: Place
    name: str
    findings: tuple[Finding, ...]

    def of(self, verdict: Verdict) -> Sequence[Finding]:
        """Return the findings of one verdict."""
        return [one for one in self.findings if one.verdict is verdict]


def drift(*, environment: Only = "", check: Check = False, as_json: Json = False) -> None:
    """Compare what environments.yaml intends with what is there; changes nothing.

    With --check the command fails where anything differs or cannot be told.
    """
    settings = load()
    intended = usable(settings.config, needed=(ENVIRONMENTS,)).environments
    places = _chosen(intended.places, environment)
    with ExitStack() as closing:
        found = _look(reach.looking(settings, closing=closing), places) if places else ()
    show(_plain(found), _lines(found), as_json=as_json)
    wrong = sum(one.verdict is not Verdict.AS_INTENDED for each in found for one in each.findings)
    if check and wrong:
        message = f"{counted(wrong, 'thing is', 'things are')} not known to be as intended"
        raise Rejected(message)


def _chosen(places: Sequence[Place], environment: str) -> Sequence[Place]:
    found = [one for one in places if environment in {"", one.environment}]
    if environment and not found:
        known = ", ".join(dict.fromkeys(one.environment for one in places)) or "none"
        message = f"{ENVIRONMENTS} has no workload in {environment!r}; there are: {known}"
        raise Rejected(message)
    return found


def _look(looking: Looking | None, places: Sequence[Place]) -> Sequence[Compared]:
    """Return what was compared.

    Raises Unavailable as soon as something could not be asked for now and nothing was told yet: a
    person does not wait for one deadline after the other.
    """
    if looking is None:
        message = f"no cluster: set {PREFIX}KUBERNETES_URL or {PREFIX}KUBECONFIG"
        raise Rejected(message)
    found = list[Compared]()
    for place in places:
        found.append(_compared(place, looking.at(place)))
        if looking.away and not any(_told(one) for one in found):
            raise Unavailable(looking.away[0])
    return found


def _told(compared: Compared) -> bool:
    return any(one.verdict is not Verdict.CANNOT_TELL for one in compared.findings)


def _compared(place: Place, live: Live | Unknown) -> Compared:
    name = live.name if isinstance(live, Live) else ""
    findings = tuple(_shown(one) for one in compare(place.workload, live))
    return Compared(place=place, name=name, findings=findings)


def _shown(one: Finding) -> Finding:
    """Return it without what looks like a secret: command lines and images are foreign text."""
    return replace(one, live=without_secrets(one.live), because=without_secrets(one.because))


def _plain(found: Sequence[Compared]) -> Mapping[str, object]:
    return {
        "workloads": [
            {
                "environment": one.place.environment,
                "cluster": one.place.cluster,
                "namespace": one.place.namespace,
                "role": one.place.workload.role,
                "model": one.place.workload.model.name,
                "where": one.place.workload.where,
                "workload": one.name or None,
                "findings": [_finding(each) for each in one.findings],
            }
            for one in found
        ],
        **{verdict.name.lower(): _number(found, verdict) for verdict in Verdict},
    }


def _finding(one: Finding) -> Mapping[str, object]:
    by = one.written
    return {
        "what": one.what,
        "verdict": one.verdict.value,
        "intended": one.intended,
        "live": one.live,
        "thing": one.thing,
        "because": one.because,
        "by": by.by if by else None,
        "at": by.at if by else None,
    }


def _lines(found: Sequence[Compared]) -> Iterator[str]:
    if not found:
        yield f"{ENVIRONMENTS} names no workload: nothing is intended, so nothing can differ"
        return
    for one in found:
        place, of = one.place, one.place.workload
        named = f": {one.name}" if one.name else ""
        yield f"{place.environment}  {place.namespace}  {of}{named} ({of.where})"
        rows = [
            (verdict.value, each.what, said(each, one.name))
            for verdict, said in ((Verdict.DIFFERENT, _different), (Verdict.CANNOT_TELL, _untold))
            for each in one.of(verdict)
        ]
        alike = ", ".join(each.what for each in one.of(Verdict.AS_INTENDED))
        yield from (f"    {line}" for line in table(rows))
        if alike:
            yield f"    {Verdict.AS_INTENDED.value}: {alike}"
    yield ", ".join(f"{_number(found, one)} {one.value}" for one in Verdict)


def _different(one: Finding, workload: str) -> str:
    elsewhere = f"{one.thing}: " if one.thing not in {"", workload} else ""
    return f"{elsewhere}{one.live}; intended {one.intended}; {_by(one.written)}"


def _untold(one: Finding, workload: str) -> str:  # noqa: ARG001  # as `_different` is called
    intended = f"; intended {one.intended}" if one.intended else ""
    return f"{one.because}{intended}"


def _by(written: Written | None) -> str:
    if written is None:
        return NOBODY
    when = f", {written.at:%Y-%m-%d %H:%M} UTC at the latest" if written.at else ""
    return f"written by {written.by}{when}"


def _number(found: Sequence[Compared], verdict: Verdict) -> int:
    return sum(len(one.of(verdict)) for one in found)
