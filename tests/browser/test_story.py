"""The story in a real browser: the reader's own click approves the scale."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.test_slack_console import ARGUMENTS, CHROMIUM
from tests.rehearsing import Rehearsal, rehearsal, stepped_world

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Debian's Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def desk(tmp_path: Path, sqlite_url: str) -> Iterator[Rehearsal]:
    """Bring a desk to the moment in which a person is asked."""
    with (
        stepped_world() as stage,
        rehearsal(stage, tmp_path, database_url=sqlite_url) as made,
    ):
        made.until(made.asked, minutes=20)
        yield made


@pytest.fixture
def page(browser: Browser, desk: Rehearsal, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open the console as the demo names it; a picture is kept only when the test fails."""
    context = browser.new_context()
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(desk.stage.console)
    failed = request.session.testsfailed
    yield opened
    if request.session.testsfailed > failed:
        opened.screenshot(path=request.config.rootpath / "build" / "story.png", full_page=True)
    context.close()
    assert errors == []


def test_the_readers_click_approves_the_scale(desk: Rehearsal, page: Page) -> None:
    """What the demo asks of a newcomer works with a mouse, and the cluster changes."""
    stream = page.locator("#stream")
    page.get_by_role("link", name=re.compile("inc-1-")).click()
    expect(stream).to_contain_text("P2 INC-1")
    expect(stream).to_contain_text("users wait more than two seconds for the first token")
    expect(stream).to_contain_text("replicas 4 → 6")

    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("dialog")).to_contain_text("replicas 4 → 6")
    page.get_by_role("dialog").get_by_role("button", name="Yes").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    desk.until(lambda: desk.has("StepFinished"), minutes=5)

    assert desk.stage.facts()["replicas"] == 6
    assert desk.text("ApprovalGiven") == "approved by alice through slack"
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
