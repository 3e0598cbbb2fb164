"""The console in a real browser: a person clicks, and the app hears it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from websockets.sync.client import ClientConnection, connect

from drills.slack import serving
from drills.slack.app import build
from drills.slack.arguments import Arguments
from drills.slack.dispatch import call
from drills.slack.workspace import Workspace

pytestmark = pytest.mark.server

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 10


class Slack:
    """A served workspace and one raw connection of an app."""

    def __init__(self, workspace: Workspace, socket: ClientConnection) -> None:
        self.workspace = workspace
        self.socket = socket

    def call(self, method: str, **arguments: object) -> dict[str, object]:
        """Call a method as the bot does."""
        given = Arguments(values=arguments)
        reply = call(self.workspace, method, given, token=self.workspace.bot_token)
        assert reply.body["ok"], reply.body
        return reply.body

    def ask(self) -> dict[str, object]:
        """Post a message with a button that asks for confirmation, and one that does not."""
        confirm = {
            name: {"type": "plain_text", "text": text}
            for name, text in {
                "title": "Scale decode 4 to 6?",
                "text": "Undo: back to 4.",
                "confirm": "Scale",
                "deny": "Not now",
            }.items()
        }
        approve = _button("approve", "Approve") | {"style": "primary", "confirm": confirm}
        blocks = [{"type": "actions", "elements": [approve, _button("details", "Details")]}]
        return self.call("chat.postMessage", channel="#incidents", text="May I?", blocks=blocks)

    def heard(self, kind: str) -> dict[str, object]:
        """Acknowledge what comes until an envelope of this kind does, and return its payload."""
        while True:
            frame = json.loads(self.socket.recv(timeout=PATIENCE))
            self.socket.send(json.dumps({"envelope_id": frame["envelope_id"]}))
            if frame["type"] == kind:
                return dict(frame["payload"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Debian's Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def slack() -> Iterator[Slack]:
    """Serve a workspace, with an app connected."""
    workspace = Workspace(now=lambda: datetime.now(UTC))
    server = serving.server(build(workspace))
    thread = threading.Thread(target=server.run)
    thread.start()
    _until(lambda: server.started)
    workspace.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    ticket = workspace.tickets.issue_socket()
    address = f"{workspace.address.replace('http', 'ws')}/socket?ticket={ticket}"
    with connect(address) as socket:
        assert json.loads(socket.recv(timeout=PATIENCE))["type"] == "hello"
        yield Slack(workspace, socket)
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(browser: Browser, slack: Slack) -> Iterator[Page]:
    """Open the console as alice; any error on the page fails the test."""
    context = browser.new_context()
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(f"{slack.workspace.address}/?as=alice&channel=incidents")
    yield opened
    context.close()
    assert errors == []


def test_a_click_and_its_confirmation_reach_the_app(slack: Slack, page: Page) -> None:
    """The reader's own click approves the scale, after being told what it does."""
    ts = slack.ask()["ts"]
    button = page.locator(f'button[data-action-id="approve"][data-message-ts="{ts}"]')

    button.click()
    expect(page.get_by_role("dialog")).to_contain_text("Scale decode 4 to 6?")
    page.get_by_role("button", name="Scale", exact=True).click()

    payload = slack.heard("interactive")
    assert payload["user"]["id"] == slack.workspace.person("alice").id
    assert payload["actions"][0]["action_id"] == "approve"
    assert payload["container"]["message_ts"] == ts


def test_a_denied_confirmation_sends_nothing(slack: Slack, page: Page) -> None:
    """Who says "not now" has not pressed: the next thing the app hears is another click."""
    slack.ask()

    page.locator('[data-action-id="approve"]').click()
    page.get_by_role("button", name="Not now").click()
    page.locator('[data-action-id="details"]').click()

    assert slack.heard("interactive")["actions"][0]["action_id"] == "details"


def test_the_page_follows_what_happens(slack: Slack, page: Page) -> None:
    """A decided card loses its buttons before somebody presses them again."""
    card = slack.ask()
    expect(page.locator('[data-action-id="approve"]')).to_be_visible()

    slack.call("chat.update", channel=card["channel"], ts=card["ts"], text="approved by bob")

    expect(page.locator("#stream")).to_contain_text("approved by bob")
    expect(page.locator('[data-action-id="approve"]')).to_have_count(0)


def test_a_typed_command_reaches_the_app_as_the_chosen_person(slack: Slack, page: Page) -> None:
    """The person switcher decides who speaks."""
    page.locator('[data-person="bob"]').click()
    page.get_by_label("Message").fill("/incident status")
    page.get_by_label("Message").press("Enter")

    payload = slack.heard("slash_commands")
    assert (payload["user_name"], payload["text"]) == ("bob", "status")


def test_the_page_fits_a_phone(slack: Slack, page: Page) -> None:
    """Whoever is on call reads this on a phone first."""
    slack.ask()
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.locator('[data-action-id="approve"]')).to_be_in_viewport()

    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360


def test_foreign_markup_does_nothing(slack: Slack, page: Page) -> None:
    """Alert text with markup in it is read, never run."""
    hostile = "&lt;img src=x onerror=\"document.title='owned'\"&gt;"
    slack.call("chat.postMessage", channel="#incidents", text=hostile)

    expect(page.locator("#stream")).to_contain_text("<img src=x onerror=")
    expect(page.locator("#stream img")).to_have_count(0)
    assert page.title() == "#incidents · rehearsal Slack"


def _button(action: str, label: str) -> dict[str, object]:
    return {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": label}}


def _until(fact: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)
