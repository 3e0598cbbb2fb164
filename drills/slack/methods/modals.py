"""views.* and blocks.validate: open, change and judge what is made of blocks."""

import secrets
from collections.abc import Mapping

from drills.slack.arguments import Arguments
from drills.slack.blockkit.blocks import message_problems
from drills.slack.blockkit.views import too_large, view_problems
from drills.slack.bodies import Body
from drills.slack.errors import refuse
from drills.slack.methods.content import refuse_problems, with_ids
from drills.slack.views import View
from drills.slack.workspace import Workspace

STACK = 3


def open_view(workspace: Workspace, arguments: Arguments) -> Body:
    """Open a modal for the person who has just done something."""
    body = _body(workspace, arguments, kind="modal")
    trigger = workspace.tickets.exchange(arguments.text("trigger_id"), workspace.now())
    return shown(workspace, _new(workspace, trigger.user, body))


def push(workspace: Workspace, arguments: Arguments) -> Body:
    """Put a modal on top of the one in which the person has just done something."""
    body = _body(workspace, arguments, kind="modal")
    trigger = workspace.tickets.exchange(arguments.text("trigger_id"), workspace.now())
    below = workspace.views.get(trigger.view or "")
    if below is None:
        refuse("not_found")
    return shown(workspace, push_view(workspace, below, body))


def push_view(workspace: Workspace, below: View, body: Mapping[str, object]) -> View:
    """Return a new view on top of another; refuses the fourth."""
    if sum(view.root == below.root for view in workspace.views.values()) >= STACK:
        refuse("push_limit_reached")
    return _new(workspace, below.user, body, below=below)


def update(workspace: Workspace, arguments: Arguments) -> Body:
    """Change an open view, if the app has seen its newest state."""
    old = _find(workspace, arguments)
    _require_hash(old, arguments)
    body = _body(workspace, arguments, kind=str(old.body["type"]), but=old)
    return shown(workspace, changed(old, body))


def publish(workspace: Workspace, arguments: Arguments) -> Body:
    """Set the Home tab of a person."""
    body = _body(workspace, arguments, kind="home")
    user = arguments.text("user_id")
    if user not in workspace.people:
        refuse("invalid_arguments")
    views = workspace.views.values()
    old = next((view for view in views if view.home and view.user == user), None)
    if old is None:
        return shown(workspace, _new(workspace, user, body))
    _require_hash(old, arguments)
    return shown(workspace, changed(old, body))


def validate(_workspace: Workspace, arguments: Arguments) -> Body:
    """Judge blocks or a view without showing them to anybody."""
    view = arguments.structure("view", code="invalid_view")
    if view is not None:
        refuse_problems(view_problems(view), code="invalid_view")
        return {}
    message = arguments.structure("message", code="invalid_message")
    if isinstance(message, Mapping):
        refuse_problems(message_problems(message.get("blocks", [])), code="invalid_message")
        return {}
    blocks = arguments.structure("blocks", code="invalid_blocks")
    refuse_problems(message_problems(blocks), code="invalid_blocks")
    return {}


def shown(workspace: Workspace, view: View) -> Body:
    """Keep a view as it is now and return it as an answer."""
    workspace.views[view.id] = view
    workspace.changed()
    return {"view": view.json(workspace.identity)}


def changed(view: View, body: Mapping[str, object]) -> View:
    """Return a view with another body and another hash."""
    return View(
        id=view.id,
        user=view.user,
        body=body,
        hash=_hash(),
        root=view.root,
        opened=view.opened,
        previous=view.previous,
    )


def judged(workspace: Workspace, view: object) -> Mapping[str, object]:
    """Return a legal view with ids on its blocks; raises Refused for another."""
    refuse_problems(view_problems(view), code="invalid_arguments")
    assert isinstance(view, Mapping)  # noqa: S101 (view_problems has found that it is)
    return {**view, "blocks": list(with_ids(workspace, view["blocks"]))}


def _body(
    workspace: Workspace, arguments: Arguments, *, kind: str, but: View | None = None
) -> Mapping[str, object]:
    view = arguments.structure("view", code="invalid_arguments")
    if too_large(view):
        refuse("view_too_large")
    body = judged(workspace, view)
    if body["type"] != kind:
        refuse("invalid_arguments")
    external = body.get("external_id")
    others = [other for other in workspace.views.values() if other is not but]
    if external and any(other.body.get("external_id") == external for other in others):
        refuse("duplicate_external_id")
    return body


def _new(
    workspace: Workspace, user: str, body: Mapping[str, object], *, below: View | None = None
) -> View:
    name = workspace.mint.make("V")
    return View(
        id=name,
        user=user,
        body=body,
        hash=_hash(),
        root=below.root if below else name,
        opened=workspace.now(),
        previous=below.id if below else None,
    )


def _find(workspace: Workspace, arguments: Arguments) -> View:
    name, external = arguments.text("view_id"), arguments.text("external_id")
    for view in workspace.views.values():
        if view.id == name or (external and view.body.get("external_id") == external):
            return view
    return refuse("not_found")


def _require_hash(view: View, arguments: Arguments) -> None:
    given = arguments.text("hash")
    if given and given != view.hash:
        refuse("hash_conflict")


def _hash() -> str:
    return secrets.token_hex(8)
