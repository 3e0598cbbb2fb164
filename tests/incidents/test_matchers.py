"""Matchers of silences: read, written and compared as Alertmanager does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import Rejected
from incidents.matchers import Matcher, checked, fits, parse

LABELS = {"alertname": "KVCacheFull", "pod": "decode-7"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("alertname=KVCacheFull", True, id="equal"),
        pytest.param('alertname="KVCacheFull"', True, id="in-quotes"),
        pytest.param("alertname=KVCache", False, id="only-the-beginning"),
        pytest.param("alertname!=KVCacheFull", False, id="not-equal"),
        pytest.param('pod=~"decode-.*"', True, id="expression"),
        pytest.param("pod=~decode", False, id="expression-of-a-part"),
        pytest.param("pod!~prefill-.*", True, id="not-like"),
        pytest.param('model=""', True, id="a-missing-label-is-empty"),
    ],
)
def test_a_matcher_fits_as_it_does_in_alertmanager(text: str, *, expected: bool) -> None:
    """What we say is silenced must be what is."""
    assert fits([parse(text)], LABELS) is expected


def test_all_matchers_must_fit() -> None:
    """Each further matcher silences less."""
    assert not fits([parse("alertname=KVCacheFull"), parse("pod=decode-8")], LABELS)


@pytest.mark.parametrize("text", ["", "alertname", "a-b=c", "=x"])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    """A guess would silence something else."""
    with pytest.raises(Rejected) as refused:
        parse(text)

    assert str(refused.value).startswith(f"matcher {text!r}: expected name=value")


def test_an_expression_that_does_not_compile_is_refused() -> None:
    """Alertmanager would refuse it, too, and with fewer words."""
    with pytest.raises(Rejected) as refused:
        parse('pod=~"decode-("')

    assert "pod=~" in str(refused.value)
    assert "does not compile" in str(refused.value)


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([], id="nothing"),
        pytest.param(["alertname!=Watchdog"], id="all-but-one"),
        pytest.param(['alertname=~".*"'], id="everything"),
        pytest.param(['alertname=~".+"'], id="everything-that-is-not-empty"),
        pytest.param(['alertname=~".{3,}"'], id="everything-that-is-long"),
        pytest.param(['model=""'], id="whatever-has-no-such-label"),
        pytest.param(["pod!~x.*", 'alertname=~"[A-Z].*"'], id="every-usual-name"),
    ],
)
def test_what_takes_nearly_everything_is_refused(texts: list[str]) -> None:
    """A silence of everything is an outage that nobody hears of."""
    with pytest.raises(Rejected) as refused:
        checked([parse(text) for text in texts])

    assert "silences nearly everything" in str(refused.value)


@pytest.mark.parametrize("text", ["alertname=KVCacheFull", 'pod=~"decode-.*"', "namespace=llm-d"])
def test_one_label_that_is_named_is_enough(text: str) -> None:
    """The refusal must leave what people really silence."""
    checked([parse(text), parse("severity!=critical")])


@given(
    name=st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True),
    operator=st.sampled_from(["=", "!="]),
    value=st.text(st.characters(codec="utf-8"), max_size=20),
)
def test_a_matcher_that_is_written_is_read_back(name: str, operator: str, value: str) -> None:
    """The journal keeps it as text, and the comment of the silence shows it."""
    matcher = Matcher(name=name, operator=operator, value=value)

    assert parse(str(matcher)) == matcher
