"""A run begins with the sizes that environments.yaml intends for its workload."""

from pathlib import Path

import pytest

from bot.app.beginning import Beginning, in_force
from bot.app.configuration import load as load_configuration
from runbooks.language import loader
from storage.memory import MemoryStore
from tests.alert_webhooks.bodies import alert, body
from tests.bot.intake.desks import Office

LABELS = {
    "alertname": "VLLMPreemptionsHigh",
    "namespace": "llm-d",
    "model_name": "chat",
    "role": "decode",
}
FILE = """\
models:
  chat-70b: {served: [chat]}
environments:
  production:
    namespaces: [%s]
    workloads:
      - {role: decode, model: chat-70b, replicas: {normal: 4, least: 2, most: %d}}
      - {role: prefill, model: chat-70b, replicas: {normal: 2, least: 1, most: 3}}
"""


def ceiling(folder: Path, text: str) -> str:
    """Deliver an alert, and return the ceiling with which its run begins."""
    (folder / "environments.yaml").write_text(text)
    office = Office(store=MemoryStore())
    office.deliver(body(alert(labels=LABELS)))
    beginning = Beginning(runbooks=loader.load(), texts=office.store.texts)
    beginning.in_force = in_force(load_configuration(folder))
    return dict(beginning.begin(office.desk.incident(1)).parameters)["ceiling"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(FILE % ("llm-d", 8), "8", id="its-environment"),
        pytest.param(FILE % ("llm-d", 900), "64", id="the-runbook's-own-bound-holds"),
        pytest.param(FILE % ("staging", 8), "16", id="another-environment"),
        pytest.param("models: {}\n", "16", id="nothing-is-intended"),
    ],
)
def test_the_ceiling_is_that_of_the_environment(tmp_path: Path, text: str, expected: str) -> None:
    """A runbook that knows nothing of an installation must not outgrow it."""
    assert ceiling(tmp_path, text) == expected
