"""Who asks, and whether they may: bearer tokens and the verbs of RBAC."""

from collections.abc import Mapping
from dataclasses import dataclass

from drills.kubernetes import refusals
from drills.kubernetes.refusals import Refusal
from drills.kubernetes.resources import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user and what they may do: `patch deployments/scale`, `get *`, or `*`."""

    name: str
    may: frozenset[str]


def identify(authorization: str, tokens: Mapping[str, User] | None) -> User | None:
    """Return whose token it is; None when the cluster asks for none. Raises Refusal 401."""
    if tokens is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme != "Bearer" or token not in tokens:
        raise refusals.unauthorized()
    return tokens[token]


def authorize(user: User | None, verb: str, address: Address) -> None:
    """Let pass what the user may do; raises Refusal 403 otherwise."""
    resource, sub = address.resource, address.subresource
    what = f"{resource.plural}/{sub}" if sub else resource.plural
    if user is None or user.may & {"*", f"{verb} *", f"{verb} {what}"}:
        return
    where = (
        f' in the namespace "{address.namespace}"' if address.namespace else " at the cluster scope"
    )
    named = f'{resource.qualified} "{address.name}"' if address.name else resource.qualified
    message = (
        f'{named} is forbidden: User "{user.name}" cannot {verb} resource "{what}" '
        f'in API group "{resource.group}"{where}'
    )
    details = {"name": address.name, "group": resource.group, "kind": resource.plural}
    raise Refusal(403, "Forbidden", message, {key: it for key, it in details.items() if it})
