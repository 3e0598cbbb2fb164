"""What people are told where nothing that triaged could write would stay."""

from cluster.owners import registry
from cluster.owners.ownership import Ownership, pull_request
from cluster.owners.place import Place
from cluster.owners.resolve import resolve
from cluster.owners.sight import Sight
from cluster.targets.target import Target
from incidents.errors import Rejected

BECAUSE = "the load needs it"


def stays(  # where it is, what it was, what it becomes
    action: str,
    target: Target,
    place: Place,
    sight: Sight,
    *,
    was: object,
    becomes: object,
    because: str = BECAUSE,
) -> Ownership:
    """Return who owns a field that is written at this very place; raises Rejected with why not."""
    owned = resolve(place, sight, registry.kinds())
    refuse_where_barred(action, target, owned, was=was, becomes=becomes, because=because)
    if owned.place != place:
        message = f"{action} {target}: {owned.place} keeps {place} as it is; change it there"
        raise Rejected(message)
    return owned


def refuse_where_barred(
    action: str,
    target: Target,
    owned: Ownership,
    *,
    was: object,
    becomes: object,
    because: str = BECAUSE,
) -> None:
    """Raise Rejected with who bars it, what to do, and the text of the pull request if one does."""
    if not owned.barred:
        return
    said = []
    for barred in owned.barred:
        wish = pull_request(
            barred, owned.place, was=str(was), becomes=str(becomes), because=because
        )
        said += [f"{barred.because}; {barred.advice}", *filter(None, [wish])]
    message = f"{action} {target} ({' ← '.join(owned.path)}): {'. '.join(said)}"
    raise Rejected(message)
