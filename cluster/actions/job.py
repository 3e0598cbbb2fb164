"""job: runs a script of a template once, in the target's namespace, with values of its parameters.

What is approved is the Job's whole spec, and that is what is created. Its name follows from the run
and step, so that a second one cannot be made, and one whose answer was lost is found.
"""

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from cluster.actions import field, setting, signature
from cluster.actions.action import Action, Parameter, Words
from cluster.actions.digest import digest_of
from cluster.actions.plan import Applied, Done, DryRunRefused, Plan, Settled
from cluster.clients import kinds, parse
from cluster.clients.objects import OwnerReference
from cluster.clients.parse import Malformed
from cluster.clients.ports import Kubernetes
from cluster.clients.refusals import Forbidden, Missing
from cluster.clients.things import Json, Thing
from cluster.jobs import templates, written
from cluster.jobs.supply import Jobs
from cluster.jobs.template import DEFAULT, Template
from cluster.rights import Right, creates, gets, lists
from cluster.targets.target import Target
from cluster.wording import short
from incidents.errors import Conflict, Rejected, TriagedError, Unavailable
from incidents.events.run import WriteRecord

NAME: Final = "job"
TEMPLATE: Final = "template"
VALUES: Final = "values"
SPEC: Final = "/spec"
LINES, SIZE, SHOWN = 20, 4096, 400
"""So much is read of a log when the Job has ended, and so many characters of its end are told."""
LOGS: Final = Right(group="", resource="pods/log", verb="get")
OF: Final = "batch.kubernetes.io/job-name"
AFTERWARDS: Final = "what the script does cannot be undone by triaged"


