"""`triaged doctor`: whether what triaged needs is there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Final

from cyclopts import Parameter

from bot.app.cli.output import Json, counted, show, table
from bot.app.cli.rbac import Namespaces
from bot.app.rights_in_force import Needed, every_write, in_force
from bot.app.settings import PREFIX, load
from cluster.rights import EVERYWHERE, HOME, Allows, Right
from cluster.roles import BOUNDS, RBAC
from incidents.errors import Rejected

Cluster = Annotated[
    bool, Parameter(name="--cluster", negative="", help="Ask the cluster what triaged may do.")
]
Reader = Annotated[
    bool,
    Parameter(name="--reader", negative="", help="It is the reader's token: it may write nothing."),
]


def _right(verb: str, resource: str, group: str = "", namespace: str = HOME) -> Right:
    return Right(group=group, resource=resource, verb=verb, namespace=namespace)


MUST_NOT: Final = (
    *(_right(verb, "secrets") for verb in ("get", "list")),
    *(_right("create", f"pods/{sub}") for sub in ("exec", "attach", "portforward")),
    *(_right("impersonate", whom, namespace=EVERYWHERE) for whom in ("users", "groups")),
    _right("impersonate", "serviceaccounts"),
    _right("create", "serviceaccounts/token"),
    *(_right(verb, "roles", RBAC) for verb in ("bind", "escalate")),
    _right("create", "rolebindings", RBAC),
    _right("create", "pods"),
    *(_right(verb, "deployments", "apps") for verb in ("create", "delete")),
    _right("*", "*", "*"),
    _right("*", "*", "*", EVERYWHERE),
)
"""Nothing of triaged needs any of these, and each of them leads to all the others."""
WIDER: Final = _right("patch", "configmaps")
"""Whoever may write the ConfigMap of the bounds is held by none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the cluster says of one right in one namespace; `whom` is what needs it."""

    right: Right
    namespace: str
    whom: str = ""

    def plain(self) -> Mapping[str, str]:
        """Return it as JSON has it."""
        return {"right": str(self.right), "namespace": self.namespace, "needed by": self.whom}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is missing and what is too much, of so many rights that were asked for."""

    asked: int
    missing: tuple[Told, ...]
    too_much: tuple[Told, ...]


def doctor(
    *,
    cluster: Cluster = False,
    namespace: Namespaces = None,
    reader: Reader = False,
    as_json: Json = False,
) -> None:
    """Say which rights are missing, and which are more than is needed; changes nothing.

    It fails where there is anything to say.
    """
    if not cluster:
        message = "say what to look at: --cluster"
        raise Rejected(message)
    settings = load()
    needed = in_force(settings)
    namespaces = tuple(dict.fromkeys(namespace or needed.namespaces))
    if not namespaces:
        message = "say --namespace: environments.yaml names none"
        raise Rejected(message)
    # Imported here: the cluster's clients take a second to load, and only this needs them.
    from bot.app.reach import allows  # noqa: PLC0415  # see above

    with ExitStack() as closing:
        asking = allows(settings, closing=closing)
        if asking is None:
            message = f"no cluster: set {PREFIX}KUBERNETES_URL or {PREFIX}KUBECONFIG"
            raise Rejected(message)
        found = examine(asking, needed, namespaces, reader=reader)
    _show(found, as_json=as_json)


def examine(asking: Allows, needed: Needed, namespaces: Sequence[str], *, reader: bool) -> Examined:
    """Ask for each right, once where it is the same in every namespace."""
    wanted = {each for each in needed.all() if each.reads or not reader}
    unwanted = {*MUST_NOT, *(every_write() - wanted)}
    missing, too_much, asked = [], [], 0
    for right, where in (*_asked(wanted, namespaces), *_asked(unwanted, namespaces)):
        asked += 1
        may = asking.allowed(right, namespace=where)
        if right in wanted and not may:
            missing.append(Told(right=right, namespace=where, whom=_whom(right, needed)))
        if right in unwanted and may:
            too_much.append(Told(right=right, namespace=where))
    for where in namespaces:
        asked += 1
        if asking.allowed(WIDER, namespace=where, name=BOUNDS):
            too_much.append(Told(right=WIDER, namespace=where))
    return Examined(asked=asked, missing=tuple(missing), too_much=tuple(too_much))


def _asked(rights: set[Right], namespaces: Sequence[str]) -> Iterator[tuple[Right, str]]:
    for right in sorted(rights):
        elsewhere = "" if right.namespace == EVERYWHERE else right.namespace
        places = namespaces if right.namespace == HOME else (elsewhere,)
        yield from ((right, where) for where in places)


def _whom(right: Right, needed: Needed) -> str:
    return ", ".join(name for name, rights in needed.rights.items() if right in rights)


def _show(found: Examined, *, as_json: bool) -> None:
    plain = {
        "asked": found.asked,
        "missing": [each.plain() for each in found.missing],
        "too_much": [each.plain() for each in found.too_much],
    }
    show(plain, _lines(found), as_json=as_json)
    wrong = len(found.missing) + len(found.too_much)
    if wrong:
        message = f"{counted(wrong, 'right is', 'rights are')} not as they should be"
        raise Rejected(message)


def _lines(found: Examined) -> Iterator[str]:
    rows = [
        *(("missing", each.namespace, str(each.right), each.whom) for each in found.missing),
        *(("too much", each.namespace, str(each.right), "") for each in found.too_much),
    ]
    yield from table(rows)
    yield (
        f"{counted(found.asked, 'right', 'rights')} asked for:"
        f" {len(found.missing)} missing, {len(found.too_much)} too much"
    )
