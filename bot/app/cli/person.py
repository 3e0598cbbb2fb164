"""Who sits at the command line: the login of the process, as the operating system knows it."""

import os
import pwd

from incidents.errors import NotAllowed
from incidents.people import People, Person


def person(people: People) -> Person:
    """Return the person behind the login; one that nobody knows may approve nothing."""
    return people.by_unix(_login())


def known(people: People) -> Person:
    """Return the same; raises NotAllowed for a login that is nobody's in `people.yaml`."""
    found = person(people)
    if people.get(found.id) is None:
        message = f"{found.name} is not in people.yaml"
        raise NotAllowed(message)
    return found


def _login() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # As in a container under an arbitrary user id.
        return str(os.getuid())
