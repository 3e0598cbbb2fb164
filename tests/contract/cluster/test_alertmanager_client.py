"""The Alertmanager client: the stand-in passes the suite, and no failure is taken for an answer."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol

import pytest

from cluster.clients.alertmanager import AlertmanagerClient
from cluster.clients.bounded import Limits
from incidents.errors import NotDone, Rejected, TriagedError, Unavailable
from tests.silences import SilencesSuite, stand_ins, wanted

Open = Callable[..., AlertmanagerClient]


class Handler(Protocol):
    """What a behaviour may do with a request."""

    def answer(self, status: int, body: object = b"", **headers: str) -> None: ...
    def cut(self) -> None: ...
    def hang(self) -> None: ...
    def drip(self) -> None: ...


class Faulty(Protocol):
    """The faulty server."""

    address: str
    behave: Callable[[Handler], None]
    asked: list[tuple[str, str, dict[str, str], bytes]]


@pytest.fixture
def opened(limits: Limits) -> Iterator[Open]:
    """Return a function that opens a client, to be closed after the test."""
    with ExitStack() as stack:

        def note(address: str, **more: Path) -> AlertmanagerClient:
            client = AlertmanagerClient(address, limits=limits, **more)
            return stack.enter_context(closing(client))

        yield note


class TestTheStandIn(SilencesSuite):
    """The suite that a real one passes, in tests/servers."""

    @pytest.fixture
    def client(self) -> Iterator[AlertmanagerClient]:
        with stand_ins() as addresses, closing(AlertmanagerClient(addresses["am-0"])) as made:
            yield made


@pytest.mark.parametrize(
    ("behave", "error"),
    [
        pytest.param(lambda it: it.cut(), Unavailable, id="cut"),
        pytest.param(lambda it: it.hang(), Unavailable, id="hangs"),
        pytest.param(lambda it: it.drip(), Unavailable, id="drips"),
        pytest.param(lambda it: it.answer(200, b"x" * 20_000), Unavailable, id="too-large"),
        pytest.param(lambda it: it.answer(200, b"<html>"), Unavailable, id="no-json"),
        pytest.param(lambda it: it.answer(200, {"silenceId": 1}), Unavailable, id="no-id"),
        pytest.param(lambda it: it.answer(503, b"down"), Unavailable, id="503"),
        pytest.param(lambda it: it.answer(429, b"slow"), NotDone, id="429"),
        pytest.param(lambda it: it.answer(422, {"message": "no"}), Rejected, id="422"),
        pytest.param(lambda it: it.answer(301, b""), Rejected, id="a-redirect"),
    ],
)
def test_a_silence_without_an_answer_is_not_one_that_was_refused(
    faulty: Faulty, opened: Open, behave: Callable[[Handler], None], error: type[TriagedError]
) -> None:
    """One that may stand is looked for; one that certainly does not is not."""
    faulty.behave = behave

    with pytest.raises(TriagedError) as raised:
        opened(faulty.address).create(wanted())

    assert type(raised.value) is error
    assert len(faulty.asked) == 1


def test_where_nobody_listens_nothing_was_done(nobody: str, opened: Open) -> None:
    """No byte has left: there is nothing to be in doubt of."""
    with pytest.raises(NotDone):
        opened(nobody).create(wanted())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"status": "success"}, id="another-api"),
        pytest.param([{"id": "a"}], id="half-a-silence"),
    ],
)
def test_an_answer_of_another_shape_is_no_empty_list(
    faulty: Faulty, opened: Open, answer: object
) -> None:
    """Nothing silenced, and nothing understood, are two things."""
    faulty.behave = lambda it: it.answer(200, answer)

    with pytest.raises(Unavailable) as raised:
        opened(faulty.address).silences()

    assert str(raised.value).endswith("the answer is not Alertmanager's format")


def test_the_token_of_the_day_is_brought_and_never_shown(
    faulty: Faulty, opened: Open, tmp_path: Path
) -> None:
    """Tokens rotate, and errors are read by many."""
    file = tmp_path / "token"
    client = opened(faulty.address, token_file=file)
    faulty.behave = lambda it: it.answer(403, {"message": "forbidden"})
    shown = []
    for token in ("first-secret", "second-secret"):
        file.write_text(f"{token}\n", encoding="ascii")
        with pytest.raises(Rejected) as refused:
            client.create(wanted())
        shown.append(str(refused.value))
    file.unlink()
    with pytest.raises(NotDone) as raised:
        client.create(wanted())

    brought = [headers["authorization"] for _, _, headers, _ in faulty.asked]
    assert brought == ["Bearer first-secret", "Bearer second-secret"]
    assert "secret" not in "".join(shown)
    assert "token file cannot be read" in str(raised.value)
