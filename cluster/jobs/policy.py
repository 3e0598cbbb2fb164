"""The admission policy that lets the writer create Jobs of the templates, and no others."""

from collections.abc import Sequence
from typing import Final

from cluster.jobs.template import Template
from cluster.jobs.written import TEMPLATE
from cluster.roles import WRITER, Document, Install, subject

POLICY: Final = "triaged-writer-jobs"
KNOWN: Final = "triaged-jobs"
"""The ConfigMap of a namespace with its templates; triaged's writer may not write it."""
ENVIRONMENT: Final = ".environment"
API: Final = "admissionregistration.k8s.io/v1"

SAID: Final = """\
'image ' + variables.script.image + '\\n'
+ 'account ' + variables.pod.?serviceAccountName.orValue('default') + '\\n'
+ variables.script.?command.orValue([]).map(c, string(size(c)) + ' ' + c).join('\\n')"""
KNOWS: Final = f"""\
params.?data[?variables.name].orValue('') == variables.said
&& object.spec.template.metadata.?labels[?'{TEMPLATE}'].orValue('') == variables.name"""
VALUES: Final = f"""\
variables.script.?env.orValue([]).all(e, !has(e.valueFrom) && e.name in
  params.?data[?(variables.name + '{ENVIRONMENT}')].orValue('').split('\\n'))
&& !has(variables.script.envFrom) && !has(variables.script.args)"""
ONE: Final = """\
variables.pod.containers.size() == 1 && !has(variables.pod.initContainers)
&& object.spec.?parallelism.orValue(1) <= 1 && object.spec.?completions.orValue(1) <= 1
&& object.spec.?backoffLimit.orValue(6) == 0
&& has(object.spec.activeDeadlineSeconds) && has(object.spec.ttlSecondsAfterFinished)
&& !has(object.metadata.ownerReferences) && !has(object.metadata.finalizers)
&& object.spec.template.metadata.?labels.orValue({}).all(k,
  k.startsWith('batch.kubernetes.io/') || k.startsWith('triaged.dev/')
  || k in ['controller-uid', 'job-name'])"""
NODE: Final = """\
!has(variables.pod.volumes) && !has(variables.script.volumeMounts)
&& !has(variables.script.volumeDevices)
&& !variables.pod.?hostNetwork.orValue(false) && !variables.pod.?hostPID.orValue(false)
&& !variables.pod.?hostIPC.orValue(false)
&& !has(variables.pod.nodeName) && !has(variables.pod.tolerations)
&& !has(variables.pod.priorityClassName) && !has(variables.pod.runtimeClassName)
&& !has(variables.pod.imagePullSecrets) && !has(variables.pod.resourceClaims)
&& !has(variables.script.lifecycle) && !has(variables.script.livenessProbe)
&& !has(variables.script.readinessProbe) && !has(variables.script.startupProbe)
&& variables.script.?ports.orValue([]).all(p, !has(p.hostPort))
&& variables.script.resources.?limits.orValue({}).all(k, k in ['cpu', 'memory'])
&& has(variables.script.resources.limits)"""
POWER: Final = """\
variables.secure.?allowPrivilegeEscalation.orValue(true) == false
&& !variables.secure.?privileged.orValue(false)
&& variables.secure.?capabilities.?drop.orValue([]) == ['ALL']
&& variables.secure.?capabilities.?add.orValue([]).size() == 0
&& variables.secure.?seccompProfile.?type.orValue('') == 'RuntimeDefault'
&& !has(variables.secure.runAsUser) && !has(variables.secure.runAsGroup)
&& !has(variables.secure.seLinuxOptions) && !has(variables.secure.procMount)
&& !has(variables.secure.appArmorProfile) && !has(variables.secure.windowsOptions)
&& (!has(variables.pod.securityContext) || [
  has(variables.pod.securityContext.runAsUser), has(variables.pod.securityContext.runAsGroup),
  has(variables.pod.securityContext.fsGroup), has(variables.pod.securityContext.sysctls),
  has(variables.pod.securityContext.supplementalGroups),
  has(variables.pod.securityContext.seLinuxOptions),
  has(variables.pod.securityContext.seccompProfile),
  has(variables.pod.securityContext.appArmorProfile),
  has(variables.pod.securityContext.windowsOptions)].all(one, !one))
&& (variables.pod.?serviceAccountName.orValue('default') != 'default'
  || variables.pod.?automountServiceAccountToken.orValue(true) == false)"""


def documents(templates: Sequence[Template], install: Install) -> Sequence[Document]:
    """Return the policy, its binding, and what each namespace may run."""
    known = [_known(namespace, templates) for namespace in install.namespaces]
    return [*known, _policy(install), _binding()]


def _known(namespace: str, templates: Sequence[Template]) -> Document:
    """Return the parameter object of a namespace; without templates it allows no Job."""
    data = {
        name: text
        for each in templates
        if namespace in each.namespaces
        for name, text in (
            (each.name, _said(each)),
            (f"{each.name}{ENVIRONMENT}", "\n".join(one.name for one in each.parameters)),
        )
    }
    meta = {"name": KNOWN, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def _said(template: Template) -> str:
    """Return what the policy compares; with its length no word can be taken for two."""
    words = (f"{len(word)} {word}" for word in template.command)
    return "\n".join((f"image {template.image}", f"account {template.account}", *words))


def _policy(install: Install) -> Document:
    ours = f"request.userInfo.username == '{subject(WRITER, install)}'"
    variables = (
        ("name", f"object.metadata.?labels[?'{TEMPLATE}'].orValue('')"),
        ("pod", "object.spec.template.spec"),
        ("script", "variables.pod.containers[0]"),
        ("secure", "variables.script.securityContext"),
        ("said", SAID),
    )
    rules = (
        (KNOWS, f"image, account and command are of no template of ConfigMap {KNOWN}"),
        (VALUES, "a Job takes values of its template's parameters and nothing else"),
        (ONE, "a Job has one pod, once, that nothing else selects, and an end"),
        (NODE, "a Job reaches nothing of its node, and takes no more than processors and memory"),
        (POWER, "a Job has no more power than a template gives"),
    )
    return {
        "apiVersion": API,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": POLICY},
        "spec": {
            "failurePolicy": "Fail",
            "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["batch"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["jobs"],
                    }
                ]
            },
            "matchConditions": [{"name": "the-writer", "expression": ours}],
            "variables": [{"name": one, "expression": text} for one, text in variables],
            "validations": [
                {"expression": text, "message": f"triaged: {why}"} for text, why in rules
            ],
        },
    }


def _binding() -> Document:
    """Return the binding: its parameter object is that of the request's namespace."""
    return {
        "apiVersion": API,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": POLICY},
        "spec": {
            "policyName": POLICY,
            "validationActions": ["Deny"],
            "paramRef": {"name": KNOWN, "parameterNotFoundAction": "Deny"},
        },
    }
