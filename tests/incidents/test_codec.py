"""Bytes and values: one way out, and nothing but the right shape back in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest

from incidents.codec import decode, encode
from incidents.errors import Rejected
from incidents.policy import Severity
from tests.builders import NOON


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """A value with every shape that events and messages use."""

    word: str = "a"
    count: int = 1
    share: float = 0.5
    sure: bool = True
    maybe: str | None = None
    at: datetime = NOON
    lasting: timedelta = timedelta(seconds=1)
    bad: Severity = Severity.P1
    words: tuple[str, ...] = ("b", "a")
    pairs: tuple[tuple[str, int], ...] = (("x", 1),)
    few: frozenset[str] = frozenset({"z", "y"})
    table: Mapping[str, float] | None = None


def test_bytes_are_canonical() -> None:
    """The chain is over bytes: the same value must have the same ones, on every machine."""
    value = Everything(few=frozenset({"y", "z"}), table={"b": 1.5, "a": 2.0}, maybe="ü\0\ud800|")

    assert encode(value) == (
        b'{"at":1772366400000000,"bad":"P1","count":1,"few":["y","z"],"lasting":1000000,'
        b'"maybe":"\\u00fc\\u0000\\ud800|","pairs":[["x",1]],"share":0.5,"sure":true,'
        b'"table":{"a":2.0,"b":1.5},"word":"a","words":["b","a"]}'
    )


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(Everything(), id="usual"),
        pytest.param(Everything(table={}, words=(), few=frozenset()), id="empty"),
        pytest.param(Everything(maybe="\ud800\0", at=NOON + timedelta(microseconds=1)), id="odd"),
    ],
)
def test_a_value_comes_back_as_it_was(value: Everything) -> None:
    """What was decided is what is folded."""
    assert decode(Everything, encode(value)) == value


def test_a_moment_comes_back_in_utc() -> None:
    """Everything is aware and UTC, wherever the writer stood."""
    east = datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))

    assert decode(Everything, encode(Everything(at=east))).at.tzinfo is UTC


def test_a_field_that_is_missing_takes_its_default() -> None:
    """A field with a default may join a kind without a new schema number."""
    assert decode(Everything, b"{}") == Everything()


def test_a_whole_number_may_stand_where_a_float_is_wanted() -> None:
    """JSON of other hands writes 1.0 as 1."""
    assert decode(Everything, b'{"share":1}') == Everything(share=1.0)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("no json", id="no-json"),
        pytest.param("[]", id="list-for-object"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param('{"unknown":1}', id="unknown-field"),
        pytest.param('{"word":1}', id="number-for-text"),
        pytest.param('{"word":null}', id="nothing-for-text"),
        pytest.param('{"count":"1"}', id="text-for-number"),
        pytest.param('{"count":true}', id="truth-for-number"),
        pytest.param('{"count":1.5}', id="part-for-whole"),
        pytest.param('{"share":true}', id="truth-for-float"),
        pytest.param('{"at":"noon"}', id="text-for-moment"),
        pytest.param('{"at":1e3}', id="float-for-moment"),
        pytest.param(f'{{"at":{10**30}}}', id="moment-beyond-the-calendar"),
        pytest.param(f'{{"lasting":{10**30}}}', id="span-beyond-measure"),
        pytest.param('{"bad":"P9"}', id="unknown-member"),
        pytest.param('{"words":"ab"}', id="text-for-list"),
        pytest.param('{"few":{"a":1}}', id="object-for-list"),
        pytest.param('{"pairs":[["x"]]}', id="short-pair"),
        pytest.param('{"table":[]}', id="list-for-table"),
    ],
)
def test_another_shape_is_refused(body: str) -> None:
    """A journal that is not ours, or not whole, must never be half understood."""
    with pytest.raises(Rejected, match=r"^Everything: "):
        decode(Everything, body.encode())


def test_an_object_of_no_known_shape_has_no_bytes() -> None:
    """What cannot be read back must not be written."""
    with pytest.raises(TypeError, match="cannot encode object"):
        encode(object())


@pytest.mark.parametrize("value", [float("nan"), float("inf")], ids=str)
def test_what_is_no_number_has_no_bytes(value: float) -> None:
    """JSON has no word for it, and a reader elsewhere would fail."""
    with pytest.raises(ValueError, match="JSON"):
        encode(Everything(share=value))


def test_a_class_is_no_value() -> None:
    """Passing the class where its value is meant is a bug, not an empty event."""
    with pytest.raises(TypeError, match="cannot encode type"):
        encode(Everything)


def test_lists_are_written_too() -> None:
    """Messages to chat are made of lists and tables."""
    assert json.loads(encode([{"a": [1, None]}])) == [{"a": [1, None]}]
