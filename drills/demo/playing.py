"""The play: shows the timeline as it grows, and lets somebody press Approve."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any  # rows of the desk's timeline, and the stand-in's state

from drills.demo.rehearsal_room import Failed, Room, Scene, get, post
from drills.demo.screen import Screen

LOOK_EVERY = 0.2
LAST = "ChannelArchived"
DECIDED = frozenset({"ApprovalGiven", "ApprovalRefused", "ApprovalExpired", "ApprovalVoided"})
SLOW = 1.0
# What a row says, by what it is waiting for afterwards.
WAITS: Mapping[str, str] = {
    "IncidentOpened": "choosing the runbook",
    "RunStarted": "running the checks",
    "CheckFinished": "running the checks",
    "ActionPlanned": "asking people",
    "ApprovalRequested": "waiting for a yes",
    "ApprovalGiven": "claiming",
    "StepFinished": "waiting for the new pods to load the model",
    "SettleObserved": "waiting for the new pods to load the model, then for the numbers",
    "EffectVerified": "waiting for the alert to end",
    "Mitigated": "waiting for the alert to end",
    "CalmBegan": "waiting out the hold time",
    "IncidentResolved": "writing the postmortem",
    "PostmortemWritten": "archiving the channel",
}
# What the reader can still do when the story takes another turn.
ADVICE: Mapping[str, str] = {
    "ApprovalRefused": "Nothing is changed then, and the incident stays open: type "
    "/incident resolve in its channel for the postmortem, or end with Ctrl-C.",
    "ApprovalExpired": "Nobody answered in time. A plan is asked about twice; after that the "
    "incident waits for a person. Ctrl-C ends.",
    "StepInDoubt": "Nobody can tell whether the change took place, and a person has to look.",
}


class Play:
    """Follows one incident from its first row to its last."""

    def __init__(
        self,
        room: Room,
        scene: Scene,
        *,
        screen: Screen,
        rate: float,
        scripted: bool,
        pressed: Callable[[], bool],
    ) -> None:
        self._room = room
        self._scene = scene
        self._screen = screen
        self._rate = rate
        self._scripted = scripted
        self._pressed = pressed
        self._seen = 0
        self._wait = "waiting for the first alert"
        self._asked = False
        self._pressing = False

    def run(self, *, deadline: float | None) -> None:
        """Play to the end; raises Failed after `deadline` real seconds."""
        self._introduce()
        started = time.monotonic()
        while True:
            self._room.alive()
            rows = self._rows()
            for row in rows:
                self._show(row)
                if row["kind"] == LAST:
                    self._finish()
                    return
            self._answer()
            spent = time.monotonic() - started
            if deadline is not None and spent > deadline:
                message = f"not over after {deadline:.0f} s; {self._wait}"
                raise Failed(message)
            self._progress(spent)
            time.sleep(LOOK_EVERY)

    def _introduce(self) -> None:
        world = self._scene.world
        self._screen.say(f"Slack stand-in  {world['slack_console']}")
        self._screen.say(f"triaged         {self._scene.desk}")
        self._screen.say(
            "\nLong prompts fill the KV cache of llama-3-70b's decode pool.\n"
            f"A minute of the story takes {60 / self._rate:.0f} s; times are the story's.\n"
        )

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        address = f"{self._scene.desk}/incidents/1/timeline.json?after={self._seen}"
        try:
            found: Sequence[Mapping[str, Any]] = get(address)["rows"]
        except OSError:  # no such incident yet
            return ()
        self._seen += len(found)
        return found

    def _show(self, row: Mapping[str, Any]) -> None:
        self._screen.row(row["at"][11:19], row["text"], loud=row["weight"] == "headline")
        self._wait = WAITS.get(row["kind"], self._wait)
        if row["kind"] == "ApprovalRequested":
            self._ask()
        if row["kind"] in DECIDED:
            self._asked = self._pressing = False
            self._set_rate(self._rate)
        if row["kind"] in ADVICE:
            self._screen.say(f"\n  {ADVICE[row['kind']]}\n")

    def _ask(self) -> None:
        """Slow the world down to life's pace while a person is asked."""
        self._set_rate(SLOW)
        self._asked = True
        while self._pressed():
            pass  # a key that was pressed before there was anything to approve
        if not self._scripted:
            place = _channel_page(self._scene.world["slack_console"])
            self._screen.say(f"\n  Press Approve at {place}\n  or Enter here.\n", loud=True)

    def _answer(self) -> None:
        if not self._asked:
            return
        self._pressing = self._pressing or self._scripted or self._pressed()
        # The card may come a moment after the question.
        if self._pressing and press_approve(self._scene.world["slack_console"]):
            self._asked = False

    def _set_rate(self, rate: float) -> None:
        post(f"{self._scene.world['control']}/clock/rate", {"rate": rate})

    def _progress(self, spent: float) -> None:
        moment = get(f"{self._scene.world['control']}/clock")["time"]
        self._screen.progress(f"{moment[11:19]}  … {self._wait} ({spent:.0f} s)")

    def _finish(self) -> None:
        folder = self._scene.environment["TRIAGED_POSTMORTEMS"]
        self._screen.say(f"\nThe postmortem is {folder}/INC-1.md, and INC-1.html for a browser.")


def press_approve(console: str, *, person: str = "alice") -> bool:
    """Press the first Approve button in the stand-in as a person; return whether there was one."""
    state = get(f"{console}/control/state")
    for channel in state["channels"]:
        for message in channel["messages"]:
            action = _approve_button(message)
            if action is not None:
                press = {
                    "user": state["people"][person],
                    "channel": channel["id"],
                    "ts": message["ts"],
                    "action_id": action,
                }
                return bool(post(f"{console}/control/press", press)["ok"])
    return False


def _channel_page(console: str) -> str:
    """Return where the reader sees the incident's channel, as somebody who may approve."""
    channels = get(f"{console}/control/state")["channels"]
    found = next((one["id"] for one in channels if one["name"].startswith("inc-1-")), None)
    return f"{console}/?as=alice&channel={found}" if found else console


def _approve_button(message: Mapping[str, Any]) -> str | None:
    for block in message.get("blocks") or ():
        for element in block.get("elements", ()) if block.get("type") == "actions" else ():
            if "approve" in str(element.get("action_id", "")).lower():
                return str(element["action_id"])
    return None
