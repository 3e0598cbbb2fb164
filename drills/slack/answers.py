"""What the app's answers do: acknowledgements with a payload, failures, response URLs."""

from collections.abc import Mapping
from dataclasses import replace

from drills.slack.arguments import Arguments
from drills.slack.bodies import Body
from drills.slack.deliveries import Envelope, Kind
from drills.slack.dispatch import Reply, record, spoiled
from drills.slack.errors import Refused, refuse
from drills.slack.messages import Message
from drills.slack.methods import content, modals
from drills.slack.tickets import ResponseUrl
from drills.slack.views import View
from drills.slack.workspace import Workspace

RESPONSE = "response_url"
GONE = 404
BAD = 400


def acknowledged(workspace: Workspace, envelope: Envelope) -> None:
    """Do what the payload of an acknowledgement asks for."""
    answer = envelope.answer or {}
    with workspace.lock:
        workspace.changed()
        if envelope.kind is Kind.COMMAND and answer:
            _answer_command(workspace, envelope, Arguments(values=answer))
        elif envelope.payload.get("type") == "view_submission":
            _answer_submission(workspace, envelope, answer)


def failed(workspace: Workspace, envelope: Envelope) -> None:
    """Show a person that the app did not answer in time, as Slack does."""
    with workspace.lock:
        workspace.changed()
        payload = envelope.payload
        if envelope.kind is Kind.COMMAND:
            line = f'{payload["command"]} failed with the error "{envelope.failure}"'
            workspace.notice(str(payload["channel_id"]), str(payload["user_id"]), line)
        elif envelope.kind is Kind.INTERACTIVE and "channel" in payload:
            place, person = payload["channel"], payload["user"]
            line = f"triaged did not answer: {envelope.failure}. Try again."
            if isinstance(place, Mapping) and isinstance(person, Mapping):
                workspace.notice(str(place["id"]), str(person["id"]), line)


def respond(workspace: Workspace, token: str, arguments: Arguments) -> Reply:
    """Answer a post to a response URL, and keep it in the record."""
    with workspace.lock:
        fault = workspace.faults.meet(RESPONSE)
        reply = None
        if fault is None or fault.kind.committed:
            reply = _respond(workspace, token, arguments)
        if fault is not None:
            reply = spoiled(fault, reply)
        assert reply is not None  # noqa: S101 (without a fault there was an answer)
        record(workspace, RESPONSE, arguments, reply)
        return reply


def _respond(workspace: Workspace, token: str, arguments: Arguments) -> Reply:
    found = workspace.tickets.respond(token, workspace.now())
    if found is None:
        return Reply(status=GONE, body={"ok": False, "error": "expired_url"}, committed=False)
    try:
        _carry_out(workspace, found, arguments)
    except Refused as error:
        body: Body = {"ok": False, "error": error.code, **error.fields}
        return Reply(status=BAD, body=body, committed=False)
    return Reply(status=200, body={"ok": True})


def _carry_out(workspace: Workspace, found: ResponseUrl, arguments: Arguments) -> None:
    board = workspace.boards[found.channel]
    original = board.find(found.ts) if found.ts else None
    if arguments.flag("delete_original") and original is not None:
        board.remove(original.ts)
        workspace.changed()
    elif arguments.flag("replace_original") and original is not None:
        _replace_original(workspace, original, arguments)
    else:
        _show(workspace, found.channel, found.user, arguments)


def _replace_original(workspace: Workspace, original: Message, arguments: Arguments) -> None:
    judged = content.read(workspace, arguments, too_long="invalid_blocks")
    changed = replace(original, text=judged.text, blocks=judged.blocks)
    board = workspace.boards[original.channel]
    if original.seen_by:
        board.ephemeral[original.ts] = changed
    else:
        board.change(changed)
    workspace.changed()


def _show(workspace: Workspace, channel: str, user: str, arguments: Arguments) -> None:
    judged = content.read(workspace, arguments, too_long="invalid_blocks")
    public = arguments.text("response_type") == "in_channel"
    workspace.post(
        Message(
            channel=channel,
            author=workspace.bot.id,
            text=judged.text,
            blocks=judged.blocks,
            seen_by=None if public else user,
        )
    )


def _answer_command(workspace: Workspace, envelope: Envelope, answer: Arguments) -> None:
    channel, user = str(envelope.payload["channel_id"]), str(envelope.payload["user_id"])
    try:
        _show(workspace, channel, user, answer)
    except Refused as error:
        line = f"{envelope.payload['command']} got an answer that cannot be shown: {error.code}"
        workspace.notice(channel, user, line)


def _answer_submission(
    workspace: Workspace, envelope: Envelope, answer: Mapping[str, object]
) -> None:
    body = envelope.payload["view"]
    view = workspace.views.get(str(body["id"])) if isinstance(body, Mapping) else None
    if view is None:
        return
    try:
        _change_view(workspace, view, answer)
    except Refused as error:
        workspace.views[view.id] = replace(view, errors=(("", f"bad answer: {error.code}"),))


def _change_view(workspace: Workspace, view: View, answer: Mapping[str, object]) -> None:
    match answer.get("response_action"):
        case "errors":
            errors = answer.get("errors")
            told = errors if isinstance(errors, Mapping) else {}
            pairs = tuple((str(block), str(text)) for block, text in told.items())
            workspace.views[view.id] = replace(view, errors=pairs)
        case "update":
            modals.shown(workspace, modals.changed(view, _judged(workspace, answer)))
        case "push":
            modals.shown(workspace, modals.push_view(workspace, view, _judged(workspace, answer)))
        case "clear":
            stack = [name for name, other in workspace.views.items() if other.root == view.root]
            for name in stack:
                del workspace.views[name]
        case None:
            del workspace.views[view.id]
        case _:
            refuse("invalid_arguments")


def _judged(workspace: Workspace, answer: Mapping[str, object]) -> Mapping[str, object]:
    return modals.judged(workspace, answer.get("view"))