class Job:
    """One Job of a template."""

    name = NAME

    def __init__(self, kubernetes: Kubernetes, jobs: Jobs | None = None) -> None:
        self._kubernetes = kubernetes
        self._jobs = jobs

    def plan(self, target: Target, parameters: Mapping[str, object]) -> Plan:
        """Read the template, and ask for a dry run of exactly this Job."""
        asked = setting.given(NAME, parameters, (TEMPLATE, VALUES))
        jobs = self._given(asked.get(TEMPLATE, ""))
        template = jobs.templates.read(asked.get(TEMPLATE, ""))
        values = template.values(asked.get(VALUES, ""))
        if target.namespace not in template.namespaces:
            where = ", ".join(template.namespaces)
            message = f"{NAME} {target}: {template.name} may run in {where} alone"
            raise Rejected(message)
        self._refuse_another(target, template)
        made = _plan(target, template, values, asked)
        try:
            self._create(jobs, made, key=None)
        except Conflict as error:
            message = f"{NAME} {target}: a Job of that name came while planning"
            raise Unavailable(message) from error
        except Forbidden as error:
            said = replace(made, dry_run=f"no dry run: {error}")
            raise DryRunRefused(str(error), plan=said) from error
        return replace(made, dry_run="accepted by the API server")

    def apply(self, plan: Plan, *, key: str) -> Applied:
        """Create it once; one that is there already and is ours was made by a lost request."""
        jobs = self._given(plan.write.name)
        try:
            made = self._create(jobs, plan, key=key)
        except Conflict:
            made = self._kubernetes.thing(plan.write.namespace, _reference(plan, key))
            if made.annotations.get(field.RUN) != key:
                raise
        return Applied(resource_version=made.resource_version, detail=f"{made} was created")

    def already_done(self, plan: Plan, *, key: str) -> Done:
        """Look for the Job of this run and step, by its name and our mark."""
        try:
            found = self._kubernetes.thing(plan.write.namespace, _reference(plan, key))
        except Missing:
            return Done.NO
        except (Rejected, Unavailable):
            return Done.CANNOT_TELL
        return Done.YES if found.annotations.get(field.RUN) == key else Done.CANNOT_TELL

    def settled(self, plan: Plan) -> Settled:
        """Say whether the newest Job of this plan is complete, or why it failed.

        Raises Rejected when it is gone, Unavailable when the cluster cannot be asked.
        """
        try:
            return self._settled(plan)
        except Malformed as error:
            message = f"{NAME} {plan.target}: {error} of the Job is not as its API says"
            raise Rejected(message) from error

    def _settled(self, plan: Plan) -> Settled:
        space, selector = plan.write.namespace, f"{written.PLAN}={_mark(plan)}"
        found = self._kubernetes.things(space, kinds.JOB, selector=selector)
        if not found:
            message = f"{NAME} {plan.target}: its Job is gone"
            raise Rejected(message)
        last = max(found, key=_created)
        ended = _ended(last)
        if ended is None:
            return Settled(ready=0, wanted=1, since=None, words="the job runs")
        how = "is complete" if ended.complete else f"failed: {short(ended.reason)}"
        words = f"the job {how}; {self._tail(last)}"
        since = ended.at if ended.complete else None
        return Settled(ready=int(ended.complete), wanted=1, since=since, words=words)

    def _tail(self, job: Thing) -> str:
        """Return the end of its log in one line, or why there is none; never raises."""
        jobs = self._given(job.itself.name)
        space = job.namespace
        try:
            pods = self._kubernetes.pods(space, f"{OF}={job.itself.name}")
            if not pods:
                return "no log: it has no pod"
            name, container = pods[0].name, written.CONTAINER
            text = jobs.makes.log(space, name, container, previous=False, lines=LINES, size=SIZE)
        except TriagedError as error:
            return f"no log: {short(str(error))}"
        line = " ".join(jobs.redact(text).split())
        return f"its log ends: {short(line[-SHOWN:], SHOWN)}" if line else "its log is empty"

    def _create(self, jobs: Jobs, plan: Plan, *, key: str | None) -> Thing:
        return jobs.makes.create(
            plan.write.namespace,
            kinds.JOB,
            _body(plan, key),
            manager=field.OURS,
            dry_run=key is None,
            agent="" if key is None else signature.agent(plan.signed, key),
        )

    def _refuse_another(self, target: Target, template: Template) -> None:
        """Raise Rejected while one of the template runs: two may be in each other's way."""
        selector = f"{written.TEMPLATE}={template.name}"
        for each in self._kubernetes.things(target.namespace, kinds.JOB, selector=selector):
            if _ended(each) is None:
                message = f"{NAME} {target}: {each} of the same template still runs"
                raise Rejected(message)

    def _given(self, name: str) -> Jobs:
        if self._jobs is None:
            message = f"{NAME} {name}: no folder of templates is configured"
            raise Rejected(message)
        return self._jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How a Job came to its end."""

    complete: bool
    reason: str
    at: datetime | None


def _ended(job: Thing) -> _Ended | None:
    """Return how it ended, None while it runs."""
    for each in parse.items(parse.section(job.body, "status"), "conditions"):
        kind = parse.text(each, "type")
        if kind in ("Complete", "Failed") and parse.text(each, "status") == "True":
            at = parse.text(each, "lastTransitionTime")
            return _Ended(
                complete=kind == "Complete",
                reason=parse.text(each, "reason") or "no reason is told",
                at=datetime.fromisoformat(at) if at else None,
            )
    return None


def _created(job: Thing) -> str:
    return parse.text(parse.section(job.body, "metadata"), "creationTimestamp")


def _plan(
    target: Target, template: Template, values: Mapping[str, str], asked: Mapping[str, str]
) -> Plan:
    spec = json.dumps(written.spec(template, values), sort_keys=True, separators=(",", ":"))
    write = WriteRecord(
        api_version=kinds.JOB.api_version,
        kind=kinds.JOB.name,
        namespace=target.namespace,
        name=f"triaged-{template.name}",
        # There is none yet: it is made.
        uid="",
        subresource="",
        fields=((SPEC, spec),),
    )
    told = ", ".join(f"{name}={value}" for name, value in values.items()) or "no parameters"
    before = (("job", "none"),)
    after = (("job", f"{template.name} once with {told}"),)
    made = Plan(
        action=NAME,
        target=target,
        parameters=tuple(asked.items()),
        owner_path=(f"Job {write.name}",),
        before=before,
        after=after,
        uid=target.uid,
        resource_version="",
        inverse=(),
        kubectl="",
        dry_run="",
        warnings=tuple(_warnings(template)),
        reversible=False,
        write=write,
        digest=digest_of(
            action=NAME,
            target=target,
            before=before,
            after=after,
            owner_path=(f"Job {write.name}",),
            write=write,
        ),
    )
    return replace(made, kubectl=_kubectl(made))


def _warnings(template: Template) -> tuple[str, ...]:
    own = template.account != DEFAULT
    may = f"with the rights of account {template.account}" if own else "without any account's token"
    return (
        short(template.meaning, 200),
        short(f"it runs {shlex.join(template.command)} of {template.image}, {may}", 600),
        f"it is ended after {template.deadline} s, and never tried again",
        AFTERWARDS,
    )


def _body(plan: Plan, key: str | None) -> Json:
    notes = {field.RUN: key or f"{field.OURS}/dry-run", **signature.notes(plan.signed)}
    spec = json.loads(dict(plan.write.fields)[SPEC])
    labels = {written.TEMPLATE: _template(plan), written.PLAN: _mark(plan)}
    name = _reference(plan, key or plan.digest).name
    return {
        "apiVersion": plan.write.api_version,
        "kind": plan.write.kind,
        "metadata": {"name": name, "labels": labels, "annotations": notes},
        "spec": spec,
    }


def _template(plan: Plan) -> str:
    return plan.write.name.removeprefix("triaged-")


def _kubectl(plan: Plan) -> str:
    labels = {written.TEMPLATE: _template(plan)}
    meta = {"generateName": f"{plan.write.name}-", "labels": labels}
    body = {**_body(plan, None), "metadata": meta}
    command = shlex.join(["kubectl", "create", "-n", plan.write.namespace, "-f", "-"])
    return f"echo {shlex.quote(json.dumps(body))} | {command}"


def _reference(plan: Plan, key: str) -> OwnerReference:
    """Return where the Job of a run and step is, also before it is there."""
    name = f"{plan.write.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    return OwnerReference(kind=plan.write.kind, name=name, api_version=plan.write.api_version)


def _mark(plan: Plan) -> str:
    """Return the label of the plan's Jobs: what is created, as far as labels have room."""
    said = json.dumps([plan.target.uid, plan.write.name, plan.write.fields])
    return hashlib.sha256(said.encode()).hexdigest()[:40]


ACTION: Final = Action(
    name=NAME,
    meaning="Run a script of a template once as a Job in the target's namespace",
    parameters={
        TEMPLATE: Parameter(
            shape=Words(pattern=templates.NAMED, example="warm-cache"),
            required=True,
            meaning="Which file of the folder `jobs`, without `.yaml`",
        ),
        VALUES: Parameter(
            shape=Words(pattern=r"[^\x00-\x1f\x7f]{0,1000}", example="COUNT=3, MODE=fast"),
            default="",
            meaning="Values of the template's parameters, as `COUNT=3, MODE=fast`",
        ),
    },
    make=Job,
    jobs=Job,
    rights=tuple(
        sorted({*creates(kinds.JOB), *gets(kinds.JOB), *lists(kinds.JOB, kinds.POD), LOGS})
    ),
    stands=True,
)
