"""What is printed grants exactly what is needed, and never what leads to everything else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster import admission, roles
from cluster.actions.registry import actions
from cluster.clients import kinds
from cluster.rights import EVERYWHERE, HOME, Right, deletes, evicts, gets, lists, patches
from cluster.roles import READER, WRITER, Document, Install
from incidents.errors import Rejected

INSTALL = Install(home="triaged", namespaces=("llm-d", "llm-e"))
KNOWN = sorted(
    {
        *gets(*kinds.ALL),
        *lists(*kinds.ALL),
        *patches(*(kind for kind in kinds.ALL if kind.namespaced)),
        *patches(kinds.NODE),
        *patches(*kinds.WORKLOADS, subresource="scale"),
        *evicts(kinds.POD),
        *deletes(kinds.POD),
        *gets(kinds.APPLICATION, namespaces=("argocd",)),
    }
)
Body = Mapping[str, Any]  # Any: as the API has it


def granted(documents: Sequence[Document], account: str) -> set[tuple[Right, str]]:
    """Return what an account may do, and in which namespace; no name of an object matters here."""
    found: dict[tuple[str, str], Body] = {}
    for each in documents:
        meta: Body = each["metadata"]  # type: ignore[assignment]  # a mapping
        found[str(each["kind"]), f"{meta.get('namespace', '')}/{meta['name']}"] = each
    return {
        (one, one.namespace)
        for (kind, where), binding in found.items()
        if kind.endswith("RoleBinding")
        and account in {each["name"] for each in binding["subjects"]}
        for one in _of(found[kind.removesuffix("Binding"), where], where.partition("/")[0])
    }


def _of(role: Body, namespace: str) -> Iterator[Right]:
    for rule in role["rules"]:
        for resource in rule["resources"]:
            for verb in rule["verbs"]:
                (group,) = rule["apiGroups"]
                place = namespace or EVERYWHERE
                yield Right(group=group, resource=resource, verb=verb, namespace=place)


def meant(rights: set[Right]) -> set[tuple[Right, str]]:
    """Return the same rights with the namespaces that they are in."""
    return {
        (Right(group=one.group, resource=one.resource, verb=one.verb, namespace=where), where)
        for one in rights
        for where in (INSTALL.namespaces if one.namespace == HOME else (one.namespace,))
    }


@given(st.sets(st.sampled_from(KNOWN)))
def test_roles_grant_what_was_asked_for_and_nothing_else(rights: set[Right]) -> None:
    """Rules are put together to be short; together they must not say more than apart."""
    made = roles.documents(rights, INSTALL)

    assert granted(made, WRITER) == meant(rights)
    assert granted(made, READER) == meant({each for each in rights if each.reads})


@pytest.mark.parametrize(
    "right",
    [
        Right(group="", resource="secrets", verb="get"),
        Right(group="", resource="pods/exec", verb="create"),
        Right(group="", resource="users", verb="impersonate", namespace=EVERYWHERE),
        Right(group="", resource="serviceaccounts/token", verb="create"),
        Right(group="apps", resource="deployments", verb="*"),
        Right(group="apps", resource="*", verb="get"),
        Right(group="*", resource="pods", verb="get"),
        Right(group="", resource="persistentvolumes", verb="patch", namespace=EVERYWHERE),
    ],
    ids=str,
)
def test_what_leads_to_everything_is_never_granted(right: Right) -> None:
    """An action that asks for it is refused where its role is made, not found out afterwards."""
    with pytest.raises(Rejected, match="never asks for"):
        roles.documents({right}, INSTALL)


@pytest.mark.parametrize("name", sorted(actions()))
def test_no_action_asks_for_what_is_never_granted(name: str) -> None:
    """Also not one that is added tomorrow."""
    rights = actions()[name].rights

    roles.documents(rights, INSTALL)
    assert {one.resource for one in rights if one.namespace == EVERYWHERE and not one.reads} <= {
        "nodes"
    }


def test_nothing_is_written_in_the_cluster_without_an_action_on_nodes() -> None:
    """A ClusterRole for the writer is there for cordon alone."""
    without = roles.documents(patches(kinds.DEPLOYMENT), INSTALL)
    cordon = roles.documents(patches(kinds.NODE), INSTALL)

    assert [one for one in without if one["kind"] == "ClusterRole"] == []
    (role,) = [one for one in cordon if one["kind"] == "ClusterRole"]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["patch"]}]


def test_only_named_objects_may_be_written() -> None:
    """Where the workloads are known, the writer needs no other one."""
    only = Install(home="triaged", namespaces=("llm-d",), only={"deployments": ("decode",)})
    rights = (*patches(kinds.DEPLOYMENT, kinds.GROUPS, subresource="scale"), *evicts(kinds.POD))
    made = roles.documents(rights, only)

    (role,) = [one for one in made if one["kind"] == "Role" and _name(one) == WRITER]

    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
        {
            "apiGroups": ["apps"],
            "resources": ["deployments/scale"],
            "resourceNames": ["decode"],
            "verbs": ["patch"],
        },
    ]


def test_the_policy_looks_at_everything_that_may_be_patched() -> None:
    """A kind that is written and not looked at would be a hole in it."""
    rights = {right for each in actions().values() for right in each.rights}
    made = admission.documents(rights, INSTALL)

    (policy,) = [
        one for one in made if _name(one) == admission.POLICY and "Binding" not in str(one["kind"])
    ]

    spec: Body = policy["spec"]  # type: ignore[assignment]  # a mapping
    looked_at = {
        (rule["apiGroups"][0], resource)
        for rule in spec["matchConstraints"]["resourceRules"]
        for resource in rule["resources"]
    }
    patched = {
        (one.group, one.resource)
        for one in rights
        if one.verb == "patch" and one.namespace != EVERYWHERE
    }
    assert looked_at == patched


def _name(document: Document) -> str:
    meta: Body = document["metadata"]  # type: ignore[assignment]  # a mapping
    return str(meta["name"])
