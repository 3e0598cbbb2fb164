"""Commands beside a configuration with a mistake in it: the desk goes on, and so do people."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.app.opening import opened
from bot.app.settings import load
from tests import builders
from tests.alert_webhooks import bodies
from tests.bot.app.commanding import ME, STEP, Run
from tests.bot.app.test_every_command import EVERY
from tests.bot.intake.desks import Office

WHY = ("--because", "we know")
WORK: Mapping[str, Sequence[str]] = {
    "approve": ("1-1-1", builders.DIGEST),
    "drift": (),
    "followups": (),
    "followups done": ("1/1", *WHY),
    "followups give": ("1/1", "on-call-sre", *WHY),
    "followups later": ("1/1", "--for", "8h", *WHY),
    "followups list": (),
    "followups normal": ("1/1", *WHY),
    "followups undo": ("1/1", *WHY),
    "freeze": ("smoke",),
    "inbox aside": (),
    "inbox replay": ("1",),
    "postmortem": ("1",),
    "rbac": ("--namespace", "llm-d"),
    "reject": ("1-1-1", builders.DIGEST),
    "run answer": ("1-1", STEP, "yes"),
    "run continue": ("1-1", STEP, *WHY),
    "run edit": ("1-1", STEP, "--set", "replicas=5", *WHY),
    "run evidence": ("1-1", STEP),
    "run normal": ("1-1", STEP, *WHY),
    "run retry": ("1-1", STEP, *WHY),
    "run settle": ("1-1", STEP, "--applied", *WHY),
    "run skip": ("1-1", STEP, *WHY),
    "run undo": ("1-1", STEP, *WHY),
    "runbooks lint": (),
    "runbooks list": (),
    "silence expire": ("silence-1-1", *WHY),
    "silence list": (),
    "snooze end": ("1", *WHY),
    "snooze list": (),
    "status": (),
    "thaw": ("fine",),
    "verify-journal": (),
}
"""They need no policy: to look, to stop, and to go on with what was begun by the one before."""

REFUSED: Mapping[str, Sequence[str]] = {
    "classify": ("--replay",),
    "configuration check": (),
    "incident ack": ("1",),
    "incident forward": ("1", *WHY),
    "incident resolve": ("1", *WHY),
    "incident severity": ("1", "P0", *WHY),
    "incident target": ("1", "Deployment decode", *WHY),
    "shadow report": (),
    "silence create": ("1", "--matcher", "a=b", "--for", "1h", *WHY),
    "snooze add": ("smoke", "--for", "30m", "--alert", "A"),
}
"""What they do follows from the policy."""

READ_NONE = {
    "configuration schema",
    "demo",
    "migrate",
    "rules",
    "runbooks schema",
    "settings",
    "signals",
}
ASK_OTHERS = {"backtest", "doctor", "runbooks dry-run", "slo", "snapshot"}
"""Only the first needs a policy; they ask a Prometheus or a cluster, which is not here."""
GOES_ON = {"serve"}
"""It is refused at its start: tests/contract/app tries it as a process of its own."""


@pytest.fixture
def policy(journal: None, config: Path) -> Path:  # made before the mistake
    """Make a mistake in the policy of a desk that has a journal."""
    file = config / "policy.yaml"
    file.write_text("# ours\nhodl: 3m\n")
    return file


def test_every_command_has_its_place_here() -> None:
    """A new one must not refuse by accident what people need most in a bad night."""
    assert {*WORK, *REFUSED, *READ_NONE, *ASK_OTHERS, *GOES_ON} == set(EVERY)


@pytest.mark.parametrize("name", WORK)
def test_what_needs_no_policy_works_beside_a_wrong_one(run: Run, policy: Path, name: str) -> None:
    """Somebody saves a mistake at night, and the desk goes on with the policy before."""
    ended = run(*name.split(), *WORK[name])

    assert policy.name not in ended.err
    assert "people.yaml" not in ended.err


@pytest.mark.parametrize("name", REFUSED)
def test_what_needs_a_policy_names_file_and_line(run: Run, policy: Path, name: str) -> None:
    """Going on with the built-in one would decide by rules that nobody here has chosen."""
    ended = run(*name.split(), *REFUSED[name])

    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"triaged: {policy}:2: ")
    policy.unlink()
    with opened(load()) as desk:
        assert desk.desk.incident(1).version == 2


def test_a_decision_beside_a_wrong_policy_is_that_of_a_person(run: Run, policy: Path) -> None:
    """Who they are stands in another file, and that is right."""
    approved = run("approve", "1-1-1", builders.DIGEST, "--json")
    frozen, thawed = run("freeze", "smoke", "--json"), run("thaw", "fine", "--json")

    assert policy.exists()
    assert (approved.json["state"], approved.json["by"]) == ("granted", "me")
    assert (frozen.json["by"], thawed.json["by"]) == ("me", "me")


def test_status_says_what_is_wrong(run: Run, policy: Path) -> None:
    """Whoever looks because nothing changes must see why the new policy is not in force."""
    plain, found = run("status"), run("status", "--json").json

    said = f"{policy}:2: "
    first, second, *_ = plain.out.splitlines()
    assert first.startswith(f"configuration refused: {said}")
    assert second.startswith("INC-1  P2  investigating")
    assert found["configuration"].startswith(said)


@pytest.mark.usefixtures("journal")
def test_without_a_mistake_status_says_nothing_of_it(run: Run) -> None:
    """A line that always stands there is read by nobody."""
    plain, found = run("status"), run("status", "--json").json

    assert "configuration" not in plain.out
    assert found["configuration"] == ""


@pytest.mark.usefixtures("journal")
def test_people_who_cannot_be_read_approve_nothing(run: Run, config: Path) -> None:
    """A mistake in `people.yaml` makes nobody a stranger, and nobody an approver."""
    (config / "people.yaml").write_text("persons: []\n")

    approved = run("approve", "1-1-1", builders.DIGEST)
    thawed = run("thaw", "fine")
    frozen = run("freeze", "smoke", "--json")

    said = f"triaged: {config}/people.yaml:1: "
    assert [one.err.startswith(said) for one in (approved, thawed)] == [True, True]
    assert (frozen.status, frozen.json["by"]) == (0, f"unix:{ME}")


def test_a_mended_policy_is_tried_beside_the_wrong_one(
    run: Run, config: Path, tmp_path: Path
) -> None:
    """What it would change is best known before it is copied over the wrong one."""
    assert run("migrate").status == 0
    with opened(load()) as there:
        Office(store=there.store, now=there.clock()).deliver(bodies.body(bodies.alert()))
    wrong, mended = config / "policy.yaml", tmp_path / "mended.yaml"
    wrong.write_text("# ours\nhodl: 3m\n")
    mended.write_text("hold: 3m\nalerts:\n  VLLMPreemptionsHigh: {severity: P1, because: ours}\n")

    ended = run("classify", "--replay", "--policy", str(mended))

    assert wrong.exists()
    assert (ended.status, ended.out.splitlines()[0][:16]) == (0, "INC-1  P2 -> P1 ")
