"""Facts for tests, named and no more: the unit and the source are of no account there."""

from incidents.facts import Facts, Known, Value

SOURCE = "as the test says"


def knowing(**values: Value) -> Facts:
    """Return these facts as known, and that no approval is pending."""
    given = {"approvals_pending": 0, **values}
    return {name: Known(value=value, unit="", source=SOURCE) for name, value in given.items()}
