"""Reloading: a changed folder comes into force, or the old stays and everybody can see why."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.app.configuration import Configuration, load
from bot.app.metrics import Metrics
from bot.app.reloading import Reloading
from incidents.policy import Severity

PEOPLE = "people:\n  - {id: ann, name: Ann, roles: [on-call-sre]}\n"
LOUD = "alerts:\n  Ours: {severity: P0, because: we say so}\n"


class World:
    """A folder that somebody edits, and the loop that looks at it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.metrics = folder, Metrics()
        self.write("people.yaml", PEOPLE)
        self.write("policy.yaml", "hold: 3m\n")
        self.applied: list[Configuration] = []
        self.loop = Reloading(
            folder,
            loaded=load(folder),
            apply=self.applied.append,
            refused=self.metrics.configuration_refused,
        )

    def write(self, name: str, text: str) -> None:
        """Write a file as a ConfigMap does: another one takes its place."""
        (self.folder / name).parent.mkdir(exist_ok=True)
        fresh = self.folder / "fresh"
        fresh.write_text(text)
        fresh.replace(self.folder / name)

    @property
    def refused(self) -> float | None:
        """Return the metric."""
        return self.metrics.registry.get_sample_value("triaged_configuration_refused")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Make a folder with people and a policy."""
    return World(tmp_path)


def test_what_did_not_change_is_not_read_again(world: World) -> None:
    """It looks every second, and reads only for a reason."""
    assert [world.loop.once(), world.loop.once()] == [False, False]
    assert world.applied == []


def test_a_changed_policy_comes_into_force(world: World) -> None:
    """Nobody restarts a desk in the middle of an incident to mend a bound."""
    world.write("policy.yaml", LOUD)

    assert [world.loop.once(), world.loop.once()] == [True, False]
    (found,) = world.applied
    assert found.policy.catalogue["Ours"].severity is Severity.P0
    assert (world.loop.notice, world.refused) == ("", 0)


def test_a_runbook_is_switched_on_and_off_again(world: World) -> None:
    """Whoever stops a runbook in the night must not need a restart for it."""
    world.write("policy.yaml", "acting: [cache-evictions]\n")
    world.loop.once()
    world.write("policy.yaml", "acting: [cache-evictions]\nshadow: yes\n")
    world.loop.once()

    acts = [found.policy.acts("cache-evictions") for found in world.applied]
    assert acts == [True, False]


def test_a_wrong_policy_is_refused_and_the_old_one_stays(world: World) -> None:
    """A slip of the pen must not leave the desk without a policy, nor go unseen."""
    world.write("policy.yaml", "hold: 3m\nholt: 4m\n")

    assert world.loop.once()
    assert world.applied == []
    assert f"{world.folder}/policy.yaml:2: " in world.loop.notice
    assert world.loop.notice.endswith("what was in force before stays in force")
    assert world.refused == 1


def test_changed_objectives_come_into_force(world: World) -> None:
    """The page of budgets shows what is promised now."""
    world.write("objectives.yaml", "objectives:\n  - {name: ours, kind: errors, target: 99%}\n")

    assert world.loop.once()
    assert [one.name for one in world.loop.loaded.objectives.objectives] == ["ours"]
    assert (world.loop.notice, world.refused) == ("", 0)


def test_wrong_objectives_are_refused_and_the_old_ones_stay(world: World) -> None:
    """A promise must not vanish because of a slip of the pen in another one."""
    right = "objectives:\n  - {name: ours, kind: errors, target: 99%}\n"
    world.write("objectives.yaml", right)
    world.loop.once()

    world.write("objectives.yaml", f"{right}  - {{name: more, kind: errors, target: 101%}}\n")

    assert world.loop.once()
    assert f"{world.folder}/objectives.yaml:3: " in world.loop.notice
    assert world.loop.notice.endswith("what was in force before stays in force")
    assert [one.name for one in world.loop.loaded.objectives.objectives] == ["ours"]
    assert world.refused == 1


def test_a_mended_policy_takes_the_notice_away(world: World) -> None:
    """A warning that stays is one that nobody reads."""
    world.write("policy.yaml", "holt: 4m\n")
    world.loop.once()

    world.write("policy.yaml", LOUD)
    world.loop.once()

    assert (len(world.applied), world.loop.notice, world.refused) == (1, "", 0)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        pytest.param(
            lambda world: world.write("people.yaml", PEOPLE.replace("Ann", "Anne")),
            "people.yaml",
            id="people",
        ),
        pytest.param(
            lambda world: world.write("runbooks/own.yaml", "title: ours\n"),
            "runbooks/",
            id="runbook",
        ),
        pytest.param(
            lambda world: world.write("policy.yaml", "changes_per_hour: 9\n"),
            "changes_per_hour",
            id="budget",
        ),
    ],
)
def test_what_is_read_at_the_start_needs_a_restart(
    world: World, change: Callable[[World], None], what: str
) -> None:
    """Half of a change could name people who are not there."""
    change(world)

    assert world.loop.once()
    assert world.applied == []
    assert f"needs a restart: {what};" in world.loop.notice
    assert world.refused == 1


def test_what_was_taken_back_needs_nothing(world: World) -> None:
    """A restart that is no longer needed must not be asked for."""
    world.write("people.yaml", PEOPLE.replace("Ann", "Anne"))
    world.loop.once()

    world.write("people.yaml", PEOPLE)
    world.loop.once()

    assert (world.loop.notice, world.refused, len(world.applied)) == ("", 0, 1)


def test_a_folder_that_is_gone_is_refused(world: World) -> None:
    """A mount that breaks must not bring the defaults into force."""
    for name in ("people.yaml", "policy.yaml"):
        (world.folder / name).unlink()
    world.folder.rmdir()

    assert world.loop.once()
    assert "there is no such folder" in world.loop.notice


def test_without_a_folder_there_is_nothing_to_look_at() -> None:
    """The defaults do not change."""
    metrics = Metrics()
    loop = Reloading(
        None,
        loaded=load(None),
        apply=lambda _: pytest.fail("nothing changed"),
        refused=metrics.configuration_refused,
    )

    assert loop.once() is False
