"""The pages about guards say what is there, and the one about adding a guard is followed."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app.configuration import load as load_configuration
from cluster.guardrails import guards as folder
from cluster.guardrails import registry
from cluster.guardrails.guard import Answer, CannotTell, Guard, Refused, Warned
from incidents.guardrails import Limits
from tests.cluster.conftest import NOW, StandInKubernetes
from tests.cluster.docs.test_adding_pages import DOCS, ROOT, load, save
from tests.cluster.guardrails.scenes import Guarding, Told

PAGE, ADDING = ((DOCS / name).read_text("utf-8") for name in ("guardrails.md", "adding-a-guard.md"))
ROW = re.compile(r"^\| `([a-z_]+)` \|.*\| (.*) \|$", re.MULTILINE)
DEFAULT = re.compile(r"`([a-z_]+): ([0-9.]+m?)`")


def test_every_guard_has_a_row_and_every_row_a_guard() -> None:
    """Who reads the page relies on what looks, and on what does not."""
    assert [name for name, _ in ROW.findall(PAGE)] == sorted(
        registry.guards(), key=[name for name, _ in ROW.findall(PAGE)].index
    )


def test_the_defaults_of_the_page_are_those_in_force() -> None:
    """A number that was changed in one place only misleads the other."""
    told = dict(pair for _, cell in ROW.findall(PAGE) for pair in DEFAULT.findall(cell))
    limits = Limits()
    plain = {name: getattr(limits, name) for name in told}

    assert {name: _plain(value) for name, value in plain.items()} == told
    assert set(told) == set(Limits.__slots__) - {"cannot_tell_refuses"}


def _plain(value: object) -> str:
    if isinstance(value, timedelta):
        return f"{value // timedelta(minutes=1)}m"
    return f"{value:g}"  # type: ignore[str-format]  # a number


def test_the_configuration_of_the_page_is_read(tmp_path: Path) -> None:
    """It is copied before it is understood."""
    (text,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "policy.yaml").write_text(text)
    (tmp_path / "people.yaml").write_text(
        "people:\n  - {id: ann, name: Ann, roles: [on-call-sre]}\n"
    )

    found = load_configuration(tmp_path).policy.guardrails

    assert found.off == {"ratio"}
    staging = found.of(action="restart", environment="", namespace="staging")
    assert (staging.people, staging.largest_step) == (1, 4)


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    found: Guard = load(save(ADDING, tmp_path)).GUARD
    return found


def asked(
    guard: Guard, kubernetes: StandInKubernetes, action: str, *, hour: int = 12
) -> list[Answer]:
    guarding = Guarding(kubernetes=kubernetes, told=Told())
    given = {"pod": guarding.find().pods[0]} if action == "evict" else {}
    plan = guarding.planned(action, given)
    guarding.more = {"at": NOW.replace(hour=hour)}
    return list(guard.judge(guarding.scene(plan)))


def test_the_guard_of_the_page_says_what_the_page_says(
    guard: Guard, kubernetes: StandInKubernetes
) -> None:
    """The reader has seen it work before writing one."""
    (refused,) = asked(guard, kubernetes, "restart")

    assert isinstance(refused, Refused)
    told = ADDING.replace("\n", " ")
    assert f"*{refused.because}; instead: {refused.instead}*" in told
    assert [type(each) for each in asked(guard, kubernetes, "evict")] == [Warned]
    assert asked(guard, kubernetes, "restart", hour=20) == []


def test_the_guard_of_the_page_is_not_silent_about_what_it_does_not_see(
    guard: Guard, kubernetes: StandInKubernetes
) -> None:
    """What people copy must be right in every branch."""
    guarding = Guarding(kubernetes=kubernetes, told=Told())
    plan = guarding.planned("restart", {})
    gone = replace(plan, target=replace(plan.target, uid="another"))

    assert [type(each) for each in guard.judge(guarding.scene(gone))] == [CannotTell]


def test_the_module_of_the_page_goes_into_the_folder_that_is_walked() -> None:
    """Elsewhere nobody would find it."""
    (named,) = re.findall(r"Save this as `([^`]+\.py)`", ADDING)

    assert str(ROOT / Path(named).parent) in folder.__path__
