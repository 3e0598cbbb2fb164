"""The play: shows the timeline as it grows, and lets somebody press Approve."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any  # rows of the desk's timeline, and the stand-in's state

from drills.demo.rehearsal_room import Failed, Room, Scene, get, post

LOOK_EVERY = 0.2
LAST = "ChannelArchived"
SLOW = 1.0
# What a row says, by what it is waiting for afterwards.
WAITS: Mapping[str, str] = {
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
BOLD, DIM, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


class Play:
    """Follows one incident from its first row to its last."""

    def __init__(
        self,
        room: Room,
        scene: Scene,
        *,
        rate: float,
        scripted: bool,
        pressed: Callable[[], bool],
    ) -> None:
        self._room = room
        self._scene = scene
        self._rate = rate
        self._scripted = scripted
        self._pressed = pressed
        self._seen = 0
        self._wait = "waiting for the first alert"
        self._asked = False

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
        _say(f"Slack stand-in  {world['slack_console']}")
        _say(f"triaged         {self._scene.desk}")
        _say(
            "\nLong prompts fill the KV cache of llama-3-70b's decode pool. "
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
        _clear()
        loud = row["weight"] == "headline"
        start, end = (BOLD, PLAIN) if loud and sys.stdout.isatty() else ("", "")
        _say(f"{row['at'][11:19]}  {start}{row['text']}{end}")
        self._wait = WAITS.get(row["kind"], self._wait)
        if row["kind"] == "ApprovalRequested":
            self._ask()
        if row["kind"] in {"ApprovalGiven", "ApprovalRefused", "ApprovalExpired"}:
            self._asked = False
            self._set_rate(self._rate)

    def _ask(self) -> None:
        """Slow the world down to life's pace while a person is asked."""
        self._set_rate(SLOW)
        self._asked = True
        if not self._scripted:
            console = self._scene.world["slack_console"]
            _say(f"\n  Press Approve at {console} (or Enter here).\n")

    def _answer(self) -> None:
        if self._asked and (self._scripted or self._pressed()):
            self._asked = not press_approve(self._scene.world["slack_console"])

    def _set_rate(self, rate: float) -> None:
        post(f"{self._scene.world['control']}/clock/rate", {"rate": rate})

    def _progress(self, spent: float) -> None:
        if sys.stdout.isatty():
            moment = get(f"{self._scene.world['control']}/clock")["time"]
            sys.stdout.write(f"\r\x1b[K{DIM}{moment[11:19]}  … {self._wait} ({spent:.0f} s){PLAIN}")
            sys.stdout.flush()

    def _finish(self) -> None:
        _clear()
        folder = self._scene.environment["TRIAGED_POSTMORTEMS"]
        _say(f"\nThe postmortem is {folder}/INC-1.md, and INC-1.html for a browser.")


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


def _approve_button(message: Mapping[str, Any]) -> str | None:
    for block in message.get("blocks") or ():
        for element in block.get("elements", ()) if block.get("type") == "actions" else ():
            if "approve" in str(element.get("action_id", "")).lower():
                return str(element["action_id"])
    return None


def _clear() -> None:
    if sys.stdout.isatty():
        sys.stdout.write("\r\x1b[K")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
