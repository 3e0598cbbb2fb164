"""A prompt is sent once, its answer read as it streams, and nothing of its text is kept."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.canary.port import Answer, Sent
from cluster.clients import prompts
from cluster.clients.bounded import Limits
from cluster.drift.intended import Canary
from drills.host import Door, Host
from drills.model.completions import Fault, ModelServer
from incidents.errors import Rejected, TriagedError, Unavailable
from tests.contract.cluster.conftest import Faulty, Handler

SENT = Sent(model="llama", canary=Canary(prompt="The capital of France is", begins_with=" Paris"))
EVENTS = {"Content_Type": "text/event-stream"}


@pytest.fixture
def engine() -> ModelServer:
    return ModelServer(model="llama")


@pytest.fixture
def address(engine: ModelServer) -> Iterator[str]:
    """Yield where the engine answers."""
    host = Host({"model": Door(engine.app())})
    host.start()
    yield host.addresses["model"]
    host.stop()


def test_an_engine_that_is_well_answers_as_declared(engine: ModelServer, address: str) -> None:
    """Greedy, bounded, and as a stream: else neither words nor times could be compared."""
    told = prompts.ask(address, SENT)

    assert told.begins
    assert told.pieces == 7
    assert told.first is not None
    assert told.between is not None
    asked = {"model": "llama", "prompt": "The capital of France is", "max_tokens": 16}
    assert engine.asked == [{**asked, "temperature": 0, "stream": True}]


def test_wrong_output_is_seen_by_how_it_begins(engine: ModelServer, address: str) -> None:
    """HTTP 200 and a fast stream: nothing else tells that an engine is broken."""
    well = prompts.ask(address, SENT)
    engine.fault = Fault.WRONG_OUTPUT

    told = prompts.ask(address, SENT)

    assert (well.begins, told.begins) == (True, False)
    assert well.digest != told.digest
    assert "!" not in repr(told)


def test_how_long_it_took_is_told_apart(engine: ModelServer, address: str) -> None:
    """A late first token is the queue or prefill; a slow pace is decode."""
    engine.first_token, engine.between_tokens = 0.1, 0.02

    told = prompts.ask(address, SENT)

    assert told.first is not None
    assert told.between is not None
    assert told.first >= timedelta(seconds=0.1)
    assert timedelta(seconds=0.015) < told.between < told.first


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.ENDLESS], ids=lambda fault: fault.value)
def test_half_an_answer_is_none(
    engine: ModelServer, address: str, limits: Limits, fault: Fault
) -> None:
    """It may have gone on rightly or wrongly; and nobody waits for ever."""
    engine.fault = fault

    with pytest.raises(Unavailable, match=r"ended before its end|took longer than"):
        prompts.ask(address, SENT, limits=limits)


def test_a_model_that_is_not_served_stays_wrong(address: str) -> None:
    """What the server says of it is foreign text and not repeated."""
    with pytest.raises(Rejected) as refused:
        prompts.ask(address, replace(SENT, model="other"))

    assert str(refused.value) == f"{address}/v1/completions: HTTP 404"


def streams(*lines: str) -> Callable[[Handler], None]:
    body = "".join(f"{line}\n\n" for line in lines).encode()
    return lambda handler: handler.answer(200, body, **EVENTS)


PIECE = 'data: {"choices": [{"text": " Paris"}]}'
DONE = "data: [DONE]"


@pytest.mark.parametrize(
    ("behave", "error", "says"),
    [
        pytest.param(lambda h: h.answer(500, b"x"), Unavailable, "HTTP 500", id="500"),
        pytest.param(lambda h: h.answer(429, b"x"), Unavailable, "HTTP 429", id="429"),
        pytest.param(lambda h: h.answer(403, b"secret"), Rejected, "HTTP 403", id="403"),
        pytest.param(
            lambda h: h.answer(302, b"", Location="http://169.254.169.254/"),
            Unavailable,
            "HTTP 302",
            id="redirect",
        ),
        pytest.param(lambda h: h.answer(200, {}), Rejected, "does not stream", id="whole"),
        pytest.param(streams("data: x", DONE), Unavailable, "not OpenAI's", id="no-json"),
        pytest.param(streams("data: []", DONE), Unavailable, "not OpenAI's", id="a-list"),
        pytest.param(
            streams('data: {"choices": [{"text": 7}]}', DONE), Unavailable, "not OpenAI's", id="7"
        ),
        pytest.param(streams("data: " + "[" * 5_000, DONE), Unavailable, "not OpenAI's", id="deep"),
        pytest.param(streams("x" * 20_000), Unavailable, "larger than 10000 bytes", id="large"),
        pytest.param(lambda h: h.cut(), Unavailable, "Error", id="cut"),
        pytest.param(lambda h: h.hang(), Unavailable, "Timeout", id="hangs"),
    ],
)
def test_every_other_answer_is_none_and_is_asked_once(
    faulty: Faulty, limits: Limits, behave: Callable[[Handler], None], error: type, says: str
) -> None:
    """A prompt that is repeated by itself adds to the load that made it fail."""
    faulty.behave = behave

    with pytest.raises(error, match=says) as failed:
        prompts.ask(faulty.address, SENT, limits=limits)

    assert isinstance(failed.value, TriagedError)
    assert "secret" not in str(failed.value)
    assert len(faulty.asked) == 1


def test_events_that_are_no_pieces_are_passed_over(faulty: Faulty) -> None:
    """Comments keep a connection open, and the last event counts tokens."""
    faulty.behave = streams(": ping", PIECE, 'data: {"choices": []}', DONE)

    told = prompts.ask(faulty.address, SENT)

    assert (told.begins, told.pieces, told.between) == (True, 1, None)
    assert json.loads(faulty.asked[0][3])["stream"] is True


def test_an_empty_answer_does_not_begin_as_declared(faulty: Faulty) -> None:
    """An engine that says nothing at all is not well."""
    faulty.behave = streams(DONE)

    told = prompts.ask(faulty.address, SENT)

    assert isinstance(told, Answer)
    assert (told.begins, told.first) == (False, None)
