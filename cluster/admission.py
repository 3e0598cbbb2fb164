"""The admission policy that holds the writer to sizes within bounds and to known images.

Rights cannot tell a rollback from an attack: who may patch a Deployment may patch all of it. The
policy reads a ConfigMap of the namespace, `triaged-bounds`, that the writer may not write.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cluster import engine_flags
from cluster.jobs import policy as of_jobs
from cluster.jobs.template import Template
from cluster.rights import EVERYWHERE, Right
from cluster.roles import BOUNDS, WRITER, Document, Install, rules, subject

POLICY: Final = "triaged-writer"
NODES: Final = "triaged-writer-nodes"
GIT: Final = "triaged-writer-git"
RECONCILES: Final = frozenset({"applications", "kustomizations", "helmreleases"})
"""What these say is rolled out by somebody with more rights: of them the writer sets one switch."""
API: Final = "admissionregistration.k8s.io/v1"
LEAST, MOST = 1, 16
"""What a new parameter object allows; the highest is a guess that somebody has to judge."""

# Without `dyn` the compiler takes a note, which is a text, for the first thing that `int` takes.
SIZES: Final = """\
[object, oldObject].map(o, request.?subResource.orValue('') == 'scale'
  ? {'replicas': o.spec.?replicas.orValue(0)}
  : {?'replicas': o.spec.?replicas,
     ?'prefill': o.spec.?prefill.?replicas,
     ?'minReplicas': o.spec.?minReplicas,
     ?'maxReplicas': o.spec.?maxReplicas,
     ?'minReplicaCount': o.spec.?minReplicaCount,
     ?'maxReplicaCount': o.spec.?maxReplicaCount,
     ?'scaling.min': o.spec.?scaling.?minReplicas,
     ?'scaling.max': o.spec.?scaling.?maxReplicas,
     ?'prefill.min': o.spec.?prefill.?scaling.?minReplicas,
     ?'prefill.max': o.spec.?prefill.?scaling.?maxReplicas,
     ?'held': o.metadata.?annotations[?'autoscaling.keda.sh/paused-replicas']
       .optMap(n, dyn(int(dyn(n))))})"""
ROLES: Final = """\
[object, oldObject].map(o, o.spec.?roles.orValue([])
  .map(r, r.?spec.?replicas.orValue(1)))"""
PODS: Final = """\
[object, oldObject].map(o,
  request.resource.resource == 'pods' ? [o.spec] :
  request.resource.resource == 'llminferenceservices'
    ? [?o.spec.?template, ?o.spec.?worker,
       ?o.spec.?prefill.?template, ?o.spec.?prefill.?worker]
    : [?o.spec.?template.?spec,
       ?o.spec.?leaderWorkerTemplate.?leaderTemplate.?spec,
       ?o.spec.?leaderWorkerTemplate.?workerTemplate.?spec])"""
CONTAINERS: Final = """\
variables.pods.map(s, s.map(p,
  p.?containers.orValue([]) + p.?initContainers.orValue([])))"""
EXECUTED: Final = """\
variables.containers.map(s, s.map(p, p.map(c, [
  c.?lifecycle.?postStart.?exec, c.?lifecycle.?preStop.?exec,
  c.?startupProbe.?exec, c.?livenessProbe.?exec, c.?readinessProbe.?exec]
  .filter(x, x.hasValue()).map(x, [c.?name, x]))))"""
"""What hooks and probes of a container execute, with its name."""
POWER: Final = """\
variables.pods.map(s, s.map(p, [
  p.?serviceAccountName, p.?hostNetwork, p.?hostPID, p.?hostIPC, p.?securityContext]))"""
KEPT: Final = """\
[object, oldObject].map(o, [
  o.metadata.?finalizers, o.metadata.?ownerReferences, o.spec.?selector,
  o.spec.?scaleTargetRef, o.spec.?workloadRef])"""
TEMPLATES: Final = """\
[object, oldObject].map(o,
  o.spec.?roles.orValue([]).map(r, r.?spec.?leaderWorkerTemplate))"""

WITHIN: Final = """\
variables.sizes[0].all(k,
  variables.sizes[1][?k] == optional.of(variables.sizes[0][k])
  || (variables.sizes[0][k] >= int(params.data.least)
    && variables.sizes[0][k] <= int(params.data.most)))
