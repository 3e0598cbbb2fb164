"""The four errors, named by what the caller should do."""


class TriagedError(Exception):
    """Something went wrong in triaged."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__class__.__doc__ or "")


class Rejected(TriagedError):
    """The request stays wrong: tell the person what is wrong and where."""


class Unavailable(TriagedError):
    """Something that is needed is away for now: try again later."""


class NotAllowed(TriagedError):
    """The person may not do what was asked."""


class Conflict(TriagedError):
    """Somebody was first: load the state again and decide anew."""


class VersionConflict(Conflict):
    """The stream has grown since it was read."""


class HoldConflict(Conflict):
    """A hold that must be free is taken, or one that must be taken is free."""

    def __init__(self, message: str, *, kind: str, key: str, holder: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.key = key
        self.holder = holder


class RequirementConflict(Conflict):
    """A requirement of the append does not hold under the lock; `kind` may say which."""

    def __init__(self, message: str, *, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class ClaimConflict(Conflict):
    """The claim that the command is about was settled, or a newer try of the step has another."""


class NotDone(Unavailable):
    """The write certainly did not happen; later it may."""
