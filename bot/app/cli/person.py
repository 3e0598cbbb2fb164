"""Who sits at the command line: the login of the process, as the operating system knows it."""

import os
import pwd

from incidents.people import People, Person


def person(people: People) -> Person:
    """Return the person behind the login; one that nobody knows may approve nothing."""
    return people.by_unix(pwd.getpwuid(os.getuid()).pw_name)
