"""A real Alertmanager takes our silences as the stand-in does, and keeps quiet for them."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import requests

from cluster.clients.alertmanager import AlertmanagerClient
from drills.alertmanager.real import Running
from incidents.errors import Rejected
from tests.silences import SilencesSuite, wanted

pytestmark = pytest.mark.server

Hooks = Any  # the receivers of conftest, which importlib mode lets nobody import
TOKEN = "seven-seas"


@pytest.fixture
def client(real_alertmanager: Callable[..., Running], hooks: Hooks) -> Iterator[AlertmanagerClient]:
    address = real_alertmanager(hooks[0].url, TOKEN).address
    with closing(AlertmanagerClient(address)) as made:
        yield made


class TestTheRealOne(SilencesSuite):
    """The suite that the stand-in passes."""


def test_an_expression_that_only_python_knows_is_refused(client: AlertmanagerClient) -> None:
    """Go has no look-ahead: what we can compile may still be refused, and must be told."""
    with pytest.raises(Rejected) as refused:
        client.create(wanted('pod=~"decode-(?=1).*"', "alertname=KVCacheFull"))

    assert "HTTP 400" in str(refused.value)
    assert client.silences() == ()


def test_a_silenced_alert_is_told_after_the_silence(
    client: AlertmanagerClient, hooks: Hooks
) -> None:
    """What people are promised on the timeline is what happens."""
    made = client.create(wanted("alertname=KVCacheFull"))
    _fire(client, "KVCacheFull")
    _fire(client, "Other")
    first = [_name(one) for one in hooks[0].until(1)]
    client.expire(made)
    second = [_name(one) for one in hooks[0].until(2)]

    assert (first, second) == (["Other"], ["Other", "KVCacheFull"])


def _fire(client: AlertmanagerClient, name: str) -> None:
    alert = {"labels": {"alertname": name, "model": "m"}, "annotations": {"summary": name}}
    answer = requests.post(
        f"{client.address}/api/v2/alerts",
        data=json.dumps([alert]),
        headers={"content-type": "application/json"},
        timeout=5,
    )
    answer.raise_for_status()


def _name(body: dict[str, Any]) -> str:  # Any: a webhook's JSON
    name: str = body["alerts"][0]["labels"]["alertname"]
    return name