&& variables.roles[0].all(n, n in variables.roles[1]
  || (n >= int(params.data.least) && n <= int(params.data.most)))"""
IMAGES: Final = """\
variables.containers[0] == variables.containers[1]
|| variables.containers[0].all(s, s.all(c,
  !has(c.image) || c.image in params.data[?'images'].orValue('').split('\\n')))"""
LINES: Final = """\
variables.containers[0].map(s, s.map(c,
  (c.?command.orValue([]) + c.?args.orValue([])).join(' ')))"""
ARGUMENTS: Final = f"""\
variables.containers[0] == variables.containers[1]
|| variables.lines.all(s, s.all(l,
  l in params.data[?'arguments'].orValue('').split('\\n')
  || (l + ' ').findAll('{engine_flags.FREE} |[^ ]* ')
    .filter(t, !t.matches('^{engine_flags.FREE} $')).join('').trim()
    in params.data[?'arguments'].orValue('').split('\\n')))"""
"""Flags that may be set are left out, as `cluster.snapshots.known` leaves them out."""
NO_MORE: Final = """\
variables.power[0] == variables.power[1]
&& variables.pods[0].all(p, p.?volumes.orValue([]).all(v,
  !(has(v.hostPath) || has(v.secret) || has(v.projected))
  || variables.pods[1].exists(w, v in w.?volumes.orValue([]))))
&& variables.containers[0].all(s, s.all(c, !has(c.securityContext)
  || variables.containers[1].exists(w, w.exists(d,
    has(d.securityContext) && d.securityContext == c.securityContext))))"""
SAME_HOOKS: Final = """\
variables.executed[0].all(s, s.all(c, c.all(x,
  variables.executed[1].exists(t, t.exists(d, x in d)))))"""

SWITCHED: Final = """\
[object, oldObject].all(o, o.all(k, k in ['metadata', 'spec']
  || (k in object && k in oldObject && object[k] == oldObject[k])))
&& [object, oldObject].all(o, o.spec.all(k, k == 'suspend'
  || (k in object.spec && k in oldObject.spec && object.spec[k] == oldObject.spec[k])))
&& variables.notes.all(o, o.all(k,
  k == 'argocd.argoproj.io/skip-reconcile' || k.startsWith('triaged.dev/')
  || (k in variables.notes[0] && k in variables.notes[1]
    && variables.notes[0][k] == variables.notes[1][k])))
