"""`triaged snapshot`: notes templates that were rolled out, and which images are known."""

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Annotated, Final

from cyclopts import Parameter

from bot.app import reach
from bot.app.cli.output import Json, counted, show
from bot.app.cli.rbac import Namespaces
from bot.app.configuration_shapes import ENVIRONMENTS
from bot.app.configuration_usable import usable
from bot.app.redaction import without_secrets
from bot.app.settings import PREFIX, load
from cluster.clients.parse import Malformed
from cluster.snapshots.taking import Cluster, Taken, take
from incidents.errors import Rejected, TriagedError, Unavailable

LEAST: Final = 5
"""Seconds between two looks at least: each lists all revisions of a namespace."""
Every = Annotated[
    int, Parameter(name="--every", help="Look again after so many seconds, until it is stopped.")
]


def snapshot(*, namespace: Namespaces = None, every: Every = 0, as_json: Json = False) -> None:
    """Note every template that is new, and the images and command lines that the policy lets pass.

    Without --namespace those of environments.yaml are looked at. It needs the rights of
    `triaged-snapshot` and has no need of any other. Without --every it fails where anything went
    wrong.
    """
    if every and every < LEAST:
        message = f"--every {every}: at least {LEAST} seconds"
        raise Rejected(message)
    settings = load()
    places = usable(settings.config, needed=(ENVIRONMENTS,)).environments.places
    namespaces = tuple(dict.fromkeys(namespace or sorted({each.namespace for each in places})))
    if not namespaces:
        message = "say --namespace: environments.yaml names none"
        raise Rejected(message)
    with ExitStack() as closing:
        cluster = reach.snapshots(settings, closing=closing)
        if cluster is None:
            message = f"no cluster: set {PREFIX}KUBERNETES_URL or {PREFIX}KUBECONFIG"
            raise Rejected(message)
        found = look(cluster, namespaces)
        _show(found, as_json=as_json)
        while every:
            sys.stdout.flush()
            time.sleep(every)
            _show([each for each in look(cluster, namespaces) if _told(each)], as_json=as_json)
    _fail(found)


def look(cluster: Cluster, namespaces: Sequence[str]) -> Sequence[Taken]:
    """Look at each namespace once; what fails in one does not keep another from being looked at."""
    return [_look(cluster, each) for each in namespaces]


def _look(cluster: Cluster, namespace: str) -> Taken:
    try:
        return take(cluster, namespace)
    except TriagedError as error:
        passing = not isinstance(error, Rejected)
        return Taken(namespace=namespace, problems=(str(error),), passing=passing)
    except (Malformed, RecursionError):
        # Any JSON may stand in a ControllerRevision: it must not end the looks at all the others.
        problem = "an object in it is not as its API says, or nested too deep"
        return Taken(namespace=namespace, problems=(problem,))


def _told(taken: Taken) -> bool:
    return bool(taken.noted or taken.wrote or taken.problems)


def _fail(found: Sequence[Taken]) -> None:
    troubled = [each for each in found if each.problems]
    if not troubled:
        return
    message = f"{counted(len(troubled), 'namespace', 'namespaces')} not looked at in full"
    raise (Unavailable if all(each.passing for each in troubled) else Rejected)(message)


def _show(found: Sequence[Taken], *, as_json: bool) -> None:
    if found or not as_json:
        plain = {"namespaces": [_plain(each) for each in found]}
        show(plain, [line for each in found for line in _lines(each)], as_json=as_json)


def _plain(taken: Taken) -> Mapping[str, object]:
    return {
        "namespace": taken.namespace,
        "noted": list(taken.noted),
        "images": taken.images,
        "arguments": taken.arguments,
        "wrote": taken.wrote,
        "problems": [without_secrets(each) for each in taken.problems],
    }


def _lines(taken: Taken) -> Sequence[str]:
    known = (
        f"{counted(taken.images, 'image', 'images')} and "
        f"{counted(taken.arguments, 'command line', 'command lines')} known"
    )
    return [
        *(f"noted     {each}" for each in taken.noted),
        *(f"wrong     {taken.namespace}: {without_secrets(each)}" for each in taken.problems),
        f"{'wrote    ' if taken.wrote else 'unchanged'} {taken.namespace}: {known}",
    ]
