"""Which runs begin in shadow: those of every runbook that nobody has switched on."""

from typing import Any

import pytest

from bot.app.beginning import Beginning, InEffect
from incidents.events.run import APPLY, SHADOW
from incidents.policy import Policy
from runbooks.language import loader
from storage.memory import MemoryStore
from tests.alert_webhooks.bodies import alert, body
from tests.bot.intake.desks import Office
from tests.builders import policy

LABELS = {"alertname": "VLLMPreemptionsHigh", "namespace": "llm-d", "model_name": "chat"}


@pytest.mark.parametrize(
    ("in_force", "mode"),
    [
        pytest.param(policy(), SHADOW, id="after-installation"),
        pytest.param(policy(acting=frozenset({"bad-rollout"})), SHADOW, id="another-one-acts"),
        pytest.param(policy(acting=frozenset({"cache-evictions"})), APPLY, id="switched-on"),
        pytest.param(policy(acting=frozenset({"*"})), APPLY, id="all-are"),
        pytest.param(policy(acting=frozenset({"*"}), shadow=True), SHADOW, id="everything-off"),
    ],
)
def test_a_run_begins_in_the_mode_of_its_runbook(in_force: Policy, mode: str) -> None:
    """The mode is pinned with the run, as the policy's digest is."""
    office = Office(store=MemoryStore())
    office.deliver(body(alert(labels=LABELS)))
    beginning = Beginning(runbooks=loader.load(), texts=office.store.texts)
    untouched = beginning.begin(office.desk.incident(1))
    beginning.in_force = InEffect(acts=in_force.acts)

    begun = beginning.begin(office.desk.incident(1))

    assert (untouched.mode, begun.runbook, begun.mode) == (SHADOW, "cache-evictions", mode)


class Reloaded(dict[str, Any]):
    """Runbooks; while one is looked for, another configuration comes into force."""

    beginning: Beginning

    def get(self, name: str, default: Any = None) -> Any:
        self.beginning.in_force = InEffect(policy_digest="new", acts=lambda _: True)
        return super().get(name, default)


def test_a_run_begins_by_one_configuration() -> None:
    """With the digest of the old policy and the permission of the new one nobody could tell why."""
    office = Office(store=MemoryStore())
    office.deliver(body(alert(labels=LABELS)))
    library = Reloaded(loader.load())
    library.beginning = Beginning(
        runbooks=library, texts=office.store.texts, in_force=InEffect(policy_digest="old")
    )

    begun = [library.beginning.begin(office.desk.incident(1)) for _ in range(2)]

    assert [(one.policy_digest, one.mode) for one in begun] == [("old", SHADOW), ("new", APPLY)]
