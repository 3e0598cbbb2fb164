"""What every Alertmanager must do with our silences; the stand-in and a real one are asked it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from cluster.clients.alertmanager import AlertmanagerClient, Wanted
from drills.alertmanager.app import build
from drills.alertmanager.config import Webhook, one_webhook
from drills.alertmanager.pair import Pair
from drills.alertmanager.posts import HttpPost
from drills.host import Door, Host
from incidents.errors import Rejected
from incidents.matchers import Matcher, parse

UNKNOWN = "8a0ffd45-0000-0000-0000-000000000000"
MATCHERS = ("alertname=KVCacheFull", 'pod=~"decode-.*"', "role!=prefill", 'model!~"a|b"')


def wanted(*matchers: str, ends_in: timedelta = timedelta(hours=2), comment: str = "") -> Wanted:
    """Return a silence from now on."""
    now = datetime.now(UTC)
    return Wanted(
        matchers=tuple(map(parse, matchers or ("alertname=KVCacheFull",))),
        starts_at=now,
        ends_at=now + ends_in,
        created_by="Ann",
        comment=comment or 'INC-7 silence-7-1: known, "really" \\ ü',
    )


@contextmanager
def stand_ins() -> Iterator[dict[str, str]]:
    """Serve a pair of stand-ins on real time that gossip; yield their addresses by name."""
    post = HttpPost(timeout=5)
    webhook = one_webhook(Webhook(url="http://127.0.0.1:9/hook", token="seven-seas"))
    pair = Pair(webhook, now=lambda: datetime.now(UTC), post=post)
    host = Host({f"am-{i}": Door(build(one)) for i, one in enumerate(pair.members)})
    host.start()
    try:
        yield dict(host.addresses)
    finally:
        host.stop()
        post.close()


class SilencesSuite:
    """Needs a fixture `client`: an Alertmanager that nobody else uses."""

    def test_what_is_made_is_there_as_it_was_asked_for(self, client: AlertmanagerClient) -> None:
        """A silence that says something else silences something else."""
        order = wanted(*MATCHERS)

        made = client.create(order)

        (found,) = client.silences()
        assert (found.id, found.state) == (made, "active")
        assert sorted(found.matchers, key=_name) == sorted(order.matchers, key=_name)
        assert abs(found.ends_at - order.ends_at) < timedelta(seconds=1)
        assert (found.created_by, found.comment) == (order.created_by, order.comment)

    def test_what_is_expired_is_over(self, client: AlertmanagerClient) -> None:
        """Whoever ends a silence wants to be called again."""
        made = client.create(wanted())

        client.expire(made)

        assert [(one.id, one.state) for one in client.silences()] == [(made, "expired")]

    @pytest.mark.parametrize("times", [1, 2])
    def test_what_is_over_or_unknown_needs_no_end(
        self, client: AlertmanagerClient, times: int
    ) -> None:
        """After a lost answer the end is asked for again."""
        made = client.create(wanted())
        for _ in range(times):
            client.expire(made)
        client.expire(UNKNOWN)

        assert [one.state for one in client.silences()] == ["expired"]

    def test_what_is_refused_says_why(self, client: AlertmanagerClient) -> None:
        """A silence that was refused must not be taken for one that stands."""
        with pytest.raises(Rejected) as refused:
            client.create(wanted(ends_in=timedelta(hours=-1)))

        assert str(refused.value).startswith(f"{client.address}: HTTP 400: ")
        assert "end time" in str(refused.value)
        assert client.silences() == ()


def _name(matcher: Matcher) -> str:
    return matcher.name
