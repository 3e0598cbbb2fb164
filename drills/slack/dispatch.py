"""From a call to its answer: token, scopes, limits, the method itself, faults, the record."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from drills.slack.arguments import Arguments
from drills.slack.bodies import Body
from drills.slack.calls import Call
from drills.slack.errors import Refused, refuse
from drills.slack.facts import COMMON_ERRORS, METHODS, Method, TokenKind
from drills.slack.faults import Fault, FaultKind
from drills.slack.methods.table import HANDLERS
from drills.slack.workspace import Workspace

OK = 200
TOO_MANY = 429
_NEVER = ("im:", "mpim:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back; a `status` of None means that nothing does.

    `fault` tells the door what to do with the connection.
    """

    status: int | None
    body: Body
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    committed: bool = True


def call(workspace: Workspace, method: str, arguments: Arguments, *, token: str) -> Reply:
    """Answer one call, and keep it in the record."""
    with workspace.lock:
        fault = workspace.faults.meet(method)
        reply = _under(fault, workspace, method, arguments, token)
        record(workspace, method, arguments, reply)
        return reply


def record(workspace: Workspace, method: str, arguments: Arguments, reply: Reply) -> None:
    """Keep a call and its reply in the workspace's record."""
    workspace.log(
        Call(
            number=len(workspace.calls) + 1,
            at=workspace.now(),
            method=method,
            arguments=arguments.values,
            committed=reply.committed,
            status=reply.status,
            result=None if reply.status is None else reply.body,
            fault=None if reply.fault is None else reply.fault.kind.value,
        )
    )


def spoiled(fault: Fault, carried_out: Reply | None) -> Reply:
    """Return what the caller gets when a fault meets the call that was carried out, or was not."""
    committed = carried_out is not None and carried_out.committed
    match fault.kind:
        case FaultKind.SLOW if carried_out is not None:
            return Reply(
                status=carried_out.status,
                body=carried_out.body,
                headers=carried_out.headers,
                fault=fault,
                committed=committed,
            )
        case FaultKind.RATE_LIMITED:
            return _limited(int(fault.seconds), fault=fault)
        case FaultKind.SERVER_ERROR | FaultKind.SERVER_ERROR_AFTER:
            return Reply(status=fault.status, body={}, fault=fault, committed=committed)
        case FaultKind.FATAL_ERROR_AFTER:
            return _failed("fatal_error", fault=fault, committed=committed)
        case FaultKind.REFUSED:
            return _failed(fault.code, fault=fault, committed=False)
        case _:
            return Reply(status=None, body={}, fault=fault, committed=committed)


def _under(
    fault: Fault | None, workspace: Workspace, method: str, arguments: Arguments, token: str
) -> Reply:
    if fault is None:
        return _answer(workspace, method, arguments, token)
    if not fault.kind.committed:
        return spoiled(fault, None)
    return spoiled(fault, _answer(workspace, method, arguments, token))


def _answer(workspace: Workspace, method: str, arguments: Arguments, token: str) -> Reply:
    try:
        facts = _facts(method)
        _require_token(workspace, facts, token)
        wait = workspace.limits.wait(method, arguments.text("channel"), workspace.now())
        if wait is not None:
            return _limited(wait)
        _require_arguments(facts, arguments)
        _require_scope(workspace, facts, arguments)
        body = HANDLERS[method](workspace, arguments)
    except Refused as error:
        _require_documented(method, error.code)
        return Reply(status=OK, body=_refusal(error), committed=False)
    scopes = {"x-oauth-scopes": ",".join(sorted(workspace.scopes))}
    return Reply(status=OK, body={"ok": True, **body}, headers=scopes)


def _facts(method: str) -> Method:
    facts = METHODS.get(method)
    if facts is None:
        refuse("unknown_method", req_method=method)
    return facts


def _require_token(workspace: Workspace, facts: Method, token: str) -> None:
    if facts.token is TokenKind.NONE:
        return
    if not token:
        refuse("not_authed")
    if token not in {workspace.bot_token, workspace.app_token}:
        refuse("invalid_auth")
    if workspace.revoked:
        refuse("token_revoked")
    expected = workspace.bot_token if facts.token is TokenKind.BOT else workspace.app_token
    if token != expected:
        refuse("not_allowed_token_type")


def _require_arguments(facts: Method, arguments: Arguments) -> None:
    missing = [name for name in facts.required if not _given(arguments, name)]
    # Slack has codes of its own for a channel without a name, and wants the others by name.
    if missing and "invalid_name_required" not in facts.errors:
        messages = [f"[ERROR] missing required field: {name}" for name in missing]
        refuse("invalid_arguments", response_metadata={"messages": messages})


def _given(arguments: Arguments, name: str) -> bool:
    # An empty topic or purpose is how one takes it away.
    if name in {"topic", "purpose"}:
        return name in arguments.values
    return bool(arguments.text(name))


def _require_scope(workspace: Workspace, facts: Method, arguments: Arguments) -> None:
    if facts.token is not TokenKind.BOT:
        return
    enough = _enough(workspace, facts, arguments)
    if enough and not workspace.scopes.intersection(enough):
        refuse(
            "missing_scope",
            needed=",".join(enough),
            provided=",".join(sorted(workspace.scopes)),
        )


def _enough(workspace: Workspace, facts: Method, arguments: Arguments) -> tuple[str, ...]:
    """Return the scopes of which one is enough for this kind of channel."""
    found = next(
        (c for c in workspace.channels.values() if c.id == arguments.text("channel")), None
    )
    private = found.private if found else arguments.flag("is_private")
    other = "channels:" if private else "groups:"
    fitting = tuple(s for s in facts.scopes if not s.startswith((*_NEVER, other)))
    return fitting or facts.scopes


def _require_documented(method: str, code: str) -> None:
    # A code that Slack does not document would teach the bot something that is not so.
    documented = METHODS[method].errors if method in METHODS else frozenset()
    if code not in COMMON_ERRORS | documented:
        message = f"{method} does not document the error {code}"
        raise AssertionError(message)


def _refusal(error: Refused) -> Body:
    return {"ok": False, "error": error.code, **error.fields}


def _failed(code: str, *, fault: Fault, committed: bool) -> Reply:
    body: Body = {"ok": False, "error": code}
    return Reply(status=OK, body=body, fault=fault, committed=committed)


def _limited(seconds: int, *, fault: Fault | None = None) -> Reply:
    return Reply(
        status=TOO_MANY,
        body={"ok": False, "error": "ratelimited"},
        headers={"retry-after": str(seconds)},
        fault=fault,
        committed=False,
    )
