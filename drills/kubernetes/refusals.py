"""What the API server refuses, as the Status objects that Kubernetes answers."""

from collections.abc import Mapping, Sequence

from drills.kubernetes.objects import Object


class Refusal(Exception):
    """A request that is answered with a Status object; shapes as in apimachinery's api/errors.

    `after` are the seconds of a Retry-After header, None for none. `plain` is the whole answer of a
    server that has no Status for it.
    """

    def __init__(
        self, code: int, reason: str, message: str, details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details
        self.after: int | None = None
        self.plain = ""

    def body(self) -> Object:
        """Return the Status object."""
        status: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
        }
        if self.details is not None:
            status["details"] = dict(self.details)
        return status | {"code": self.code}


def not_found(qualified: str, name: str) -> Refusal:
    """404 for an object; `qualified` is `deployments.apps`."""
    plural, _, group = qualified.partition(".")
    details = {"name": name} | ({"group": group} if group else {}) | {"kind": plural}
    return Refusal(404, "NotFound", f'{qualified} "{name}" not found', details)


def no_such_path() -> Refusal:
    """404 for a path that a group of this cluster does not have."""
    message = "the server could not find the requested resource"
    return Refusal(404, "NotFound", message, {})


def nobody_serves() -> Refusal:
    """404 for a kind that this cluster does not serve, such as a CRD that is not installed."""
    refusal = Refusal(404, "NotFound", "404 page not found")
    refusal.plain = "404 page not found\n"
    return refusal


def already_exists(qualified: str, name: str) -> Refusal:
    """409 for a name that is taken."""
    details = {"name": name, "kind": qualified.partition(".")[0]}
    return Refusal(409, "AlreadyExists", f'{qualified} "{name}" already exists', details)


def conflict(qualified: str, name: str, why: str = "") -> Refusal:
    """409 for a write that rests on an older version, or on another uid."""
    because = why or (
        "the object has been modified; "
        "please apply your changes to the latest version and try again"
    )
    message = f'Operation cannot be fulfilled on {qualified} "{name}": {because}'
    details = {"name": name, "kind": qualified.partition(".")[0]}
    return Refusal(409, "Conflict", message, details)


def owned_by_others(conflicts: Sequence[tuple[str, str, str]]) -> Refusal:
    """409 for applying fields that others own: each conflict is (manager, API version, field)."""
    number = "1 conflict" if len(conflicts) == 1 else f"{len(conflicts)} conflicts"
    told = "\n".join(f"- {field}" for _, _, field in conflicts)
    manager, version, field = conflicts[0]
    one = f'conflict with "{manager}" using {version}: {field}'
    said = one if len(conflicts) == 1 else f'conflicts with "{manager}" using {version}:\n{told}'
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f'conflict with "{manager}" using {version}',
            "field": field,
        }
        for manager, version, field in conflicts
    ]
    return Refusal(409, "Conflict", f"Apply failed with {number}: {said}", {"causes": causes})


def invalid(kind: str, name: str, causes: Sequence[tuple[str, str]]) -> Refusal:
    """422 with one cause per field; a cause is (field, what is wrong with it)."""
    text = ", ".join(f"{field}: {what}" for field, what in causes)
    text = f"[{text}]" if len(causes) > 1 else text
    told = [
        {"reason": "FieldValueInvalid", "message": what, "field": field} for field, what in causes
    ]
    alone, _, group = kind.partition(".")
    details = {"name": name} | ({"group": group} if group else {}) | {"kind": alone, "causes": told}
    return Refusal(422, "Invalid", f'{kind} "{name}" is invalid: {text}', details)


def unappliable(why: str) -> Refusal:
    """422 for a patch that cannot be applied, such as a JSON patch whose test fails."""
    causes = [{"reason": "UnexpectedServerResponse", "message": why}]
    message = "the server rejected our request due to an error in our request"
    return Refusal(422, "Invalid", message, {"causes": causes})


def bad_request(why: str) -> Refusal:
    """400."""
    return Refusal(400, "BadRequest", why)


class Malformed(Refusal):
    """400 for an object that is none of its kind; 422 where a patch has made it so."""

    def __init__(self, why: str) -> None:
        super().__init__(400, "BadRequest", why)


def unsupported_type(given: str, known: Sequence[str]) -> Refusal:
    """415 with the content types that would do."""
    message = (
        f"the body of the request was in an unknown format ({given or 'none'})"
        f" - accepted media types include: {', '.join(known)}"
    )
    return Refusal(415, "UnsupportedMediaType", message, {})


def method_not_allowed() -> Refusal:
    """405."""
    message = "the server does not allow this method on the requested resource"
    return Refusal(405, "MethodNotAllowed", message, {})


def unauthorized() -> Refusal:
    """401."""
    return Refusal(401, "Unauthorized", "Unauthorized")


def internal_error() -> Refusal:
    """500."""
    return Refusal(500, "InternalError", "Internal error occurred: etcdserver: request timed out")


def too_many(seconds: int) -> Refusal:
    """429 of priority and fairness: nothing was done, and when to ask again."""
    message = "Too many requests, please try again later."
    refusal = Refusal(429, "TooManyRequests", message, {"retryAfterSeconds": seconds})
    refusal.after = seconds
    return refusal


def over_budget(why: str, after: int | None = None) -> Refusal:
    """429 of an eviction that a disruption budget forbids: nothing was done."""
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    if after is not None:
        details["retryAfterSeconds"] = after
    refusal = Refusal(429, "TooManyRequests", message, details)
    refusal.after = after
    return refusal


def over_quota(qualified: str, name: str, why: str) -> Refusal:
    """403 of the quota admission: nothing was made."""
    details = {"name": name, "kind": qualified.partition(".")[0]}
    return Refusal(403, "Forbidden", f'{qualified} "{name}" is forbidden: {why}', details)


def too_many_budgets() -> Refusal:
    """500 of an eviction that two budgets would have to allow."""
    message = (
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not "
        "support."
    )
    return Refusal(500, "InternalError", message)


def gone(why: str) -> Refusal:
    """410 for a version that was forgotten."""
    return Refusal(410, "Expired", why)


def expired_page() -> Refusal:
    """410 for the next page of a list whose version was forgotten."""
    return gone("The provided continue parameter is too old to display a consistent list result.")


def not_implemented(what: str) -> Refusal:
    """501 for what Kubernetes can and the stand-in cannot: never a made-up answer."""
    return Refusal(501, "NotImplemented", f"the rehearsal's Kubernetes does not implement {what}")
