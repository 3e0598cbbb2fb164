"""SelfSubjectAccessReview: what whoever asks may do, told without trying it."""

import json
from collections.abc import Mapping

from drills.kubernetes import refusals
from drills.kubernetes.identities import User, authorize
from drills.kubernetes.objects import Object
from drills.kubernetes.refusals import Refusal
from drills.kubernetes.resources import Address, Resource

PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def answer(user: User | None, body: bytes) -> Object:
    """Return the review with its answer; raises Refusal for what is none."""
    try:
        asked = json.loads(body)["spec"]["resourceAttributes"]
    except (ValueError, KeyError, TypeError) as error:
        why = "spec.resourceAttributes: Required value"
        raise refusals.bad_request(why) from error
    status: Object = {"allowed": _allowed(user, asked)}
    return {
        "kind": "SelfSubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": {"resourceAttributes": asked},
        "status": status,
    }


def _allowed(user: User | None, asked: Mapping[str, str]) -> bool:
    """Tell whether a request like this would pass; a `*` passes for who may do everything."""
    group, plural = asked.get("group", ""), asked.get("resource", "")
    address = Address(
        resource=Resource(group=group, version="", plural=plural, kind=""),
        namespace=asked.get("namespace", ""),
        name=asked.get("name", ""),
        subresource=asked.get("subresource", ""),
    )
    try:
        authorize(user, asked.get("verb", ""), address)
    except Refusal:
        return False
    return True
