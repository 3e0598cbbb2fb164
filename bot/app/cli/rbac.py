"""`triaged rbac`: the roles, bindings and admission policy for what is switched on."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, cast

from cyclopts import Parameter

from bot.app import reach
from bot.app.cli.output import Json, show
from bot.app.rights_in_force import in_force
from bot.app.settings import load
from cluster import admission, roles
from cluster.clients import kinds
from cluster.jobs.template import Template
from cluster.rights import Right
from cluster.roles import Document, Install
from cluster.rules import yaml_text
from incidents.errors import Rejected

HOME: Final = "triaged"
BREAK: Final = "---"

Namespaces = Annotated[
    list[str] | None, Parameter(name="--namespace", help="Where models are; may be repeated.")
]
Home = Annotated[str, Parameter(name="--home", help="Where triaged itself runs.")]
Only = Annotated[
    list[str] | None,
    Parameter(name="--only", help="KIND/NAME of an object that may be written, and no other."),
]
Absent = Annotated[
    list[str] | None,
    Parameter(name="--without", help="A namespace of Argo CD or Flux that is not there."),
]


def rbac(
    *,
    namespace: Namespaces = None,
    home: Home = HOME,
    only: Only = None,
    without: Absent = None,
    as_json: Json = False,
) -> None:
    """Print what to apply so that triaged may do what is switched on, and nothing else.

    Without --namespace those of environments.yaml are taken. It asks no cluster.
    """
    settings = load()
    needed, found_jobs = in_force(settings), reach.templates(settings)
    install = Install(
        home=home,
        namespaces=tuple(dict.fromkeys(namespace or needed.namespaces)),
        only=_named(only or ()),
        absent=frozenset(without or ()),
    )
    if not install.namespaces:
        message = "say --namespace: environments.yaml names none"
        raise Rejected(message)
    jobs = found_jobs.all() if found_jobs else ()
    found = printed(needed.all(), install, jobs)
    plain = {
        "documents": found,
        "needed": {name: [str(one) for one in each] for name, each in needed.rights.items()},
    }
    show(plain, text(found).splitlines(), as_json=as_json)


def printed(
    rights: frozenset[Right], install: Install, jobs: Sequence[Template] = ()
) -> Sequence[Document]:
    """Return all documents, those first that others refer to."""
    kept = [each for each in rights if each.reads or roles.writable(each, install)]
    return [*roles.documents(kept, install), *admission.documents(kept, install, jobs)]


def text(documents: Sequence[Document]) -> str:
    """Return them as YAML."""
    # A document holds mappings, lists and texts alone.
    written = (yaml_text.document(cast("Mapping[str, yaml_text.Value]", one)) for one in documents)
    return f"{BREAK}\n".join(written)


def _named(only: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Return names by resource; raises Rejected for what is no `KIND/NAME`."""
    known = {kind.name.lower(): kind.plural for kind in kinds.ALL}
    found: dict[str, tuple[str, ...]] = {}
    for each in only:
        kind, _, name = each.partition("/")
        plural = known.get(kind.lower())
        if plural is None or not name:
            message = f"--only {each}: not KIND/NAME, such as Deployment/decode"
            raise Rejected(message)
        found[plural] = (*found.get(plural, ()), name)
    return found
