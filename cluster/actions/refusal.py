"""What people are told where nothing that triaged could write would stay."""

from cluster.owners.ownership import Ownership, pull_request
from cluster.targets.target import Target
from incidents.errors import Rejected

BECAUSE = "the load needs it"


def refuse_where_barred(
    action: str, target: Target, owned: Ownership, *, was: object, becomes: object
) -> None:
    """Raise Rejected with who bars it, what to do, and the text of the pull request if one does."""
    if not owned.barred:
        return
    said = []
    for barred in owned.barred:
        wish = pull_request(
            barred, owned.place, was=str(was), becomes=str(becomes), because=BECAUSE
        )
        said += [f"{barred.because}; {barred.advice}", *filter(None, [wish])]
    message = f"{action} {target} ({' ← '.join(owned.path)}): {'. '.join(said)}"
    raise Rejected(message)