&& object.metadata.?labels == oldObject.metadata.?labels
&& object.metadata.?finalizers == oldObject.metadata.?finalizers
&& object.metadata.?ownerReferences == oldObject.metadata.?ownerReferences"""


def documents(
    rights: Iterable[Right], install: Install, jobs: Sequence[Template] = ()
) -> Sequence[Document]:
    """Return policies, bindings and parameter objects of each namespace, for what the writer may.

    It may create Jobs of these templates alone.
    """
    rights = frozenset(rights)
    writes = sorted({each for each in rights if not each.reads and each.verb == "patch"})
    inside = [each for each in writes if each.namespace != EVERYWHERE]
    nodes = [each for each in writes if each.namespace == EVERYWHERE]
    found: list[Document] = [_bounds(each) for each in install.namespaces]
    if inside:
        found += [_policy(inside, install), _binding(install)]
    if nodes:
        found += [_of_nodes(install), _bound(NODES)]
    if git := [each for each in inside if each.resource in RECONCILES]:
        found += [_of_git(git, install), _bound(GIT)]
    if any((each.verb, each.resource) == ("create", "jobs") for each in rights):
        found += of_jobs.documents(jobs, install)
    return found


def _policy(rights: Sequence[Right], install: Install) -> Document:
    return _headed(
        "ValidatingAdmissionPolicy",
        POLICY,
        {
            "failurePolicy": "Fail",
            "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "matchConstraints": {"resourceRules": _matched(rights)},
            "matchConditions": _ours(install),
            "variables": [
                {"name": name, "expression": expression}
                for name, expression in (
                    ("sizes", SIZES),
                    ("roles", ROLES),
                    ("pods", PODS),
                    ("containers", CONTAINERS),
                    ("lines", LINES),
                    ("executed", EXECUTED),
                    ("power", POWER),
                    ("kept", KEPT),
                    ("templates", TEMPLATES),
                )
            ],
            "validations": [
                _rule(WITHIN, f"a size is not within the bounds of ConfigMap {BOUNDS}"),
                _rule(IMAGES, f"an image is not among those of ConfigMap {BOUNDS}"),
                _rule(ARGUMENTS, f"arguments are not among those of ConfigMap {BOUNDS}"),
                _rule(NO_MORE, "pods would be allowed more than before"),
                _rule(SAME_HOOKS, "a hook or probe would execute what it did not before"),
                _rule(
                    "variables.kept[0] == variables.kept[1]",
                    "owner, finalizers, selector or what is scaled would change",
                ),
                _rule(
                    "variables.templates[0] == variables.templates[1]",
                    "the template of a role would change",
                ),
            ],
        },
    )


def _binding(install: Install) -> Document:
    names = {
        "key": "kubernetes.io/metadata.name",
        "operator": "In",
        "values": list(install.namespaces),
    }
    return _headed(
        "ValidatingAdmissionPolicyBinding",
        POLICY,
        {
            "policyName": POLICY,
            "validationActions": ["Deny"],
            "paramRef": {"name": BOUNDS, "parameterNotFoundAction": "Deny"},
            "matchResources": {"namespaceSelector": {"matchExpressions": [names]}},
        },
    )


def _bounds(namespace: str) -> Document:
    """Return a parameter object that knows no image yet: the snapshot identity adds them.

    What is applied again must not take them away, so it names neither `images` nor `arguments`.
    """
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": BOUNDS, "namespace": namespace},
        "data": {"least": str(LEAST), "most": str(MOST)},
    }


def _of_nodes(install: Install) -> Document:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"]}
    same = "[object, oldObject].map(o, [o.metadata.?labels, o.spec.?taints, o.spec.?podCIDR])"
    return _headed(
        "ValidatingAdmissionPolicy",
        NODES,
        {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{**rule, "resources": ["nodes"]}]},
            "matchConditions": _ours(install),
            "variables": [{"name": "same", "expression": same}],
            "validations": [
                _rule(
                    "variables.same[0] == variables.same[1]", "a node is cordoned and nothing else"
                )
            ],
        },
    )


def _of_git(rights: Sequence[Right], install: Install) -> Document:
    """Return the policy of what brings objects back to Git, in whichever namespace it stands."""
    notes = "[object, oldObject].map(o, o.metadata.?annotations.orValue({}))"
    return _headed(
        "ValidatingAdmissionPolicy",
        GIT,
        {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": _matched(rights)},
            "matchConditions": _ours(install),
            "variables": [{"name": "notes", "expression": notes}],
            "validations": [_rule(SWITCHED, "what reconciles is suspended and nothing else")],
        },
    )


def _bound(policy: str) -> Document:
    """Return a binding that holds in every namespace."""
    spec = {"policyName": policy, "validationActions": ["Deny"]}
    return _headed("ValidatingAdmissionPolicyBinding", policy, spec)


def _matched(rights: Sequence[Right]) -> Sequence[Document]:
    return [
        {
            "apiGroups": each["apiGroups"],
            "apiVersions": ["*"],
            "operations": ["UPDATE"],
            "resources": each["resources"],
        }
        for each in rules(rights, {})
    ]


def _ours(install: Install) -> Sequence[Document]:
    ours = f"request.userInfo.username == '{subject(WRITER, install)}'"
    return [{"name": "the-writer", "expression": ours}]


def _rule(expression: str, message: str) -> Document:
    return {"expression": expression, "message": f"triaged: {message}"}


def _headed(kind: str, name: str, spec: Mapping[str, object]) -> Document:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}
